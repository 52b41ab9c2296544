"""A folder or a bucket to the table of Sources: everything that lies under INPUT, listed without opening any of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from f2s_catalog.arrow import schema_of
from f2s_catalog.place import Place, S3Prefix, reason
from f2s_catalog.records import Source
from f2s_catalog.storage import walk

from f2s_ray.errors import ConfigError

__all__ = ["PICTURE_SUFFIXES", "list_sources"]

PICTURE_SUFFIXES = frozenset(
    {
        *(
            ".jpg",
            ".jpeg",
            ".jpe",
            ".jfif",
            ".png",
            ".tif",
            ".tiff",
            ".webp",
            ".heic",
            ".heif",
            ".avif",
            ".bmp",
            ".gif",
        ),
        *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".raw"),
    }
)


_LONGEST_NAME = 255  # bytes, of what a disk takes


class _Row(NamedTuple):
    """As a ``Source``; a million of those would take minutes."""

    path: str
    byte_count: int
    modified_ns: int
    etag: str
    trouble: str | None


def list_sources(root: Place) -> pa.Table:
    """One row for each file, and for each thing that is no file but could be taken for a picture or was passed over.

    ``trouble`` begins with one word for statistics and a colon: ``directory`` (named like a picture; what is in it is
    listed too), ``link`` (never followed), ``special`` (pipe, socket, device), ``name`` (not UTF-8, or a key that is no
    path), ``unreadable``. Hidden files are listed like others. Rows are sorted by path.

    Raises:
        ConfigError: root cannot be listed.
    """
    rows = sorted(_objects(root) if isinstance(root, S3Prefix) else _files(root))
    columns = zip(*rows, strict=True) if rows else ([] for _ in _Row._fields)
    return pa.table(dict(zip(_Row._fields, map(list, columns), strict=True)), schema=schema_of(Source))


def _files(root: Path) -> Iterator[_Row]:
    """Those of a folder; the readable form of a broken name can equal another file's real name, and is then made another."""
    taken, broken = set(), []
    for name, row in _walk(os.fsencode(root)):
        if _is_text(name):
            taken.add(row.path)
            yield row
        else:
            broken.append((name, row))
    for _, row in sorted(broken):
        unique = row.path
        while unique in taken:
            unique += "\N{REPLACEMENT CHARACTER}"
        taken.add(unique)
        yield row._replace(path=unique)


def _objects(root: S3Prefix) -> Iterator[_Row]:
    try:
        for found in walk(root):
            if found.byte_count or found.path.rpartition("/")[2]:  # the rest are marks of folders
                yield _Row(found.path, found.byte_count, found.modified_ns, found.stamp, _trouble(found.path))
    except OSError as error:
        raise ConfigError(f"INPUT {root} cannot be listed: {reason(error, root)}") from error


def _trouble(key: str) -> str | None:
    """What is wrong with a key. Results lie under the same path, in a folder or when they are copied to one."""
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in key:
        return "name: the key is no path, which has neither empty parts nor dots for parts; copy the object to another"
    if max(len(part.encode()) for part in parts) > _LONGEST_NAME:
        return f"name: a part of the key has more than {_LONGEST_NAME} bytes; copy the object to a shorter one"
    return None


def _walk(root: bytes) -> Iterator[tuple[bytes, _Row]]:
    """All rows under root, in any order; names are bytes, since a file system does not promise more."""
    prefix = root.rstrip(b"/") + b"/"
    waiting = [prefix]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError as error:
            if folder == prefix:
                raise ConfigError(f"INPUT {os.fsdecode(root)} cannot be listed: {error.strerror}") from error
            path = folder.removeprefix(prefix)
            yield path, _source(path, None, f"unreadable: {error.strerror}; give the right to list this folder")
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            path = entry.path.removeprefix(prefix)
            row = _row(path, entry)
            if row is not None:
                yield path, row


def _row(path: bytes, entry: os.DirEntry[bytes]) -> _Row | None:
    """The row of one entry; none for an ordinary folder."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return _source(path, None, f"unreadable: {error.strerror}; see whether it is still there")
    if stat.S_ISDIR(status.st_mode):
        if Path(os.fsdecode(path)).suffix.lower() not in PICTURE_SUFFIXES:
            return None
        return _source(path, status, "directory: named like a picture; what is in it is listed by itself")
    if stat.S_ISLNK(status.st_mode):
        return _source(path, status, "link: symbolic links are not followed; put the file itself here")
    if not stat.S_ISREG(status.st_mode):
        return _source(path, status, "special: a pipe, socket or device is not a picture")
    if not _is_text(path):
        return _source(path, status, "name: not UTF-8; rename the file or its folder")
    return _source(path, status, None)


def _source(path: bytes, status: os.stat_result | None, trouble: str | None) -> _Row:
    """A row; the size of what is no file counts as 0."""
    is_file = status is not None and stat.S_ISREG(status.st_mode)
    return _Row(
        path=path.decode("utf-8", "backslashreplace"),
        byte_count=status.st_size if status and is_file else 0,
        modified_ns=status.st_mtime_ns if status else 0,
        etag="",
        trouble=trouble,
    )


def _is_text(path: bytes) -> bool:
    """Whether the path is UTF-8."""
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
