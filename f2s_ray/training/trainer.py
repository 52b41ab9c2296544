"""A task and a number of steps to trained weights; a stopped training continues where its last checkpoint is."""

import math
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.training.log import Log
from f2s_ray.training.recipe import Recipe
from f2s_ray.training.task import Batch, Task

__all__ = ["CHECKPOINT", "Plan", "load_average", "train"]

CHECKPOINT = "checkpoint.safetensors"
SMOOTHING = 0.95
MAX_SKIPPED = 20  # steps in a row whose loss is no number


@dataclass(frozen=True)
class Plan:
    """How long and how fast: the rate is constant after a warm-up and falls linearly to nothing over the last part."""

    steps: int
    learning_rate: float
    warm_up: int = 100
    cool_down: float = 0.25
    average: float = 0.998
    bfloat16: bool = True
    checkpoint_seconds: float = 240.0
    log_every: int = 50
    check_every: int = 500

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The plan that a recipe names."""
        return cls(
            recipe.steps, recipe.learning_rate, recipe.warm_up, recipe.cool_down, recipe.average, recipe.bfloat16
        )

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
    skipped: int = 0


def train(task: Task[Any], plan: Plan, folder: Path, log: Log) -> None:
    """Train in place; the task ends with its averaged weights. All its chance must come from the step number.

    ``folder`` gets the checkpoint.

    Raises: ConfigError when the checkpoint there belongs to another network; JobError when the training diverges.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _start(task, plan)
    _resume(folder / CHECKPOINT, state)
    before, begin = state.seconds, time.monotonic()
    saved = begin
    recent: dict[str, float] = {}
    task.train()
    ahead = _Ahead(task, state, plan)
    try:
        while state.step < plan.steps:
            for name, figure in _step(task, state, plan, ahead.batch(state.step)).items():
                recent[name] = SMOOTHING * recent.get(name, figure) + (1 - SMOOTHING) * figure
            now = time.monotonic()
            state.seconds = before + now - begin
            if state.step % plan.log_every == 0 or state.step == plan.steps:
                log.figures(state.step, {"seconds": round(state.seconds), **recent})
            if state.step % plan.check_every == 0 or state.step == plan.steps:
                _check(task, state, plan, log)
            if now - saved > plan.checkpoint_seconds:
                _save(folder / CHECKPOINT, state)
                saved = now
    finally:  # interrupted, or told that other weights are missing: the steps so far are not lost
        ahead.close()
        _save(folder / CHECKPOINT, state)
    with torch.no_grad():
        for name, parameter in state.weights.items():
            parameter.copy_(state.average[name])
    task.eval()


class _Ahead(Generic[Batch]):
    """Makes the batch of the next step while one is learned."""

    def __init__(self, task: Task[Batch], state: _State, plan: Plan) -> None:
        self._task, self._state, self._plan = task, state, plan
        self._pool = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[Batch]] | None = None

    def batch(self, step: int) -> Batch:
        """The batch of a step; what making it raised is raised here."""
        made = self._next[1] if self._next and self._next[0] == step else self._pool.submit(self._made, step)
        batch = made.result()
        if step + 1 < self._plan.steps:
            self._next = step + 1, self._pool.submit(self._made, step + 1)
        return batch

    def close(self) -> None:
        """Wait for what is being made, and make no more."""
        self._pool.shutdown(cancel_futures=True)

    def _made(self, step: int) -> Batch:
        with torch.no_grad(), _autocast(self._state, self._plan):  # both hold for one thread
            return self._task.batch(step)


def load_average(part: nn.Module, checkpoint: Path, prefix: str) -> None:
    """Fill a network with the averaged weights that a checkpoint holds under ``prefix``; the shapes must agree."""
    with safe_open(checkpoint, "pt") as stored, torch.no_grad():
        for name, parameter in part.named_parameters():
            parameter.copy_(stored.get_tensor(f"average.{prefix}{name}"))


def _start(task: Task[Any], plan: Plan) -> _State:
    """The state before the first step."""
    weights = {name: value for name, value in task.named_parameters() if value.requires_grad}
    frozen = {name: value for name, value in task.named_parameters() if not value.requires_grad}
    average = {name: value.detach().clone() for name, value in weights.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    return _State(weights, average, frozen | dict(task.named_buffers()), optimizer)


def _step(task: Task[Batch], state: _State, plan: Plan, batch: Batch) -> dict[str, float]:
    """One step of the optimizer and of the average; the figures that the loss tells. A step whose loss is no number is left out."""
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate(state.step)
    with _autocast(state, plan):
        value, figures = task.loss(state.step, batch)
    state.step += 1
    if not math.isfinite(float(value.detach())):
        state.skipped += 1
        if state.skipped >= MAX_SKIPPED:
            raise JobError(
                f"the loss is no number since step {state.step - MAX_SKIPPED}; start again with a lower learning_rate"
            )
        return {}
    state.skipped = 0
    state.optimizer.zero_grad(set_to_none=True)
    value.backward()
    nn.utils.clip_grad_norm_(list(state.weights.values()), 1.0)
    state.optimizer.step()
    keep = min(plan.average, state.step / (state.step + 9))
    with torch.no_grad():
        for name, parameter in state.weights.items():
            state.average[name].lerp_(parameter, 1 - keep)
    return figures


def _check(task: Task[Any], state: _State, plan: Plan, log: Log) -> None:
    """Figures and pictures of the averaged weights."""
    with _averaged(task, state), torch.no_grad(), _autocast(state, plan):
        figures, picture = task.check()
    log.figures(state.step, figures)
    if picture is not None:
        log.picture(state.step, picture)


def _autocast(state: _State, plan: Plan) -> torch.autocast:
    device = next(iter(state.weights.values())).device.type
    return torch.autocast(device, torch.bfloat16, enabled=plan.bfloat16)


@contextmanager
def _averaged(task: Task[Any], state: _State) -> Iterator[None]:
    """For a while the task has its averaged weights and is not in training."""
    trained = {name: parameter.detach().clone() for name, parameter in state.weights.items()}

    def put(values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in state.weights.items():
                parameter.copy_(values[name])

    put(state.average)
    task.eval()
    try:
        yield
    finally:
        put(trained)
        task.train()


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
    try:
        with safe_open(path, "pt") as stored, torch.no_grad():
            _fill(stored, state)
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise ConfigError(f"{path} belongs to another training ({error}); remove it or choose another --out") from error


def _fill(stored: safe_open, state: _State) -> None:
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
