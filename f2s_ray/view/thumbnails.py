"""Faces, pictures and clips of an archive, each made once and kept below ``catalog/biometric/thumbnails``.

::

    ab/abcdef...-0123...-face160.jpg    what it shows (a digest of its id), the bytes it was made from, how

So a source that changed gets another one, and all that shows a face or a medium is found by its id. Where the biometric
tables are encrypted nothing is kept on disk, only the latest few hundred in memory.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from f2s_catalog.cipher import KEY_FILE
from f2s_catalog.ids import digest
from f2s_catalog.place import P, Place, files_in
from f2s_catalog.storage import read, remove, write
from f2s_catalog.store import catalog_folder

__all__ = ["Thumbnail", "Thumbnails", "forget", "thumbnail_folder", "thumbnail_path"]

KEPT_IN_MEMORY_BYTES = 64 * 2**20
_BYTES_LETTERS = 16
_WORKERS = 2  # decoders use threads of their own


@dataclass(frozen=True)
class Thumbnail:
    """A small picture or clip; ``name`` changes with its content."""

    name: str
    content: bytes


def thumbnail_folder(output: P) -> P:
    """Where they are kept."""
    return catalog_folder(output) / "biometric" / "thumbnails"


def thumbnail_path(output: P, name: str) -> P:
    """Where one is kept."""
    return thumbnail_folder(output) / name[:2] / name


def forget(output: Place, ids: Iterable[str]) -> int:
    """Remove all that show these faces or media; how many there were."""
    count = 0
    for key in map(digest, ids):
        for path in files_in(thumbnail_folder(output) / key[:2]):
            if path.name.startswith(f"{key}-"):
                remove(path)
                count += 1
    return count


class Thumbnails:
    """Gives what there is, and makes what there is not.

    Args:
        output: the OUTPUT folder.
    """

    def __init__(self, output: Place) -> None:
        self._output = output
        self._memory: OrderedDict[str, bytes] | None = OrderedDict() if os.environ.get(KEY_FILE) else None
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._workers = threading.BoundedSemaphore(_WORKERS)

    def get(self, shown: str, source: str, how: str, make: Callable[[], bytes | None]) -> Thumbnail | None:
        """One of them; None where its source is gone or cannot be read any more.

        Args:
            shown: id of the face or medium.
            source: digest of the bytes that it is made from.
            how: what is made of it, and the ending: ``face160.jpg``.
            make: makes it.
        """
        name = f"{digest(shown)}-{source[:_BYTES_LETTERS]}-{how}"
        content = self._kept(name)
        if content is None:
            with self._alone(name), self._workers:
                content = self._kept(name) or make()
                if content is not None:
                    self._keep(name, content)
        return None if content is None else Thumbnail(name, content)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """The same is not made twice at a time."""
        with self._lock:
            lock = self._making.setdefault(name, threading.Lock())
        with lock:
            yield
        with self._lock:
            self._making.pop(name, None)

    def _kept(self, name: str) -> bytes | None:
        if self._memory is not None:
            with self._lock:
                if name in self._memory:
                    self._memory.move_to_end(name)
                return self._memory.get(name)
        try:
            return read(thumbnail_path(self._output, name))
        except OSError:
            return None

    def _keep(self, name: str, content: bytes) -> None:
        if self._memory is not None:
            with self._lock:
                self._memory[name] = content
                while sum(map(len, self._memory.values())) > KEPT_IN_MEMORY_BYTES:
                    self._memory.popitem(last=False)
            return
        with suppress(OSError):  # a full disk, or one that may not be written, costs time and not the page
            write(thumbnail_path(self._output, name), content)
