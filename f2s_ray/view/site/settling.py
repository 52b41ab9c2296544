"""What was said to identities that are settled by it, beside the pages: one after the other, once for all that came meanwhile."""

import threading

from f2s_catalog.errors import CatalogError
from f2s_catalog.place import Place

from f2s_ray.flows.people import People

__all__ = ["Settling"]


class Settling:
    """Settles in a thread of its own, while there is something to settle.

    Args:
        output: the OUTPUT place.
    """

    def __init__(self, output: Place) -> None:
        self._people = People(output, "")
        self._lock = threading.Lock()
        self._is_wanted, self._is_busy = False, False
        self._thread, self._trouble = threading.Thread(), ""

    def soon(self) -> None:
        """Settle all that was said until now.

        Raises:
            CatalogError: the last time it could not be done.
        """
        with self._lock:
            trouble, self._trouble = self._trouble, ""
            self._is_wanted = True
            if not (self._is_busy and self._thread.is_alive()):
                self._is_busy = True
                self._thread = threading.Thread(target=self._work, name="settling")
                self._thread.start()
        if trouble:
            raise CatalogError(trouble)

    def wait(self) -> None:
        """Until nothing is left to settle."""
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while self._takes():
            try:
                self._people.settle()
            except CatalogError as error:
                self._trouble = str(error)

    def _takes(self) -> bool:
        with self._lock:
            self._is_busy, self._is_wanted = self._is_wanted, False
            return self._is_busy
