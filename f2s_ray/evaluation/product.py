"""A damaged window to what the product makes of it: faces found, restored with references, a code, the scene, faces through the gate."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import MediaError
from f2s_ray.evaluation.cases import Case, CaseFace, Sample
from f2s_ray.evaluation.gallery import LOOK_PX, Gallery, KnownFace
from f2s_ray.evaluation.pictures import read, shrunk, to_tensor
from f2s_ray.media.geometry import align_matrix, centre_of, is_alignable, native_side
from f2s_ray.models.composite import Gatekeeper, Neighbours, Sighting, paste_face
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig, Pair, RestoredFace, pair_tiles
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.votes import Code
from f2s_ray.models.windows import continued
from f2s_ray.stages.estimate import ALONE_WEIGHT, EstimateConfig
from f2s_ray.stages.workbench import RestoreConfig

__all__ = ["Pasted", "Product", "true_pair"]

CACHED_CROPS = 512
SAME_FACE_SHARE = 0.35


@dataclass(frozen=True)
class Pasted:
    """A face that went through the gate: whose it is, where it was found [5, 2], and the word of the gate."""

    face: CaseFace | None
    landmarks: np.ndarray
    decision: str


@dataclass(frozen=True)
class Seen:
    """A face found in a damaged window, whose it is, and what the face restorer made of it."""

    detection: Detection
    landmarks: np.ndarray
    face: CaseFace | None
    restored: RestoredFace


class Product:
    """The networks, loaded once, and the references of the gallery's people."""

    def __init__(self, config: Face2SceneConfig, gallery: Gallery, embedder: FaceEmbedder) -> None:
        self.model = Face2Scene(config)
        self._gallery, self._embedder = gallery, embedder
        self._detector = FaceDetector()
        self._voting, self._restoring = EstimateConfig(), RestoreConfig()
        self._crops: OrderedDict[str, Tensor] = OrderedDict()
        self._centroids = {
            person: _unit(np.stack([face.embedding for face in faces]).mean(0))
            for person, faces in gallery.people().items()
        }

    def look(self, sample: Sample) -> list[Seen]:
        """The faces that a damaged window shows, restored; one that is none of the true ones is nobody's."""
        seen = []
        for found in self._detector.detect(sample.damaged):
            landmarks = np.array(found.landmarks).reshape(5, 2)
            if found.short_side_px >= self._restoring.min_face_px and is_alignable(landmarks):
                face = _nearest(landmarks, sample.case.faces)
                references = self.references(face.references) if face else []
                seen.append(
                    Seen(found, landmarks, face, self.model.restore_face(sample.damaged, landmarks, references))
                )
        return seen

    def code(self, damaged: Float[Tensor, "3 h w"], seen: Sequence[Seen]) -> Code | None:
        """The vote of the best faces; None where no face can be used."""
        usable = [
            one
            for one in seen
            if one.detection.short_side_px >= self._voting.min_face_px and one.detection.score >= self._voting.min_score
        ]
        usable.sort(key=lambda one: -one.detection.score * one.detection.short_side_px)
        pairs = [
            self.model.pair(damaged, one.restored, one.detection.score * (1.0 if _known(one) else ALONE_WEIGHT))
            for one in usable[: self._voting.max_faces]
        ]
        return self.model.read_code([pair for pair in pairs if pair is not None])

    def paste(
        self, damaged: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], seen: Sequence[Seen]
    ) -> tuple[Float[Tensor, "3 h w"], list[Pasted]]:
        """The scene with each face as far as the gate lets it."""
        keeper = Gatekeeper(self._embedder.embed, self._restoring.gate, 1 - self._restoring.fidelity)
        scene, pasted = scene.clone(), []
        for one in seen:
            neighbours = self._neighbours(damaged, one)
            restored = one.restored if _known(one) else None
            candidate, _ = paste_face(Sighting(damaged, scene, one.landmarks, restored), neighbours, keeper)
            pasted.append(Pasted(one.face, one.landmarks, candidate.decision))
        return scene, pasted

    def references(self, faces: Sequence[KnownFace]) -> list[Tensor]:
        """Aligned crops of sharp faces."""
        return [self._crop(face) for face in faces]

    def _neighbours(self, damaged: Float[Tensor, "3 h w"], one: Seen) -> Neighbours:
        """The mean of the references, and the nearest other person of the gallery."""
        if one.face is None:
            return Neighbours(None, None)
        vectors = [reference.embedding for reference in one.face.references]
        own = self._embedder.embed(damaged, one.landmarks.flatten().tolist())
        person = one.face.known.person
        others = [vector for label, vector in self._centroids.items() if label != person]
        nearest = max(others, key=lambda vector: float(vector @ own), default=None)
        return Neighbours(_unit(np.stack(vectors).mean(0)) if vectors else None, nearest)

    def _crop(self, face: KnownFace) -> Tensor:
        key = face.candidate.face_id
        if key not in self._crops:
            picture = self._gallery.pictures[face.picture]
            found = read(picture.path)
            if found is None or found[0] != picture.digest:
                raise MediaError("changed", f"{picture.name} changed while it was measured; run again")
            rgb = to_tensor(shrunk(found[1], LOOK_PX))
            if len(self._crops) >= CACHED_CROPS:
                self._crops.popitem(last=False)
            self._crops[key] = self.model.align_reference(rgb, np.array(face.detection.landmarks).reshape(5, 2))
        return self._crops[key]


def true_pair(sample: Sample) -> Pair | None:
    """The pair of the largest face with the true face as its restored half; None where no pair can be made."""
    case: Case = sample.case
    if not case.faces:
        return None
    landmarks = case.faces[0].landmarks
    tiles = pair_tiles(sample.damaged, centre_of(align_matrix(landmarks, 1.0), 1.0), native_side(landmarks))
    if not tiles:
        return None
    damaged, clean = (torch.stack([continued(tile.crop(x)) for tile in tiles]) for x in (sample.damaged, case.clean))
    return Pair(damaged, clean, 1.0)


def _nearest(landmarks: np.ndarray, faces: Sequence[CaseFace]) -> CaseFace | None:
    """The true face at this place."""

    def off(face: CaseFace) -> float:
        return float(np.linalg.norm(face.landmarks.mean(0) - landmarks.mean(0))) / face.face_px

    best = min(faces, key=off, default=None)
    return best if best is not None and off(best) < SAME_FACE_SHARE else None


def _known(one: Seen) -> bool:
    return one.face is not None and bool(one.face.references)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
