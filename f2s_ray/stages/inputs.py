"""A place to its files: paths where it is a folder, of a bucket files of this machine that fill up as they are read."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

from f2s_catalog.place import S3Prefix, place
from f2s_catalog.storage import read_first

from f2s_ray.errors import MediaError
from f2s_ray.media.ranged import CHUNK_BYTES, MediaFile, Ranged, told, whole
from f2s_ray.stages.files import below

__all__ = ["Inputs", "scratch"]


class Inputs:
    """Files below INPUT, or results below OUTPUT.

    Args:
        root: a folder, or ``s3://BUCKET/PREFIX``.
    """

    def __init__(self, root: str) -> None:
        self._root = place(root)

    def get(self, path: str, etag: str = "") -> MediaFile:
        """A file that is read where it is needed; of an object what was fetched goes with what is returned.

        Args:
            path: below the place.
            etag: of the object that is meant; without it, that which is there now.

        Raises:
            MediaError: ``changed`` where it is another one now or gone, ``unreadable``; ``name``, ``link`` as ``below``.
        """
        where = below(self._root, path)
        if not isinstance(where, S3Prefix):
            if where.is_symlink():
                raise MediaError("link", f"{path}: became a symbolic link, which is not followed")
            return where
        with told(path):
            found, first = read_first(where, CHUNK_BYTES, etag)
        return Ranged(where, found, scratch() / secrets.token_hex(8) / PurePosixPath(path).name, first)

    @contextmanager
    def whole(self, path: str, etag: str = "") -> Iterator[Path]:
        """A file, all of it, for as long as the block lasts; raises as ``get``."""
        file = self.get(path, etag)
        yield whole(file)
        del file  # until here it keeps what was fetched


@lru_cache(1)
def scratch() -> Path:
    """A folder of this process alone for files on their way; it goes with the process, or with the next after it was killed."""
    for left in Path(tempfile.gettempdir()).glob(f"f2s-{os.getuid()}-*"):
        with suppress(ValueError, ProcessLookupError, PermissionError):
            os.kill(int(left.name.split("-")[2]), 0)
            continue
        shutil.rmtree(left, ignore_errors=True)
    made = tempfile.TemporaryDirectory(prefix=f"f2s-{os.getuid()}-{os.getpid()}-")
    _kept.append(made)
    return Path(made.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []
