"""A command in a child process that is watched: where it dies of an item, it is begun again and goes on without that."""

import ctypes
import mmap
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

__all__ = ["busy", "session", "watched"]

_SESSION = "F2S_SESSION"
_ASKED = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE})
_MOST_STARTS = 1000
_PARENT_DIED = 1  # PR_SET_PDEATHSIG
_shared = mmap.mmap(-1, 2)  # seen by parent and child
_BUSY, _ENDED = 0, 1  # how many items are worked on; whether the child came to its end by itself
_lock = Lock()


def session() -> str | None:
    """Names what outlives this process when it dies of an item; none where nobody watches."""
    return os.environ.get(_SESSION)


@contextmanager
def busy() -> Iterator[None]:
    """As long as an item is worked on in this process."""
    with _lock:
        _shared[_BUSY] += 1
    try:
        yield
    finally:
        with _lock:
            _shared[_BUSY] -= 1


def watched(run: Callable[[], int], tell: Callable[[str], None]) -> int:
    """Run it in a child, again and again while that dies of items; its exit code, or 3 where it died of something else.

    A library may end the child with any code, as Ray does where its head is lost: that is dying, too.

    In the child this returns what ``run`` does. Nothing may have begun a thread before.

    Args:
        run: what to do.
        tell: prints a line.
    """
    os.environ[_SESSION] = secrets.token_hex(8)
    name = ""
    for _ in range(_MOST_STARTS):
        _shared[:] = bytes(len(_shared))
        child = os.fork()
        if not child:
            with suppress(OSError, AttributeError):  # who kills the watcher means the work
                ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)
            try:
                return run()
            finally:
                _shared[_ENDED] = 1
        code = _waited(child)
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        if -code in _ASKED:
            return 128 - code
        if _shared[_ENDED] and code >= 0:
            return 128 + code if code == signal.SIGTERM else code  # what Ray makes of that signal
        if not _shared[_BUSY]:
            break
        tell(f"a process ended at an item ({name}); it is begun again")
    tell(f"the run died ({name}); look at the memory and the log of this machine, then run the command again")
    return 3


def _waited(child: int) -> int:
    """The exit code, below zero for a signal; Ctrl-C reaches the child by itself, other requests are passed on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: os.kill(child, got))
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
