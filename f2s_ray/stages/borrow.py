"""Estimates to one code for every shot: its own, one borrowed from a picture like it, or none (blind)."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from f2s_catalog.records import CodeEstimate, DegradationCode, MediaItem, Shot
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BorrowConfig", "borrow"]

NOISE_FLOOR = 0.004


class BorrowConfig(BaseModel):
    """When a picture is like enough to lend its code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_noise_octaves: float = Field(0.7, gt=0, le=5, description="measured noise may differ by this many doublings")
    max_sharpness_gap: float = Field(0.2, gt=0, le=1, description="measured sharpness may differ by this much")
    max_blockiness_gap: float = Field(0.15, gt=0, le=1, description="the measured 8x8 grid may differ by this much")


def borrow(
    media: Sequence[MediaItem], shots: Sequence[Shot], estimates: Sequence[CodeEstimate], config: BorrowConfig
) -> Iterator[DegradationCode]:
    """One code for every shot that has an estimate.

    A lender lies in the same folder or comes from the same camera, and looks alike in noise, sharpness and blocks; the same folder goes
    first, then the nearest look, then the path. Without one the shot is blind: a wrong code costs more than none.
    """
    by_shot = {estimate.shot_id: estimate for estimate in estimates}
    by_media = {item.media_id: item for item in media}
    pairs = [(by_media[shot.media_id], by_shot[shot.shot_id]) for shot in shots if shot.shot_id in by_shot]
    neighbours: dict[tuple[str, str], list[tuple[MediaItem, CodeEstimate]]] = defaultdict(list)
    for item, estimate in pairs:
        if estimate.code:
            for place in _places(item):
                neighbours[place].append((item, estimate))
    for item, estimate in pairs:
        if estimate.code:
            yield _code(estimate, estimate, "face", None, _told(estimate))
            continue
        for place in _places(item):
            lender = _nearest(estimate, neighbours[place], config)
            if lender is not None:
                why = f"same {place[0]} as {lender[0].path}, and alike in noise, sharpness and blocks"
                yield _code(estimate, lender[1], "borrowed", lender[1].shot_id, why)
                break
        else:
            yield _code(estimate, None, "blind", None, "no usable face, and no picture like it that has one")


def _places(item: MediaItem) -> list[tuple[str, str]]:
    """Where its lenders are looked for, nearest first. The damage of a film is of its own kind, so it lends only to itself."""
    if item.film is not None:
        return [("film", item.media_id)]
    folder = ("folder", str(PurePosixPath(item.path).parent))
    return [folder] if item.camera is None else [folder, ("camera", item.camera)]


def _nearest(
    estimate: CodeEstimate, lenders: Sequence[tuple[MediaItem, CodeEstimate]], config: BorrowConfig
) -> tuple[MediaItem, CodeEstimate] | None:
    """The lender that looks most alike, by path where several do; None when none is like enough."""
    alike = [
        (distance, lender[0].path, lender)
        for lender in lenders
        if (distance := _distance(estimate, lender[1], config)) is not None
    ]
    return min(alike, key=lambda entry: entry[:2])[2] if alike else None


def _distance(estimate: CodeEstimate, other: CodeEstimate, config: BorrowConfig) -> float | None:
    """How far apart two pictures look; None when the one must not lend to the other."""
    gaps = (
        abs(math.log2((estimate.noise_measured + NOISE_FLOOR) / (other.noise_measured + NOISE_FLOOR)))
        / config.max_noise_octaves,
        abs(estimate.sharpness_measured - other.sharpness_measured) / config.max_sharpness_gap,
        abs(estimate.blockiness_measured - other.blockiness_measured) / config.max_blockiness_gap,
    )
    return None if max(gaps) > 1 else sum(gaps)


def _told(estimate: CodeEstimate) -> str:
    """Who told the code, in words."""
    count = len(estimate.face_ids)
    words = [f"read from {count} face{'s' if count > 1 else ''}"]
    if estimate.regions:
        words.append(f"non-uniform damage, {len(estimate.regions)} regions")
    if estimate.changes:
        words.append(f"the damage changes, {len(estimate.changes)} stretches")
    return "; ".join(words)


def _code(
    estimate: CodeEstimate, source: CodeEstimate | None, origin: str, lender: str | None, why: str
) -> DegradationCode:
    """The row; ``source`` is the estimate whose code is taken. Regions stay with their picture: a borrowed code is the mean."""
    return DegradationCode.model_validate(
        {
            "shot_id": estimate.shot_id,
            "origin": origin,
            "lender_shot_id": lender,
            "why": why,
            "code": source.code if source else (),
            "signature": source.signature if source else (),
            "blur_sigma_px": source.blur_sigma_px if source else None,
            "noise_sigma": source.noise_sigma if source else None,
            "jpeg_quality": source.jpeg_quality if source else None,
            "downscale": source.downscale if source else None,
            "agreement": source.agreement if source else None,
            "regions": source.regions if source and lender is None else (),
            "changes": source.changes if source and lender is None else (),
            "estimator": estimate.estimator,
        }
    )
