"""Arrow tables to fragments on disk and back: append-only Parquet files, whole or absent, by one writer at a time."""

import hashlib
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from f2s_catalog import cipher
from f2s_catalog.arrow import stored_schema
from f2s_catalog.commits import LOST, Commits, Note, commits_of, name_of, note_in, visible
from f2s_catalog.errors import CatalogError, RewrittenError
from f2s_catalog.place import TRIES, P, Place, S3Prefix, files_in, filesystem, inside, is_folder, is_gone, reason
from f2s_catalog.records import Attempt, Record
from f2s_catalog.storage import write

__all__ = [
    "Stored",
    "biometric_folder",
    "catalog_folder",
    "check_catalog",
    "fragments",
    "lost",
    "prove",
    "scan",
    "sequence_of",
    "stored",
    "table_folder",
    "write_fragment",
]

_DIGEST_LENGTH = 16
_ROW_GROUP_ROWS = 65_536  # of a table that is sorted by what is asked, only the groups that hold it are read
_TAIL_BYTES = 65_536  # that hold most footers, so that one read is enough
_READERS = 16  # fragments that are looked at side by side: in object storage each look is a wait for the network


def catalog_folder(root: P) -> P:
    """Where the tables of an OUTPUT folder lie."""
    return root / "catalog"


def check_catalog(root: Place) -> None:
    """See that somebody wrote a catalog there. Raises: CatalogError where nobody did, or it cannot be read."""
    if not is_folder(catalog_folder(root)):
        raise CatalogError(f"no catalog in {root}; name a folder that f2s has written to")


def biometric_folder(root: P) -> P:
    """Where the tables about faces and persons lie: apart, so that they can be locked away or erased."""
    return catalog_folder(root) / "biometric"


def table_folder(root: P, record_type: type[Record]) -> P:
    """Where the fragments of a table lie."""
    return (biometric_folder(root) if record_type.BIOMETRIC else catalog_folder(root)) / record_type.TABLE


def fragments(root: P, record_type: type[Record]) -> list[P]:
    """The fragments of a table that are to be read, in the order of their commits; none where the folder is absent.

    Raises:
        CatalogError: the folder may not be read.
    """
    return visible(stored(root, record_type))


def stored(root: P, record_type: type[Record]) -> list[P]:
    """The same with those that merged ones have replaced and that still lie there."""
    return _called(root, record_type, ".parquet")


def lost(root: Place, record_type: type[Record]) -> list[Commits]:
    """What a person said does not come back."""
    return [commits_of(path) for path in _called(root, record_type, LOST)]


def sequence_of(fragment: Place) -> int:
    """The number of the last commit that a fragment holds."""
    return commits_of(fragment).last


class Stored(NamedTuple):
    """The stored rows of a table, the fragments that they are in, what those of the ledger note of others, and the
    steps that made the rows, where that is known without reading them.
    """

    rows: ds.Dataset
    fragments: list[Place]
    notes: list[Note | None]
    steps: frozenset[str] | None


def scan(root: Place, record_type: type[Record], sequences: Collection[int] | None = None) -> Stored:
    """The stored rows of a table, read lazily, after each fragment was found to be what was written.

    Args:
        root: the OUTPUT folder.
        record_type: the table.
        sequences: only fragments that these commits wrote; all where not given.

    Raises:
        CatalogError: a fragment is damaged, may not be read, or was written by another version.
    """
    schema = stored_schema(record_type)
    paths = [path for path in fragments(root, record_type) if sequences is None or sequence_of(path) in sequences]
    with ThreadPoolExecutor(_READERS) as pool:
        looks = list(pool.map(lambda path: _check(root, path, schema, record_type), paths))
    options = ds.ParquetFragmentScanOptions(
        page_checksum_verification=True, decryption_properties=cipher.decryption(record_type)
    )
    file_format = ds.ParquetFileFormat(default_fragment_scan_options=options)
    there = filesystem(root)
    parts = [
        file_format.make_fragment(inside(path), there)
        if look.content is None
        else file_format.make_fragment(look.content)
        for path, look in zip(paths, looks, strict=True)
    ]
    notes = [note_in(look.schema) for look in looks]
    steps = (
        None if any(look.steps is None for look in looks) else frozenset().union(*(look.steps or () for look in looks))
    )
    return Stored(ds.FileSystemDataset(parts, schema, file_format), paths, notes, steps)


def prove(root: Place, record_types: Iterable[type[Record]]) -> None:
    """Read all of these tables, as far as they are stored.

    Raises:
        CatalogError: a page is not what was written.
    """
    for record_type in record_types:
        for path in fragments(root, record_type):
            for left in reversed(_looks(path)):
                try:
                    cipher.read_fragment(path, record_type)
                    break
                except CatalogError:
                    if not left:
                        raise
                except (OSError, ValueError) as damage:
                    if not left:
                        raise _damaged(root, path, record_type) from damage


