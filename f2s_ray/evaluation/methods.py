"""A sample to its restored versions by name; each method is a few lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.evaluation.cases import Case, Sample, other_strength, sample
from f2s_ray.evaluation.classical import filtered
from f2s_ray.evaluation.peer import Peer
from f2s_ray.evaluation.product import Pasted, Product, Seen, true_pair
from f2s_ray.models import networks
from f2s_ray.models.scene_restorer import SceneRestorer
from f2s_ray.models.votes import Code

__all__ = [
    "BLIND",
    "FILTER",
    "INPUT",
    "NULL",
    "OTHER",
    "OURS",
    "PEER",
    "SCENE",
    "SWAPPED",
    "TRUE",
    "Methods",
    "Results",
]

INPUT = "input"
FILTER = "filter"
PEER = "real-esrgan"
BLIND = "blind"
NULL = "null"
SWAPPED = "swapped"
OTHER = "other person"
TRUE = "true face"
SCENE = "ours, scene alone"
OURS = "ours"
Picture = Float[Tensor, "3 h w"]


@dataclass(frozen=True)
class Results:
    """Pictures by method, the faces that the product saw, what its gate said of them, and whether a face gave the code."""

    pictures: Mapping[str, Picture]
    seen: list[Seen]
    pasted: list[Pasted]
    told: bool


class Methods:
    """Everything that is compared. Methods that need what is not there are left out of the results."""

    def __init__(self, product: Product, peer: Peer | None, blind: Path | None) -> None:
        self._product, self._peer = product, peer
        self._blind = cast(SceneRestorer, networks.load("scene_restorer", blind)) if blind else None

    def __call__(self, this: Sample, partner: Case | None) -> Results:
        """All versions. ``partner`` shows another person; an undamaged sample has no other code."""
        damaged = this.damaged
        pictures = {INPUT: damaged, FILTER: filtered(damaged), NULL: self._scene(damaged, None)}
        if self._peer and this.strength != "none":
            pictures[PEER] = self._peer(damaged)
        if self._blind:
            pictures[BLIND] = self._untold(self._blind, damaged)
        if this.strength != "none":
            pictures |= self._with_codes(this, partner)
        seen = self._product.look(this)
        code = self._product.code(damaged, seen)
        pictures[SCENE] = self._scene(damaged, code)
        pictures[OURS], pasted = self._product.paste(damaged, pictures[SCENE], seen)
        return Results(pictures, seen, pasted, told=code is not None)

    def _with_codes(self, this: Sample, partner: Case | None) -> dict[str, Picture]:
        """The scene alone, told the truth about itself, about another damage, or by another person with the same damage."""
        tellers = {TRUE: this, SWAPPED: sample(this.case, other_strength(this.strength))}
        if partner is not None:
            tellers[OTHER] = sample(partner, this.strength, this.operator)
        pictures = {}
        for name, teller in tellers.items():
            pair = true_pair(teller)
            code = self._product.model.read_code([pair] if pair else [])
            if code is not None:
                pictures[name] = self._scene(this.damaged, code)
        return pictures

    def _scene(self, damaged: Picture, code: Code | None) -> Picture:
        if code is None:
            return self._product.model.restore_scene(damaged, None)
        return self._product.model.restore_scene(damaged, code.pooled, [region.local for region in code.regions])

    @torch.inference_mode()
    def _untold(self, network: SceneRestorer, damaged: Picture) -> Picture:
        """Windows have sides that are multiples of 16, so nothing is padded."""
        return network(damaged[None], None)[0].clamp(0, 1)
