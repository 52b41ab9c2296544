"""A MediaItem to its pixels: the few lines every stage that looks at a photo needs."""

from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import numpy as np
from f2s_catalog.records import MediaItem
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import MediaError
from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits, Photo
from f2s_ray.media.probe import probe
from f2s_ray.models.face2scene import Face2Scene
from f2s_ray.stages.films import Films, frames_at
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.units import ReferencePicture

__all__ = ["MEASURING_THREADS", "UNLIMITED", "ReferenceCrops", "open_photo", "points"]

CACHED_CROPS = 256
UNLIMITED = Limits(max_megapixels=float("inf"))  # what is too large was refused when it was probed
MEASURING_THREADS = 1  # threads decide the last bit of a sum: they are the same on every machine and engine


def open_photo(inputs: Inputs, media: MediaItem) -> Photo:
    """Decode a source.

    Raises: MediaError as ``decode`` does, and ``changed`` when its bytes are no longer those that were probed.
    """
    with inputs.whole(media.path, media.etag) as file:
        return _as_listed(file, media.path, media.content_digest)


def points(landmarks: Iterable[float]) -> np.ndarray:
    """Ten numbers to five points [5, 2]."""
    return np.asarray(tuple(landmarks), dtype=np.float64).reshape(5, 2)


class ReferenceCrops:
    """Aligned references from photos and films, the latest ones kept: pictures of one person come one after the other."""

    def __init__(self, inputs: Inputs, model: Face2Scene, films: Films) -> None:
        self._inputs, self._model, self._films = inputs, model, films
        self._crops: dict[str, Float[Tensor, "3 128 128"]] = {}
        self._lock = Lock()

    def get(self, references: Iterable[ReferencePicture]) -> list[Tensor]:
        """One crop each, in their order.

        Raises: MediaError ``reference`` when one can no longer be read as it was: without it the result would be another.
        """
        return [self._one(reference) for reference in references]

    def _one(self, reference: ReferencePicture) -> Tensor:
        with self._lock:  # pictures of one person come together, and their references are decoded once
            if reference.face_id not in self._crops:
                try:
                    rgb = self._pixels(reference)
                except MediaError as error:
                    message = f"reference {reference.path}: {error.message}; run again to choose another"
                    raise MediaError("reference", message) from error
                if len(self._crops) >= CACHED_CROPS:
                    self._crops.pop(next(iter(self._crops)))
                self._crops[reference.face_id] = self._model.align_reference(rgb, points(reference.landmarks_px))
            return self._crops[reference.face_id]

    def _pixels(self, reference: ReferencePicture) -> Float[Tensor, "3 h w"]:
        if not reference.scan:
            with self._inputs.whole(reference.path, reference.etag) as file:
                return _as_listed(file, reference.path, reference.content_digest).pages[0].rgb
        film = self._films.get(reference.path, reference.content_digest, reference.scan, reference.etag)
        ((_, rgb),) = frames_at(film, [reference.frame])
        return rgb


def _as_listed(file: Path, path: str, content_digest: str) -> Photo:
    info = probe(file, UNLIMITED)
    if info.content_digest != content_digest:
        raise MediaError("changed", f"{path}: its bytes changed during the run; run again")
    return decode(file, info, UNLIMITED)
