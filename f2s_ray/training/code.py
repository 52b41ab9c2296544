"""Training of FaDeX: signatures that follow the operator and not the face, and values that are true."""

import copy
from typing import cast

import torch
from torch import Tensor, nn

from f2s_ray.models import networks
from f2s_ray.models.fadex import VALUES, Fadex, supcon_loss
from f2s_ray.training.batches import Draw, PairBatch, pair_batch
from f2s_ray.training.pictures import Pictures
from f2s_ray.training.recipe import CodeRecipe
from f2s_ray.training.task import CHECK_COUNT, CHECK_SEED, Data, Task

__all__ = ["CodeTask", "with_restored"]

SEED = 1_000_000  # seeds of the steps of different trainings do not meet
RECENTRE_SEED, RECENTRE_BATCHES = 3_000_000, 40
ALL_RESTORED = 0.3  # of the chosen pairs have the restorer's work as it is
GROUPS_A_STEP = 1000


def with_restored(restorer: nn.Module, damaged: Tensor, clean: Tensor, share: float, draw: Draw) -> Tensor:
    """The restored half of pairs: the truth, or for a share of them something between it and what the face restorer makes.

    So FaDeX meets restorers from the one at hand to a perfect one, and need not be trained again for a better one.
    """
    chosen = (torch.rand(len(damaged), generator=draw.generator) < share).to(damaged.device)
    way = (torch.rand(len(damaged), generator=draw.generator) - ALL_RESTORED).clamp(min=0) / (1 - ALL_RESTORED)
    if not chosen.any():
        return clean
    with torch.no_grad():
        nothing = damaged.new_zeros(int(chosen.sum()), 0, 3, 128, 128)
        made = restorer(damaged[chosen], nothing, damaged.new_zeros(len(nothing), 0)).float().clamp(0, 1)
    result = clean.clone()
    result[chosen] = torch.lerp(made, clean[chosen], way.to(made)[chosen][:, None, None, None])
    return result


class CodeTask(Task):
    """FaDeX, its momentum copy and the queue of keys."""

    keys: Tensor
    key_groups: Tensor

    def __init__(self, recipe: CodeRecipe, data: Data) -> None:
        super().__init__()
        self._recipe, self._data = recipe, data
        self.network = Fadex(recipe.network)
        if data.start is not None:
            networks.fill(self.network, "fadex", data.start)
        self.slow = copy.deepcopy(self.network).requires_grad_(False)
        self.register_buffer("keys", torch.zeros(recipe.queue, recipe.network.signature))
        self.register_buffer("key_groups", torch.full((recipe.queue,), -1, dtype=torch.int64))

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        """SupCon against the momentum keys of this batch and of the queue, and the error of the values."""
        recipe = self._recipe
        share = recipe.restored if step >= recipe.restored_begin * recipe.steps else 0.0
        batch, restored = self._pairs(self._data.learn, SEED + step, share)
        _, signatures, values = self.network(restored, batch.damaged)
        keys, groups = self._keys(restored, batch.damaged), batch.groups + GROUPS_A_STEP * step
        filled = self.key_groups >= 0
        all_keys = torch.cat([keys, self.keys[filled]])
        all_groups = torch.cat([groups, self.key_groups[filled]])
        contrast = supcon_loss(signatures.float(), groups, all_keys, all_groups)
        self.keys.copy_(torch.cat([keys, self.keys])[: recipe.queue])
        self.key_groups.copy_(torch.cat([groups, self.key_groups])[: recipe.queue])
        told = (values.float() - batch.values).abs().mean(0)
        return contrast + recipe.values * told.mean(), {
            "contrast": float(contrast.detach()),
            **_figures(signatures.detach().float(), batch.groups, told.detach()),
        }

    def check(self) -> tuple[dict[str, float], Tensor | None]:
        """Cosines and errors on held-out faces whose other half is restored."""
        batch, restored = self._pairs(self._data.held, CHECK_SEED, 1.0, CHECK_COUNT * self._recipe.faces)
        _, signatures, values = self.network(restored, batch.damaged)
        told = (values.float() - batch.values).abs().mean(0)
        figures = _figures(signatures.float(), batch.groups, told)
        return {f"held_out_{name}": value for name, value in figures.items()}, None

    def save(self) -> None:
        """``fadex.safetensors``; the running means are taken again first, since the weights are averaged ones."""
        self.network.train()
        with torch.no_grad():
            for seed in range(RECENTRE_BATCHES):
                batch, restored = self._pairs(self._data.learn, RECENTRE_SEED + seed, self._recipe.restored)
                self.network(restored, batch.damaged)
        self.network.eval()
        networks.save("fadex", self._recipe.network, self.network, self._data.out / "fadex.safetensors")

    def _keys(self, restored: Tensor, damaged: Tensor) -> Tensor:
        """Signatures of the momentum copy, which follows first."""
        with torch.no_grad():
            for slow, quick in zip(self.slow.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(quick, 1 - self._recipe.momentum)
            _, signatures, _ = self.slow(restored, damaged)
            return cast(Tensor, signatures.float())

    def _pairs(self, pictures: Pictures, seed: int, share: float, count: int | None = None) -> tuple[PairBatch, Tensor]:
        """Pairs and their other halves."""
        draw, faces = Draw(seed, self._data.device), self._recipe.faces
        batch = pair_batch(pictures, (count or self._recipe.batch) // faces, faces, draw)
        if not share:
            return batch, batch.clean
        restorer = networks.load("reference_restorer", self._data.out).to(self._data.device)
        return batch, with_restored(restorer, batch.damaged, batch.clean, share, draw)


def _figures(signatures: Tensor, groups: Tensor, told: Tensor) -> dict[str, float]:
    """Mean cosine within and between operators, and the errors of the values in their own units."""
    cosine = signatures @ signatures.T
    same = groups[:, None] == groups[None, :]
    own = torch.eye(len(same), dtype=torch.bool, device=same.device)
    errors = {name: float(error) * scale for error, (name, scale) in zip(told, VALUES, strict=True)}
    return {"same": float(cosine[same & ~own].mean()), "other": float(cosine[~same].mean()), **errors}
