"""FaDeX: the pair (restored face, degraded face) to a map and a signature of the damage.

Source: Face2Scene (CVPR 2026), section on the face-derived degradation extractor. Ours: what goes in is the spectrum of 8x8 blocks of both
halves and of their difference. Noise, blur and quantisation act on a spectrum band by band, so in logarithms they are sums; a network that
starts from pixels needs many more steps to find that out. How much of each band came through is measured over all blocks of the pair: signs
count there, which single magnitudes do not hold. No norm layers in front: they would erase the energy that is to be measured.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from f2s_ray.media.jpeg_round_trip import BLOCK

__all__ = ["VALUES", "Fadex", "FadexConfig", "FadexOutput", "supcon_loss", "values_from"]

FLOOR = 1 / 1024  # a quarter of an 8-bit step: what lies below is as good as nothing
PLANES = 5  # luma of restored, degraded and difference; both chromas of the difference
BANDS = BLOCK * BLOCK
TRANSFERS = 3  # gain, coherence, rest
RINGS = 8  # bands of like frequency, 1 / 16 cycle a pixel wide; the mean of the picture is in none

# What the regression head tells, each scaled to about 0..1: name, scale
VALUES = (("blur_sigma_px", 3.0), ("noise_sigma", 0.1), ("jpeg_quality", 100.0), ("downscale", 3.5))

FadexOutput = tuple[Tensor, Tensor, Tensor]


class FadexConfig(BaseModel):
    """Channels of the map that are learned, and length of the signature."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    width: int = 128
    signature: int = 128

    @property
    def map_width(self) -> int:
        """Channels of the map."""
        return self.width + TRANSFERS * RINGS


class Spectrum(nn.Module):
    """Log magnitudes of the 8x8 DCT of every block, 64 channels a plane; then, alike for all blocks, the transfer of the 64 luma bands."""

    filters: Tensor
    opponents: Tensor
    rings: Tensor

    def __init__(self) -> None:
        super().__init__()
        place = torch.arange(BLOCK, dtype=torch.float32)
        waves = torch.cos(math.pi * (place[None] + 0.5) * place[:, None] / BLOCK) * math.sqrt(2 / BLOCK)
        waves[0] /= math.sqrt(2)
        filters = torch.einsum("uy,vx->uvyx", waves, waves).reshape(BANDS, 1, BLOCK, BLOCK)
        opponents = [[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]]  # BT.601 Y, Cb, Cr
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("opponents", torch.tensor(opponents)[..., None, None], persistent=False)
        ring = torch.hypot(place[:, None], place).flatten().long().clamp(max=RINGS)
        members = F.one_hot(ring, RINGS + 1)[:, 1:].float()
        self.register_buffer("rings", (members / members.sum(0)).T, persistent=False)

    def forward(
        self, restored: Float[Tensor, "f 3 p p"], degraded: Float[Tensor, "f 3 p p"]
    ) -> Float[Tensor, "f 512 p/8 p/8"]:
        """About unit size."""
        with torch.autocast(
            restored.device.type, enabled=False
        ):  # a difference of a few thousandths does not survive 16 bits
            before, after = (F.conv2d(x.float(), self.opponents) for x in (degraded, restored))
            planes = torch.cat([after[:, :1], before[:, :1], before - after], 1)
            blocks = F.conv2d(planes.flatten(0, 1)[:, None], self.filters, stride=BLOCK).unflatten(0, (-1, PLANES))
            magnitudes = (blocks.abs() + FLOOR).log() / 2 + 2
            transfer = _transfer(blocks[:, 0], blocks[:, 1]).expand(-1, -1, *blocks.shape[3:])
            return torch.cat([magnitudes.flatten(1, 2), transfer], 1)

    def ringed(self, spectrum: Float[Tensor, "f 512 h w"]) -> Float[Tensor, "f 24 h w"]:
        """The transfer by frequency alone, whatever the direction."""
        transfer = spectrum[:, PLANES * BANDS :].unflatten(1, (TRANSFERS, BANDS))
        return torch.einsum("kb,ftbhw->ftkhw", self.rings, transfer).flatten(1, 2)


def _transfer(restored: Float[Tensor, "f 64 h w"], degraded: Float[Tensor, "f 64 h w"]) -> Float[Tensor, "f 192 1 1"]:
    """What became of each band, over all blocks: its gain, the coherence of both halves, and log magnitude of what is not explained.

    Source: the H1 estimate of a system from its input and output, Bendat and Piersol, Random Data, chapter 6.
    """
    power, cross = restored.square().mean((2, 3), keepdim=True), (restored * degraded).mean((2, 3), keepdim=True)
    gain = (cross / (power + FLOOR**2)).clamp(-1, 2)
    coherence = cross / (power * degraded.square().mean((2, 3), keepdim=True) + FLOOR**4).sqrt()
    rest = (degraded - gain * restored).square().mean((2, 3), keepdim=True)
    return torch.cat([gain, coherence, (rest.sqrt() + FLOOR).log() / 2 + 2], 1)


