"""Where an archive lies: a folder of this machine, or a prefix of object storage; both are listed and read in one way.

Object storage is any server that speaks S3. Who may read and where it stands is said in the usual variables:
``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_PROFILE``, ``AWS_REGION`` and, for a server
of one's own, ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``.
"""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pyarrow import fs

from f2s_catalog.errors import CatalogError

__all__ = [
    "TRIES",
    "P",
    "Place",
    "S3Prefix",
    "below",
    "endpoint",
    "files_in",
    "filesystem",
    "folders_in",
    "inside",
    "is_folder",
    "is_gone",
    "place",
    "read_text",
    "reason",
]

_SCHEME = "s3://"
TRIES = 8  # at what a network may spoil
_GONE = ("No such file", "RESOURCE_NOT_FOUND", "NO_SUCH_KEY")  # of the system; of a server once the file is open
_USER = re.compile("//.*@")  # a key may hold slashes
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = re.compile(r"https?://[^/@]+/?$")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_IN_CLEAR = "F2S_PLAIN_HTTP"
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, order=True)
class S3Prefix:
    """A bucket, or the part of it whose keys begin with ``key`` and a slash; joins with ``/`` as a path does."""

    bucket: str
    key: str = ""

    def __truediv__(self, name: str) -> "S3Prefix":
        return S3Prefix(self.bucket, f"{self.key}/{name}".lstrip("/"))

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}".rstrip("/")

    @property
    def name(self) -> str:
        """What stands behind the last slash."""
        return self.key.rpartition("/")[2]


Place = Path | S3Prefix
P = TypeVar("P", Path, S3Prefix, Path | S3Prefix)


def place(word: str) -> Place:
    """What a user wrote as a place: ``s3://BUCKET/PREFIX``, else a path of this machine.

    Raises:
        CatalogError: there is no bucket in it, or it is of another kind of storage.

    >>> str(place("s3://films/restored/") / "catalog")
    's3://films/restored/catalog'
    """
    scheme, separator, rest = word.partition("://")
    if not separator:
        return Path(word).resolve()
    bucket, _, key = rest.partition("/")
    if f"{scheme}://" != _SCHEME or not _BUCKET.fullmatch(bucket):
        shown = _USER.sub("//...@", word)  # who writes keys there may have written a true one
        raise CatalogError(f"{shown} is no place that can be read; give a folder, or s3://BUCKET/PREFIX")
    return S3Prefix(bucket, key.strip("/"))


def filesystem(where: Place) -> fs.FileSystem:
    """What opens and lists the files there.

    Raises:
        CatalogError: the address of the server is wrong.
    """
    return fs.LocalFileSystem() if isinstance(where, Path) else _s3(where.bucket, endpoint(), _first(_REGIONS))


def endpoint() -> str | None:
    """Address of the server that object storage is asked at; none where it is that of the region.

    Raises:
        CatalogError: it is wrong.
    """
    # Only who asks for it has the machine's own role looked up, at an address that anybody on the way could answer.
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    found = _first(_ENDPOINTS)
    shown = _USER.sub("//...@", found or "")
    if found is not None and not _ADDRESS.match(found):
        raise CatalogError(f"AWS_ENDPOINT_URL is {shown}, no address of a server; write https://HOST:PORT")
    if found is not None and not os.environ.get(_IN_CLEAR) and not _is_safe(found):
        raise CatalogError(
            f"AWS_ENDPOINT_URL is {shown}: pictures and faces would cross the network in clear; write https://, "
            f"or set {_IN_CLEAR}=1 where you trust everybody on the way"
        )
    return found


def inside(where: Place) -> str:
    """How ``filesystem`` calls it."""
    return str(where) if isinstance(where, Path) else f"{where.bucket}/{where.key}"


def below(where: Place, root: Place) -> str:
    """The path of what lies below a place, from there.

    >>> below(place("s3://films/restored/runs/a"), place("s3://films/restored"))
    'runs/a'
    """
    return str(where).removeprefix(f"{root}/")


def files_in(folder: P) -> list[P]:
    """The files that lie in a folder, in the order of their names; none where it is absent.

    Raises:
        CatalogError: it may not be read, or the server does not answer.
    """
    return _listed(folder, fs.FileType.File)


def folders_in(folder: P) -> list[P]:
    """The folders that lie in a folder, in the order of their names; raises as ``files_in``."""
    return _listed(folder, fs.FileType.Directory)


def read_text(file: Place) -> str:
    """What a file holds, in UTF-8.

    Raises:
        FileNotFoundError: it is not there.
        OSError: it cannot be read.
        UnicodeDecodeError: it is something else.
    """
    with filesystem(file).open_input_file(inside(file)) as opened:
        return bytes(opened.read()).decode()


def is_folder(where: Place) -> bool:
    """Whether there is a folder, or any key with this prefix.

    Raises:
        CatalogError: it may not be read, or the server does not answer.
    """
    try:
        return bool(filesystem(where).get_file_info(inside(where)).type == fs.FileType.Directory)
    except OSError as error:
        raise CatalogError(f"cannot read {where}: {reason(error, where)}") from error


def is_gone(error: Exception) -> bool:
    """Whether it says that a file is not there, or is not there any more, through whatever read it."""
    return isinstance(error, FileNotFoundError) or any(words in str(error) for words in _GONE)


def reason(error: OSError, where: Place) -> str:
    """Why a place cannot be read, in one line with the way out."""
    if isinstance(where, Path):
        why = os.strerror(error.errno) if error.errno else str(error)
        return f"{why}; give this user the right to read it"
    way_out = "look at the address, at the keys in AWS_ACCESS_KEY_ID and its kin, and at AWS_ENDPOINT_URL"
    return f"{' '.join(str(error).split())}; {way_out}"


def _listed(folder: P, kind: fs.FileType) -> list[P]:
    asked = fs.FileSelector(inside(folder), allow_not_found=True)
    try:
        # To Arrow an answer of a server that lost its body says that there is nothing: that is believed when it is told twice.
        found = filesystem(folder).get_file_info(asked)
        if not found and isinstance(folder, S3Prefix):
            found = filesystem(folder).get_file_info(asked)
    except OSError as error:
        raise CatalogError(f"cannot read {folder}: {reason(error, folder)}") from error
    return [folder / name for name in sorted(info.base_name for info in found if info.type == kind)]


@lru_cache(16)
def _s3(bucket: str, address: str | None, region: str | None) -> fs.S3FileSystem:
    if address is None:
        region = region or _region_of(bucket)
    return fs.S3FileSystem(
        endpoint_override=address,
        region=region or "aws-global",  # as us-east-1, and the client follows no server to another host
        connect_timeout=10,
        request_timeout=60,
        # The other strategy of Arrow takes from a budget that is never filled again: after a hundred retries it has none left.
        retry_strategy=fs.AwsDefaultS3RetryStrategy(max_attempts=TRIES),
    )


def _is_safe(address: str) -> bool:
    """Whether nobody on the way can read along: encrypted, or within this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _region_of(bucket: str) -> str:
    try:
        return str(fs.resolve_s3_region(bucket))
    except OSError as error:
        raise CatalogError(f"cannot read {_SCHEME}{bucket}: {reason(error, S3Prefix(bucket))}") from error


def _first(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)
