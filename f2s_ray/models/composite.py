"""A restored scene and a restored face to the picture with the boldest version of the face that the gate lets through.

Only a face that had references is pasted: without any, the scene restorer, which is told the code, does as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.geometry import align_matrix, feather_mask, paste_back, warp
from f2s_ray.models.face2scene import RestoredFace
from f2s_ray.models.gate import Candidate, Decision, GateConfig, Ruling, judge

__all__ = [
    "AS_IT_WAS",
    "AS_THE_SCENE",
    "Gatekeeper",
    "Neighbours",
    "Sighting",
    "judge_face",
    "paste_face",
    "paste_version",
    "paste_whole",
]

HALF = 0.5
RIM_PX = 8
MASK_PX = 128
AS_THE_SCENE = "face of the restored scene"
AS_IT_WAS = "face left as it was"
Region = tuple[slice, slice, slice]
Embed = Callable[[Tensor, list[float]], np.ndarray]
# decision, share of the restored face, words and pixels
Version = tuple[Decision, float, str, Tensor]


@dataclass(frozen=True)
class Neighbours:
    """Unit vectors of the person of a face (mean of the references) and of the nearest other one; None: not known."""

    person: np.ndarray | None
    other: np.ndarray | None


@dataclass(frozen=True)
class Gatekeeper:
    """Who compares faces (a picture and ten landmark coordinates to a unit vector), and within which limits.

    ``boldest`` is the share of the restored face that is tried first, 0..1; half of it comes next, then none.
    """

    embed: Embed
    config: GateConfig
    boldest: float = 1.0


@dataclass(frozen=True)
class Sighting:
    """A face in a picture: the picture as it came and restored, its five points [5, 2] in pixels of both.

    ``face`` is what was made of it with its person's references; None where there are none.
    """

    source: Float[Tensor, "3 h w"]
    scene: Float[Tensor, "3 h w"]
    landmarks: np.ndarray
    face: RestoredFace | None


def paste_face(sighting: Sighting, neighbours: Neighbours, keeper: Gatekeeper) -> tuple[Candidate, Ruling]:
    """Write the face into its scene; the version that won, and the numbers that decided."""
    candidate, ruling = judge_face([sighting], neighbours, keeper)
    paste_version(sighting, candidate.what, candidate.weight)
    return candidate, ruling


def judge_face(sightings: Sequence[Sighting], neighbours: Neighbours, keeper: Gatekeeper) -> tuple[Candidate, Ruling]:
    """The boldest version of a face that may stand, by the mean of its embeddings in one or more pictures.

    Args:
        sightings: the same face in several frames; all with or all without what references made of it.
        neighbours: whom it must stay near, and whom it must not come near.
        keeper: who decides.
    """
    shown = [_Shown.of(sighting, keeper.boldest) for sighting in sightings]
    kinds = [version[:3] for version in shown[0].versions]

    def embed(index: int) -> np.ndarray:
        return _mean([keeper.embed(one.versions[index][3], one.points) for one in shown])

    candidates = [
        Candidate(decision, weight, partial(embed, i), what) for i, (decision, weight, what) in enumerate(kinds)
    ]
    before = _mean([keeper.embed(one.source, one.points) for one in shown])
    ruling = judge(before, neighbours.person, neighbours.other, candidates, keeper.config)
    return candidates[ruling.index], ruling


def paste_version(sighting: Sighting, what: str, weight: float) -> None:
    """Write one version of a face into its scene, as ``judge_face`` named it."""
    region, corner = _place(sighting)
    scene, landmarks = sighting.scene[region], sighting.landmarks - corner
    if weight and sighting.face is not None:
        sighting.scene[region] = _bold(scene, sighting.face, corner, weight)
    elif what == AS_IT_WAS:
        sighting.scene[region] = _as_it_was(sighting.source[region], scene, landmarks)


def paste_whole(scene: Float[Tensor, "3 h w"], face: RestoredFace) -> Float[Tensor, "3 h w"]:
    """The scene with the restored face, whatever a gate would say."""
    side = face.after.shape[-1]
    change = face.after - warp(scene, face.matrix, side, side)
    return paste_back(scene, change, face.matrix, feather_mask(side))


@dataclass(frozen=True)
class _Shown:
    """A part of a picture around a face: its source, its ten points, and the versions of the face in it, boldest first."""

    source: Float[Tensor, "3 h w"]
    points: list[float]
    versions: list[Version]

    @staticmethod
    def of(sighting: Sighting, boldest: float) -> "_Shown":
        region, corner = _place(sighting)
        source, scene, landmarks = sighting.source[region], sighting.scene[region], sighting.landmarks - corner
        versions: list[Version] = []
        if sighting.face is not None:
            for weight in (boldest, HALF * boldest):
                if weight > 0:
                    pixels = _bold(scene, sighting.face, corner, weight)
                    versions.append((_decision(weight), weight, _words(weight), pixels))
        versions.append(("kept", 0.0, AS_THE_SCENE, scene))
        versions.append(("kept", 0.0, AS_IT_WAS, _as_it_was(source, scene, landmarks)))
        return _Shown(source, landmarks.flatten().tolist(), versions)


def _place(sighting: Sighting) -> tuple[Region, np.ndarray]:
    """The part of the picture that the aligned square covers, and a little more for the embedder; and its corner x y."""
    height, width = sighting.scene.shape[-2:]
    inverse = np.linalg.inv(np.vstack([align_matrix(sighting.landmarks, 1.0), [0, 0, 1.0]]))
    corners = (inverse @ np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1.0]]))[:2]
    low, high = np.floor(corners.min(1)) - RIM_PX, np.ceil(corners.max(1)) + RIM_PX
    x0, y0 = (int(value) for value in low.clip(0))
    x1, y1 = int(min(width, high[0])), int(min(height, high[1]))
    return (slice(None), slice(y0, y1), slice(x0, x1)), np.array([x0, y0])


def _bold(
    scene: Float[Tensor, "3 h w"], face: RestoredFace, corner: np.ndarray, weight: float
) -> Float[Tensor, "3 h w"]:
    """A share of the restored face in the part of the scene whose upper left corner lies at ``corner`` of the picture."""
    shift = np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]])
    matrix = (np.vstack([face.matrix, [0, 0, 1.0]]) @ shift)[:2]
    side = face.after.shape[-1]
    change = face.after - warp(scene, matrix, side, side)
    return paste_back(scene, weight * change, matrix, feather_mask(side))


def _as_it_was(
    source: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], landmarks: np.ndarray
) -> Float[Tensor, "3 h w"]:
    """The face of the source in a restored surrounding."""
    matrix = align_matrix(landmarks, MASK_PX)
    ones = scene.new_ones(3, MASK_PX, MASK_PX)
    whole = paste_back(torch.zeros_like(scene), ones, matrix, feather_mask(MASK_PX))
    return scene + whole * (source - scene)


def _mean(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """The unit mean of unit vectors; one stays as it is."""
    if len(vectors) == 1:
        return vectors[0]
    total = np.mean(vectors, axis=0)
    return total / max(float(np.linalg.norm(total)), 1e-12)


def _decision(weight: float) -> Decision:
    return "restored" if weight == 1 else "blended"


def _words(weight: float) -> str:
    return "restored face" if weight == 1 else f"{weight:.0%} of the restored face"
