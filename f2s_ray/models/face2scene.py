"""The method in one place: picture, faces and references to restored faces, a code of the damage, and a restored picture.

Source: Face2Scene (CVPR 2026): reference-based face restoration, FaDeX on the pair, MapNet's 21 tokens, a one-step restorer for the scene.
Ours: faces and picture are restored at their own scale; several faces vote; tiles share one code, or the codes of the regions around them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self, cast

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from torch import Tensor

from f2s_ray.errors import JobError
from f2s_ray.media.geometry import align_matrix, centre_of, native_side, paste_back, warp
from f2s_ray.media.jpeg_grid import jpeg_grid
from f2s_ray.media.jpeg_round_trip import BLOCK
from f2s_ray.media.tiles import Tile, blend, tile_grid
from f2s_ray.media.tone import is_grey, keep_tone
from f2s_ray.models import networks, scene_choice
from f2s_ray.models.fadex import Fadex
from f2s_ray.models.mapnet import MapNet
from f2s_ray.models.reference_restorer import REFERENCE_PX, ReferenceRestorer
from f2s_ray.models.restorer import STRIDE
from f2s_ray.models.scene_choice import SceneChoice
from f2s_ray.models.votes import Code, LocalCode, Readings, code_at, vote
from f2s_ray.models.windows import PAIR_PX, continued, drift_of, face_windows, reflected

__all__ = ["MIN_SIDE", "Face2Scene", "Face2SceneConfig", "Pair", "RestoredFace", "digests", "pair_tiles"]

MIN_SIDE = 64
MAX_SIDE = 384
PAIR_SHARE = 0.8
MAX_DRIFT = 0.08
# A face that was changed less than this share of what the scene restorer, blind, would change, was not restored
LEFT_SHARE = 0.5
MIN_TILE_PX = 128


class Face2SceneConfig(SceneChoice):
    """Which networks, what decides rounding besides them, and how a large picture is cut."""

    threads: int = Field(2, ge=1, le=64, description="threads of the networks; part of what decides the last bit")
    tile_px: int = Field(512, ge=128, le=4096, multiple_of=STRIDE, description="side of a tile; memory grows with it")
    overlap_px: int = Field(64, ge=16, le=512, multiple_of=STRIDE, description="how far neighbouring tiles overlap")
    tile_batch: int = Field(1, ge=1, le=256, description="tiles restored together; more than 1 pays on a GPU")

    @model_validator(mode="after")
    def _tiles_are_wider_than_their_rims(self) -> Self:
        if 2 * self.overlap_px >= self.tile_px:
            most = (self.tile_px - 1) // 2 // STRIDE * STRIDE
            raise PydanticCustomError("overlap", f"overlap_px must be below half of tile_px; set it to {most} or less")
        return self


@dataclass(frozen=True)
class RestoredFace:
    """An aligned face before and after; ``matrix`` takes picture pixels to aligned pixels."""

    before: Float[Tensor, "3 s s"]
    after: Float[Tensor, "3 s s"]
    matrix: np.ndarray
    native_px: float


@dataclass(frozen=True)
class Pair:
    """Degraded and restored windows of one face in picture coordinates, the weight of its vote, and where it lies.

    A small face gives one window, a large one four. ``x`` and ``y`` are fractions of the upright picture.
    """

    degraded: Float[Tensor, "n 3 128 128"]
    restored: Float[Tensor, "n 3 128 128"]
    weight: float
    x: float = 0.5
    y: float = 0.5


def digests(config: Face2SceneConfig) -> dict[str, str]:
    """``name@digest`` of each network, without loading them.

    Raises:
        ConfigError: the base of the full size is no folder, bucket or hub id.
        JobError: a network is missing.
    """
    return scene_choice.digests(config)


def pair_tiles(rgb: Float[Tensor, "3 h w"], centre: np.ndarray, native_px: float) -> list[Tile]:
    """Where the pair of a face is cut: on the grid of the picture's JPEG, wherever it was cropped; none where the face is too small."""
    height, width = rgb.shape[-2:]
    length = int(min(PAIR_PX, PAIR_SHARE * native_px, height, width)) // BLOCK * BLOCK
    if length < PAIR_PX // 4:
        return []
    return face_windows(centre, native_px, length, (height, width), jpeg_grid(rgb))


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
        if is_grey(before):
            after = after.mean(0, keepdim=True).expand(3, -1, -1)
        return RestoredFace(before, after, matrix, native)

    @torch.inference_mode()
    def pair(self, rgb: Float[Tensor, "3 h w"], face: RestoredFace, score: float) -> Pair | None:
        """The pair in picture coordinates, the degraded half untouched by resampling; None when it cannot be trusted.

        Where the face restorer left the damage in the face, the pair would say that there is none; and faces above 384 px were
        restored at a smaller scale, where fine noise is gone. There the scene restorer, blind, makes the other half.

        Args:
            rgb: the picture.
            face: what ``restore_face`` made of it.
            score: weight of its vote; it falls to 0 with the drift of the pair's tones.
        """
        centre = centre_of(face.matrix, face.before.shape[-1])
        tiles = pair_tiles(rgb, centre, face.native_px)
        if not tiles:
            return None
        windows = self._windows(rgb, face, tiles)
        drift = max(drift_of(before, after) for before, after in windows)
        if drift >= MAX_DRIFT:
            return None
        return Pair(
            torch.stack([continued(before) for before, _ in windows]),
            torch.stack([continued(keep_tone(before, after)) for before, after in windows]),
            score * (1 - drift / MAX_DRIFT),
            *(float(np.clip(place, 0, 1)) for place in centre / rgb.shape[:0:-1]),
        )

    def _windows(
        self, rgb: Float[Tensor, "3 h w"], face: RestoredFace, tiles: Sequence[Tile]
    ) -> list[tuple[Tensor, Tensor]]:
        """The windows of a face, degraded and restored by whom more can be learned from."""
        before = [tile.crop(rgb) for tile in tiles]
        blind = [self._untiled(window[None], None)[0] for window in before]
        if face.native_px > MAX_SIDE * 1.1:
            return list(zip(before, blind, strict=True))
        after = [_restored_window(window, face, tile) for window, tile in zip(before, tiles, strict=True)]
        left = _change(before, after) < LEFT_SHARE * _change(before, blind)
        return list(zip(before, blind if left else after, strict=True))

    def read_code(self, pairs: Sequence[Pair]) -> Code | None:
        """Let the faces vote (see ``votes``); None without any."""
        return vote(self.read(pairs)) if pairs else None

    @torch.inference_mode()
    def read(self, pairs: Sequence[Pair]) -> Readings:
        """What each of one or more faces says about the damage. The windows of one face are averaged.

        Averaging comes before MapNet's projector and does not depend on the order of the faces.
        """
        features, signatures, values = self._fadex(
            torch.cat([pair.restored for pair in pairs]), torch.cat([pair.degraded for pair in pairs])
        )
        counts = [len(pair.degraded) for pair in pairs]
        pooled, directions, told = (
            torch.stack([part.mean(0) for part in each.split(counts)])
            for each in (self._mapnet.pool(features), signatures, values)
        )
        weights = torch.tensor([pair.weight for pair in pairs])
        places = torch.tensor([[pair.x, pair.y] for pair in pairs])
        return Readings(pooled, F.normalize(directions, dim=1), told, weights, places)

    @torch.inference_mode()
    def restore_scene(
        self, rgb: Float[Tensor, "3 h w"], pooled: Float[Tensor, "21 k"] | None, regions: Sequence[LocalCode] = ()
    ) -> Float[Tensor, "3 h w"]:
        """Restore a picture of any size in tiles; beside the picture and the result, only tiles are held.

        Each tile keeps the tone of the picture, so tiles do not differ in it; a grey picture stays exactly grey.

        Args:
            rgb: the picture.
            pooled: the code that all tiles share; None is blind.
            regions: where the damage varies: each tile gets these codes, blended by their distance to its centre.
        """
        height, width = rgb.shape[1:]
        tile_px, overlap_px = self._tile_size((height, width), regions)
        grid = tile_grid(height, width, tile_px, overlap_px)
        codes = [
            code_at(regions, (tile.x0 + tile.x1) / 2, (tile.y0 + tile.y1) / 2, (height, width)) if regions else pooled
            for tile in grid
        ]
        return blend(grid, self._tiles(rgb, grid, codes), overlap_px)

    def _tile_size(self, size: tuple[int, int], regions: Sequence[LocalCode]) -> tuple[int, int]:
        """Side and overlap of the tiles: where regions differ, at most half of the way between two of them."""
        tile_px, overlap_px = self._config.tile_px, self._config.overlap_px
        height, width = size
        ways = [np.hypot((a.x - b.x) * width, (a.y - b.y) * height) for a, b in combinations(regions, 2)]
        half = int(min(ways, default=2 * tile_px) / 2 // STRIDE) * STRIDE
        if half >= tile_px:
            return tile_px, overlap_px
        tile_px = min(tile_px, max(MIN_TILE_PX, half))
        return tile_px, min(overlap_px, tile_px // 4)

    def _tiles(
        self, rgb: Float[Tensor, "3 h w"], grid: Sequence[Tile], codes: Sequence[Tensor | None]
    ) -> Iterator[Float[Tensor, "3 th tw"]]:
        """The tiles restored, ``tile_batch`` at a time."""
        grey, batch = is_grey(rgb), self._config.tile_batch
        for first in range(0, len(grid), batch):
            windows = torch.stack([tile.crop(rgb) for tile in grid[first : first + batch]])
            pooled = [code for code in codes[first : first + batch] if code is not None]
            tokens = self._mapnet.project(torch.stack(pooled)) if pooled else None
            for before, after in zip(windows, self._untiled(windows, tokens), strict=True):
                kept = keep_tone(before, after)
                yield kept.mean(0, keepdim=True).expand(3, -1, -1) if grey else kept

    def _untiled(self, rgb: Float[Tensor, "b 3 h w"], tokens: Tensor | None) -> Float[Tensor, "b 3 h w"]:
        """One call, padded by reflection to multiples of what the network asks for, on its device.

        Raises: JobError when the network gives what is no number.
        """
        height, width = rgb.shape[-2:]
        stride, device = self._scene.stride, self._config.device
        padded = torch.stack([reflected(one, -height % stride, -width % stride) for one in rgb]).to(device)
        told = None if tokens is None else tokens.to(device)
        restored = self._scene(padded, told)[..., :height, :width].clamp(0, 1).to(rgb.device)
        if not restored.isfinite().all():
            raise JobError(f"{self.name} gave values that are no numbers; check its weights with `f2s weights verify`")
        return restored


def _restored_window(window: Float[Tensor, "3 n n"], face: RestoredFace, tile: Tile) -> Float[Tensor, "3 n n"]:
    """The restored face laid back into a window of its picture."""
    shift = np.array([[1, 0, -tile.x0], [0, 1, -tile.y0], [0, 0, 1.0]])
    matrix = (np.vstack([face.matrix, [0, 0, 1.0]]) @ np.linalg.inv(shift))[:2]
    return paste_back(window, face.after - face.before, matrix, torch.ones_like(face.before[:1]))


def _change(before: Sequence[Tensor], after: Sequence[Tensor]) -> float:
    """Root mean square of what a restorer did to windows of one size."""
    return float((torch.stack(list(after)) - torch.stack(list(before))).square().mean().sqrt())
