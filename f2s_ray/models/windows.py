"""Windows of a picture as the networks want them: on a face, on JPEG's grid, continued to a full side."""

from itertools import product

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.jpeg_round_trip import BLOCK
from f2s_ray.media.tiles import Tile

__all__ = ["PAIR_PX", "continued", "drift_of", "face_windows", "reflected"]

PAIR_PX = 128
LARGE_FACE_PX = 256


def face_windows(
    centre: np.ndarray, native_px: float, length: int, size: tuple[int, int], grid: tuple[int, int] = (0, 0)
) -> list[Tile]:
    """Squares on a face, on JPEG's grid and inside the picture: one, or four where the face is larger than 256 px.

    ``grid`` is the row and column of the first whole block.
    """
    offset = (max(native_px / 2, 1.5 * length) - length) / 2 if native_px > LARGE_FACE_PX else 0.0
    offsets = (-offset, offset) if offset else (0.0,)
    height, width = size
    tiles = []
    for down, right in product(offsets, offsets):
        left, top = (
            _on_grid(np.clip(place - length / 2, 0, limit - length), limit - length, begin)
            for place, limit, begin in ((centre[0] + right, width, grid[1]), (centre[1] + down, height, grid[0]))
        )
        tiles.append(Tile(top, left, top + length, left + length))
    return tiles


def _on_grid(place: float, highest: int, begin: int) -> int:
    """The nearest border between blocks before a place, else the first one; 0 where the window leaves no room for one."""
    border = int(place - begin) // BLOCK * BLOCK + begin if place >= begin else begin
    return border if border <= highest else 0


def drift_of(before: Float[Tensor, "3 n n"], after: Float[Tensor, "3 n n"]) -> float:
    """How far the tones of two windows lie apart, 0..1."""
    return float(F.avg_pool2d((after - before)[None], 8, ceil_mode=True).abs().mean())


def continued(window: Float[Tensor, "3 n n"]) -> Float[Tensor, "3 128 128"]:
    """A small window repeated up to 128 px; as n is a multiple of 8, JPEG's grid goes on."""
    times = -(-PAIR_PX // window.shape[-1])
    return window.repeat(1, times, times)[:, :PAIR_PX, :PAIR_PX]


def reflected(x: Float[Tensor, "3 h w"], down: int, right: int) -> Tensor:
    """Continue downwards and to the right by reflection, again and again where the picture is smaller than the rim."""
    while down or right:
        step_down, step_right = min(down, x.shape[1] - 1), min(right, x.shape[2] - 1)
        if x.shape[1] == 1 or x.shape[2] == 1:
            return F.pad(x[None], (0, right, 0, down), mode="replicate")[0]
        x = F.pad(x[None], (0, step_right, 0, step_down), mode="reflect")[0]
        down, right = down - step_down, right - step_right
    return x
