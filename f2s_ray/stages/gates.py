"""Between the rows of faces and the gate: whom a face must stay near, and what was decided."""

import numpy as np
from f2s_catalog.records import FaceGate

from f2s_ray.models.composite import Neighbours
from f2s_ray.models.gate import Candidate, Ruling
from f2s_ray.stages.units import UnitFace

__all__ = ["gate_row", "neighbours_of"]


def neighbours_of(face: UnitFace) -> Neighbours:
    """Its person and the nearest other one, as far as they are known."""
    return Neighbours(_vector(face.person), _vector(face.other))


def gate_row(face: UnitFace, candidate: Candidate, ruling: Ruling) -> FaceGate:
    """What became of a face."""
    return FaceGate(
        face_id=face.face.face_id,
        identity_id=face.identity_id,
        reference_face_ids=tuple(reference.face_id for reference in face.references),
        decision=candidate.decision,
        weight=candidate.weight,
        similarity_before=ruling.similarity_before,
        similarity_after=ruling.similarity_after,
        other_before=ruling.other_before,
        other_after=ruling.other_after,
        self_similarity=ruling.self_similarity,
        reason=ruling.reason,
    )


def _vector(values: tuple[float, ...]) -> np.ndarray | None:
    return np.array(values, dtype=np.float32) if values else None
