"""A picture to where the 8x8 blocks of its JPEG begin: at its corner, unless it was cropped after it was stored."""

import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.jpeg_round_trip import BLOCK

__all__ = ["jpeg_grid"]

MOST_PX = 1024
FEWEST_BLOCKS = 8
# How many times further above the median phase the best one must lie, both ways, than any other lies from it
CLEAR = 2.0


def jpeg_grid(rgb: Float[Tensor, "3 h w"]) -> tuple[int, int]:
    """Row and column, each 0..7, of the first whole block; 0, 0 where it is not clear both ways. Looks at 1024 px a side at most."""
    height, width = rgb.shape[-2:]
    top, left = (max(0, side - MOST_PX) // (2 * BLOCK) * BLOCK for side in (height, width))
    grey = rgb[:, top : top + MOST_PX, left : left + MOST_PX].mean(0)
    (row, down), (column, across) = (_phase(grey.diff(dim=dim).abs().mean(1 - dim)) for dim in (0, 1))
    return (row, column) if min(down, across) > CLEAR else (0, 0)


def _phase(steps: Float[Tensor, " n"]) -> tuple[int, float]:
    """The step between two blocks is larger than those inside: where that is so, and how clearly."""
    blocks = len(steps) // BLOCK
    if blocks < FEWEST_BLOCKS:
        return 0, 0.0
    phases = steps[: blocks * BLOCK].reshape(blocks, BLOCK)
    # against the neighbours, so that texture that changes across the picture does not count
    excess = (phases - phases.median(1, keepdim=True).values).median(0).values
    best = int(excess.argmax())
    rest = torch.cat([excess[:best], excess[best + 1 :]])
    spread = float((rest - rest.median()).abs().max())
    return (best + 1) % BLOCK, float(excess[best] - rest.median()) / max(spread, 1e-9)
