"""Bytes that must not be in a file to whether they are: as they are, in hexadecimal, or in base64, at any place."""

import base64
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["LEAST_BYTES", "Needles"]

LEAST_BYTES = 15
"""A shorter needle is not looked for: a longer one has a whole word of 8 bytes wherever it lies."""

_WORD = 8
_BLOCK = 1 << 26


class Needles:
    """Many needles at once: of each its 8 words at 8 offsets are known, so that of a file every 8th byte is looked up."""

    def __init__(self, needles: Mapping[bytes, str]) -> None:
        self._by_word: dict[int, list[tuple[bytes, int, str]]] = {}
        for needle, what in needles.items():
            for form in _forms(needle) if len(needle) >= LEAST_BYTES else ():
                first = _first(form)
                for at in range(first, first + _WORD):
                    word = int.from_bytes(form[at : at + _WORD], "little", signed=True)
                    self._by_word.setdefault(word, []).append((form, at, what))
        self._words = pa.array(list(self._by_word), pa.int64())

    def find(self, content: pa.Buffer) -> Iterator[str]:
        """What is found, in words; as often as it is."""
        if not self._by_word:
            return
        view = memoryview(content).cast("B")  # a buffer's bytes are signed, and then equal to no others
        for begin in range(0, content.size // _WORD * _WORD, _BLOCK):
            part = content.slice(begin, min(_BLOCK, content.size - begin) // _WORD * _WORD)
            words = pa.Array.from_buffers(pa.int64(), part.size // _WORD, [None, part])
            for row in pc.indices_nonzero(pc.is_in(words, value_set=self._words)).to_pylist():
                for form, at, what in self._by_word[words[row].as_py()]:
                    first = begin + row * _WORD - at
                    if first >= 0 and view[first : first + len(form)] == form:
                        yield what


def _forms(needle: bytes) -> Iterator[bytes]:
    """The needle as files may have it; base64 begins at one of three places in it."""
    yield needle
    yield needle.hex().encode()
    yield needle.hex().upper().encode()
    for skipped in range(3):
        part = needle[skipped:]
        whole = part[: len(part) // 3 * 3]
        yield base64.b64encode(whole)
        yield base64.urlsafe_b64encode(whole)


def _first(form: bytes) -> int:
    """Where 15 bytes begin no 8 of which are zeros, which are everywhere; a vector may have many."""
    own = range(_WORD - 1, len(form) - _WORD + 1)
    return next((at - _WORD + 1 for at in own if form[at]), 0)
