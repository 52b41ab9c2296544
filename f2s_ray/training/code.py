"""Training of FaDeX: signatures that follow the operator and not the face, and values that are true."""

import copy

import torch
from torch import Tensor, nn

from f2s_ray.models.fadex import Fadex, FadexConfig, supcon_loss
from f2s_ray.training.batches import Draw, PairBatch, pair_batch
from f2s_ray.training.pictures import Pictures

__all__ = ["CodeTask", "with_restored"]

FACES = 3  # of one operator
QUEUE = 2048
MOMENTUM = 0.99
VALUES_WEIGHT = 3.0


def with_restored(restorer: nn.Module, damaged: Tensor, clean: Tensor, chosen: Tensor, generator: torch.Generator) -> Tensor:
    """The restored half of pairs: the truth, or for the chosen a random way towards it from what the face restorer makes.

    So FaDeX meets restorers from the one at hand to a perfect one, and need not be trained again for a better one.
    """
    if not chosen.any():
        return clean
    with torch.no_grad():
        nothing = damaged.new_zeros(int(chosen.sum()), 0, 3, 128, 128)
        made = restorer(damaged[chosen], nothing, damaged.new_zeros(nothing.shape[0], 0)).float().clamp(0, 1)
    way = torch.rand(len(made), generator=generator).clamp(min=0.3).sub(0.3).div(0.7)[:, None, None, None].to(made)
    result = clean.clone()
    result[chosen] = torch.lerp(made, clean[chosen], way)
    return result


class CodeTask(nn.Module):
    """FaDeX, its momentum copy and the queue of keys."""

    def __init__(self, config: FadexConfig) -> None:
        super().__init__()
        self.network = Fadex(config)
        self.slow = copy.deepcopy(self.network).requires_grad_(False)
        self.register_buffer("keys", torch.zeros(QUEUE, config.signature))
        self.register_buffer("key_groups", torch.full((QUEUE,), -1.0))

    def loss(self, batch: PairBatch, restored: Tensor, step: int) -> tuple[Tensor, dict[str, float]]:
        """SupCon against the momentum keys of this batch and of the queue, and the error of the values."""
        _, signatures, values = self.network(restored, batch.damaged)
        with torch.no_grad():
            for slow, quick in zip(self.slow.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(quick, 1 - MOMENTUM)
            _, keys, _ = self.slow(restored, batch.damaged)
            keys = keys.float()
        groups = batch.groups.float() + 1000.0 * step
        filled = self.key_groups >= 0
        contrast = supcon_loss(
            signatures.float(),
            groups,
            torch.cat([keys, self.keys[filled]]),
            torch.cat([groups, self.key_groups[filled]]),
        )
        self.keys.copy_(torch.cat([keys, self.keys])[:QUEUE])
        self.key_groups.copy_(torch.cat([groups, self.key_groups])[:QUEUE])
        told = (values.float() - batch.values).abs().mean(0)
        cosine = signatures.detach().float() @ signatures.detach().float().T
        same = batch.groups[:, None] == batch.groups[None, :]
        own = torch.eye(len(same), dtype=torch.bool)
        figures = {
            "contrast": float(contrast.detach()),
            "same": float(cosine[same & ~own].mean()),
            "other": float(cosine[~same].mean()),
            **dict(zip(("blur", "noise", "jpeg", "shrink"), told.detach().tolist(), strict=True)),
        }
        return contrast + VALUES_WEIGHT * told.mean(), figures


def pairs(pictures: Pictures, count: int, restorer: nn.Module, share: float, draw: Draw) -> tuple[PairBatch, Tensor]:
    """Pairs of one step, and their restored halves."""
    batch = pair_batch(pictures, count // FACES, FACES, draw)
    chosen = torch.rand(len(batch.groups), generator=draw.generator) < share
    return batch, with_restored(restorer, batch.damaged, batch.clean, chosen, draw.generator)
