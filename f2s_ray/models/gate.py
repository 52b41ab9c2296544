"""What a restored face may do to its person: the identity gate, fail-closed.

Each candidate is compared with the person's references and with the nearest other person, against the face as it was and that of the
restored scene. The boldest candidate that stays with its person wins; if none does, the face stays as it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Candidate", "Decision", "GateConfig", "Ruling", "judge"]

Decision = Literal["restored", "blended", "kept"]


class GateConfig(BaseModel):
    """How far a face may move, in cosines of the embedder."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_loss: float = Field(0.02, ge=0, le=1, description="how much less like its person a face may become")
    max_margin_loss: float = Field(0.05, ge=0, le=1, description="how much of the lead over the next person may go")
    max_behind: float = Field(
        0.0, ge=0, le=1, description="how much less like its person than the restored scene's face"
    )
    min_self: float = Field(0.35, ge=-1, le=1, description="how like itself a face must stay when nobody is known")


@dataclass(frozen=True)
class Candidate:
    """One possible result for a face: its decision word, the share of the restored face, and its embedding."""

    decision: Decision
    weight: float
    embed: Callable[[], np.ndarray]
    what: str


@dataclass(frozen=True)
class Ruling:
    """The candidate that won (an index) and the numbers that decided."""

    index: int
    similarity_before: float | None
    similarity_after: float | None
    other_before: float | None
    other_after: float | None
    self_similarity: float
    reason: str


def judge(
    before: np.ndarray,
    person: np.ndarray | None,
    other: np.ndarray | None,
    candidates: Sequence[Candidate],
    config: GateConfig,
) -> Ruling:
    """Try the candidates in order; the last one is the face as it was and always stands.

    Args:
        before: unit embedding of the face as it was.
        person: unit mean of the person's references, or None when nobody is known.
        other: unit centroid of the nearest other person, or None.
        candidates: boldest first; the first without a share of the restored face is that of the restored scene.
        config: the limits.
    """
    objections: list[str] = []
    embed = cache(lambda index: candidates[index].embed())
    scene = next((index for index, candidate in enumerate(candidates) if not candidate.weight), len(candidates) - 1)
    for index, candidate in enumerate(candidates):
        after = embed(index)
        objection = _objection(before, after, person, other, config)
        if objection is None and person is not None and index < scene:
            objection = _behind(after, embed(scene), person, config)
        if objection is None or index == len(candidates) - 1:
            if objections:
                reason = f"{candidate.what}: " + "; ".join(objections)
            else:
                reason = (
                    f"{candidate.what}: stays with its person"
                    if person is not None
                    else f"{candidate.what}: stays like itself"
                )
            return Ruling(
                index,
                _cosine(before, person),
                _cosine(after, person),
                _cosine(before, other),
                _cosine(after, other),
                float(before @ after),
                reason,
            )
        objections.append(f"{candidate.what} {objection}")
    raise ValueError("no candidate was given")


def _objection(
    before: np.ndarray, after: np.ndarray, person: np.ndarray | None, other: np.ndarray | None, config: GateConfig
) -> str | None:
    """Why this candidate may not stand, or None."""
    if person is None:
        return _estrangement(before, after, other, config)
    was, now = float(before @ person), float(after @ person)
    if not now >= was - config.max_loss:  # so written, a vector that is no number is refused, too
        return f"moved away from its person ({was:.2f} to {now:.2f})"
    if other is None:
        return None
    lead_was, lead_now = was - float(before @ other), now - float(after @ other)
    if not lead_now >= lead_was - config.max_margin_loss:
        return f"moved towards another person (lead {lead_was:.2f} to {lead_now:.2f})"
    return None


def _behind(after: np.ndarray, scene: np.ndarray, person: np.ndarray, config: GateConfig) -> str | None:
    """Why the face of the restored scene is the better one, or None."""
    now, unaided = float(after @ person), float(scene @ person)
    return (
        None
        if now >= unaided - config.max_behind
        else f"is less like its person than the scene's ({now:.3f}, {unaided:.3f})"
    )


def _estrangement(before: np.ndarray, after: np.ndarray, other: np.ndarray | None, config: GateConfig) -> str | None:
    """The same when nobody is known: it must stay like itself, and not become like the nearest other person."""
    likeness = float(before @ after)
    if not likeness >= config.min_self:
        return f"no longer looks like itself ({likeness:.2f})"
    if other is None:
        return None
    was, now = float(before @ other), float(after @ other)
    return None if now <= was + config.max_margin_loss else f"moved towards another person ({was:.2f} to {now:.2f})"


def _cosine(vector: np.ndarray, target: np.ndarray | None) -> float | None:
    return None if target is None else float(vector @ target)
