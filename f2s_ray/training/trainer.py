"""A network, a loss of a seed, and a number of steps to trained weights; a stopped training continues where its last checkpoint is."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

__all__ = ["Plan", "train"]

Loss = Callable[[int], tuple[Tensor, dict[str, float]]]


@dataclass(frozen=True)
class Plan:
    """How long and how fast: the rate is constant after a warm-up and falls linearly to nothing over the last part."""

    steps: int
    learning_rate: float
    warm_up: int = 100
    cool_down: float = 0.25
    average: float = 0.998
    checkpoint_seconds: float = 240.0
    bfloat16: bool = True

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        left = (self.steps - step) / (self.cool_down * self.steps)
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up, max(0.0, left))


def train(network: nn.Module, loss: Loss, plan: Plan, folder: Path, log: Callable[[str], None]) -> nn.Module:
    """Train in place and return the network with its averaged weights.

    Args:
        network: what is trained; frozen parameters are left alone.
        loss: step number -> loss and named figures. All its chance must come from the step number.
        plan: length and rates.
        folder: where ``checkpoint.safetensors`` and ``log.jsonl`` go.
        log: told a line now and then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value for name, value in network.named_parameters() if value.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    average = {name: value.detach().clone() for name, value in weights.items()}
    state = _resume(folder / "checkpoint.safetensors", weights, average, optimizer)
    step, seconds = int(state["step"]), state["seconds"]
    begin = saved = time.monotonic()
    recent: dict[str, float] = {}
    network.train()
    while step < plan.steps:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(step)
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.bfloat16):
            value, figures = loss(step)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(list(weights.values()), 1.0)
        optimizer.step()
        keep = min(plan.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, parameter in weights.items():
                average[name].lerp_(parameter, 1 - keep)
        step += 1
        recent = {key: 0.95 * recent.get(key, figure) + 0.05 * figure for key, figure in figures.items()}
        now = time.monotonic()
        if step % 50 == 0 or step == plan.steps:
            line = {
                "step": step,
                "seconds": round(seconds + now - begin),
                **{k: round(v, 5) for k, v in recent.items()},
            }
            with (folder / "log.jsonl").open("a") as stream:
                stream.write(json.dumps(line) + "\n")
            log(json.dumps(line))
        if now - saved > plan.checkpoint_seconds or step == plan.steps:
            _save(folder / "checkpoint.safetensors", weights, average, optimizer, step, seconds + now - begin)
            saved = now
    with torch.no_grad():
        for name, parameter in weights.items():
            parameter.copy_(average[name])
    return network.eval()


def _save(
    path: Path,
    weights: dict[str, nn.Parameter],
    average: dict[str, Tensor],
    optimizer: torch.optim.AdamW,
    step: int,
    seconds: float,
) -> None:
    """Write aside, rename when whole."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in weights.items():
        tensors["weight." + name] = parameter.detach().contiguous()
        tensors["average." + name] = average[name].contiguous()
        for key, value in optimizer.state[parameter].items():
            tensors[f"{key}." + name] = value.contiguous()
    aside = path.with_suffix(".tmp")
    save_file(tensors, aside, metadata={"step": str(step), "seconds": str(seconds)})
    aside.replace(path)


def _resume(
    path: Path, weights: dict[str, nn.Parameter], average: dict[str, Tensor], optimizer: torch.optim.AdamW
) -> dict[str, float]:
    """Fill everything from the checkpoint, if there is one; the step and the seconds spent."""
    if not path.exists():
        return {"step": 0, "seconds": 0.0}
    with safe_open(path, "pt") as stored, torch.no_grad():
        names = set(stored.keys())
        for name, parameter in weights.items():
            parameter.copy_(stored.get_tensor("weight." + name))
            average[name].copy_(stored.get_tensor("average." + name))
            if f"step.{name}" in names:  # a parameter that had no gradient yet has no moments
                optimizer.state[parameter] = {
                    key: stored.get_tensor(f"{key}.{name}") for key in ("step", "exp_avg", "exp_avg_sq")
                }
        metadata = stored.metadata()
        return {"step": float(metadata["step"]), "seconds": float(metadata["seconds"])}
