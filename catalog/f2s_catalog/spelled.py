"""Names to patterns for all the ways in which files write them: case, normal form, encoding, escapes; searched by RE2.

RE2 reads bytes here, and each file once, however many names and ways there are.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from html.entities import codepoint2name
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Spelled", "folded"]

_LONG = 8  # letters from which on a name is looked for in whatever case, and among bytes that are no text
_WIDE = 4  # letters: shorter ones stand in the samples of a quiet sound, too
_SPACE = r"(?:\s|\+|%20|&#0*32;|&#[xX]0*20;|&nbsp;|\xc2\xa0|\xa0)+"
_BEFORE = r"(?:^|[^\w\x80-\xff]|\\[nrtbf]|%[0-9A-Fa-f]{2})"
_AFTER = r"(?:$|[^\w\x80-\xff])"
_OPENING = r"(?:[\x22'>]|&quot;|&apos;|&#3[49];|%2[27])"
_CLOSING = r"(?:[\x22'<]|\\[\x22']|&quot;|&apos;|&#3[49];|%2[27])"
_NEVER = r"[^\x00-\xff]"


def folded(name: str) -> str:
    """The same for all names that a reader takes for one.

    >>> folded(" ZOE\u0308  Quist") == folded("Zo\u00eb quist")
    True
    """
    return " ".join(normalize("NFKC", normalize("NFKC", name).casefold()).split())


class Spelled:
    """Some names, searched in texts, in other files, and in columns.

    A short name in small letters is a word like any other (will, rose, mark), so it counts in texts as it was given and in
    capitals; between quotes or brackets, and where it is long, it counts in whatever case.

    Args:
        names: as they were given.
        is_elsewhere: a name is a word of paths or of another's name as well; then it counts only between quotes or brackets.
    """

    def __init__(self, names: Sequence[str], *, is_elsewhere: bool = False) -> None:
        long = [name for name in names if len(name) >= _LONG]
        short = [form for name in names if len(name) < _LONG for form in (name, name.upper())]
        words = [*(_of(name, _cases) for name in long), *(_of(name, _itself) for name in short)]
        wrapped = [f"{_OPENING}{_of(name, _cases)}{_CLOSING}" for name in names]
        wide = [
            _of(name, cases, code)
            for some, cases in ((long, _cases), ([one for one in short if len(one) >= _WIDE], _itself))
            for name in some
            for code in ("utf-16-le", "utf-16-be")
        ]
        whole = [f"{_BEFORE}(?:{'|'.join(some)}){_AFTER}" for some in (words, words[: len(long)]) if some]
        bare = [] if is_elsewhere else whole
        self._folded = {folded(name) for name in names}
        self._text = _any([*bare[:1], *wrapped, *wide])
        self._other = _any([*(bare[-1:] if long else []), *wrapped, *wide])
        self._word, self._long_word = _any(bare[:1]), _any(bare[-1:] if long else [])

    def in_file(self, content: pa.Buffer) -> bool:
        """Whether a file has one: as a word where the file is a text, else a long one, or as metadata have it."""
        if not self._folded:
            return False
        is_text = b"\0" not in content.slice(0, min(content.size, 4096)).to_pybytes()
        ends = pa.array([0, content.size], pa.int64()).buffers()[1]
        whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, content])
        return _matches(whole, self._text if is_text else self._other)

    def in_column(self, column: pa.Array, *, is_about_people: bool) -> bool:
        """Whether a column of strings has one as a word; where it may as well be that of a camera, a long one."""
        pattern = self._word if is_about_people else self._long_word
        return bool(self._folded) and _matches(column.cast(pa.binary()), pattern)

    def in_names(self, column: Iterable[str | None]) -> bool:
        """Whether one of these is one of the names."""
        return any(name is not None and folded(name) in self._folded for name in column)


def _matches(column: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())


def _any(patterns: Sequence[str]) -> str:
    return "|".join(patterns) or _NEVER


def _of(name: str, cases: Callable[[str], set[str]], wide: str = "") -> str:
    """A pattern for a name; ``wide`` is an encoding of two bytes a letter, else all those of one byte or more are meant."""
    parts = []
    for letter in normalize("NFC", name):
        if letter.isspace() and not wide:
            parts.append(_SPACE)
            continue
        forms = {normalize(form, case) for case in cases(letter) for form in ("NFC", "NFD")}
        ways = ["".join(_bytes(one.encode(wide)) if wide else _written(one) for one in form) for form in sorted(forms)]
        parts.append(f"(?:{'|'.join(ways)})")
    return "".join(parts)


def _cases(letter: str) -> set[str]:
    return {letter, letter.lower(), letter.upper(), letter.casefold()}


def _itself(letter: str) -> set[str]:
    return {letter}


def _written(letter: str) -> str:
    """A pattern for one code point: as bytes, in a URL, in HTML and XML, in JSON."""
    number, encoded = ord(letter), {letter.encode()}
    for code in ("latin-1", "cp1252"):
        with suppress(UnicodeEncodeError):
            encoded.add(letter.encode(code))
    raw = sorted(encoded)
    units = letter.encode("utf-16-be")
    forms = [_bytes(one) for one in raw]
    forms += ["".join(f"%{_hex(f'{byte:02x}')}" for byte in one) for one in raw]
    forms += [f"&#0*{number};", f"&#[xX]0*{_hex(f'{number:x}')};"]
    forms += [f"&{name};" for name in [codepoint2name.get(number, "apos" if letter == "'" else "")] if name]
    forms += ["".join(rf"\\u{_hex(units[at : at + 2].hex())}" for at in range(0, len(units), 2))]
    forms += [rf"\\{_bytes(letter.encode())}"] if letter in "\"'/\\" else []
    return f"(?:{'|'.join(forms)})"


def _bytes(encoded: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in encoded)


def _hex(digits: str) -> str:
    """Hexadecimal digits in whatever case.

    >>> _hex("4e")
    '4[eE]'
    """
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
