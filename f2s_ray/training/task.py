"""What the three trainings have in common: pictures to learn from and to check on, a device, weights to start from."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from f2s_ray.training.losses import gain
from f2s_ray.training.pictures import Pictures

__all__ = ["CHECK_COUNT", "CHECK_SEED", "Batch", "Data", "Task", "strip"]

CHECK_SEED = 9_000_000
CHECK_COUNT = 24
SHOWN = 6
Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Data:
    """Pictures to learn from, pictures held out, the device, where the results lie, and where other networks come from."""

    learn: Pictures
    held: Pictures
    device: torch.device
    out: Path
    start: Path | None


class Task(ABC, nn.Module, Generic[Batch]):
    """A network in training: all its parameters are trained; chance comes from the step alone."""

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """What a step learns from. It is made while the step before is learned, so it must not look at what is trained."""

    @abstractmethod
    def loss(self, step: int, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Loss of a step, and figures to show."""

    @abstractmethod
    def check(self) -> tuple[dict[str, float], Float[Tensor, "3 h w"] | None]:
        """Figures on pictures held out, always the same damage, and a strip that shows some: damaged, restored, true."""

    @abstractmethod
    def save(self) -> None:
        """Write what was trained to ``out``."""


def strip(damaged: Tensor, result: Tensor, clean: Tensor) -> tuple[dict[str, float], Float[Tensor, "3 h w"]]:
    """Gain in dB on held-out samples, and the first of them side by side, one row each."""
    rows = [torch.cat([x.float().clamp(0, 1) for x in row], 2) for row in zip(damaged, result, clean, strict=True)]
    return {"held_out_gain": gain(result.float(), damaged, clean)}, torch.cat(rows[:SHOWN], 1)
