"""A flow to a filled catalog: what both engines share, all but how the items of a map step are run."""

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Attempt

from f2s_ray.engines.inflight import CRASHED, InFlight
from f2s_ray.engines.settled import Settled
from f2s_ray.engines.watched import session
from f2s_ray.flows.joins import listed_paths
from f2s_ray.flows.reduction import run_reduction
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step, new_attempt

__all__ = ["PENDING", "Counts", "Engine", "Mapper", "Progress", "Selection", "Summary", "Work", "run_flow"]

WAVE_FILES = 4096  # for each worker, that are known as records at once
_BATCH_OUTCOMES = 1024
_BATCH_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """How far a step is, and the latest attempt (null at the start of a wave).

    ``finished`` of ``total`` items that are known to be pending: of files that have not come to their turn at most as many.
    """

    step: str
    finished: int
    total: int
    attempt: Attempt | None


@dataclass(frozen=True)
class Counts:
    """What one step came to in this run."""

    done: int
    failed: int
    skipped: int


@dataclass(frozen=True)
class Work:
    """An item that is to be run, and the attempt that begins with it."""

    item: Item
    started: Attempt


Summary = Mapping[str, Counts]
"""Name of the step to its counts, in the order of the flow."""

Mapper = Callable[[MapStep, Sequence[Work], InFlight], Generator[Outcome, None, None]]
"""Runs the items of a step, in any order, and yields each outcome as soon as it is there."""


@dataclass(frozen=True)
class Engine:
    """How items are run.

    Attributes:
        map_items: runs them.
        workers: how many at once.
        item_seconds: how long one may take in a process that somebody begins again.
        is_spread: workers may be on other machines.
    """

    map_items: Mapper
    workers: int
    item_seconds: float | None = None
    is_spread: bool = False


@dataclass(frozen=True)
class Selection:
    """Which items are taken besides what was never tried.

    Attributes:
        retry_failed: kinds of error to try again.
        limit: map steps take so many files, the first of the listing by path; all where it is None.
    """

    retry_failed: frozenset[str] = frozenset()
    limit: int | None = None


PENDING = Selection()
"""What was never tried."""


@dataclass(frozen=True)
class _Run:
    catalog: Catalog
    run_id: str
    engine: Engine
    in_flight: InFlight
    selection: Selection
    on_progress: Callable[[Progress], None]
    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def counts(self, step: MapStep) -> Counts:
        statuses = self.statuses[step.name]
        return Counts(statuses["done"], statuses["failed"], statuses["skipped"])


def run_flow(
    flow: Sequence[Step],
    catalog: Catalog,
    run_id: str,
    engine: Engine,
    *,
    selection: Selection,
    on_progress: Callable[[Progress], None],
) -> Summary:
    """Run the steps one after the other over what is pending; outcomes are committed in batches.

    Whatever ends a step early (an interrupt, a bug), the outcomes so far are committed first.

    Args:
        flow: the steps in their order.
        catalog: where to read inputs and write outcomes.
        run_id: the run, written into each attempt.
        engine: what runs the items of a map step; the more at once, the larger a wave.
        selection: which items are taken.
        on_progress: called at the start of each wave of a map step and after each of its outcomes.

    Raises:
        CatalogError: another run is writing, no space, no right, a damaged table.
    """
    name = session() or run_id
    in_flight = InFlight(folder=_work(catalog, engine, name), session=name, limit_seconds=engine.item_seconds)
    run = _Run(catalog, run_id, engine, in_flight, selection, on_progress)
    counts: dict[str, Counts] = {}
    with catalog.writing(), closing(in_flight):
        for before, group in _groups(flow):
            head = group[0]
            if isinstance(head, ReduceStep):
                ran = run_reduction(catalog, head, run_id)
                counts[head.name] = Counts(int(ran), 0, 0)
            else:
                steps = [step for step in group if isinstance(step, MapStep)]
                _run_group(run, steps, before)
                counts |= {step.name: run.counts(step) for step in steps}
    return counts


def _work(catalog: Catalog, engine: Engine, session_name: str) -> str:
    """Where it is written down what is in flight: a bucket would be asked three times for each item."""
    if isinstance(catalog.root, Path) or engine.is_spread:
        return str(catalog.root / "work")
    return str(Path(tempfile.gettempdir()) / f"f2s-flight-{session_name}")


def _groups(flow: Sequence[Step]) -> Iterator[tuple[list[str], list[Step]]]:
    """Reductions alone, map steps on end together; with each group the names of the steps before it."""
    before: list[str] = []
    for _, steps in groupby(enumerate(flow), lambda step: "map" if isinstance(step[1], MapStep) else step[0]):
        group = [step for _, step in steps]
        yield list(before), group
        before += [step.name for step in group]


