"""Arrow tables to fragments on disk and back: append-only Parquet files, whole or absent, by one writer at a time."""

import hashlib
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from f2s_catalog import cipher
from f2s_catalog.arrow import stored_schema
from f2s_catalog.errors import CatalogError, RewrittenError
from f2s_catalog.place import P, Place, files_in, filesystem, inside, is_folder, reason
from f2s_catalog.records import Record
from f2s_catalog.storage import write

__all__ = [
    "catalog_folder",
    "check_catalog",
    "fragments",
    "prove",
    "scan",
    "sequence_of",
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


def table_folder(root: P, record_type: type[Record]) -> P:
    """Where the fragments of a table lie; biometric tables lie apart, so that they can be locked away or erased."""
    parent = catalog_folder(root)
    return (parent / "biometric" if record_type.BIOMETRIC else parent) / record_type.TABLE


def fragments(root: P, record_type: type[Record]) -> list[P]:
    """The fragments of a table in the order of their commits; none where the folder is absent.

    Raises:
        CatalogError: the folder may not be read.
    """
    found = files_in(table_folder(root, record_type))
    return [one for one in found if one.name.startswith("part-") and one.name.endswith(".parquet")]


def sequence_of(fragment: Place) -> int:
    """The number of the commit that wrote a fragment."""
    return int(fragment.name.split("-")[1])


def scan(root: Place, record_type: type[Record], sequences: Collection[int] | None = None) -> ds.Dataset:
    """The stored rows of a table, read lazily, after each fragment was found to be what was written.

    Args:
        root: the OUTPUT folder.
        record_type: the table.
        sequences: only what these commits wrote; all where not given.

    Raises:
        CatalogError: a fragment is damaged, may not be read, or was written by another version.
    """
    schema = stored_schema(record_type)
    paths = [path for path in fragments(root, record_type) if sequences is None or sequence_of(path) in sequences]
    with ThreadPoolExecutor(_READERS) as pool:
        for _ in pool.map(lambda path: _check(path, schema, record_type), paths):
            pass
    options = ds.ParquetFragmentScanOptions(
        page_checksum_verification=True, decryption_properties=cipher.decryption(record_type)
    )
    file_format = ds.ParquetFileFormat(default_fragment_scan_options=options)
    return ds.dataset([inside(path) for path in paths], schema=schema, format=file_format, filesystem=filesystem(root))


def prove(root: Place, record_types: Iterable[type[Record]]) -> None:
    """Read all of these tables, as far as they are stored.

    Raises:
        CatalogError: a page is not what was written.
    """
    for record_type in record_types:
        for path in fragments(root, record_type):
            try:
                cipher.read_fragment(path, record_type)
            except (OSError, ValueError) as damage:
                raise _damaged(path) from damage


def write_fragment(root: P, record_type: type[Record], table: pa.Table, sequence: int) -> P:
    """Append a fragment: written aside, synced, renamed; named by its commit and its footer, which speaks of all its pages.

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
    name = f"part-{sequence:014d}-{_digest(_footer(pa.BufferReader(content)))}.parquet"
    final = table_folder(root, record_type) / name
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


def _check(path: Place, schema: pa.Schema, record_type: type[Record]) -> None:
    """Compare with the digest in the name, which is that of the footer; pages have checksums of their own.

    So opening a table costs a look at the end of each file, and what is read of it is proven when it is read.
    """
    try:
        with filesystem(path).open_input_file(inside(path)) as file:
            footer = _footer(file)
    except FileNotFoundError as error:
        raise RewrittenError(f"{path} was rewritten while it was read; ask again") from error
    except OSError as error:
        raise CatalogError(f"cannot read {path}: {reason(error, path)}") from error
    if _digest(footer) != path.name.removesuffix(".parquet").split("-")[-1]:
        raise _damaged(path)
    if not cipher.schema_in(footer, path, record_type).equals(schema):
        raise CatalogError(f"{path} was written by another version of f2s; use that version, or choose another OUTPUT")


def _damaged(path: Place) -> CatalogError:
    commit = f"{path.name.rpartition('-')[0]}-*"
    way_out = f"restore it from a backup, or remove every {commit} of the catalog and run again"
    return CatalogError(f"{path} is damaged; {way_out}")
