"""A restored scene and a restored face to the picture with the boldest version of the face that the gate lets through.

Only a face that had references is pasted: without any, the scene restorer, which is told the code, does as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.geometry import align_matrix, feather_mask, paste_back, warp
from f2s_ray.models.face2scene import RestoredFace
from f2s_ray.models.gate import Candidate, Decision, GateConfig, Ruling, judge

__all__ = ["Gatekeeper", "Neighbours", "paste_face", "paste_whole"]

HALF = 0.5
RIM_PX = 8
MASK_PX = 128
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


def paste_face(
    source: Float[Tensor, "3 h w"],
    scene: Float[Tensor, "3 h w"],
    landmarks: np.ndarray,
    face: RestoredFace | None,
    neighbours: Neighbours,
    keeper: Gatekeeper,
) -> tuple[Candidate, Ruling]:
    """Write the face into ``scene``; the version that won, and the numbers that decided.

    Args:
        source: the picture as it came.
        scene: the same, restored; the face is pasted into it.
        landmarks: its five points [5, 2] in pixels of both pictures.
        face: what was made of it with its person's references; None where there are none.
        neighbours: whom it must stay near, and whom it must not come near.
        keeper: who decides.
    """
    region = _region(landmarks, scene)
    corner = np.array([region[2].start, region[1].start])
    versions = _kept(source[region], scene[region], landmarks - corner)
    if face is not None:
        versions = [*_bold(scene[region], face, corner, keeper.boldest), *versions]
    local = (landmarks - corner).flatten().tolist()
    candidates = [
        Candidate(decision, weight, partial(keeper.embed, version, local), what)
        for decision, weight, what, version in versions
    ]
    ruling = judge(keeper.embed(source[region], local), neighbours.person, neighbours.other, candidates, keeper.config)
    scene[region] = versions[ruling.index][3]
    return candidates[ruling.index], ruling


def paste_whole(scene: Float[Tensor, "3 h w"], face: RestoredFace) -> Float[Tensor, "3 h w"]:
    """The scene with the restored face, whatever a gate would say."""
    side = face.after.shape[-1]
    change = face.after - warp(scene, face.matrix, side, side)
    return paste_back(scene, change, face.matrix, feather_mask(side))


def _region(landmarks: np.ndarray, picture: Tensor) -> Region:
    """The part of the picture that the aligned square covers, and a little more for the embedder."""
    height, width = picture.shape[-2:]
    inverse = np.linalg.inv(np.vstack([align_matrix(landmarks, 1.0), [0, 0, 1.0]]))
    corners = (inverse @ np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1.0]]))[:2]
    low, high = np.floor(corners.min(1)) - RIM_PX, np.ceil(corners.max(1)) + RIM_PX
    x0, y0 = (int(value) for value in low.clip(0))
    x1, y1 = int(min(width, high[0])), int(min(height, high[1]))
    return slice(None), slice(y0, y1), slice(x0, x1)


def _bold(scene: Float[Tensor, "3 h w"], face: RestoredFace, corner: np.ndarray, boldest: float) -> list[Version]:
    """The restored face in the scene, whose upper left corner lies at ``corner`` of the picture: the boldest share, and half of it."""
    shift = np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]])
    matrix = (np.vstack([face.matrix, [0, 0, 1.0]]) @ shift)[:2]
    side = face.after.shape[-1]
    change, mask = face.after - warp(scene, matrix, side, side), feather_mask(side)
    return [
        (_decision(weight), weight, _words(weight), paste_back(scene, weight * change, matrix, mask))
        for weight in (boldest, HALF * boldest)
        if weight > 0
    ]


def _kept(source: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], landmarks: np.ndarray) -> list[Version]:
    """Without the face restorer: as the scene restorer leaves it; and as it was, in a restored surrounding."""
    matrix = align_matrix(landmarks, MASK_PX)
    ones = scene.new_ones(3, MASK_PX, MASK_PX)
    whole = paste_back(torch.zeros_like(scene), ones, matrix, feather_mask(MASK_PX))
    return [
        ("kept", 0.0, "face of the restored scene", scene),
        ("kept", 0.0, "face left as it was", scene + whole * (source - scene)),
    ]


def _decision(weight: float) -> Decision:
    return "restored" if weight == 1 else "blended"


def _words(weight: float) -> str:
    return "restored face" if weight == 1 else f"{weight:.0%} of the restored face"
