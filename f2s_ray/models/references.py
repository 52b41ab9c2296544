"""The faces of one person to the few that restore the others: good first, then different views, and why in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Candidate", "Chosen", "ReferenceConfig", "choose_references"]

FRONTAL_DEGREES = 12.0
NEW_VIEW_DEGREES = 15.0
WIDEST_VIEW_DEGREES = 30.0


class ReferenceConfig(BaseModel):
    """How good a face must be to restore others."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    count: int = Field(default=4, ge=1, description="references per person, at most")
    min_quality: float = Field(default=0.25, ge=0.0, le=1.0, description="a worse face is no reference")
    min_face_px: float = Field(default=40.0, ge=0.0, description="a smaller face is no reference")
    min_share_of_best: float = Field(default=0.5, ge=0.0, le=1.0, description="nor one this much worse than the best")
    view_weight: float = Field(default=0.3, ge=0.0, description="what a new view is worth against quality")


@dataclass(frozen=True)
class Candidate:
    """A face as far as choosing goes; units as in the faces table."""

    face_id: str
    quality: float
    sharpness: float
    yaw_degrees: float
    face_px: float


@dataclass(frozen=True)
class Chosen:
    """A reference and why."""

    face: Candidate
    why: str


def choose_references(
    faces: Sequence[Candidate], config: ReferenceConfig | None = None, primary: str | None = None
) -> list[Chosen]:
    """Best first; empty when no face is good enough. The order of the input does not matter.

    A face that a person chose (``primary``) comes first, however much better another one is, if it is no bad one.

    >>> sharp = Candidate("a", 0.7, 0.8, 2.0, 180.0)
    >>> turned = Candidate("b", 0.5, 0.7, -28.0, 150.0)
    >>> blurred = Candidate("c", 0.1, 0.1, 0.0, 200.0)
    >>> [(chosen.face.face_id, chosen.why) for chosen in choose_references([blurred, turned, sharp])]
    [('a', 'sharpest, frontal, 180 px'), ('b', 'adds a view turned 28 degrees to the left, 150 px')]
    """
    config = config or ReferenceConfig()
    left = _good_enough(faces, config)
    pinned = next((face for face in faces if face.face_id == primary and _is_usable(face, config)), None)
    if not left and pinned is None:
        return []
    first = pinned or left[0]
    sharpest = max(face.sharpness for face in [first, *left])
    why = (
        _why_first(first, sharpest) if pinned is None else f"chosen by a person, {_view(first)}, {first.face_px:.0f} px"
    )
    chosen = [Chosen(first, why)]
    left = [face for face in left if face != first]
    while left and len(chosen) < config.count:
        views = [known.face.yaw_degrees for known in chosen]
        best = max(left, key=lambda face: face.quality + config.view_weight * _new_view(face, views))
        chosen.append(Chosen(best, _why_next(best, views)))
        left.remove(best)
    return chosen


def _good_enough(faces: Sequence[Candidate], config: ReferenceConfig) -> list[Candidate]:
    ranked = sorted(faces, key=lambda face: (-face.quality, face.face_id))
    floor = max(config.min_quality, config.min_share_of_best * ranked[0].quality) if ranked else 0.0
    return [face for face in ranked if face.quality >= floor and _is_usable(face, config)]


def _is_usable(face: Candidate, config: ReferenceConfig) -> bool:
    return face.quality >= config.min_quality and face.face_px >= config.min_face_px


def _new_view(face: Candidate, views: Sequence[float]) -> float:
    """0 for a view that is there already, 1 for one far from all."""
    nearest = min(abs(face.yaw_degrees - view) for view in views)
    return min(nearest / WIDEST_VIEW_DEGREES, 1.0)


def _why_first(face: Candidate, sharpest: float) -> str:
    words = "sharpest" if face.sharpness == sharpest else f"best quality, sharpness {face.sharpness:.2f}"
    return f"{words}, {_view(face)}, {face.face_px:.0f} px"


def _why_next(face: Candidate, views: Sequence[float]) -> str:
    if min(abs(face.yaw_degrees - view) for view in views) >= NEW_VIEW_DEGREES:
        return f"adds a view {_view(face)}, {face.face_px:.0f} px"
    return f"next best, {_view(face)}, sharpness {face.sharpness:.2f}, {face.face_px:.0f} px"


def _view(face: Candidate) -> str:
    if abs(face.yaw_degrees) < FRONTAL_DEGREES:
        return "frontal"
    side = "right" if face.yaw_degrees > 0 else "left"
    return f"turned {abs(face.yaw_degrees):.0f} degrees to the {side}"
