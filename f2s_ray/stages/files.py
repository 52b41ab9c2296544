"""A place and a path below it to where that is, to bytes, and bytes to a file: no link is followed, nothing outside is reached."""

import errno
import os
import secrets
import stat
from pathlib import Path

from f2s_catalog.place import P, Place, S3Prefix
from f2s_catalog.storage import look, read

from f2s_ray.errors import JobError, MediaError

__all__ = ["below", "read_below", "remove_below", "write_below"]

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def below(root: P, relative: str) -> P:
    """Where a path below a place is: the one way from a name that others gave to a file.

    Two paths are two places, except where the disk itself takes two names for one (another case, another normal form).

    Raises:
        MediaError: ``name`` for a way out, ``link`` where a folder on the way is a symbolic link.
    """
    parts = relative.split("/")
    if "\0" in relative or any(part in ("", ".", "..") for part in parts):
        raise MediaError("name", f"{relative!r}: no path below {root}")
    folder: Place = root
    for part in parts[:-1]:
        folder /= part
        if isinstance(folder, Path) and folder.is_symlink():
            raise MediaError("link", f"{relative}: a symbolic link on the way is not followed")
    return root / relative


def read_below(root: Place, relative: str, max_bytes: int) -> bytes | None:
    """The bytes of a file; None where there is none.

    Raises:
        MediaError: ``name`` for a way out of the folder, ``link``, ``too_large``, ``unreadable``.
    """
    path = below(root, relative)
    if isinstance(path, S3Prefix):
        return _read_object(path, relative, max_bytes)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        kind = "link" if path.is_symlink() else "unreadable"
        reason = "a symbolic link is not followed" if kind == "link" else error.strerror
        raise MediaError(kind, f"{relative}: {reason}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise MediaError("special", f"{relative}: no file")
        if status.st_size > max_bytes:
            raise _too_large(relative, status.st_size, max_bytes)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(max_bytes)
    except OSError as error:
        raise MediaError("unreadable", f"{relative}: {error.strerror}") from error
    finally:
        os.close(handle)


def _read_object(where: S3Prefix, relative: str, max_bytes: int) -> bytes | None:
    try:
        found = look(where)
        if found is not None and found.byte_count > max_bytes:
            raise _too_large(relative, found.byte_count, max_bytes)
        return None if found is None else read(where)
    except OSError as error:
        raise MediaError("unreadable", f"{relative}: {error.strerror}") from error


def _too_large(relative: str, byte_count: int, max_bytes: int) -> MediaError:
    return MediaError("too_large", f"{relative}: {byte_count} bytes, at most {max_bytes} are read")


def write_below(root: Path, relative: str, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        MediaError: ``name``, ``link``; ``unwritable``.
        JobError: no space: that is not this file's trouble.
    """
    path = below(root, relative)
    aside = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.is_dir():
            raise MediaError(
                "link", f"{relative}: a link or folder stands where the file would be; it is left as it is"
            )
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        if error.errno in FULL:
            raise JobError(f"{path} cannot be written: {error.strerror}; make room or choose another folder") from error
        raise MediaError("unwritable", f"{relative}: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)


def remove_below(root: Path, relative: str) -> None:
    """Remove a file.

    Raises:
        MediaError: ``name``, ``link``; ``unwritable``.
    """
    try:
        below(root, relative).unlink(missing_ok=True)
    except OSError as error:
        raise MediaError("unwritable", f"{relative}: {error.strerror}") from error
