"""Files made here to their place below OUTPUT, each whole or not at all: in a folder, or as objects of a bucket."""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from f2s_catalog.place import Place, S3Prefix, place
from f2s_catalog.storage import digest_of, look, move, remove, settle, upload, walk

from f2s_ray.errors import JobError, MediaError
from f2s_ray.stages.files import below
from f2s_ray.stages.inputs import scratch

__all__ = ["RESTORED", "WORK", "Outputs", "placed"]

RESTORED = "restored"
WORK = "work"
NAME_TROUBLE = frozenset({errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY})


def placed(output: Place) -> dict[str, int]:
    """Sizes of all files that are restored or in work, by their path below OUTPUT.

    Raises:
        JobError: they cannot be listed.
    """
    try:
        return {
            f"{folder}/{found.path}": found.byte_count for folder in (RESTORED, WORK) for found in walk(output / folder)
        }
    except OSError as error:
        raise JobError(f"cannot list {output}: {error.strerror}; grant the right to read there") from error


class Outputs:
    """What may be written below OUTPUT; each call names a file by its path from there.

    A link in the way of a file, or in its place, is a ``MediaError`` of the kind ``link``: nothing is written where it leads.
    What the system or the server refuses is a ``MediaError`` of the kind ``name`` where it is because of the name, else a
    ``JobError``.

    Args:
        root: a folder, or ``s3://BUCKET/PREFIX``.
    """

    def __init__(self, root: str) -> None:
        self._root = place(root)

    @contextmanager
    def making(self, path: str) -> Iterator[Path]:
        """A file of this machine to write, with the suffix of ``path``; when the block ends well it lies there, whole."""
        folder = scratch() if isinstance(self._root, S3Prefix) else self._root / WORK
        aside = folder / f"making-{secrets.token_hex(16)}{PurePosixPath(path).suffix}"
        try:
            with self._told(path):
                self._at(WORK)
                folder.mkdir(parents=True, exist_ok=True)
                yield aside
                where = self._at(path)
                if isinstance(where, Path):
                    where.parent.mkdir(parents=True, exist_ok=True)
                    settle(aside, where)
                else:
                    upload(where, aside)
        finally:
            aside.unlink(missing_ok=True)

    def digest(self, path: str) -> str | None:
        """SHA-256 of a file; none where it is not there."""
        with self._told(path):
            return digest_of(self._at(path))

    def byte_count(self, path: str) -> int:
        """Size of a file that is there; else 0."""
        with self._told(path):
            found = look(self._at(path))
            return found.byte_count if found else 0

    def move(self, path: str, target: str) -> None:
        """Give a file another path."""
        with self._told(target):
            move(self._at(path), self._at(target))

    def remove(self, path: str) -> None:
        """Take a file away, if it is there."""
        with self._told(path):
            remove(self._at(path))

    def _at(self, path: str) -> Place:
        where = below(self._root, path)
        if isinstance(where, Path) and where.is_symlink():
            raise MediaError("link", f"{path}: a symbolic link stands there in OUTPUT; remove it, then run `f2s retry`")
        return where

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in NAME_TROUBLE:
                raise MediaError("name", f"{path}: {error.strerror}; rename the source, or clear its place") from error
            raise JobError(
                f"cannot write {self._root / path}: {error.strerror}; free space or grant the right"
            ) from error
