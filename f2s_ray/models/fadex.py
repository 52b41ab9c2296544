"""FaDeX: the pair (restored face, degraded face) to a map and a signature of the damage.

Source: Face2Scene (CVPR 2026), section on the face-derived degradation extractor; compact sizes. No norm layers in front: they would
erase the energy that is to be measured.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

__all__ = ["VALUES", "Fadex", "FadexConfig", "FadexOutput", "supcon_loss", "values_from"]

# What the regression head tells, each scaled to about 0..1: name, scale
VALUES = (("blur_sigma_px", 3.0), ("noise_sigma", 0.1), ("jpeg_quality", 100.0), ("downscale", 3.5))

FadexOutput = tuple[Tensor, Tensor, Tensor]


class FadexConfig(BaseModel):
    """Widths of the stem and the four stages; length of the signature."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    widths: tuple[int, int, int, int] = (32, 64, 96, 128)
    signature: int = 128


class Residual(nn.Module):
    """Two 3x3 convolutions around a leaky ReLU, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out."""
        return x + 0.5 * self.second(F.leaky_relu(self.first(x), 0.1))


class Fadex(nn.Module):
    """Four stages of stride 2, then a pooled head for the signature and one for interpretable values."""

    def __init__(self, config: FadexConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 6
        for width in config.widths:
            layers += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.LeakyReLU(0.1), Residual(width)]
            before = width
        self.stages = nn.Sequential(*layers)
        for layer in self.stages.modules():
            if isinstance(layer, nn.Conv2d):  # without norm layers the default init would let the signal fade
                nn.init.kaiming_normal_(layer.weight, a=0.1)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        # Pooled energies are all positive and far from zero; centred over the batch, directions can tell operators apart.
        self.centre = nn.BatchNorm1d(before)
        self.head = nn.Sequential(nn.Linear(before, before), nn.LeakyReLU(0.1), nn.Linear(before, config.signature))
        self.values = nn.Sequential(nn.Linear(before, before), nn.LeakyReLU(0.1), nn.Linear(before, len(VALUES)))

    def forward(self, restored: Float[Tensor, "f 3 p p"], degraded: Float[Tensor, "f 3 p p"]) -> FadexOutput:
        """Map [f, c, p/16, p/16], signature [f, 128] of unit length, values [f, 4] on the scales of ``VALUES``.

        The pair goes in as the restored face and its residual, scaled to about unit size: the damage is a few hundredths.
        """
        features = self.stages(torch.cat([4 * (restored - 0.5), 16 * (degraded - restored)], 1))
        pooled = self.centre(features.mean((2, 3)))
        return features, F.normalize(self.head(pooled), dim=1), self.values(pooled)


def values_from(output: Float[Tensor, " 4"]) -> dict[str, float]:
    """Head output of one face to named values in their own units, clipped to what is possible."""
    raw = {name: float(value) * scale for (name, scale), value in zip(VALUES, output, strict=True)}
    return {
        "blur_sigma_px": max(0.0, raw["blur_sigma_px"]),
        "noise_sigma": max(0.0, raw["noise_sigma"]),
        "jpeg_quality": min(100.0, max(1.0, raw["jpeg_quality"])),
        "downscale": max(1.0, 1.0 + raw["downscale"]),
    }


def supcon_loss(signatures: Float[Tensor, "n d"], groups: Tensor, temperature: float = 0.1) -> Tensor:
    """Pull signatures of one operator together, push others apart; every group must have two members.

    Source: Khosla et al. 2020, eq. 2 (positives outside the logarithm), within the batch.
    """
    logits = signatures @ signatures.T / temperature
    own = torch.eye(len(groups), dtype=torch.bool, device=signatures.device)
    logits = logits.masked_fill(own, -1e4)
    positive = ((groups[:, None] == groups[None, :]) & ~own).to(logits.dtype)
    log_share = logits - torch.logsumexp(logits, 1, keepdim=True)
    return -((log_share * positive).sum(1) / positive.sum(1)).mean()
