"""MediaItem to Shots. A photo is one shot of one frame."""

from collections.abc import Iterator

import numpy as np
from f2s_catalog.records import MediaItem, Shot
from jaxtyping import UInt8
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.media.cuts import find_shots
from f2s_ray.media.film.pixels import RgbReader
from f2s_ray.stages.films import Film, Films, stored_frames
from f2s_ray.stages.inputs import Inputs

__all__ = ["SplitConfig", "SplitSetup", "SplitShots"]

LOOK_PX = 192  # cuts are seen in small pictures; their turn does not matter


class SplitConfig(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitSetup(SplitConfig):
    """Where INPUT lies."""

    input_root: str = Field(exclude=True)


class SplitShots:
    """Cut a medium into shots."""

    def __init__(self, config: SplitSetup) -> None:
        self._films = Films(Inputs(config.input_root))

    def __call__(self, record: MediaItem) -> Iterator[Shot]:
        """The one shot of a photo, or the shots of a film, in order and without a gap.

        Raises: MediaError ``changed`` and as reading a film does.
        """
        if record.film is None:
            yield _shot(record, 0, (0, 1), (0.0, 0.0), 1.0)
            return
        film = self._films.of(record)
        for number, found in enumerate(find_shots(_small_frames(film))):
            first, stop = found.first_frame, found.stop_frame
            seconds = (float(film.index.begin_seconds(first)), float(film.index.begin_seconds(stop)))
            yield _shot(record, number, (first, stop), seconds, found.cut_score)


def _small_frames(film: Film) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    info = film.info
    scale = min(1.0, LOOK_PX / max(info.width_px, info.height_px))
    convert = RgbReader(info, (max(2, round(info.width_px * scale)), max(2, round(info.height_px * scale))))
    return map(convert, stored_frames(film, 0, film.index.frame_count))


def _shot(
    media: MediaItem, number: int, frames: tuple[int, int], seconds: tuple[float, float], cut_score: float
) -> Shot:
    return Shot(
        shot_id=f"{media.media_id}/{number}",
        media_id=media.media_id,
        start_seconds=seconds[0],
        stop_seconds=seconds[1],
        first_frame=frames[0],
        stop_frame=frames[1],
        cut_score=cut_score,
    )
