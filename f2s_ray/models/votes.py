"""What several faces say about the damage, to one code, and to one for each region where they disagree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from torch import Tensor

from f2s_ray.models.fadex import values_from

__all__ = ["SAME_DAMAGE", "Code", "LocalCode", "Readings", "Region", "code_at", "mean_reading", "vote"]

SAME_DAMAGE = 0.5  # same damage reads as a cosine of 0.8 or more, another as 0 +- 0.2
OTHER_DAMAGE = 0.3
REGION_SHARE = 0.3  # of the whole vote; a smaller group is a misreading rather than a part of the picture


@dataclass(frozen=True)
class Readings:
    """What FaDeX and MapNet read from f faces; ``places`` are x y as fractions of the upright picture."""

    pooled: Float[Tensor, "f 21 k"]
    signatures: Float[Tensor, "f d"]
    values: Float[Tensor, "f 4"]
    weights: Float[Tensor, " f"]
    places: Float[Tensor, "f 2"]


@dataclass(frozen=True)
class LocalCode:
    """A code and where it was read: x y as fractions of the upright picture."""

    x: float
    y: float
    pooled: Float[Tensor, "21 k"]


@dataclass(frozen=True)
class Region:
    """What the faces of one part of the picture say; ``voters`` as in ``Code``."""

    local: LocalCode
    signature: Float[Tensor, " d"]
    values: dict[str, float]
    voters: tuple[int, ...]


@dataclass(frozen=True)
class Code:
    """What the faces say: pooled map [21, k], signature [128], named values, lowest cosine between voters, who voted.

    ``regions`` is empty while the faces agree; else the code is the mean over all regions.
    """

    pooled: Float[Tensor, "21 k"]
    signature: Float[Tensor, " d"]
    values: dict[str, float]
    agreement: float
    voters: tuple[int, ...]
    regions: tuple[Region, ...] = ()


def vote(readings: Readings) -> Code:
    """Let the faces vote; at least one is needed, and their order does not matter.

    Faces that agree (no cosine below 0.3) give one code, without those whose cosine to the weighted mean is below 0.5. Groups that
    disagree give a region each, as long as a group holds 30 % of the vote.
    """
    groups = [group for group in _groups(readings.signatures) if _share(readings, group) >= REGION_SHARE]
    if len(groups) < 2:
        return _mean(readings, _agreeing(readings))
    regions = [_region(readings, group) for group in groups]
    regions.sort(key=lambda region: (region.local.x, region.local.y))
    return replace(_mean(readings, sorted(chain.from_iterable(groups))), regions=tuple(regions))


def mean_reading(readings: Readings, voters: Sequence[int]) -> Readings:
    """The weighted mean of some readings as one, which weighs as much as they do together."""
    chosen = list(voters)
    weight = readings.weights[chosen].sum()
    share = (readings.weights[chosen] / weight)[:, None]
    return Readings(
        pooled=(readings.pooled[chosen] * share[..., None]).sum(0, keepdim=True),
        signatures=F.normalize((readings.signatures[chosen] * share).sum(0, keepdim=True), dim=1),
        values=(readings.values[chosen] * share).sum(0, keepdim=True),
        weights=weight[None],
        places=(readings.places[chosen] * share).sum(0, keepdim=True),
    )


def code_at(local: Sequence[LocalCode], x_px: float, y_px: float, size: tuple[int, int]) -> Float[Tensor, "21 k"]:
    """Codes blended at a place of a picture of ``size`` (height, width): each counts by the inverse square of its distance.

    >>> dark, light = LocalCode(0.25, 0.5, torch.zeros(21, 1)), LocalCode(0.75, 0.5, torch.ones(21, 1))
    >>> round(float(code_at([dark, light], 50, 20, (40, 100)).mean()), 3)
    0.5
    """
    height, width = size
    near = [1 / (1 + (one.x * width - x_px) ** 2 + (one.y * height - y_px) ** 2) for one in local]
    weights = torch.tensor(near) / sum(near)
    return (torch.stack([one.pooled for one in local]) * weights[:, None, None]).sum(0)


def _groups(signatures: Float[Tensor, "f d"]) -> list[list[int]]:
    """Faces parted so that inside a group no cosine is below 0.3 (complete linkage)."""
    if len(signatures) == 1:
        return [[0]]
    distances = (1 - signatures.double() @ signatures.double().T).clamp(min=0).fill_diagonal_(0)
    tree = linkage(squareform(distances.numpy(), checks=False), "complete")
    labels = fcluster(tree, 1 - OTHER_DAMAGE, "distance")
    return [[i for i, label in enumerate(labels) if label == group] for group in sorted(set(labels))]


def _share(readings: Readings, faces: list[int]) -> float:
    return float(readings.weights[faces].sum() / readings.weights.sum())


def _agreeing(readings: Readings) -> list[int]:
    """Faces that stay with the weighted mean direction; the heaviest alone where nobody does."""
    mean = F.normalize((readings.signatures * readings.weights[:, None]).sum(0), dim=0)
    voters = [i for i, cosine in enumerate((readings.signatures @ mean).tolist()) if cosine >= SAME_DAMAGE]
    return voters or [int(readings.weights.argmax())]


def _mean(readings: Readings, voters: list[int]) -> Code:
    mean = mean_reading(readings, voters)
    signatures = readings.signatures[voters]
    return Code(
        pooled=mean.pooled[0],
        signature=mean.signatures[0],
        values=values_from(mean.values[0]),
        agreement=float((signatures @ signatures.T).min()),
        voters=tuple(voters),
    )


def _region(readings: Readings, faces: list[int]) -> Region:
    code = _mean(readings, faces)
    x, y = mean_reading(readings, faces).places[0].tolist()
    return Region(LocalCode(x, y, code.pooled), code.signature, code.values, code.voters)
