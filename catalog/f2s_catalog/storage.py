"""Files to a place and back, each whole or not at all: in a folder of this machine, or as objects of a bucket.

Where ``place.py`` reads tables, this moves whole files. Keys of a bucket are taken as they are, whatever stands in them.
All trouble is an ``OSError`` whose ``strerror`` says what the system or the server said.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from f2s_catalog.ids import file_digest
from f2s_catalog.place import Place, S3Prefix
from f2s_catalog.s3_client import ATTEMPTS, PART_BYTES, client, said, transfers

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "Found",
    "aside",
    "digest_of",
    "drop_uploads",
    "fetch",
    "look",
    "move",
    "read",
    "read_first",
    "read_range",
    "remove",
    "settle",
    "upload",
    "walk",
    "write",
    "write_new",
]

_T = TypeVar("_T")
_DIGEST = "sha256"


@dataclass(frozen=True)
class Found:
    """A file below a place.

    Attributes:
        path: what stands behind the place and a slash; of an object the rest of its key, as it is.
        byte_count: its size.
        stamp: changes with the bytes: the ETag of an object, of a file the time of its last change in nanoseconds.
        modified_ns: time of the last change, nanoseconds since 1970.
    """

    path: str
    byte_count: int
    stamp: str
    modified_ns: int


def read(where: Place) -> bytes:
    """All bytes. Raises: FileNotFoundError; OSError."""
    if isinstance(where, Path):
        return where.read_bytes()
    return _answered(where, {}, lambda answer: bytes(answer["Body"].read()))


def read_range(where: S3Prefix, first: int, stop: int, stamp: str) -> bytes:
    """Bytes [first, stop) of an object that is still the one with this stamp; only encryption proves that they came unchanged.

    Raises: FileExistsError where it is another one; OSError.
    """
    wanted = {"Range": f"bytes={first}-{stop - 1}", "IfMatch": stamp}
    return _answered(where, wanted, lambda answer: _whole(answer["Body"].read(), stop - first))


def read_first(where: S3Prefix, count: int, stamp: str) -> tuple[Found, bytes]:
    """What ``look`` says of an object, and its first bytes, in one request; any object where the stamp is empty.

    Raises:
        FileNotFoundError: it is not there.
        FileExistsError: it is another one.
        OSError: it cannot be read.
    """

    def taken(answer: dict[str, Any]) -> tuple[Found, bytes]:
        found, body = _object(answer, "", "ContentLength"), answer["Body"]
        if found.byte_count <= count:
            return found, bytes(body.read())  # a checksum is of all bytes, so a range of them would bear none
        with closing(body):
            return found, _whole(body.read(count), count)

    return _answered(where, {"IfMatch": stamp} if stamp else {}, taken)


def fetch(where: S3Prefix, stamp: str, file: BinaryIO) -> None:
    """All bytes of an object that is still the one with this stamp, into a file from its beginning on.

    Raises: FileExistsError where it is another one; OSError.
    """

    def taken(answer: dict[str, Any]) -> None:
        file.seek(0)
        while chunk := answer["Body"].read(PART_BYTES):
            file.write(chunk)

    _answered(where, {"IfMatch": stamp}, taken)


def write(where: Place, content: "Buffer") -> None:
    """Put it there, instead of what was there; folders are made. Raises: OSError."""
    if isinstance(where, S3Prefix):
        with said(where):
            if len(memoryview(content)) <= PART_BYTES:
                client().put_object(Bucket=where.bucket, Key=where.key, Body=bytes(content))
            else:
                client().upload_fileobj(BytesIO(content), where.bucket, where.key, Config=transfers())
        return
    with aside(where) as made:
        made.write_bytes(content)
        settle(made, where)


def write_new(where: S3Prefix, content: bytes) -> bool:
    """Put it there if nothing is; tells whether it did. Only as good as the server, see ``lease.py``.

    Args:
        where: the object.
        content: like no other content, so that a request that is sent twice knows its own first.

    Raises:
        OSError: the server refuses, for another reason.
    """
    try:
        with said(where):
            client().put_object(Bucket=where.bucket, Key=where.key, Body=content, IfNoneMatch="*")
    except FileExistsError:
        return read(where) == content
    except OSError as error:
        if error.errno == errno.EBUSY:  # another one is being put at this moment
            return False
        raise
    return True


def upload(where: S3Prefix, file: Path) -> None:
    """Copy a finished file of this machine there, in parts where it is large. Raises: OSError."""
    told = {"Metadata": {_DIGEST: file_digest(file)}}
    with said(where):
        client().upload_file(str(file), where.bucket, where.key, ExtraArgs=told, Config=transfers())


def settle(made: Path, final: Path) -> None:
    """Give a finished file its name, in a folder of the same disk, so that both last through a power cut. Raises: OSError."""
    _sync(made)
    made.replace(final)
    _sync(final.parent)


def move(where: Place, target: Place) -> None:
    """Give a file another name below the same place; folders are made. Raises: FileNotFoundError; OSError."""
    if isinstance(where, S3Prefix) and isinstance(target, S3Prefix):
        with said(target):
            client().copy({"Bucket": where.bucket, "Key": where.key}, target.bucket, target.key, Config=transfers())
        remove(where)
    elif isinstance(where, Path) and isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        settle(where, target)
    else:
        raise TypeError(f"{where} and {target} do not lie below one place")


def digest_of(where: Place) -> str | None:
    """SHA-256 of a file, which an object that was uploaded bears; none where it is not there. Raises: OSError."""
    try:
        if isinstance(where, Path):
            return file_digest(where)
        with said(where):
            borne = client().head_object(Bucket=where.bucket, Key=where.key)["Metadata"].get(_DIGEST)
            return str(borne) if borne else hashlib.sha256(read(where)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def remove(where: Place) -> None:
    """Take it away; that it is not there is no trouble. Raises: OSError."""
    if isinstance(where, Path):
        where.unlink(missing_ok=True)
        return
    with said(where):
        client().delete_object(Bucket=where.bucket, Key=where.key)


def look(where: Place) -> Found | None:
    """What ``walk`` says of this one file, whose path is empty; none where it is not there. Raises: OSError."""
    try:
        if isinstance(where, Path):
            return _file(where.stat(follow_symlinks=False), "")
        with said(where):
            return _object(client().head_object(Bucket=where.bucket, Key=where.key), "", "ContentLength")
    except (FileNotFoundError, NotADirectoryError):
        return None


def walk(where: Place) -> Iterator[Found]:
    """All files below a place, as they come; a folder that is not there holds none. Links are not followed.

    Raises:
        OSError: it cannot be listed.
    """
    yield from _walk_folder(where, "") if isinstance(where, Path) else _walk_bucket(where)


def drop_uploads(where: S3Prefix) -> int:
    """End the uploads that were begun below a place and never ended; tells how many. Raises: OSError."""
    count = 0
    with said(where):
        for page in (
            client().get_paginator("list_multipart_uploads").paginate(Bucket=where.bucket, Prefix=_below(where))
        ):
            for one in page.get("Uploads", ()):
                client().abort_multipart_upload(Bucket=where.bucket, Key=one["Key"], UploadId=one["UploadId"])
                count += 1
    return count


def _answered(where: S3Prefix, wanted: dict[str, str], taken: Callable[[dict[str, Any]], _T]) -> _T:
    """What is made of an answer and its bytes.

    They are asked for again where they came torn, or were changed on the way, which their checksum tells at their end; that
    the request itself is sent again is the client's business.
    """
    from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError, ResponseStreamingError

    torn = (FlexibleChecksumError, HTTPClientError, IncompleteReadError, ResponseStreamingError)
    with said(where):
        for _ in range(ATTEMPTS - 1):
            answer = client().get_object(Bucket=where.bucket, Key=where.key, **wanted)
            with suppress(*torn):
                return taken(answer)
        return taken(client().get_object(Bucket=where.bucket, Key=where.key, **wanted))


def _whole(content: bytes, byte_count: int) -> bytes:
    from botocore.exceptions import IncompleteReadError

    if len(content) != byte_count:
        raise IncompleteReadError(actual_bytes=len(content), expected_bytes=byte_count)
    return bytes(content)


def _walk_folder(folder: Path, prefix: str) -> Iterator[Found]:
    waiting = [(folder, prefix)]
    while waiting:
        folder, prefix = waiting.pop()
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), f"{prefix}{entry.name}/"))
                    continue
                found = _file(entry.stat(follow_symlinks=False), f"{prefix}{entry.name}")
                if found is not None:
                    yield found


def _walk_bucket(where: S3Prefix) -> Iterator[Found]:
    prefix = _below(where)
    with said(where):
        for page in client().get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=prefix):
            if "Name" not in page:  # every list bears that of its bucket; without a body it would be an empty one
                raise OSError(errno.EIO, "the server's list has no body", str(where))
            for one in page.get("Contents", ()):
                yield _object(one, one["Key"].removeprefix(prefix), "Size")


def _file(status: os.stat_result, path: str) -> Found | None:
    is_file = stat.S_ISREG(status.st_mode)
    return Found(path, status.st_size, str(status.st_mtime_ns), status.st_mtime_ns) if is_file else None


def _object(told: dict[str, Any], path: str, size: str) -> Found:
    return Found(path, told[size], told["ETag"], int(told["LastModified"].timestamp() * 1e9))


def _below(where: S3Prefix) -> str:
    return f"{where.key}/" if where.key else ""


@contextmanager
def aside(final: Path) -> Iterator[Path]:
    """A name beside a file for what is not whole yet, for ``settle``; nothing stays there."""
    final.parent.mkdir(parents=True, exist_ok=True)
    made = final.with_name(f".{final.name[:32]}.{secrets.token_hex(8)}.tmp")
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
