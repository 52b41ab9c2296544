"""Biometric tables to encrypted Parquet and back, with a key that the user holds in a file: ``F2S_KEY_FILE`` names it.

Without that variable tables are written plain. A plain fragment stays readable with a key, so that an archive may be
encrypted after the fact.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet.encryption import create_decryption_properties, create_encryption_properties

from f2s_catalog.errors import CatalogError
from f2s_catalog.place import Place, filesystem, inside
from f2s_catalog.records import Record

__all__ = ["KEY_FILE", "decryption", "described", "encryption", "is_sealed", "key", "read_fragment", "seal", "unseal"]

KEY_FILE = "F2S_KEY_FILE"
_MAGIC = b"PARE"
_HEX = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64}")


def key() -> bytes | None:
    """The user's key; none where no file is named.

    Raises:
        CatalogError: the file cannot be read, others may read it, or it holds no key.
    """
    word = os.environ.get(KEY_FILE)
    if not word:
        return None
    path = Path(word)
    try:
        mode, text = path.stat().st_mode & 0o777, path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(
            f"the key {path} ({KEY_FILE}) cannot be read: {error}; give the file with your key"
        ) from error
    if mode & 0o077:
        raise CatalogError(f"the key {path} has mode {mode:04o}, others may use it; run: chmod 600 {path}")
    if not _HEX.fullmatch(text):
        raise CatalogError(f"the key {path} is no 128, 192 or 256 bits in hex; make one: openssl rand -hex 32")
    return bytes.fromhex(text)


def encryption(record_type: type[Record]) -> object | None:
    """What the writer of a table needs; none for a plain one."""
    own = key() if record_type.BIOMETRIC else None
    return None if own is None else create_encryption_properties(own)


def decryption(record_type: type[Record]) -> object | None:
    """What the reader of a table needs; none where no key is named."""
    own = key() if record_type.BIOMETRIC else None
    return None if own is None else create_decryption_properties(own, allow_plaintext_files=True)


def is_sealed(path: Place) -> bool:
    """Whether a fragment is encrypted."""
    with filesystem(path).open_input_file(inside(path)) as file:
        return bool(file.read(len(_MAGIC)) == _MAGIC)


def described(footer: bytes, path: Place, record_type: type[Record]) -> pq.ParquetFile:
    """What the end of a fragment tells of it, which this user's key opens; ``path`` is named in an error.

    Raises:
        CatalogError: there is no key, or it is the key of something else.
    """
    return _opened(pa.BufferReader(footer), path, record_type)


def read_fragment(path: Place, record_type: type[Record], columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of one fragment, or some of their columns.

    Raises:
        CatalogError: there is no key, or it is the key of something else.
    """
    with filesystem(path).open_input_file(inside(path)) as file:
        return _opened(file, path, record_type).read(columns=None if columns is None else list(columns))


def seal(content: bytes) -> bytes:
    """The same, encrypted where there is a key."""
    if (own := key()) is None:
        return content
    sink = pa.BufferOutputStream()
    table = pa.table({"content": pa.array([content], pa.large_binary())})
    pq.write_table(table, sink, encryption_properties=create_encryption_properties(own))
    return sink.getvalue().to_pybytes()


def unseal(content: bytes, path: Place) -> bytes:
    """What ``seal`` took; ``path`` is named in an error.

    Raises:
        CatalogError: there is no key, or it is the key of something else.
    """
    if not content.startswith(_MAGIC):
        return content
    properties = create_decryption_properties(_wanted(path))
    try:
        table = pq.read_table(pa.BufferReader(content), decryption_properties=properties)
    except (OSError, pa.ArrowException) as error:
        raise _wrong(path) from error
    return bytes(table["content"][0].as_py())


def _opened(file: pa.NativeFile, path: Place, record_type: type[Record]) -> pq.ParquetFile:
    file.seek(file.size() - len(_MAGIC))
    if sealed := file.read() == _MAGIC:
        _wanted(path)
    try:
        return pq.ParquetFile(file, decryption_properties=decryption(record_type), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        if sealed:
            raise _wrong(path) from error
        raise CatalogError(f"{path} is damaged: {error}; restore it from a backup") from error


def _wanted(path: Place) -> bytes:
    if (own := key()) is None:
        raise CatalogError(f"{path} is encrypted; set {KEY_FILE} to the file that holds its key")
    return own


def _wrong(path: Place) -> CatalogError:
    return CatalogError(
        f"{path} does not open with the key {os.environ[KEY_FILE]}; set {KEY_FILE} to the file of its own key"
    )
