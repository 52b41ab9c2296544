"""The method in one place: picture, faces and references to restored faces, a code of the damage, and a restored picture.

Source: Face2Scene (CVPR 2026): reference-based face restoration, FaDeX on the pair, MapNet's 21 tokens, a one-step restorer for the scene.
Ours: faces and picture are restored at their own scale; several faces vote; tiles share one code.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from f2s_ray.media.geometry import align_matrix, native_side, paste_back, warp
from f2s_ray.media.tiles import blend, tile_grid
from f2s_ray.models import networks, scene_choice
from f2s_ray.models.fadex import BLOCK, Fadex, values_from
from f2s_ray.models.mapnet import MapNet
from f2s_ray.models.reference_restorer import REFERENCE_PX, ReferenceRestorer
from f2s_ray.models.restorer import STRIDE
from f2s_ray.models.scene_choice import SceneChoice

__all__ = ["Code", "Face2Scene", "Face2SceneConfig", "Pair", "RestoredFace", "digests"]

PAIR_PX = 128
MIN_SIDE, MAX_SIDE = 64, 384
PAIR_SHARE = 0.8
MAX_DRIFT = 0.08
SAME_DAMAGE = 0.5


class Face2SceneConfig(SceneChoice):
    """Which networks, what decides rounding besides them, and how a large picture is cut."""

    threads: int = Field(2, ge=1, le=64, description="threads of the networks; part of what decides the last bit")
    tile_px: int = Field(512, ge=128, le=4096, multiple_of=STRIDE, description="side of a tile; memory grows with it")
    overlap_px: int = Field(64, ge=16, le=512, multiple_of=STRIDE, description="how far neighbouring tiles overlap")


@dataclass(frozen=True)
class RestoredFace:
    """An aligned face before and after; ``matrix`` takes picture pixels to aligned pixels."""

    before: Float[Tensor, "3 s s"]
    after: Float[Tensor, "3 s s"]
    matrix: np.ndarray
    native_px: float


@dataclass(frozen=True)
class Pair:
    """Degraded and restored window of one face in picture coordinates, and the weight of its vote."""

    degraded: Float[Tensor, "3 128 128"]
    restored: Float[Tensor, "3 128 128"]
    weight: float


@dataclass(frozen=True)
class Code:
    """What the faces say: pooled map [21, k], signature [128], named values, lowest cosine between voters, who voted."""

    pooled: Float[Tensor, "21 k"]
    signature: Float[Tensor, " d"]
    values: dict[str, float]
    agreement: float
    voters: tuple[int, ...]


def digests(config: Face2SceneConfig) -> dict[str, str]:
    """``name@digest`` of each network, without loading them.

    Raises:
        ConfigError: the base of the full size is no folder, bucket or hub id.
        JobError: a network is missing.
    """
    return scene_choice.digests(config)


class Face2Scene:
    """The four networks, loaded and frozen; deterministic: no noise is drawn."""

    def __init__(self, config: Face2SceneConfig) -> None:
        torch.set_num_threads(config.threads)
        self._config = config
        folder = scene_choice.weights_folder(config)
        self._faces = cast(ReferenceRestorer, networks.load("reference_restorer", folder))
        self._fadex = cast(Fadex, networks.load("fadex", folder))
        self._mapnet = cast(MapNet, networks.load("mapnet", folder))
        self._scene = scene_choice.load_scene(config, self._mapnet)
        joined = "+".join(sorted(digests(config).values()))
        self.name = f"face2scene-{config.size}@{hashlib.sha256(joined.encode()).hexdigest()[:12]}"

    @torch.inference_mode()
    def align_reference(self, rgb: Float[Tensor, "3 h w"], landmarks: np.ndarray) -> Float[Tensor, "3 128 128"]:
        """A reference face as the restorer wants it. ``landmarks`` are five x y in pixels."""
        return warp(rgb, align_matrix(landmarks, REFERENCE_PX), REFERENCE_PX, REFERENCE_PX)

    @torch.inference_mode()
    def restore_face(
        self, rgb: Float[Tensor, "3 h w"], landmarks: np.ndarray, references: Sequence[Tensor]
    ) -> RestoredFace:
        """Restore one face at its own scale (64 to 384 px aligned); without references it is restored alone."""
        native = native_side(landmarks)
        side = int(min(MAX_SIDE, max(MIN_SIDE, round(native / STRIDE) * STRIDE)))
        matrix = align_matrix(landmarks, side)
        before = warp(rgb, matrix, side, side)
        stacked = torch.stack(list(references))[None] if references else rgb.new_zeros(1, 0, 3, 128, 128)
        mask = torch.ones(1, stacked.shape[1])
        after = self._faces(before[None], stacked, mask)[0].clamp(0, 1)
        return RestoredFace(before, after, matrix, native)

    @torch.inference_mode()
    def pair(self, rgb: Float[Tensor, "3 h w"], face: RestoredFace, score: float) -> Pair | None:
        """The pair in picture coordinates, the degraded half untouched by resampling; None when it cannot be trusted.

        Faces above 384 px were restored at a smaller scale, where fine noise is gone: there the scene restorer,
        blind, makes the other half.
        """
        height, width = rgb.shape[-2:]
        length = int(min(PAIR_PX, PAIR_SHARE * face.native_px, height, width)) // BLOCK * BLOCK
        if length < PAIR_PX // 4:
            return None
        centre = np.linalg.inv(face.matrix[:, :2]) @ (np.full(2, face.before.shape[-1] / 2) - face.matrix[:, 2])
        left, top = (
            int(np.clip(c - length / 2, 0, limit - length)) // BLOCK * BLOCK
            for c, limit in zip(centre, (width, height), strict=True)
        )
        window = rgb[:, top : top + length, left : left + length]
        if face.native_px > MAX_SIDE * 1.1:
            restored = self._untiled(window, None)
        else:
            shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
            matrix = (np.vstack([face.matrix, [0, 0, 1.0]]) @ np.linalg.inv(shift))[:2]
            restored = paste_back(window, face.after - face.before, matrix, torch.ones_like(face.before[:1]))
        drift = F.avg_pool2d((restored - window)[None], 8, ceil_mode=True).abs().mean()
        if float(drift) > MAX_DRIFT:
            return None
        return Pair(_continued(window), _continued(restored), score * min(1.0, max(0.25, face.native_px / PAIR_PX)))

    @torch.inference_mode()
    def read_code(self, pairs: Sequence[Pair]) -> Code | None:
        """Let the faces vote; one that disagrees with the weighted mean direction (cosine below 0.5) does not count.

        Averaging comes before MapNet's projector and does not depend on the order of the faces.
        """
        if not pairs:
            return None
        features, signatures, values = self._fadex(
            torch.stack([pair.restored for pair in pairs]), torch.stack([pair.degraded for pair in pairs])
        )
        weights = torch.tensor([pair.weight for pair in pairs])
        mean = F.normalize((signatures * weights[:, None]).sum(0), dim=0)
        voters = [i for i in range(len(pairs)) if float(signatures[i] @ mean) >= SAME_DAMAGE]
        voters = voters or [int(weights.argmax())]
        share = (weights[voters] / weights[voters].sum())[:, None]
        cosines = signatures[voters] @ signatures[voters].T
        return Code(
            pooled=(self._mapnet.pool(features[voters]) * share[..., None]).sum(0),
            signature=F.normalize((signatures[voters] * share).sum(0), dim=0),
            values=values_from((values[voters] * share).sum(0)),
            agreement=float(cosines.min()),
            voters=tuple(voters),
        )

    @torch.inference_mode()
    def restore_scene(
        self, rgb: Float[Tensor, "3 h w"], pooled: Float[Tensor, "21 k"] | None
    ) -> Float[Tensor, "3 h w"]:
        """Restore a picture of any size in tiles that share one code; ``None`` is blind."""
        tokens = None if pooled is None else self._mapnet.project(pooled[None]).to(self._config.device)
        height, width = rgb.shape[1:]
        overlap_px = self._config.overlap_px
        grid = tile_grid(height, width, self._config.tile_px, overlap_px)
        return blend(((tile, self._untiled(tile.crop(rgb), tokens)) for tile in grid), height, width, overlap_px)

    def _untiled(self, rgb: Float[Tensor, "3 h w"], tokens: Tensor | None) -> Float[Tensor, "3 h w"]:
        """One call, padded by reflection to multiples of what the network asks for."""
        height, width = rgb.shape[-2:]
        padded = _reflected(rgb, -height % self._scene.stride, -width % self._scene.stride).to(self._config.device)
        return self._scene(padded[None], tokens)[0, :, :height, :width].clamp(0, 1).to(rgb.device)


def _continued(window: Float[Tensor, "3 n n"]) -> Float[Tensor, "3 128 128"]:
    """A small window repeated up to 128 px; as n is a multiple of 8, JPEG's grid goes on."""
    times = -(-PAIR_PX // window.shape[-1])
    return window.repeat(1, times, times)[:, :PAIR_PX, :PAIR_PX]


def _reflected(x: Float[Tensor, "3 h w"], down: int, right: int) -> Tensor:
    """Continue downwards and to the right by reflection, again and again where the picture is smaller than the rim."""
    while down or right:
        step_down, step_right = min(down, x.shape[1] - 1), min(right, x.shape[2] - 1)
        if x.shape[1] == 1 or x.shape[2] == 1:
            return F.pad(x[None], (0, right, 0, down), mode="replicate")[0]
        x = F.pad(x[None], (0, step_right, 0, step_down), mode="reflect")[0]
        down, right = down - step_down, right - step_right
    return x
