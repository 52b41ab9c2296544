"""A picture to what can be measured without a reference: noise, sharpness, the 8x8 grid of JPEG."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["Measures", "measure"]

LONG_SIDE_PX = 1536
# The second difference across and down: blind to flat areas and to straight ramps.
LAPLACIAN = torch.tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
LAPLACIAN_GAIN = 6.0  # root of the sum of its squares: the factor by which it amplifies white noise
MEDIAN_OF_NORMAL = 0.6745  # median of |x| for a standard normal
FLAT_SHARE = 0.25


@dataclass(frozen=True)
class Measures:
    """Noise standard deviation of the grey picture on a 0..1 scale; sharpness and blockiness 0..1."""

    noise: float
    sharpness: float
    blockiness: float


def measure(rgb: Float[Tensor, "3 h w"]) -> Measures:
    """Measure the middle of a picture, at most 1536 px a side, at its own scale. A picture below 32 px a side measures as all zero."""
    height, width = rgb.shape[-2:]
    if min(height, width) < 32:
        return Measures(0.0, 0.0, 0.0)
    top, left = max(0, height - LONG_SIDE_PX) // 16 * 8, max(0, width - LONG_SIDE_PX) // 16 * 8
    grey = rgb[:, top : top + LONG_SIDE_PX, left : left + LONG_SIDE_PX].mean(0)
    noise = _noise(grey)
    return Measures(noise, _sharpness(grey, noise), _blockiness(grey))


def _noise(grey: Float[Tensor, "h w"]) -> float:
    """Median absolute response of the Laplacian in the calmest blocks. Source: after Immerkaer 1996, with a robust scale."""
    response = F.conv2d(grey[None, None], LAPLACIAN[None, None])[0, 0].abs() / LAPLACIAN_GAIN
    blocks = F.unfold(response[None, None], 16, stride=16)[0].T
    if blocks.shape[0] < 4:
        return float(response.median()) / MEDIAN_OF_NORMAL
    level = blocks.median(1).values.sort().values
    calm = level[: max(1, int(len(level) * FLAT_SHARE))]
    return float(calm.median()) / MEDIAN_OF_NORMAL


def _sharpness(grey: Float[Tensor, "h w"], noise: float) -> float:
    """How much of the strongest edges' contrast falls within one pixel: 1 for a step, towards 0 for blur; noise is taken off."""
    one = torch.maximum(grey.diff(dim=1)[:-1].abs(), grey.diff(dim=0)[:, :-1].abs())
    wide = F.max_pool2d(grey[None, None], 9, 1, 4) + F.max_pool2d(-grey[None, None], 9, 1, 4)
    contrast = wide[0, 0, :-1, :-1]
    strong = contrast > max(float(contrast.quantile(0.9)), 0.04 + 6 * noise)
    if not strong.any():
        return 0.0
    local = F.max_pool2d(one[None, None], 9, 1, 4)[0, 0]
    share = ((local - 2 * noise).clamp(min=0) / contrast)[strong]
    return float(share.mean().clamp(0, 1))


def _blockiness(grey: Float[Tensor, "h w"]) -> float:
    """Excess of the differences across 8x8 borders over those beside them; whatever the offset of the grid."""
    rows = [_grid_excess(grey.diff(dim=dim).abs().mean(1 - dim)) for dim in (0, 1)]
    return max(0.0, min(1.0, sum(rows) / 2))


def _grid_excess(profile: Float[Tensor, " n"]) -> float:
    usable = profile[: len(profile) // 8 * 8].reshape(-1, 8).median(0).values
    best = int(usable.argmax())
    rest = torch.cat([usable[:best], usable[best + 1 :]]).median()
    return float((usable[best] - rest) / (usable[best] + rest + 1e-4))
