"""Degraded face and pictures of the same person to restored face."""

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from f2s_ray.models.restorer import OneStepRestorer, TrunkConfig

__all__ = ["REFERENCE_PX", "ReferenceConfig", "ReferenceRestorer"]

REFERENCE_PX = 128
GRID = REFERENCE_PX // 16
GROUPS = 8
MOST = 2.0  # the natural logarithm of how much more than another of equal doubt a reference can count


class ReferenceConfig(BaseModel):
    """The trunk, the widths of the reference encoder, and of the hint."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    trunk: TrunkConfig = TrunkConfig()
    encoder_widths: tuple[int, int, int] = (32, 64, 128)
    hint_width: int = 48


class ReferenceEncoder(nn.Module):
    """An aligned reference [3, 128, 128] to 64 tokens that know their place."""

    def __init__(self, config: ReferenceConfig) -> None:
        super().__init__()
        widths = (3, *config.encoder_widths, config.trunk.token_width)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.SiLU()]
        layers.append(nn.Conv2d(widths[-1], widths[-1], 3, padding=1))
        self.convs = nn.Sequential(*layers)
        self.place = nn.Parameter(0.02 * torch.randn(1, widths[-1], GRID, GRID))
        self.norm = nn.LayerNorm(widths[-1])

    def forward(self, reference: Float[Tensor, "n 3 128 128"]) -> Float[Tensor, "n 64 d"]:
        """Tokens, row by row."""
        features = self.convs(reference - 0.5) + self.place
        return self.norm(features.flatten(2).transpose(1, 2))


class AlignedHint(nn.Module):
    """References lie on the face's own template, so each place of the decoder looks at the same place of every reference.

    Cross-attention finds detail that has moved, but is slow to learn; this is the short way for what has not. What is compared with a
    reference is the face as far as it is restored already, half a picture's size: near the end of the way, where there are few layers
    to learn through, and after the UNet, which saw the whole face. No reference can be shut out by its share, which is bounded: left
    free, it went to nothing in the first steps of training and stayed there.
    """

    def __init__(self, config: ReferenceConfig) -> None:
        super().__init__()
        width = config.hint_width
        self.compare = nn.Sequential(
            *_layers(config.trunk.codec_width + 12, width), *_layers(width, width), *_layers(width, width)
        )
        self.share = nn.Conv2d(width, 1, 1)
        self.out = nn.Conv2d(width, config.trunk.codec_width, 1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(
        self,
        features: Float[Tensor, "b c s/2 s/2"],
        references: Float[Tensor, "b k 3 128 128"],
        reference_mask: Float[Tensor, "b k"],
    ) -> Float[Tensor, "b c s/2 s/2"]:
        """What the references add to the decoder's features; zero before training, and where no reference counts."""
        count, side = references.shape[1], 2 * features.shape[-1]
        small = F.interpolate(references.flatten(0, 1), size=side, mode="bilinear", antialias=side < REFERENCE_PX)
        shown = F.pixel_unshuffle(4 * (small - 0.5), 2)
        found = self.compare(torch.cat([features.repeat_interleave(count, 0), shown], 1))
        weight = (MOST * torch.tanh(self.share(found))).exp().unflatten(0, (-1, count))
        weight = weight * reference_mask[..., None, None, None]
        total = weight.sum(1).clamp(min=1e-6)
        hint: Tensor = self.out((weight * found.unflatten(0, (-1, count))).sum(1) / total)
        return hint


def _layers(before: int, after: int) -> list[nn.Module]:
    """One convolution, normed: without it the signal fades, and what references show was never learned."""
    return [nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(GROUPS, after), nn.SiLU()]


class ReferenceRestorer(nn.Module):
    """The trunk, looking at reference tokens and at one token that stands for "no reference", with the references' hint."""

    def __init__(self, config: ReferenceConfig) -> None:
        super().__init__()
        self.encoder = ReferenceEncoder(config)
        self.hint = AlignedHint(config)
        self.trunk = OneStepRestorer(config.trunk)
        self.alone = nn.Parameter(0.02 * torch.randn(1, 1, config.trunk.token_width))

    def forward(
        self,
        face: Float[Tensor, "b 3 s s"],
        references: Float[Tensor, "b k 3 128 128"],
        reference_mask: Float[Tensor, "b k"],
    ) -> Float[Tensor, "b 3 s s"]:
        """Restored faces, not clamped.

        Args:
            face: aligned faces, side a multiple of 16.
            references: aligned references of the same person, in any order; k may be 0.
            reference_mask: 1 where a reference counts. Without any, the face is restored alone.
        """
        count = references.shape[1]
        tokens = self.alone.expand(face.shape[0], 1, -1)
        mask = torch.ones(face.shape[0], 1, device=face.device)
        if count:
            encoded = self.encoder(references.flatten(0, 1)).unflatten(0, (-1, count)).flatten(1, 2)
            tokens = torch.cat([tokens, encoded], 1)
            mask = torch.cat([mask, reference_mask.repeat_interleave(GRID * GRID, 1)], 1)
        hint = partial(self.hint, references=references, reference_mask=reference_mask) if count else None
        return self.trunk(face, tokens, mask, hint)
