"""Finished items to what a person or a pipe sees while a run goes on."""

import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from f2s_ray.cli.options import Common
from f2s_ray.cli.runs import Run
from f2s_ray.cli.text import print_json, readable
from f2s_ray.engines.run import Progress

__all__ = ["Bars", "Lines", "Watch", "watch"]


class Bars:
    """A bar for each step: done of total, percent, rate, elapsed, remaining, failures by kind."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._verbose = verbose
        self._tasks: dict[str, TaskID] = {}
        self._failures: dict[str, Counter[str]] = {}
        self._bars = RichProgress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TaskProgressColumn(show_speed=False),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failures]}", style="red", markup=False),
            console=console,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, progress: Progress) -> None:
        """Begin a step (no attempt) or move its bar on."""
        step, attempt = progress.step, progress.attempt
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=progress.total, rate="", failures="")
            self._failures[step] = Counter()
        if attempt is not None and attempt.status == "failed":
            self._failures[step][attempt.error_kind or "other"] += 1
        if attempt is not None and (self._verbose or attempt.status == "failed"):
            words = f"{attempt.status:<8}{step:<12}{attempt.path}  {attempt.message or ''}"
            self._bars.console.print(readable(words), markup=False, highlight=False)
        failures = ", ".join(f"{count} {kind}" for kind, count in self._failures[step].most_common())
        self._bars.update(
            self._tasks[step],
            completed=progress.finished,
            total=progress.total,
            rate=self._rate(step),
            failures=failures,
        )

    def _rate(self, step: str) -> str:
        """Items a second, or seconds an item where that reads better."""
        speed = next(task.speed for task in self._bars.tasks if task.id == self._tasks[step])
        if not speed:
            return ""
        return f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each"


class Lines(AbstractContextManager["Lines"]):
    """A JSON object for each finished item."""

    def show(self, progress: Progress) -> None:
        """Print one event."""
        print_json(event(progress))

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""


class Watch:
    """What an engine calls: keeps the events of the run and shows them."""

    def __init__(self, run: Run, view: Bars | Lines | None) -> None:
        self._run = run
        self._view = view
        self._context: AbstractContextManager[object] = nullcontext() if view is None else view

    def __enter__(self) -> Self:
        self._context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._context.__exit__(kind, error, traceback)
        self._run.close()

    def __call__(self, progress: Progress) -> None:
        """A step began, or one of its items is finished."""
        self._run.log({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **event(progress)})
        if self._view is not None:
            self._view.show(progress)


def watch(run: Run, common: Common) -> Watch:
    """Bars on a terminal, JSON lines in a pipe, nothing where quiet is asked for."""
    if common.quiet:
        return Watch(run, None)
    if common.as_json or not sys.stdout.isatty():
        return Watch(run, Lines())
    return Watch(run, Bars(Console(), verbose=common.verbose))


def event(progress: Progress) -> dict[str, object]:
    """One event as plain values."""
    where = {"step": progress.step, "finished": progress.finished, "total": progress.total}
    if progress.attempt is None:
        return {"event": "step", **where}
    facts = progress.attempt.model_dump(include={"path", "status", "error_kind", "message", "elapsed_seconds"})
    return {"event": "item", **where, **facts}
