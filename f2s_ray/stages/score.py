"""RestoredMedia to QualityReport: what can be measured without a reference, before and after."""

from collections.abc import Iterator
from statistics import mean

import torch
from f2s_catalog.records import QualityReport
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray.media.decode import decode
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.probe import probe
from f2s_ray.media.ranged import MediaFile, whole
from f2s_ray.models.quality import measure
from f2s_ray.stages.films import Film, Films, frames_at
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.photos import MEASURING_THREADS, UNLIMITED, open_photo
from f2s_ray.stages.units import ScoreUnit

__all__ = ["ScoreMedia", "ScoreSetup"]


FRAMES = 5


class ScoreSetup(BaseModel):
    """Where INPUT and OUTPUT lie; nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input_root: str = Field(exclude=True)
    output_root: str = Field(exclude=True)


class ScoreMedia:
    """Read source and result back from disk and measure both."""

    def __init__(self, config: ScoreSetup) -> None:
        torch.set_num_threads(MEASURING_THREADS)
        self._inputs, self._results = Inputs(config.input_root), Inputs(config.output_root)
        self._films = Films(self._inputs)

    def __call__(self, record: ScoreUnit) -> Iterator[QualityReport]:
        """One report, of the first page, or of some frames of a film together."""
        before, after = self._pairs(record, self._results.get(record.path))
        was, now = [measure(rgb) for rgb in before], [measure(rgb) for rgb in after]
        changes = [float((b - a).square().mean()) for a, b in zip(before, after, strict=True)]
        yield QualityReport(
            media_id=record.media.media_id,
            task_id=record.task_id,
            noise_before=mean(one.noise for one in was),
            noise_after=mean(one.noise for one in now),
            sharpness_before=mean(one.sharpness for one in was),
            sharpness_after=mean(one.sharpness for one in now),
            blockiness_before=mean(one.blockiness for one in was),
            blockiness_after=mean(one.blockiness for one in now),
            change_rms=mean(changes) ** 0.5,
            identity_before=mean(record.before) if record.before else None,
            identity_after=mean(record.after) if record.after else None,
        )

    def _pairs(self, record: ScoreUnit, result: MediaFile) -> tuple[list[Tensor], list[Tensor]]:
        """Frames of the source and the same of the result."""
        if record.media.film is None:
            file = whole(result)
            after = decode(file, probe(file, UNLIMITED), UNLIMITED).pages[0].rgb
            return [open_photo(self._inputs, record.media).pages[0].rgb], [after]
        film = self._films.of(record.media)
        count = record.media.film.frame_count
        numbers = sorted({count * part // (2 * FRAMES) for part in range(1, 2 * FRAMES, 2)})
        made = Film(result, probe_film(result, FilmLimits(max_megapixels=float("inf"))), scan_packets(result))
        before, after_all = ([rgb for _, rgb in frames_at(one, numbers)] for one in (film, made))
        return before, after_all
