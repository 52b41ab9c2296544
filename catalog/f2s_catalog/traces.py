"""A folder and what must not be in it to where it still is: every table decoded, every other file byte by byte.

It knows nothing of how rows are removed, so that it proves that they were.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.cipher import read_fragment
from f2s_catalog.needles import Needles
from f2s_catalog.place import P, Place, S3Prefix
from f2s_catalog.records import TABLES, Record
from f2s_catalog.spelled import Spelled
from f2s_catalog.storage import read, walk
from f2s_catalog.store import stored

__all__ = ["Sought", "Trace", "find_traces"]

_NOT_THEIRS = frozenset({"path", "item_id", "message", "said_by"})
_LOCK = ".lock"
_TABLE = ".parquet"


@dataclass(frozen=True)
class Sought:
    """What must not be found.

    Attributes:
        needles: bytes of 15 or more, and what they are in words.
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


def find_traces(root: P, sought: Sought, skip: Iterable[P] = ()) -> list[Trace]:
    """All files below OUTPUT that hold something of what is sought, each kind of thing once.

    Args:
        root: the OUTPUT folder.
        sought: what must not be there.
        skip: files that are known to hold it.

    Raises:
        CatalogError: a table cannot be read.
        OSError: a file cannot be read.
    """
    needles, names = Needles(sought.needles), Spelled(sought.names, is_elsewhere=sought.is_elsewhere)
    ids = pa.array(sorted(sought.ids), pa.string())
    found: set[Trace] = set()
    tables: dict[Place, type[Record]] = {path: kind for kind in TABLES for path in stored(root, kind)}
    skipped = set(skip)
    for below in sorted(one.path for one in walk(root)):
        path = root / below
        if path in skipped or below.endswith(_LOCK):
            continue
        is_table = path in tables or below.lower().endswith(_TABLE)
        hits = _in_file(path, needles, None if is_table else names)
        if is_table:
            kind = tables.get(path, Record)
            hits |= _in_table(read_fragment(path, kind), kind, needles, names, ids)
        found |= {Trace(below, what) for what in hits}
    return sorted(found)


def _in_table(table: pa.Table, record_type: type[Record], needles: Needles, names: Spelled, ids: pa.Array) -> set[str]:
    """What is compressed on disk: all cells of a table, be it the catalog's or one that somebody exported."""
    hits = {what for buffer in _buffers(table) for what in needles.find(buffer)}
    if any(_is_named(name, cells, record_type, names) for name, cells in _cells(table)):
        hits.add("the name")
    if any(pc.any(pc.is_in(cells, value_set=ids)).as_py() for _, cells in _cells(table)):
        hits.add("the id of a face")
    return hits


def _is_named(column: str, cells: pa.Array, record_type: type[Record], names: Spelled) -> bool:
    """Whether a column has a name in it; in a column of names only a whole one counts."""
    if column == "name":
        return names.in_names(cells.unique().to_pylist())
    return column not in _NOT_THEIRS and names.in_column(cells, is_about_people=record_type.BIOMETRIC)


def _in_file(path: Place, needles: Needles, names: Spelled | None) -> set[str]:
    """What stands in the bytes of a file, which are read once; of one that lies here none is copied."""
    if isinstance(path, S3Prefix):
        content = pa.py_buffer(read(path))
    elif not path.stat().st_size:
        return set()
    else:
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer()
    hits = set(needles.find(content))
    if names is not None and names.in_file(content):
        hits.add("the name")
    return hits


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
