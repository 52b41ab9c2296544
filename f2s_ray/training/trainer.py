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

__all__ = ["CHECKPOINT", "Plan", "load_average", "train"]

CHECKPOINT = "checkpoint.safetensors"

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


@dataclass
class _State:
    """All that a checkpoint holds."""

    weights: dict[str, nn.Parameter]
    average: dict[str, Tensor]
    buffers: dict[str, Tensor]
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0


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
    state = _start(network, plan)
    _resume(folder / CHECKPOINT, state)
    before, begin = state.seconds, time.monotonic()
    saved = begin
    recent: dict[str, float] = {}
    network.train()
    try:
        while state.step < plan.steps:
            figures = _step(state, loss, plan)
            recent = {key: 0.95 * recent.get(key, figure) + 0.05 * figure for key, figure in figures.items()}
            now = time.monotonic()
            state.seconds = before + now - begin
            if state.step % 50 == 0 or state.step == plan.steps:
                figures = {key: round(value, 5) for key, value in recent.items()}
                line = json.dumps({"step": state.step, "seconds": round(state.seconds), **figures})
                with (folder / "log.jsonl").open("a") as stream:
                    stream.write(line + "\n")
                log(line)
            if now - saved > plan.checkpoint_seconds:
                _save(folder / CHECKPOINT, state)
                saved = now
    finally:  # interrupted, or told that other weights are missing: the steps so far are not lost
        _save(folder / CHECKPOINT, state)
    with torch.no_grad():
        for name, parameter in state.weights.items():
            parameter.copy_(state.average[name])
    return network.eval()


def load_average(part: nn.Module, checkpoint: Path, prefix: str) -> None:
    """Fill a network with the averaged weights that a checkpoint holds under ``prefix``; the shapes must agree."""
    with safe_open(checkpoint, "pt") as stored, torch.no_grad():
        for name, parameter in part.named_parameters():
            parameter.copy_(stored.get_tensor(f"average.{prefix}{name}"))


def _start(network: nn.Module, plan: Plan) -> _State:
    """The state before the first step."""
    weights = {name: value for name, value in network.named_parameters() if value.requires_grad}
    average = {name: value.detach().clone() for name, value in weights.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    return _State(weights, average, dict(network.named_buffers()), optimizer)


def _step(state: _State, loss: Loss, plan: Plan) -> dict[str, float]:
    """One step of the optimizer and of the average; the figures that the loss tells."""
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate(state.step)
    with torch.autocast("cpu", torch.bfloat16, enabled=plan.bfloat16):
        value, figures = loss(state.step)
    state.optimizer.zero_grad(set_to_none=True)
    value.backward()
    nn.utils.clip_grad_norm_(list(state.weights.values()), 1.0)
    state.optimizer.step()
    keep = min(plan.average, (state.step + 1) / (state.step + 10))
    with torch.no_grad():
        for name, parameter in state.weights.items():
            state.average[name].lerp_(parameter, 1 - keep)
    state.step += 1
    return figures


def _save(path: Path, state: _State) -> None:
    """Write aside, rename when whole."""
    tensors = {"buffer." + name: value.contiguous() for name, value in state.buffers.items()}
    for name, parameter in state.weights.items():
        tensors["weight." + name] = parameter.detach().contiguous()
        tensors["average." + name] = state.average[name].contiguous()
        for key, value in state.optimizer.state[parameter].items():
            tensors[f"{key}." + name] = value.contiguous()
    aside = path.with_suffix(".tmp")
    save_file(tensors, aside, metadata={"step": str(state.step), "seconds": str(state.seconds)})
    aside.replace(path)


def _resume(path: Path, state: _State) -> None:
    """Fill everything from the checkpoint, if there is one."""
    if not path.exists():
        return
    with safe_open(path, "pt") as stored, torch.no_grad():
        names = set(stored.keys())
        for name, value in state.buffers.items():
            value.copy_(stored.get_tensor("buffer." + name))
        for name, parameter in state.weights.items():
            parameter.copy_(stored.get_tensor("weight." + name))
            state.average[name].copy_(stored.get_tensor("average." + name))
            if f"step.{name}" in names:  # a parameter that had no gradient yet has no moments
                state.optimizer.state[parameter] = {
                    key: stored.get_tensor(f"{key}.{name}") for key in ("step", "exp_avg", "exp_avg_sq")
                }
        metadata = stored.metadata()
        state.step, state.seconds = int(metadata["step"]), float(metadata["seconds"])
