"""RestoreUnits to RestoreTasks: the dearest step as a table one can read before it is run."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from f2s_catalog.records import DegradationCode, RestoreTask
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.stages.units import RestoreUnit

__all__ = ["PlanConfig", "known_rate", "plan"]


ENOUGH = 3  # measured results from which times are expected


class PlanConfig(BaseModel):
    """What a machine of this kind is expected to need until it has shown it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seconds_per_megapixel: float = Field(6.0, gt=0, description="used until the catalog holds measured times")
    seconds_per_face: float = Field(0.3, ge=0, description="added for each face")


def known_rate(rates: Sequence[float]) -> float | None:
    """Seconds for a megapixel, faces included, from what was measured; none where that is too little."""
    return statistics.median(rates) if len(rates) >= ENOUGH else None


def plan(
    units: Iterable[RestoreUnit],
    codes: Mapping[str, DegradationCode],
    rate: float | None,
    earlier: Mapping[str, RestoreTask],
    model: Face2SceneConfig,
    config: PlanConfig,
) -> Iterator[RestoreTask]:
    """One task for each unit. A task that stood before keeps its day, so that its result stays the same bytes.

    Args:
        units: what is to be restored.
        codes: by shot_id.
        rate: from ``known_rate``.
        earlier: tasks that stood before, by their id.
        model: how pictures are cut into tiles.
        config: what is expected where there is no rate.
    """
    for unit in units:
        code = codes[unit.shot.shot_id]
        pages = unit.media.page_count if unit.media.film is None else unit.stop_frame - unit.first_frame
        megapixels = unit.media.width_px * unit.media.height_px * pages / 1e6
        yield RestoreTask(
            task_id=unit.task_id,
            shot_id=unit.shot.shot_id,
            media_id=unit.media.media_id,
            path=unit.media.path,
            first_frame=unit.first_frame,
            stop_frame=unit.stop_frame,
            code_origin=code.origin,
            faces=unit.task_faces,
            restorer=unit.restorer,
            tile_px=model.tile_px,
            overlap_px=model.overlap_px,
            seed=int(unit.task_id[:8], 16),
            megapixels=megapixels,
            expected_seconds=(
                rate * megapixels
                if rate is not None
                else config.seconds_per_megapixel * megapixels + config.seconds_per_face * len(unit.faces)
            ),
            risk="; ".join(_risks(unit, code)),
            planned_on=earlier[unit.task_id].planned_on if unit.task_id in earlier else unit.planned_on,
        )


def _risks(unit: RestoreUnit, code: DegradationCode) -> Iterator[str]:
    """What a person may want to look at before or after."""
    alone = sum(not face.references for face in unit.faces)
    if alone:
        yield f"faces without a reference: {alone} of {len(unit.faces)}"
    if code.origin == "blind":
        yield "no code"
    if code.regions:
        yield f"non-uniform damage, {len(code.regions)} regions"
    if code.changes:
        yield f"the damage changes, {len(code.changes)} stretches"
    elif not code.regions and code.agreement is not None and code.agreement < 0.3:
        yield "its faces disagree: the damage may not be the same everywhere"
    if code.blur_sigma_px is not None and code.blur_sigma_px > 2.5:
        yield f"strong blur ({code.blur_sigma_px:.1f} px)"
    if code.noise_sigma is not None and code.noise_sigma > 0.08:
        yield f"strong noise ({code.noise_sigma:.2f})"
