"""Who may write to an OUTPUT in object storage, where no lock ends with its process.

::

    catalog/writers/0000000007            the seventh writer, who said so first
    catalog/writers/0000000007~TOKEN      and that nobody else did at the same time
    catalog/writers/0000000007.alive      counts on while it is at work
    catalog/writers/0000000007.over       it has ended

A number is claimed twice over. The first object is put on the condition that there is none: servers that keep it let one
through. Not all do, and some that seem to let two through that come together. So each puts an object of its own besides and
lists: who sees none but its own has the number, since of two the later list comes after both were put; who sees another takes
its own away and tries the next number. Either alone is enough.

Nobody's clock is believed. Who wants to write looks at the last number; where it is not over, and ``alive`` stands still for
``LEASE_SECONDS`` of its own time or was written by a process of this machine that is gone, it claims the next number. One that
was only asleep then finds the later number, and stops. What it may write in between has lower numbers than all that the next
one writes, and of two attempts that count the same the later one stands.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from f2s_catalog.commits import commits_of
from f2s_catalog.errors import BusyError, CatalogError
from f2s_catalog.place import S3Prefix, reason
from f2s_catalog.storage import look, read, remove, walk, write, write_new

__all__ = ["LEASE_SECONDS", "Lease", "claim", "leased"]

LEASE_SECONDS = float(os.environ.get("F2S_LEASE_SECONDS", "30"))
"""For how long a writer that gives no sign is waited for."""

_BEATS = 6  # signs in that time
_COMMITS = 1 << 20  # of one writer
_DIGITS = 10
_ALIVE, _OVER = ".alive", ".over"


class Lease:
    """The right of one writer, from ``leased``."""

    def __init__(self, folder: S3Prefix, number: int) -> None:
        self._folder, self._number, self._commits = folder, number, 0
        self._over = threading.Event()
        self._beat(0)
        self._thread = threading.Thread(target=self._beats, name="lease", daemon=True)
        self._thread.start()

    def next_sequence(self) -> int:
        """A number above those of all commits of this writer and of earlier ones.

        Raises:
            CatalogError: another one has begun to write; what is not committed yet is theirs to do.
        """
        self.refuse_overtaken()
        self._commits += 1
        return self._number * _COMMITS + self._commits

    def refuse_overtaken(self) -> None:
        """See that nobody else has begun to write. Raises: as ``next_sequence``."""
        with _readable(self._folder):
            later = max(_numbers(self._folder), default=0)
        if later != self._number:
            raise CatalogError(
                f"another run took over {self._folder}, since this one gave no sign for {LEASE_SECONDS:.0f} s; "
                "wait for its end, then run again"
            )

    def end(self) -> None:
        """Let the next one begin at once."""
        self._over.set()
        self._thread.join()
        with suppress(OSError):  # then the next one waits
            write(_file(self._folder, self._number, _OVER), b"")

    def _beats(self) -> None:
        count = 0
        while not self._over.wait(LEASE_SECONDS / _BEATS):
            count += 1
            with suppress(OSError):  # it may go again next time; if not, a commit tells
                self._beat(count)

    def _beat(self, count: int) -> None:
        write(_file(self._folder, self._number, _ALIVE), json.dumps({"count": count, **_process(os.getpid())}).encode())


@contextmanager
def leased(root: S3Prefix) -> Iterator[Lease]:
    """Hold the right to write below ``root``.

    Raises:
        BusyError: another one is writing.
        CatalogError: the place cannot be written.
    """
    folder = root / "catalog" / "writers"
    with _readable(folder):
        while not _claimed(folder, number := (_ended(root, folder) or _copied(root)) + 1):
            pass
        lease = Lease(folder, number)
    try:
        with _readable(folder):
            for found in walk(folder):
                if int(found.path[:_DIGITS]) < number:
                    remove(folder / found.path)
        yield lease
    finally:
        lease.end()


def claim(folder: S3Prefix) -> int:
    """A number above those that are there, which nobody else has or will have.

    Raises:
        OSError: the server refuses.
    """
    number = max(_numbers(folder), default=0) + 1
    while not _claimed(folder, number):
        number += 1
    return number


def _claimed(folder: S3Prefix, number: int) -> bool:
    token = secrets.token_hex(16)
    if not write_new(_file(folder, number), token.encode()):
        return False
    own = _file(folder, number, f"~{token}")
    write(own, b"")
    if [found.path for found in walk(folder) if found.path.startswith(f"{number:0{_DIGITS}d}~")] == [own.name]:
        return True
    remove(own)
    time.sleep(secrets.randbelow(1000) / 1000)  # so that they do not meet again
    return False


def _ended(root: S3Prefix, folder: S3Prefix) -> int:
    """The number of who wrote last, once it has ended or gives no more sign."""
    begin, before = time.monotonic(), None
    while True:
        last = max(_numbers(folder), default=0)
        if not last or look(_file(folder, last, _OVER)):
            return last
        try:
            sign = read(_file(folder, last, _ALIVE))
        except FileNotFoundError:  # it has just begun, or never did
            sign = b"{}"
        if _is_gone(json.loads(sign)) or time.monotonic() - begin > LEASE_SECONDS:
            return last
        if before not in (None, (last, sign)):
            raise BusyError(f"another run is writing to {root}; wait for its end, or choose another OUTPUT")
        before = last, sign
        time.sleep(LEASE_SECONDS / _BEATS / 4)


def _copied(root: S3Prefix) -> int:
    """A number that no fragment has yet, for a catalog that was brought here without its writers."""
    paths = (root / found.path for found in walk(root / "catalog"))
    return max((commits_of(path).last // _COMMITS for path in paths if path.name.startswith("part-")), default=0)


def _file(folder: S3Prefix, number: int, what: str = "") -> S3Prefix:
    return folder / f"{number:0{_DIGITS}d}{what}"


def _numbers(folder: S3Prefix) -> set[int]:
    return {int(found.path) for found in walk(folder) if found.path.isdecimal()}


def _process(pid: int) -> dict[str, str]:
    """What tells a process of this machine from all others; where that cannot be told, nothing."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        begun = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        return {"machine": f"{boot} {Path('/proc/self/ns/pid').readlink()}", "process": f"{pid} {begun}"}
    except OSError:
        return {}


def _is_gone(sign: dict[str, str]) -> bool:
    """Whether it was a process of this machine and is not there any more."""
    own = _process(os.getpid())
    if not own or sign.get("machine") != own["machine"]:
        return False
    return _process(int(sign["process"].split()[0])).get("process") != sign["process"]


@contextmanager
def _readable(folder: S3Prefix) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogError(f"cannot write {folder}: {reason(error, folder)}") from error
