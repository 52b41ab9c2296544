"""Turns of threads at something that only one may use, and the seconds that each thread used it and waited for it."""

import time
from threading import Lock, local

__all__ = ["Clock", "waited_seconds"]

_waits = local()


def waited_seconds() -> float:
    """How long this thread has waited for turns, in all."""
    return float(getattr(_waits, "seconds", 0.0))


class Clock:
    """``with`` it a thread has its turn; one at a time."""

    def __init__(self) -> None:
        self._turn, self._mine = Lock(), local()

    @property
    def seconds(self) -> float:
        """That this thread had its turn, in all."""
        return float(getattr(self._mine, "seconds", 0.0))

    def __enter__(self) -> None:
        asked = time.perf_counter()
        self._turn.acquire()
        self._mine.begin = time.perf_counter()
        _waits.seconds = waited_seconds() + self._mine.begin - asked

    def __exit__(self, *_: object) -> None:
        self._mine.seconds = self.seconds + time.perf_counter() - self._mine.begin
        self._turn.release()
