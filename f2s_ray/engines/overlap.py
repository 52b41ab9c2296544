"""Several items at once in one process: one is decoded and another encoded while the networks work on a third."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Condition, Lock, get_ident
from typing import TypeVar

__all__ = ["Turns", "overlapped"]

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def overlapped(run: Callable[[_In], _Out], works: Sequence[_In], at_once: int) -> Iterator[_Out]:
    """``run`` of each, so many at once, begun in their order; what comes of them in the order in which they end.

    What ``run`` raises is raised here, once those that have begun have ended. Who ends this early, as an interrupt does,
    interrupts them, too.
    """
    if at_once == 1:
        yield from map(run, works)
        return
    crew, inside = ThreadPoolExecutor(at_once), _Inside()
    try:
        trouble: BaseException | None = None
        for future in as_completed(crew.submit(inside.run, run, work) for work in works):
            if not future.exception():
                yield future.result()
            elif trouble is None:
                trouble = future.exception()
                inside.close()
        if trouble is not None:
            raise trouble
    finally:
        inside.close()
        inside.interrupt()
        crew.shutdown()


class _Inside:
    """The threads that are inside an item; none enters once it is closed."""

    def __init__(self) -> None:
        self._threads: set[int] = set()
        self._lock = Lock()
        self._is_open = True

    def run(self, run: Callable[[_In], _Out], work: _In) -> _Out:
        with self._lock:
            if not self._is_open:
                raise CancelledError
            self._threads.add(get_ident())
        try:
            return run(work)
        finally:
            with self._lock:
                self._threads.remove(get_ident())

    def close(self) -> None:
        with self._lock:
            self._is_open = False

    def interrupt(self) -> None:
        """They meet a ``KeyboardInterrupt`` at their next line, as the first thread of a process does."""
        with self._lock:
            for thread in self._threads:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))


class Turns:
    """Threads that may go together, and such as go alone: these wait for all others, and no other begins meanwhile."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._together = self._alone = self._waiting = 0

    @contextmanager
    def taken(self, *, alone: bool) -> Iterator[None]:
        """A turn, as long as the block lasts."""
        with self._changed:
            self._waiting += alone
            self._changed.wait_for(lambda: not self._alone and not (self._together if alone else self._waiting))
            self._waiting -= alone
            self._alone += alone
            self._together += not alone
        try:
            yield
        finally:
            with self._changed:
                self._alone -= alone
                self._together -= not alone
                self._changed.notify_all()