def _run_group(run: _Run, steps: Sequence[MapStep], before: Sequence[str]) -> None:
    """Take files through these steps in waves: first those that the first step may have to do with, then the rest.

    The rest is what a run that broke off between two steps left, or what has changed for a later step alone.
    """
    mark = Settled(run.catalog, steps, before)
    is_settled = mark.holds() and not run.selection.retry_failed
    if not is_settled:
        mark.remove()
    listed = None if is_settled else _listed(run)
    covered: set[str] = set()
    for position, step in enumerate(steps):
        files = {path: cost for path, cost in _files(run, step, listed).items() if path not in covered}
        waiting = len(files)
        for wave in _waves(files, step.wave_cost * run.engine.workers, WAVE_FILES * run.engine.workers):
            waiting -= len(wave)
            _run_wave(run, step, wave, waiting)
            for later in steps[position + 1 :]:
                _run_wave(run, later, wave, waiting)
        covered |= files.keys()
        if not files:
            run.on_progress(Progress(step.name, run.statuses[step.name].total(), run.statuses[step.name].total(), None))
    if not is_settled and run.selection.limit is None:
        mark.set()


def _listed(run: _Run) -> list[str]:
    """The files that map steps take, by path."""
    return listed_paths(run.catalog)[: run.selection.limit]


def _files(run: _Run, step: MapStep, listed: list[str] | None) -> Mapping[str, float]:
    """The files that may have something to do in a step, and its worth; ``listed``: none where nothing has changed."""
    tell = step.lost if listed is None else step.files
    if tell is not None:
        found = tell(run.catalog)
        if run.selection.limit is None:
            return found
        allowed = set(listed if listed is not None else _listed(run))
        return {path: cost for path, cost in found.items() if path in allowed}
    return dict.fromkeys(listed or (), 0.0)


def _waves(files: Mapping[str, float], cost: float, count: int) -> Iterator[list[str]]:
    """All files in as many parts as cost and count ask for, what is worth most first."""
    wave: list[str] = []
    worth = 0.0
    for path in sorted(files, key=lambda path: -files[path]):
        wave.append(path)
        worth += files[path]
        if worth >= cost or len(wave) >= count:
            yield wave
            wave, worth = [], 0.0
    if wave:
        yield wave


def _run_wave(run: _Run, step: MapStep, paths: Sequence[str], waiting: int) -> None:
    """What is pending of a step in these files; at least one item more for each of the ``waiting`` ones may follow."""
    works, statuses = _pending(run, step, paths), run.statuses[step.name]
    total = statuses.total() + len(works) + waiting
    run.on_progress(Progress(step.name, statuses.total(), total, None))
    if works:
        with closing(run.engine.map_items(step, works, run.in_flight)) as outcomes, _batches(run.catalog, step) as add:
            for outcome in outcomes:
                add(outcome)
                statuses[outcome.attempt.status] += 1
                run.on_progress(Progress(step.name, statuses.total(), total, outcome.attempt))


def _pending(run: _Run, step: MapStep, paths: Sequence[str]) -> list[Work]:
    """What is to run, longest first."""
    items = list(step.inputs(run.catalog, paths))
    fingerprints = [step.fingerprint(item) for item in items]
    asked = pa.table(
        {
            "item_id": pa.array([item.item_id for item in items], pa.string()),
            "fingerprint": pa.array(fingerprints, pa.string()),
            "is_gone": pa.array([item.is_gone for item in items], pa.bool_()),
        }
    )
    numbers = run.catalog.of(paths).pending(step.name, asked, run.selection.retry_failed)
    works = [
        Work(item, new_attempt(step, item.item_id, fingerprint, item.path, numbers[item.item_id], run.run_id))
        for item, fingerprint in zip(items, fingerprints, strict=True)
        if item.item_id in numbers
    ]
    return sorted(works, key=lambda work: (-work.item.cost, work.item.item_id))


@contextmanager
def _batches(catalog: Catalog, step: MapStep) -> Iterator[Callable[[Outcome], None]]:
    """A function that takes outcomes and commits them many at a time; the rest is committed whatever ends the block.

    None waits for more than some seconds while others come, so that a crash costs little more than what was in flight.
    """
    waiting: list[Outcome] = []
    flushed = time.monotonic()

    def add(outcome: Outcome) -> None:
        waiting.append(outcome)
        is_late = time.monotonic() - flushed > _BATCH_SECONDS
        is_known = outcome.attempt.error_kind == CRASHED  # else the next one that ends the process would hide this one
        if len(waiting) >= _BATCH_OUTCOMES or is_late or is_known:
            flush()

    def flush() -> None:
        nonlocal flushed
        catalog.commit((step.writes,), waiting)
        waiting.clear()
        flushed = time.monotonic()

    try:
        yield add
    finally:
        flush()
