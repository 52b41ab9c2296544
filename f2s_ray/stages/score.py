"""RestoredMedia to QualityReport: what can be measured without a reference, before and after."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from f2s_catalog.records import QualityReport
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from f2s_ray.models.quality import measure
from f2s_ray.stages.photos import MEASURING_THREADS, open_photo
from f2s_ray.stages.units import ScoreUnit

__all__ = ["ScoreMedia", "ScoreSetup"]


class ScoreSetup(BaseModel):
    """Where INPUT and OUTPUT lie; nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input_root: str = Field(exclude=True)
    output_root: str = Field(exclude=True)


class ScoreMedia:
    """Read source and result back from disk and measure both."""

    def __init__(self, config: ScoreSetup) -> None:
        torch.set_num_threads(MEASURING_THREADS)
        self._input, self._output = Path(config.input_root), Path(config.output_root)
        self._limits = Limits(max_megapixels=float("inf"))

    def __call__(self, record: ScoreUnit) -> Iterator[QualityReport]:
        """One report, of the first page."""
        before = open_photo(self._input, record.media).pages[0].rgb
        path = self._output / record.path
        after = decode(path, probe(path, self._limits), self._limits).pages[0].rgb
        was, now = measure(before), measure(after)
        yield QualityReport(
            media_id=record.media.media_id,
            task_id=record.task_id,
            noise_before=was.noise,
            noise_after=now.noise,
            sharpness_before=was.sharpness,
            sharpness_after=now.sharpness,
            blockiness_before=was.blockiness,
            blockiness_after=now.blockiness,
            change_rms=float((after - before).square().mean().sqrt()),
            identity_before=_mean(record.before),
            identity_after=_mean(record.after),
        )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
