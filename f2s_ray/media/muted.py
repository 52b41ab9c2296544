"""Warnings of libraries kept in, for all threads: Python's own way puts back what one thread found, while others are still at it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["muted"]


class _Muted:
    def __init__(self) -> None:
        self._lock, self._open, self._shown = Lock(), 0, warnings.catch_warnings()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """No warning is shown while any thread is in such a block."""
        with self._lock:
            if not self._open:
                self._shown = warnings.catch_warnings()
                self._shown.__enter__()
                warnings.simplefilter("ignore")
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    self._shown.__exit__(None, None, None)


muted = _Muted()
