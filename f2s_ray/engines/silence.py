"""Work that was lost on its way: somebody waits for it, nobody does it, and nothing fails."""

import signal
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

__all__ = ["SilenceError", "heard"]

_IDLE_LOOKS = 2  # between one item and the next a worker is idle, too
_Result = TypeVar("_Result")


class SilenceError(Exception):
    """Nothing comes, and nobody is at work."""


def heard(
    results: Iterator[_Result], is_idle: Callable[[], bool], look_seconds: float = 30.0
) -> Generator[_Result, None, None]:
    """The results as they come; in the first thread of a process alone, whose alarm clock it takes.

    The first may take as long as it likes: workers load networks, or wait for a machine.

    Args:
        results: where the next is waited for, without end.
        is_idle: whether nobody is at work now.
        look_seconds: after how long without a result that is asked, and asked again.

    Raises:
        SilenceError: nothing came from one look to the next, and both times nobody was at work.
    """
    looks = 0

    def look(*_: object) -> None:
        nonlocal looks
        looks = looks + 1 if is_idle() else 0
        if looks == _IDLE_LOOKS:
            raise SilenceError

    before, patience = signal.signal(signal.SIGALRM, look), 0.0
    try:
        while True:
            looks = 0
            signal.setitimer(signal.ITIMER_REAL, patience, patience)
            try:
                result = next(results, None)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if result is None:
                return
            yield result
            patience = look_seconds
    finally:
        signal.signal(signal.SIGALRM, before)
