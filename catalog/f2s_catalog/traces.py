"""A folder and what must not be in it to where it still is: every table decoded, every other file byte by byte.

It knows nothing of how rows are removed, so that it proves that they were.
"""

import html
import json
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.cipher import read_fragment
from f2s_catalog.records import TABLES, Record
from f2s_catalog.store import fragments

__all__ = ["Sought", "Trace", "find_traces"]

_HEAD = 8
_BLOCK = 1 << 24
_NOT_THEIRS = frozenset({"path", "item_id", "message", "said_by"})
_LOCK = ".lock"
_TABLE = ".parquet"


@dataclass(frozen=True)
class Sought:
    """What must not be found.

    Attributes:
        needles: bytes of 8 or more, and what they are in words.
        ids: ids that no cell of a table may have.
        names: names, searched as whole words in texts, and in other files in the forms in which metadata has them.
        is_elsewhere: whether a name is a word of paths or of another's name as well; then it is looked for only as a whole
            name, in tables and in metadata.
    """

    needles: Mapping[bytes, str]
    ids: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    is_elsewhere: bool = False


@dataclass(frozen=True, order=True)
class Trace:
    """A file, and what it still holds."""

    path: str
    what: str


def find_traces(root: Path, sought: Sought, skip: Iterable[Path] = ()) -> list[Trace]:
    """All files below OUTPUT that hold something of what is sought, each kind of thing once.

    Args:
        root: the OUTPUT folder.
        sought: what must not be there.
        skip: files that are known to hold it.

    Raises:
        CatalogError: a table cannot be read.
        OSError: a file cannot be read.
    """
    matcher = _Matcher({needle: what for needle, what in sought.needles.items() if len(needle) >= _HEAD})
    names, ids = _Names(sought), pa.array(sorted(sought.ids), pa.string())
    found: set[Trace] = set()
    tables: dict[Path, type[Record]] = {path: kind for kind in TABLES for path in fragments(root, kind)}
    skipped = set(skip)
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.is_symlink() or path in skipped or path.name.endswith(_LOCK):
            continue
        hits = _in_file(path, matcher, names)
        if path in tables or path.suffix.lower() == _TABLE:
            kind = tables.get(path, Record)
            hits |= _in_table(read_fragment(path, kind), kind, matcher, names, ids)
        found |= {Trace(str(path.relative_to(root)), what) for what in hits}
    return sorted(found)


def _in_table(
    table: pa.Table, record_type: type[Record], matcher: "_Matcher", names: "_Names", ids: pa.Array
) -> set[str]:
    """What is compressed on disk: all cells of a table, be it the catalog's or one that somebody exported."""
    hits = {what for buffer in _buffers(table) for what in matcher.find(buffer)}
    if any(names.in_cells(cells, name, record_type) for name, cells in _cells(table)):
        hits.add("the name")
    if any(pc.any(pc.is_in(cells, value_set=ids)).as_py() for _, cells in _cells(table)):
        hits.add("the id of a face")
    return hits


def _in_file(path: Path, matcher: "_Matcher", names: "_Names") -> set[str]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return set()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            hits = set(matcher.find(content))
            if names.in_bytes(content, is_table=path.suffix.lower() == _TABLE):
                hits.add("the name")
    return hits


