"""Losses on features of a frozen VGG: how far results look from the truth, and whether a critic can tell them apart.

Source: the perceptual part as in Face2Scene (CVPR 2026) with VGG(HED) in place of LPIPS; the critic as its discriminator, trained heads on
several levels of a frozen backbone, with VGG(HED) in place of DINO.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from f2s_ray.models.vgg import VggDistance
from f2s_ray.training.losses import detail_loss, gain
from f2s_ray.training.recipe import Looks

__all__ = ["Appearance", "restoration_loss"]

BLOCKS = 3
CROP_PX = 96
HEAD = 64


class Reversed(torch.autograd.Function):
    """Identity forwards; backwards the gradient is turned round, so one step trains both sides of a game."""

    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        """The same."""
        return x.view_as(x)

    @staticmethod
    def backward(_: object, *gradients: Tensor) -> Tensor:
        """The opposite."""
        return -gradients[0]


class Appearance(nn.Module):
    """The losses, and the critic's heads (trained with the network, not part of it)."""

    def __init__(self, looks: Looks) -> None:
        super().__init__()
        self._looks = looks
        wanted = looks.perceptual or looks.adversarial
        self._vgg = [VggDistance(BLOCKS)] if wanted else []  # in a list: not to be trained or saved
        widths = (64, 128, 256) if looks.adversarial else ()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, HEAD, 3, stride=2), nn.LeakyReLU(0.2), nn.Conv2d(HEAD, 1, 1))
            for width in widths
        )

    def counts(self, done: float) -> bool:
        """Whether there is anything to add after this share of the steps."""
        return bool(self._vgg) and done >= self._looks.begin

    def forward(self, result: Tensor, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Weighted loss of a random crop, and its parts."""
        top, left = (int(torch.randint(max(1, s - CROP_PX + 1), (), generator=generator)) for s in result.shape[-2:])
        cut = (..., slice(top, top + CROP_PX), slice(left, left + CROP_PX))
        vgg = self._vgg[0].to(result.device)
        made = vgg.features(result[cut])
        with torch.no_grad():
            true = vgg.features(clean[cut])
        apart = torch.stack([(a - b).float().square().sum(1).mean() for a, b in zip(made, true, strict=True)]).mean()
        value, figures = self._looks.perceptual * apart, {"vgg": float(apart.detach())}
        if self.heads:
            doubt = self._doubt(made, true)
            value = value + self._looks.adversarial * doubt
            figures["critic"] = float(doubt.detach())
        return value, figures

    def _doubt(self, made: list[Tensor], true: list[Tensor]) -> Tensor:
        """The critic's error (ln 2 when it cannot tell); the result's gradient is reversed."""
        errors = []
        for head, fake, real in zip(self.heads, made, true, strict=True):
            scale = fake.shape[1] ** 0.5  # unit features to about unit values
            errors += [F.softplus(head(scale * Reversed.apply(fake)).float()).mean()]
            errors += [F.softplus(-head(scale * real).float()).mean()]
        return torch.stack(errors).mean()


def restoration_loss(
    result: Tensor, damaged: Tensor, clean: Tensor, appearance: Appearance | None, generator: torch.Generator
) -> tuple[Tensor, dict[str, float]]:
    """Pixels, and looks where an appearance is given; with figures to show."""
    value = detail_loss(result, clean)
    figures = {"loss": float(value.detach()), "gain": gain(result, damaged, clean)}
    if appearance is None:
        return value, figures
    more, parts = appearance(result, clean, generator)
    return value + more, figures | parts
