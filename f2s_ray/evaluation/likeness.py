"""Restored faces to how like their person they are, and whether the gate let one come nearer to somebody else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from f2s_catalog.ids import digest
from jaxtyping import Float
from torch import Tensor

from f2s_ray.evaluation.cases import CaseFace, Sample
from f2s_ray.evaluation.gallery import LOOK_PX, Gallery, KnownFace
from f2s_ray.evaluation.ledger import Ledger
from f2s_ray.evaluation.meters import FIRST, SECOND, Embedder, Meters
from f2s_ray.evaluation.pictures import read, shrunk, to_tensor
from f2s_ray.evaluation.product import Pasted, Product
from f2s_ray.models.composite import paste_whole
from f2s_ray.models.weights import SECOND_EMBEDDER, registry

__all__ = ["FACES_AT", "MIN_FACE_PX", "VARIANTS", "People", "face_rows", "gate_rows"]

FACES_AT = "strong"
MIN_FACE_PX = 48.0
VARIANTS = ("input", "without references", "wrong references", "right references")
Row = dict[str, Any]
Picture = Float[Tensor, "3 h w"]


class People:
    """The mean vector of everybody in the gallery, in each embedder."""

    def __init__(self, gallery: Gallery, meters: Meters, kept: Ledger, say: Callable[[str], None]) -> None:
        self._gallery = gallery
        self._vectors = {FIRST: {face.candidate.face_id: face.embedding for face in gallery.faces}}
        if SECOND in meters.embedders:
            self._vectors[SECOND] = _second_vectors(gallery, meters.embedders[SECOND], kept, say)

    def own(self, name: str, face: KnownFace) -> np.ndarray | None:
        """Mean vector of the person in other shots; None when there is none."""
        others = self._gallery.others(face)
        return self._mean(name, others) if others else None

    def others(self, name: str, face: KnownFace) -> list[np.ndarray]:
        """Mean vectors of all other people."""
        return [self._mean(name, faces) for person, faces in self._gallery.people().items() if person != face.person]

    def _mean(self, name: str, faces: Sequence[KnownFace]) -> np.ndarray:
        middle = np.mean([self._vectors[name][face.candidate.face_id] for face in faces], axis=0)
        return middle / max(float(np.linalg.norm(middle)), 1e-12) if name == FIRST else middle


def face_rows(
    this: Sample, scene: Picture, product: Product, meters: Meters, strangers: Sequence[KnownFace]
) -> list[Row]:
    """For each large face with references: its likeness to the true face, in each version; ``strangers`` are the wrong references.

    The restored face is pasted whole, without a gate, where the true picture has it: so this is the face restorer alone.
    """
    rows = []
    for face in this.case.faces:
        if face.face_px >= MIN_FACE_PX and face.references:
            references = {VARIANTS[1]: [], VARIANTS[2]: list(strangers), VARIANTS[3]: list(face.references)}
            versions = {VARIANTS[0]: this.damaged}
            for variant, known in references.items():
                restored = product.model.restore_face(this.damaged, face.landmarks, product.references(known))
                versions[variant] = paste_whole(scene, restored)
            likeness = meters.likeness(versions, this.case.clean, [face.landmarks])
            rows.append({"face_px": face.face_px, "references": len(face.references), "likeness": likeness})
    return rows


def gate_rows(this: Sample, result: Picture, pasted: Sequence[Pasted], meters: Meters, people: People) -> list[Row]:
    """For each face of a known person that went through the gate: likeness to itself and to the nearest other, before and after."""
    rows = []
    for one in pasted:
        if one.face is not None:
            embedders = {
                name: _near(this, result, one.face, embedder, people, name)
                for name, embedder in meters.embedders.items()
            }
            if any(embedders.values()):
                rows.append({"decision": one.decision, "face_px": one.face.face_px, **embedders})
    return rows


def _near(
    this: Sample, result: Picture, face: CaseFace, embedder: Embedder, people: People, name: str
) -> Mapping[str, float] | None:
    own, others = people.own(name, face.known), people.others(name, face.known)
    if own is None or not others:
        return None
    found = {}
    for when, rgb in (("before", this.damaged), ("after", result)):
        vector = embedder.vector(rgb, this.case.clean, face.landmarks)
        found[f"own_{when}"] = embedder.likeness(vector, own)
        found[f"other_{when}"] = max(embedder.likeness(vector, other) for other in others)
    return found


def _second_vectors(
    gallery: Gallery, embedder: Embedder, kept: Ledger, say: Callable[[str], None]
) -> dict[str, np.ndarray]:
    vectors: dict[str, np.ndarray] = {}
    for index, picture in enumerate(gallery.pictures):
        say(f"embedding sharp faces {index + 1}/{len(gallery.pictures)}")
        faces = gallery.faces_of(index)
        if not faces:
            continue
        key = digest("second", registry()[SECOND_EMBEDDER].sha256, [face.candidate.face_id for face in faces])
        row = kept.get(key) or kept.put(key, _embedded(picture.path, faces, embedder))
        vectors |= {face_id: np.array(vector) for face_id, vector in row.items()}
    return vectors


def _embedded(path: Any, faces: Sequence[KnownFace], embedder: Embedder) -> Row:  # noqa: ANN401
    found = read(path)
    rgb = to_tensor(shrunk(found[1], LOOK_PX)) if found else None
    if rgb is None:
        return {}
    points = {face.candidate.face_id: np.array(face.detection.landmarks).reshape(5, 2) for face in faces}
    return {face_id: embedder.vector(rgb, rgb, landmarks).tolist() for face_id, landmarks in points.items()}