class _Matcher:
    """Many needles at once: their first 8 bytes are looked up in a hash table at each offset."""

    def __init__(self, needles: Mapping[bytes, str]) -> None:
        self._by_head: dict[int, list[tuple[bytes, int, str]]] = {}
        for needle, what in needles.items():
            # A vector may begin with zeros, which are everywhere.
            at = next((at for at in range(0, len(needle) - _HEAD + 1) if needle[at : at + _HEAD].strip(b"\0")), None)
            if at is not None:
                head = int.from_bytes(needle[at : at + _HEAD], "little", signed=True)
                self._by_head.setdefault(head, []).append((needle, at, what))
        self._heads = pa.array(list(self._by_head), pa.int64())

    def find(self, content: "pa.Buffer | mmap.mmap") -> Iterator[str]:
        """What is found, in words; as often as it is."""
        if not self._by_head:
            return
        view = memoryview(content).cast("B")  # a buffer's bytes are signed, and then equal to no others
        try:
            for begin in range(0, len(view), _BLOCK):
                for shift in range(_HEAD):
                    yield from self._at(view, begin + shift, begin + shift + _BLOCK)
        finally:
            view.release()

    def _at(self, view: memoryview, begin: int, end: int) -> Iterator[str]:
        """Heads that begin at every 8th byte of a part."""
        part = bytes(view[begin:end])
        count = len(part) // _HEAD
        if not count:
            return
        words = pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(part)])
        for row in pc.indices_nonzero(pc.is_in(words, value_set=self._heads)).to_pylist():
            for needle, at, what in self._by_head[words[row].as_py()]:
                first = begin + row * _HEAD - at
                if first >= 0 and view[first : first + len(needle)] == needle:
                    yield what


@dataclass
class _Names:
    """Names in the forms in which a file may have them."""

    sought: Sought
    _forms: list[bytes] = field(default_factory=list)
    _wrapped: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.sought.names:
            written = {name, normalize("NFC", name), normalize("NFD", name)}
            texts = {form for one in written for form in (one, html.escape(one), json.dumps(one)[1:-1])}
            self._forms += sorted(one.encode() for one in texts)
            wide = [one.encode(code) for one in written for code in ("utf-16-le", "utf-16-be")]
            self._wrapped += [
                opening + form + closing
                for form in self._forms
                for opening, closing in ((b'"', b'"'), (b"'", b"'"), (b">", b"<"))
            ]
            self._wrapped += sorted(one for one in wide if len(one) >= 2 * _HEAD)
        whole = b"|".join(map(re.escape, self._forms)) or rb"(?!)"
        self._word = re.compile(rb"(?<![\w\x80-\xff])(?:" + whole + rb")(?![\w\x80-\xff])")

    def in_cells(self, column: pa.Array, name: str, record_type: type[Record]) -> bool:
        """Whether a column of strings has a name in it; in a column of names only a whole one counts.

        A short name may be a word of a camera or a codec, so tables that are not about people are searched for long ones.
        """
        if name == "name":
            return bool(pc.any(pc.is_in(column, value_set=pa.array(self.sought.names, pa.string()))).as_py())
        if self.sought.is_elsewhere or name in _NOT_THEIRS:
            return False
        names = [one for one in self.sought.names if record_type.BIOMETRIC or len(one) >= _HEAD]
        texts = [column.filter(pc.match_substring(column, one)) for one in names]
        return any(self._word.search((text or "").encode()) for some in texts for text in some.to_pylist())

    def in_bytes(self, content: mmap.mmap, *, is_table: bool) -> bool:
        """Whether a file has one: as a word where the file is a text, else as metadata have it."""
        if not self._forms or is_table:
            return False
        if any(content.find(form) >= 0 for form in self._wrapped):
            return True
        if self.sought.is_elsewhere:
            return False
        is_text = b"\0" not in content[:4096] and _is_text(content[:4096])
        return any(is_text or len(hit.group()) >= _HEAD for hit in self._word.finditer(content))


def _is_text(start: bytes) -> bool:
    try:
        start[:-4].decode()
    except UnicodeDecodeError:
        return False
    return True


def _buffers(table: pa.Table) -> Iterator[pa.Buffer]:
    for column in table.columns:
        for chunk in column.chunks:
            yield from (buffer for buffer in chunk.buffers() if buffer is not None and buffer.size)


def _cells(table: pa.Table) -> Iterator[tuple[str, pa.Array]]:
    """Name and strings of all columns of strings, whatever they are nested in."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks:
            yield from _leaves(name, chunk)


def _leaves(name: str, array: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    if pa.types.is_string(array.type):
        yield name, array
    elif pa.types.is_list(array.type):
        yield from _leaves(name, array.flatten())
    elif pa.types.is_struct(array.type):
        for part, values in zip(array.type, array.flatten(), strict=True):
            yield from _leaves(part.name, values)
