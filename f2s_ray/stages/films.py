"""A film below INPUT to its header, its stamps and its frames: the few lines every stage that looks at a film needs."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from f2s_catalog.records import MediaItem
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import MediaError
from f2s_ray.media.film.deinterlace import CONTEXT_FRAMES, FieldOrder, deinterlaced
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.join import FilmSource
from f2s_ray.media.film.pixels import RgbReader
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import decode_frames
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.film.turn import turn_of, upright
from f2s_ray.media.photo import tensor_from
from f2s_ray.media.ranged import MediaFile
from f2s_ray.stages.inputs import Inputs

__all__ = ["Film", "Films", "file_digest", "frames_at", "stored_frames"]

KEPT_FILMS = 8
CHUNK = 1 << 22
NEAR_FRAMES = 48  # a frame this near is reached by decoding on, a farther one by seeking


@dataclass(frozen=True)
class Film(FilmSource):
    """A film and how it was scanned, as ``FilmFacts`` says."""

    scan: str = "progressive"


class Films:
    """Films that were opened, the latest ones kept: a worker meets many pieces of one film."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._known: OrderedDict[str, Film] = OrderedDict()
        self._lock = Lock()

    def of(self, media: MediaItem) -> Film:
        """The film of a medium that is one; see ``get``."""
        return self.get(media.path, media.content_digest, media.film.scan if media.film else "", media.etag)

    def get(self, path: str, content_digest: str, scan: str, etag: str = "") -> Film:
        """The film at a path below INPUT, read through once.

        Raises: MediaError ``changed`` when its bytes are no longer those that were probed, and as probing does.
        """
        key = f"{path}@{content_digest}"
        with self._lock:  # pieces of one film come together, and it is read through once
            if key not in self._known:
                self._known[key] = _film(self._inputs.get(path, etag), path, content_digest, scan)
                if len(self._known) > KEPT_FILMS:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]


def _film(file: MediaFile, path: str, content_digest: str, scan: str) -> Film:
    info, index = probe_film(file, FilmLimits(max_megapixels=float("inf"))), scan_packets(file)
    if isinstance(file, Path) and file_digest(file) != content_digest:  # of an object its ETag tells
        raise MediaError("changed", f"{path}: its bytes changed during the run; run again")
    return Film(file, info, index, scan)


def file_digest(path: MediaFile) -> str:
    """SHA-256 of a file of any size.

    Raises: MediaError ``unreadable``.
    """
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except OSError as error:
        raise MediaError("unreadable", f"{path.name}: {error.strerror or error}; check its rights and disk") from error
    return found.hexdigest()


def stored_frames(film: Film, first: int, stop: int) -> Iterator[VideoFrame]:
    """Frames [first, stop) as they are stored, whole ones: two fields of one frame are made one.

    Raises: MediaError as ``read_frames`` does.
    """
    if film.scan not in ("tff", "bff"):
        return decode_frames(film.path, film.info, film.index, first, stop)
    begin, end = max(0, first - CONTEXT_FRAMES), min(film.index.frame_count, stop + CONTEXT_FRAMES)
    frames = decode_frames(film.path, film.info, film.index, begin, end)
    return islice(deinterlaced(frames, cast(FieldOrder, film.scan)), first - begin, stop - begin)


def frames_at(film: Film, numbers: Iterable[int]) -> Iterator[tuple[int, Float[Tensor, "3 h w"]]]:
    """Single frames, upright, in 0..1, in rising order; what lies between them is decoded, not converted.

    Raises: MediaError as ``read_frames`` does.
    """
    convert, turn = RgbReader(film.info), turn_of(film.info.display_matrix)
    for run in _runs(sorted(set(numbers))):
        wanted = set(run)
        for number, frame in enumerate(stored_frames(film, run[0], run[-1] + 1), run[0]):
            if number in wanted:
                pixels = upright(convert(frame), turn)
                yield number, tensor_from(pixels, int(np.iinfo(pixels.dtype).max))


def _runs(numbers: list[int]) -> Iterator[list[int]]:
    """Frames that are near each other, together."""
    run: list[int] = []
    for number in numbers:
        if run and number - run[-1] > NEAR_FRAMES:
            yield run
            run = []
        run.append(number)
    if run:
        yield run