class Residual(nn.Module):
    """A wide and a narrow convolution around a leaky ReLU, added to the input."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, kernel, padding=kernel // 2)
        self.second = nn.Conv2d(width, width, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out."""
        return x + 0.5 * self.second(F.leaky_relu(self.first(x), 0.1))


class Fadex(nn.Module):
    """Block spectra, a few convolutions over the map of blocks, then a pooled head for the signature and one for interpretable values.

    The transfer lies in the map as it was measured, too: how sharp a picture still is should not have to be learned.
    """

    def __init__(self, config: FadexConfig) -> None:
        super().__init__()
        width = config.width
        self.spectrum = Spectrum()
        self.stages = nn.Sequential(
            nn.Conv2d((PLANES + TRANSFERS) * BANDS, width, 1),
            nn.LeakyReLU(0.1),
            Residual(width, 1),
            nn.LeakyReLU(0.1),
            Residual(width, 3),
        )
        for layer in self.stages.modules():
            if isinstance(layer, nn.Conv2d):  # without norm layers the default init would let the signal fade
                nn.init.kaiming_normal_(layer.weight, a=0.1)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        # Energies are far from zero; centred, directions can tell operators apart. The map is centred by the same means.
        self.centre = nn.BatchNorm1d(config.map_width)
        self.head = nn.Sequential(
            nn.Linear(config.map_width, width), nn.LeakyReLU(0.1), nn.Linear(width, config.signature)
        )
        self.values = nn.Sequential(
            nn.Linear(config.map_width, width), nn.LeakyReLU(0.1), nn.Linear(width, len(VALUES))
        )

    def forward(self, restored: Float[Tensor, "f 3 p p"], degraded: Float[Tensor, "f 3 p p"]) -> FadexOutput:
        """Map [f, map_width, p/8, p/8], signature [f, 128] of length 1, values [f, 4] on the scales of ``VALUES``; p a multiple of 16."""
        features = self.uncentred(restored, degraded)
        pooled = self.centre(features.mean((2, 3)))
        centre = self.centre
        features = F.batch_norm(features, centre.running_mean, centre.running_var, centre.weight, centre.bias)
        return features, F.normalize(self.head(pooled), dim=1), self.values(pooled)

    def uncentred(
        self, restored: Float[Tensor, "f 3 p p"], degraded: Float[Tensor, "f 3 p p"]
    ) -> Float[Tensor, "f c p/8 p/8"]:
        """The map before its means are taken off: what is learned, then what was measured."""
        spectrum = self.spectrum(restored, degraded)
        return torch.cat([self.stages(spectrum), self.spectrum.ringed(spectrum)], 1)


def values_from(output: Float[Tensor, " 4"]) -> dict[str, float]:
    """Head output of one face to named values in their own units, clipped to what is possible."""
    raw = {name: float(value) * scale for (name, scale), value in zip(VALUES, output, strict=True)}
    return {
        "blur_sigma_px": max(0.0, raw["blur_sigma_px"]),
        "noise_sigma": max(0.0, raw["noise_sigma"]),
        "jpeg_quality": min(100.0, max(1.0, raw["jpeg_quality"])),
        "downscale": max(1.0, 1.0 + raw["downscale"]),
    }


def supcon_loss(
    signatures: Float[Tensor, "n d"],
    groups: Float[Tensor, " n"],
    keys: Float[Tensor, "m d"],
    key_groups: Float[Tensor, " m"],
    temperature: float = 0.07,
) -> Tensor:
    """Pull signatures towards the keys of their operator, push them from all others.

    The first n keys belong to the same pairs as the signatures and do not count for their own; every group needs a second member.
    Source: Khosla et al. 2020, eq. 2 (positives outside the logarithm); keys of a momentum encoder and a queue as in He et al. 2020.
    """
    logits = signatures @ keys.T / temperature
    own = torch.eye(len(groups), len(key_groups), dtype=torch.bool, device=signatures.device)
    logits = logits.masked_fill(own, -1e4)
    positive = ((groups[:, None] == key_groups[None, :]) & ~own).to(logits.dtype)
    log_share = logits - torch.logsumexp(logits, 1, keepdim=True)
    return -((log_share * positive).sum(1) / positive.sum(1)).mean()
