"""Training of FaDeX: signatures that follow the operator and not the face, and values that are true."""

import copy
from typing import cast

import torch
from torch import Tensor

from f2s_ray.models import networks
from f2s_ray.models.fadex import VALUES, Fadex, supcon_loss
from f2s_ray.training.batches import Draw, PairBatch, Restoring, pair_batch
from f2s_ray.training.pictures import Pictures
from f2s_ray.training.recipe import CodeRecipe
from f2s_ray.training.task import CHECK_COUNT, CHECK_SEED, Data, Task

__all__ = ["CodeTask"]

SEED = 1_000_000  # seeds of the steps of different trainings do not meet
RECENTRE_SEED, RECENTRE_BATCHES = 3_000_000, 40
GROUPS_A_STEP = 1000


class CodeTask(Task[PairBatch]):
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

    def batch(self, step: int) -> PairBatch:
        """Pairs; from some step on a share of them shows the face restorer's work."""
        recipe = self._recipe
        share = recipe.restored if step >= recipe.restored_begin * recipe.steps else 0.0
        return self._pairs(self._data.learn, SEED + step, share)

    def loss(self, step: int, batch: PairBatch) -> tuple[Tensor, dict[str, float]]:
        """SupCon against the momentum keys of this batch and of the queue, and the error of the values."""
        recipe = self._recipe
        _, signatures, values = self.network(batch.other, batch.damaged)
        keys, groups = self._keys(batch.other, batch.damaged), batch.groups + GROUPS_A_STEP * step
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
        batch = self._pairs(self._data.held, CHECK_SEED, 1.0, CHECK_COUNT * self._recipe.faces)
        _, signatures, values = self.network(batch.other, batch.damaged)
        told = (values.float() - batch.values).abs().mean(0)
        figures = _figures(signatures.float(), batch.groups, told)
        return {f"held_out_{name}": value for name, value in figures.items()}, None

    def save(self) -> None:
        """``fadex.safetensors``; the running means are taken again first, since the weights are averaged ones."""
        self.network.train()
        with torch.no_grad():
            for seed in range(RECENTRE_BATCHES):
                batch = self._pairs(self._data.learn, RECENTRE_SEED + seed, self._recipe.restored)
                self.network(batch.other, batch.damaged)
        self.network.eval()
        networks.save("fadex", self._recipe.network, self.network, self._data.out / "fadex.safetensors")

    def _keys(self, restored: Tensor, damaged: Tensor) -> Tensor:
        """Signatures of the momentum copy, which follows first."""
        with torch.no_grad():
            for slow, quick in zip(self.slow.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(quick, 1 - self._recipe.momentum)
            _, signatures, _ = self.slow(restored, damaged)
            return cast(Tensor, signatures.float())

    def _pairs(self, pictures: Pictures, seed: int, share: float, count: int | None = None) -> PairBatch:
        """Pairs, a share of them with a restored half."""
        draw, faces = Draw(seed, self._data.device), self._recipe.faces
        groups = (count or self._recipe.batch) // faces
        if not share:
            return pair_batch(pictures, groups, faces, draw)
        restorer = networks.load("reference_restorer", self._data.out).to(self._data.device)
        return pair_batch(pictures, groups, faces, draw, Restoring(restorer, share))


def _figures(signatures: Tensor, groups: Tensor, told: Tensor) -> dict[str, float]:
    """Mean cosine within and between operators, and the errors of the values in their own units."""
    cosine = signatures @ signatures.T
    same = groups[:, None] == groups[None, :]
    own = torch.eye(len(same), dtype=torch.bool, device=same.device)
    errors = {name: float(error) * scale for error, (name, scale) in zip(told, VALUES, strict=True)}
    return {"same": float(cosine[same & ~own].mean()), "other": float(cosine[~same].mean()), **errors}
