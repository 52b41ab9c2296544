"""The most memory that this process took, and a bound on what a decoder may take: a small file can ask for gigabytes."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, local

__all__ = ["bounded", "peak_bytes", "unbounded"]

_PEAK = Path("/proc/self/status")
_STATE = Path("/proc/self/statm")
_DATA = 5
_NO_LIMIT = resource.RLIM_INFINITY
_lock = Lock()
_mine = local()
_open: list[tuple[int, int]] = []  # the limits that each block found which is not left yet


@contextmanager
def bounded(byte_count: int) -> Iterator[None]:
    """The system refuses this process more than so many bytes beyond what it has now; only Linux can.

    All threads share the bound, so it has to leave room for what they do meanwhile; of blocks that overlap the largest counts.
    """
    if not _STATE.exists() or getattr(_mine, "is_unbounded", False):
        yield
        return
    with _lock:
        found = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = _used_bytes() + byte_count
        if _open:
            wanted = max(wanted, found[0])
        ceilings = [limit for limit in (_open or [found])[0] if limit != _NO_LIMIT]
        resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *ceilings]), found[1]))
        _open.append(found)
    try:
        yield
    finally:
        with _lock:
            first = _open[0]
            _open.pop()
            if not _open:
                resource.setrlimit(resource.RLIMIT_DATA, first)


@contextmanager
def unbounded() -> Iterator[None]:
    """In this block ``bounded`` is nothing for this thread.

    For bytes that were decoded before under a bound, where other threads need memory that no bound has room for.
    """
    _mine.is_unbounded = True
    try:
        yield
    finally:
        _mine.is_unbounded = False


def peak_bytes() -> int:
    """The most resident memory that this process had; where there is no ``/proc``, what its parent had counts, too."""
    if _PEAK.exists():
        (line,) = [line for line in _PEAK.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _used_bytes() -> int:
    return int(_STATE.read_text().split()[_DATA]) * os.sysconf("SC_PAGE_SIZE")