def write_fragment(root: P, record_type: type[Record], table: pa.Table, sequence: int, first: int | None = None) -> P:
    """Append a fragment: written aside, synced, renamed; named by its commit and its footer, which speaks of all its pages.

    Args:
        root: the OUTPUT folder.
        record_type: the table.
        table: stored rows.
        sequence: the commit, or the last of those that they are of.
        first: the first of those.

    Raises:
        CatalogError: no space or no right; nothing half-written stays under the final name.
    """
    sink = pa.BufferOutputStream()
    locked = cipher.encryption(record_type)
    pq.write_table(
        table,
        sink,
        compression="zstd",
        write_page_checksum=True,
        row_group_size=_ROW_GROUP_ROWS,
        encryption_properties=locked,
    )
    content = sink.getvalue()
    commits = Commits(sequence if first is None else first, sequence)
    final = table_folder(root, record_type) / name_of(commits, _digest(_footer(pa.BufferReader(content))))
    try:
        write(final, content)
    except OSError as error:
        way_out = "free space or give this user the right to write, then run again"
        raise CatalogError(f"cannot write {final}: {error.strerror}; {way_out}") from error
    return final


def _footer(file: pa.NativeFile) -> bytes:
    """The end of a Parquet file: what it holds and where, the length of that, and the magic word."""
    size = file.size()
    tail = file.read_at(min(size, _TAIL_BYTES), max(size - _TAIL_BYTES, 0))
    length = 8 + int.from_bytes(tail[-8:-4], "little")
    return tail[-length:] if length <= len(tail) else file.read_at(min(size, length), max(size - length, 0))


def _digest(footer: bytes) -> str:
    return hashlib.sha256(footer).hexdigest()[:_DIGEST_LENGTH]


def _called(root: P, record_type: type[Record], ending: str) -> list[P]:
    found = files_in(table_folder(root, record_type))
    return [one for one in found if one.name.startswith("part-") and one.name.endswith(ending)]


class _Look(NamedTuple):
    """The schema of a fragment, the steps that made its rows, where it tells, and all of its bytes, where these are kept."""

    schema: pa.Schema
    steps: frozenset[str] | None
    content: pa.Buffer | None


class _TornError(Exception):
    """What came is not what was written."""


def _check(root: Place, path: Place, schema: pa.Schema, record_type: type[Record]) -> _Look:
    """Compare with the digest in the name, which is that of the footer; pages have checksums of their own.

    So opening a table costs a look at the end of each file, and what is read of it is proven when it is read.
    """
    try:
        for _ in _looks(path):
            with suppress(_TornError):
                is_kept = record_type is Attempt and isinstance(path, S3Prefix)
                found = _kept(path) if is_kept else _look(path, record_type)
                break
        else:
            raise _damaged(root, path, record_type)
    except OSError as error:
        if is_gone(error):
            raise RewrittenError(f"{path} was rewritten while it was read; ask again") from error
        raise CatalogError(f"cannot read {path}: {reason(error, path)}") from error
    if not found.schema.equals(schema):
        raise CatalogError(f"{path} was written by another version of f2s; use that version, or choose another OUTPUT")
    return found


@lru_cache(1024)
def _kept(path: S3Prefix) -> _Look:
    """A fragment of the ledger in a bucket: every question reads all of them, and none changes under its name."""
    return _look(path, Attempt, is_kept=True)


def _look(path: Place, record_type: type[Record], *, is_kept: bool = False) -> _Look:
    with filesystem(path).open_input_file(inside(path)) as file:
        content = file.read_buffer() if is_kept and file.size() <= _TAIL_BYTES else None
        footer = _footer(file if content is None else pa.BufferReader(content))
    if _digest(footer) != path.name.removesuffix(".parquet").split("-")[-1]:
        raise _TornError
    if content is not None:
        try:
            pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise _TornError from error
    told = cipher.described(footer, path, record_type)
    return _Look(told.schema_arrow, _steps(told.metadata), content)


def _steps(metadata: pq.FileMetaData) -> frozenset[str] | None:
    """As the least and the greatest of each group of rows tell: one step makes many rows on end. None where they differ."""
    columns = [number for number in range(metadata.num_columns) if metadata.schema.column(number).path == "step"]
    found = set()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for known in (group.column(number).statistics for number in columns):
            if known is None or not known.has_min_max or known.min != known.max:
                return None
            found.add(known.min)
    return frozenset(found)


def _looks(path: Place) -> range:
    """How often something is looked at before it is called damaged: over a network it may come torn, which its reader does not see."""
    return range(TRIES if isinstance(path, S3Prefix) else 1)


def _damaged(root: Place, path: Place, record_type: type[Record]) -> CatalogError:
    way_out = "restore it from a backup"
    if record_type is Attempt:
        way_out += f", or rename it to end in {LOST}, and run again"
    elif record_type.MADE != "said":
        ledger = (one for one in fragments(root, Attempt) if commits_of(one).has(commits_of(path)))
        also = "".join(f", rename {one} to end in {LOST}," for one in ledger)
        way_out += f", or remove it{also} and run again"
    return CatalogError(f"{path} is damaged; {way_out}")
