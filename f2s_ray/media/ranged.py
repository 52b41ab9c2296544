"""An object of a bucket to a file of this machine that fills up as it is read: only the ranges that are looked at are fetched."""

import io
import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import SimpleNamespace

from f2s_catalog.place import S3Prefix
from f2s_catalog.storage import Found, fetch, read_range

from f2s_ray.errors import MediaError

__all__ = ["CHUNK_BYTES", "MediaFile", "Ranged", "told", "whole"]

CHUNK_BYTES = 8 * 2**20
_BUFFER_BYTES = 2**18


class Ranged:
    """Looks like the path of a file, as far as those who read media ask: ``name``, ``suffix``, ``stat``, ``open``.

    All ranges are of the same bytes: the server is asked for those of one ETag.

    Args:
        where: the object.
        found: as it was listed.
        file: what to fill up, in a folder that is made for it and goes with this; its name is that of the object.
        first: the first ``CHUNK_BYTES`` of it.

    Whoever reads it may meet a ``MediaError``: ``changed`` where the object is another one now or gone, ``unreadable`` where
    it cannot be fetched.
    """

    def __init__(self, where: S3Prefix, found: Found, file: Path, first: bytes) -> None:
        self._where, self._found, self._file = where, found, file
        self._missing = set(range(1, -(-found.byte_count // CHUNK_BYTES)))
        self._lock = Lock()
        file.parent.mkdir()
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        weakref.finalize(self, _forget, self._handle, file.parent)
        os.ftruncate(self._handle, found.byte_count)
        self._put(first, 0)

    @property
    def name(self) -> str:
        """Its name, without folders."""
        return self._file.name

    @property
    def suffix(self) -> str:
        """With its point, as of a path."""
        return self._file.suffix

    def __str__(self) -> str:
        return str(self._where)

    def is_file(self) -> bool:
        """An object always is."""
        return True

    def is_dir(self) -> bool:
        """An object never is."""
        return False

    def stat(self) -> SimpleNamespace:
        """Its size, as ``st_size``."""
        return SimpleNamespace(st_size=self._found.byte_count)

    def open(self, _mode: str = "rb") -> io.BufferedReader:
        """Its bytes, fetched where they are read."""
        return io.BufferedReader(_Raw(self, self.name), _BUFFER_BYTES)

    def whole(self) -> Path:
        """The file, once all of it is there; what comes in one piece bears a checksum, which ranges of it do not."""
        with self._lock:
            if self._missing:
                with told(self.name), self._file.open("r+b") as file:
                    fetch(self._where, self._found.stamp, file)
                self._missing.clear()
        os.utime(self._file, ns=(self._found.modified_ns, self._found.modified_ns))
        return self._file

    def read_at(self, first: int, count: int) -> bytes:
        """Some bytes; fewer at the end."""
        stop = min(first + count, self._found.byte_count)
        self._need(first, stop)
        return os.pread(self._handle, max(0, stop - first), first)

    @property
    def byte_count(self) -> int:
        """Its size."""
        return self._found.byte_count

    def _need(self, first: int, stop: int) -> None:
        chunks = range(first // CHUNK_BYTES, -(-stop // CHUNK_BYTES))
        with self._lock:
            for run in _runs(sorted(self._missing.intersection(chunks))):
                begin, end = run[0] * CHUNK_BYTES, min((run[-1] + 1) * CHUNK_BYTES, self._found.byte_count)
                with told(self.name):
                    content = read_range(self._where, begin, end, self._found.stamp)
                self._put(content, begin)
                self._missing.difference_update(run)

    def _put(self, content: bytes, first: int) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.pwrite(self._handle, rest, first + len(content) - len(rest)) :]


@contextmanager
def told(name: str) -> Iterator[None]:
    """What a server says of an object that is fetched, as a line for people. Raises: MediaError ``changed``, ``unreadable``."""
    try:
        yield
    except (FileExistsError, FileNotFoundError) as error:
        raise MediaError("changed", f"{name}: was changed or removed during the run; run again") from error
    except OSError as error:
        raise MediaError("unreadable", f"{name}: {error.strerror}; run `f2s retry` later") from error


def _forget(handle: int, folder: Path) -> None:
    os.close(handle)
    shutil.rmtree(folder, ignore_errors=True)


class _Raw(io.RawIOBase):
    def __init__(self, source: Ranged, name: str) -> None:
        self._source, self._at, self.name = source, 0, name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.byte_count}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._source.read_at(self._at, len(buffer))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


MediaFile = Path | Ranged


def whole(file: MediaFile) -> Path:
    """The file on this machine, all of it."""
    return file if isinstance(file, Path) else file.whole()


def _runs(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow each other, together, but no more than a few: each run is held in memory."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1 and len(runs[-1]) < 4:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
