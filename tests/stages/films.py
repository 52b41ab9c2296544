"""Films for the tests of the stages: a camera that goes over a real picture of six people, and hard cuts."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from f2s_catalog.records import MediaItem, Shot, Source
from skimage import data

from f2s_ray.stages.probe import ProbeMedia, ProbeSetup
from f2s_ray.stages.split import SplitSetup, SplitShots
from tests.media.film.films import make_film
from tests.stages.people import original

SIZE = (256, 192)


def pan(count: int, start: tuple[int, int] = (150, 60), step: tuple[int, int] = (2, 0)) -> list[np.ndarray]:
    """A window that goes over the six people."""
    picture, (width, height) = original(), SIZE
    places = [(start[0] + n * step[0], start[1] + n * step[1]) for n in range(count)]
    return [np.ascontiguousarray(picture[y : y + height, x : x + width]) for x, y in places]


def still_life(count: int) -> list[np.ndarray]:
    """A window that goes over a cup of coffee: nobody is there."""
    picture, (width, height) = data.coffee(), SIZE
    return [np.ascontiguousarray(picture[60 : 60 + height, 100 + n : 100 + n + width]) for n in range(count)]


def write_film(path: Path, frames: Sequence[np.ndarray], *, crf: int = 12, rate: int = 25) -> Path:
    height, width = frames[0].shape[:2]
    return make_film(
        path,
        count=len(frames),
        show=lambda number, *_: frames[number],
        size=(width, height),
        rate=Fraction(rate),
        options={"crf": str(crf)},
    )


def probed(root: Path, name: str) -> MediaItem:
    source = Source(path=name, byte_count=(root / name).stat().st_size, modified_ns=1, trouble=None)
    (item,) = ProbeMedia(ProbeSetup(input_root=str(root)))(source)
    assert isinstance(item, MediaItem)
    return item


def split(root: Path, item: MediaItem) -> list[Shot]:
    return list(SplitShots(SplitSetup(input_root=str(root)))(item))
