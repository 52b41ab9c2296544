"""A flow to a filled catalog: what both engines share, all but how the items of a map step are run."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Attempt

from f2s_ray.engines.inflight import CRASHED, InFlight
from f2s_ray.engines.watched import session
from f2s_ray.flows.reduction import run_reduction
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step, new_attempt

__all__ = ["Counts", "Engine", "Mapper", "Progress", "Summary", "Work", "run_flow"]

_BATCH_OUTCOMES = 64
_BATCH_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """How far a step is: ``finished`` of ``total`` pending items, and the latest attempt (null at the step's start)."""

    step: str
    finished: int
    total: int
    attempt: Attempt | None


@dataclass(frozen=True)
class Counts:
    """What one step came to in this run; ``standing`` are the items that an earlier run had settled."""

    done: int
    failed: int
    skipped: int
    standing: int


@dataclass(frozen=True)
class Work:
    """An item that is to be run, and the attempt that begins with it."""

    item: Item
    started: Attempt


Summary = Mapping[str, Counts]
"""Name of the step to its counts, in the order of the flow."""

Mapper = Callable[[MapStep, Sequence[Work], InFlight], Iterator[Outcome]]
"""Runs the items of a step, in any order, and yields each outcome as soon as it is there."""


@dataclass(frozen=True)
class Engine:
    """How items are run, how many at once, and how long one may take in a process that somebody begins again."""

    map_items: Mapper
    workers: int
    item_seconds: float | None = None


@dataclass(frozen=True)
class _Run:
    catalog: Catalog
    run_id: str
    engine: Engine
    in_flight: InFlight
    retry_failed: frozenset[str]
    on_progress: Callable[[Progress], None]
    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def run_flow(
    flow: Sequence[Step],
    catalog: Catalog,
    run_id: str,
    engine: Engine,
    *,
    retry_failed: frozenset[str],
    on_progress: Callable[[Progress], None],
) -> Summary:
    """Run the steps one after the other over what is pending; outcomes are committed in batches.

    Whatever ends a step early (an interrupt, a bug), the outcomes so far are committed first.

    Args:
        flow: the steps in their order.
        catalog: where to read inputs and write outcomes.
        run_id: the run, written into each attempt.
        engine: what runs the items of a map step; the more at once, the larger a wave.
        retry_failed: kinds of error to try again.
        on_progress: called at the start of a map step and after each of its outcomes.

    Raises:
        CatalogError: another run is writing, no space, no right, a damaged table.
    """
    in_flight = InFlight(root=str(catalog.root), session=session() or run_id, limit_seconds=engine.item_seconds)
    run = _Run(catalog, run_id, engine, in_flight, retry_failed, on_progress)
    counts: dict[str, Counts] = {}
    with catalog.writing(), closing(in_flight):
        for group in _groups(flow):
            head, *rest = group
            if isinstance(head, ReduceStep):
                counts[head.name] = _run_reduce(run, head)
                continue
            works, standing = _pending(run, head)
            for wave in _waves(works, head.wave_cost * engine.workers):
                counts[head.name] = _run_map(run, head, wave, len(works), standing)
                for step in rest:
                    if isinstance(step, MapStep):
                        ready, settled = _pending(run, step)
                        ran = run.statuses[step.name].total()
                        counts[step.name] = _run_map(run, step, ready, ran + len(ready), settled - ran)
    return counts


def _groups(flow: Sequence[Step]) -> Iterator[list[Step]]:
    """Each step alone, but for those that follow one that goes in waves."""
    group: list[Step] = []
    for step in flow:
        in_waves = bool(group) and isinstance(group[0], MapStep) and group[0].wave_cost < math.inf
        if group and not (in_waves and isinstance(step, MapStep)):
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _waves(works: Sequence[Work], cost: float) -> Iterator[list[Work]]:
    """All of a file in one wave, the order kept otherwise; one empty wave where nothing is to be done."""
    files: dict[str, list[Work]] = {}
    for work in works:
        files.setdefault(work.item.path, []).append(work)
    wave: list[Work] = []
    for file in files.values():
        wave += file
        if sum(work.item.cost for work in wave) >= cost:
            yield wave
            wave = []
    if wave or not works:
        yield wave


def _run_map(run: _Run, step: MapStep, works: Sequence[Work], total: int, standing: int) -> Counts:
    """Run some of the ``total`` items of a step."""
    statuses = run.statuses[step.name]
    run.on_progress(Progress(step.name, statuses.total(), total, None))
    if works:
        with _batches(run.catalog, step) as add:
            for outcome in run.engine.map_items(step, works, run.in_flight):
                add(outcome)
                statuses[outcome.attempt.status] += 1
                run.on_progress(Progress(step.name, statuses.total(), total, outcome.attempt))
    return Counts(statuses["done"], statuses["failed"], statuses["skipped"], standing)


def _pending(run: _Run, step: MapStep) -> tuple[list[Work], int]:
    """What is to run, longest first, and how many items need nothing."""
    items = list(step.inputs(run.catalog))
    fingerprints = [step.fingerprint(item) for item in items]
    pairs = [(item.item_id, fingerprint) for item, fingerprint in zip(items, fingerprints, strict=True)]
    gone = frozenset(item.item_id for item in items if item.is_gone)
    numbers = run.catalog.pending(step.name, pairs, run.retry_failed, gone)
    works = [
        Work(item, new_attempt(step, item.item_id, fingerprint, item.path, numbers[item.item_id], run.run_id))
        for item, fingerprint in zip(items, fingerprints, strict=True)
        if item.item_id in numbers
    ]
    works.sort(key=lambda work: (-work.item.cost, work.item.item_id))
    return works, len(items) - len(works)


@contextmanager
def _batches(catalog: Catalog, step: MapStep) -> Iterator[Callable[[Outcome], None]]:
    """A function that takes outcomes and commits them many at a time; the rest is committed whatever ends the block.

    No more than some seconds of work wait, so that a crash costs little more than what was in flight.
    """
    waiting: list[Outcome] = []

    def add(outcome: Outcome) -> None:
        waiting.append(outcome)
        worked = sum(one.attempt.elapsed_seconds for one in waiting)
        is_known = outcome.attempt.error_kind == CRASHED  # else the next one that ends the process would hide this one
        if len(waiting) >= _BATCH_OUTCOMES or worked > _BATCH_SECONDS or is_known:
            flush()

    def flush() -> None:
        catalog.commit((step.writes,), waiting)
        waiting.clear()

    try:
        yield add
    finally:
        flush()


def _run_reduce(run: _Run, step: ReduceStep) -> Counts:
    ran = run_reduction(run.catalog, step, run.run_id)
    return Counts(done=int(ran), failed=0, skipped=0, standing=int(not ran))
