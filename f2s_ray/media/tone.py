"""Tones: the low frequencies of a picture, kept while the rest is restored.

Source: the colour fix of one-step restorers (StableSR, S3Diff): low frequencies of the input, high ones of the output, parted by the
a-trous transform with the cubic B-spline (Starck and Murtagh 2006).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["is_grey", "keep_tone", "low_pass"]

LEVELS = 5
SPLINE = (1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16)


def low_pass(picture: Float[Tensor, "c h w"]) -> Float[Tensor, "c h w"]:
    """What five levels of the transform leave: a blur of 18 px that reaches 62 px; edges are continued.

    >>> low_pass(torch.full((1, 3, 70), 0.25)).unique().tolist()
    [0.25]
    """
    for level in range(LEVELS):
        picture = _smooth(_smooth(picture, 2**level).transpose(1, 2), 2**level).transpose(1, 2)
    return picture


def keep_tone(before: Float[Tensor, "c h w"], after: Float[Tensor, "c h w"]) -> Float[Tensor, "c h w"]:
    """``after`` with the low frequencies of ``before``, in 0..1.

    A network that sees one tile at a time may shift the tone of each a little; this takes the shift back, and leaves all that happens
    within a few pixels (noise, blur, blocks).
    """
    return (after - low_pass(after - before)).clamp(0, 1)


def is_grey(rgb: Float[Tensor, "3 h w"]) -> bool:
    """Its channels are equal, to the last bit.

    >>> is_grey(torch.full((3, 2, 2), 0.3)), is_grey(torch.tensor([0.3, 0.3, 0.4])[:, None, None])
    (True, False)
    """
    return torch.equal(rgb[0], rgb[1]) and torch.equal(rgb[0], rgb[2])


def _smooth(x: Float[Tensor, "c h w"], step: int) -> Float[Tensor, "c h w"]:
    """The spline along the last axis, its taps ``step`` apart."""
    width = x.shape[-1]
    wide = F.pad(x, (2 * step, 2 * step), mode="replicate")
    total = SPLINE[0] * wide[..., :width]
    for tap, weight in enumerate(SPLINE[1:], start=1):
        total = total.add(wide[..., tap * step : tap * step + width], alpha=weight)
    return total
