"""Whether all that some steps had to do is done, without looking at each item: a mark that they leave when they end.

An archive of a million files is looked at anew for each item only where something has changed that these steps read.
"""

from collections.abc import Sequence
from contextlib import suppress

from f2s_catalog.errors import CatalogError
from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.storage import read, remove, write
from f2s_catalog.store import catalog_folder

from f2s_ray import __version__
from f2s_ray.flows.step import MapStep

__all__ = ["Settled"]


class Settled:
    """The mark of steps that run together. It holds as long as these and the steps before them have committed nothing more, nothing that
    they committed is gone, nobody said anything, and they are configured as they were.

    Args:
        catalog: whose steps.
        steps: them.
        before: names of all steps before them.
    """

    def __init__(self, catalog: Catalog, steps: Sequence[MapStep], before: Sequence[str]) -> None:
        self._catalog, self._before, self._names = catalog, before, [step.name for step in steps]
        self._chosen = digest(__version__, [[step.name, step.config.model_dump(mode="json")] for step in steps])
        self._place = catalog_folder(catalog.root) / f"settled-{steps[0].name}"
        self._begun = catalog.state(before)

    def holds(self) -> bool:
        """Whether it stands, and still holds."""
        try:
            return read(self._place).decode("ascii", "replace") == self._content()
        except OSError:
            return False

    def set(self) -> None:
        """Leave it, unless something has changed since these steps began: they may not have seen that.

        Raises:
            CatalogError: it cannot be written.
        """
        if self._catalog.state(self._before) == self._begun:
            try:
                write(self._place, self._content().encode("ascii"))
            except OSError as error:
                raise CatalogError(
                    f"cannot write {self._place}: {error.strerror}; make room or grant the right"
                ) from error

    def remove(self) -> None:
        """Take it away, before something is done that may be broken off."""
        with suppress(FileNotFoundError):
            remove(self._place)

    def _content(self) -> str:
        return digest(self._chosen, self._begun, self._catalog.state(self._names))
