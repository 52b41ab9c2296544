"""Files below INPUT or OUTPUT to decoded pictures for pages; None where one is gone, changed or cannot be read any more."""

from functools import lru_cache

from f2s_catalog.place import Place
from PIL import Image

from f2s_ray.errors import MediaError
from f2s_ray.media.ranged import MediaFile
from f2s_ray.stages.films import Film
from f2s_ray.stages.inputs import Inputs
from f2s_ray.view.pictures import load, open_reel

__all__ = ["Shelf"]


class Shelf:
    """The files of one place; films stay open for a while.

    Args:
        root: INPUT or OUTPUT.
        reels: how many films.
    """

    def __init__(self, root: Place, reels: int) -> None:
        self._inputs = Inputs(str(root))
        self._reel = lru_cache(maxsize=reels)(self._opened)

    def photo(
        self, path: str, byte_count: int | None = None, *, raw: bool = False, scale: float = 1.0
    ) -> Image.Image | None:
        """A photo, if it still has that size; ``raw`` and ``scale`` as of ``load``."""
        if self._file(path, byte_count) is None:
            return None
        try:
            with self._inputs.whole(path) as file:
                return load(file, raw=raw, scale=scale)
        except MediaError:
            return None

    def reel(self, path: str, scan: str, byte_count: int | None = None) -> Film | None:
        """A film, if it still has that size."""
        return None if self._file(path, byte_count) is None else self._reel(path, scan)

    def _opened(self, path: str, scan: str) -> Film | None:
        file = self._file(path, None)
        return open_reel(file, scan) if file else None

    def _file(self, path: str, byte_count: int | None) -> MediaFile | None:
        try:
            file = self._inputs.get(path)
            return file if byte_count in (None, file.stat().st_size) else None
        except (MediaError, OSError):
            return None
