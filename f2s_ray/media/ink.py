"""CMYK and its way through RGB: an unchanged RGB gives the same ink."""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["ink_from_rgb", "rgb_from_ink"]


def rgb_from_ink(ink: Float[Tensor, "4 h w"]) -> Float[Tensor, "3 h w"]:
    """``(1 - c)(1 - k)`` and so on: the plain conversion, without a profile.

    >>> rgb_from_ink(torch.tensor([0.0, 0.5, 1.0, 0.0]).view(4, 1, 1)).flatten()
    tensor([1.0000, 0.5000, 0.0000])
    """
    return (1 - ink[:3]) * (1 - ink[3:])


def ink_from_rgb(rgb: Float[Tensor, "3 h w"], stored: Float[Tensor, "4 h w"]) -> Float[Tensor, "4 h w"]:
    """The ink that shows ``rgb`` with as little change to the stored separation as can be.

    Black stays as printed and gives way only where the new colour is brighter than black ink allows; the coloured inks
    follow. Where the colour did not change by half an 8-bit step the stored ink is returned as it is.
    """
    black = torch.minimum(stored[3:], 1 - rgb.amax(0, keepdim=True))
    paper = 1 - black
    colours = torch.where(paper > 0, 1 - rgb / paper.clamp(min=1e-6), stored[:3])
    changed = ((rgb - rgb_from_ink(stored)).abs() > 0.5 / 255).any(0, keepdim=True)
    return torch.where(changed, torch.cat([colours, black]).clamp(0, 1), stored)
