"""The rights to write to an OUTPUT: to run a job, to add a commit, to say something, to run a reduction.

In a folder they are locks of the system, which end with their process. In object storage there is one right, a lease
(``lease.py``): who runs a job, reckons or erases holds it; only statements are added beside it.
"""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO

from f2s_catalog.errors import BusyError, CatalogError
from f2s_catalog.lease import Lease, claim, leased
from f2s_catalog.place import Place, S3Prefix, reason
from f2s_catalog.storage import drop_uploads
from f2s_catalog.store import catalog_folder, sequence_of

__all__ = ["committing", "job_lock", "reducing", "refuse_overtaken", "stating"]

_JOB, _COMMIT = ".lock", ".commit.lock"
_held: dict[S3Prefix, Lease] = {}
_turn = threading.RLock()  # of the threads of this process


@contextmanager
def job_lock(root: Place) -> Iterator[None]:
    """Hold the right to run a job; what a crashed writer left half-written is removed first.

    Raises:
        BusyError: another process holds it.
        CatalogError: the place cannot be written.
    """
    if isinstance(root, S3Prefix):
        with _turn, leased(root) as lease:
            with suppress(OSError):  # they cost money, not results; not every server or user may list them
                drop_uploads(root)
            _held[root] = lease
            try:
                yield
            finally:
                del _held[root]
        return
    with _lock_file(root, _JOB) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            way_out = "wait for its end, or choose another OUTPUT"
            raise BusyError(f"another run is writing to {root}; {way_out}") from error
        with committing(root):
            for left in catalog_folder(root).rglob(".part-*.tmp"):
                left.unlink()
        yield


@contextmanager
def committing(root: Place) -> Iterator[int]:
    """Wait for the right to add fragments, for one commit, whose number comes with it.

    Raises:
        CatalogError: the place cannot be written, or another run has taken over.
    """
    if isinstance(root, S3Prefix):
        with reducing(root, ""):
            yield _held[root].next_sequence()
        return
    with _lock_file(root, _COMMIT) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield max(map(sequence_of, catalog_folder(root).rglob("part-*.parquet")), default=0) + 1


def refuse_overtaken(root: Place) -> None:
    """See that who holds the right to add fragments still does: a lease can be lost in one's sleep, a lock cannot.

    Raises:
        CatalogError: another run has taken over.
    """
    if isinstance(root, S3Prefix):
        _held[root].refuse_overtaken()


@contextmanager
def stating(root: Place) -> Iterator[int]:
    """The right to add a statement, whatever runs, and its number.

    Raises:
        CatalogError: the place cannot be written.
    """
    if isinstance(root, S3Prefix):
        folder = catalog_folder(root) / "statements"
        try:
            yield claim(folder)
        except OSError as error:
            raise CatalogError(f"cannot write {folder}: {reason(error, folder)}") from error
        return
    with committing(root) as number:
        yield number


@contextmanager
def reducing(root: Place, step: str) -> Iterator[None]:
    """Wait for the right to run a step that must not run twice at a time.

    Raises:
        BusyError: in object storage, another run is writing to it.
        CatalogError: the place cannot be written.
    """
    if isinstance(root, S3Prefix):
        with _turn, nullcontext() if root in _held else job_lock(root):
            yield
        return
    with _lock_file(root, f".{step}.lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_file(root: Path, name: str) -> IO[str]:
    folder = catalog_folder(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / name).open("a+")
    except OSError as error:
        way_out = "give this user the right to write, or choose another OUTPUT"
        raise CatalogError(f"cannot write {folder}: {error.strerror}; {way_out}") from error
