"""A flow is a plain list of steps; a step says what it reads, what it writes, and where its inputs come from."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Attempt, Record
from pydantic import BaseModel

from f2s_ray.errors import MediaError

__all__ = ["Item", "MapStep", "Outcome", "ReduceStep", "Stage", "Step", "attempt"]


@dataclass(frozen=True)
class Item:
    """One input of a map step: its stable id, the path people know it by, its record and the work it is worth."""

    item_id: str
    path: str
    record: Record
    cost: float = 1.0


class Stage(Protocol):
    """A callable class: ``__init__(config)`` loads, once a worker; ``__call__(record)`` yields records."""

    def __call__(self, record: Record) -> Iterator[Record]: ...


@dataclass(frozen=True)
class MapStep:
    """One record in, records out; runs on any engine, in any order.

    ``inputs`` reads the tables and yields the items; what is already done is left out by the engine (see ``Catalog.pending``).
    """

    name: str
    stage: Callable[[BaseModel], Stage]
    config: BaseModel
    inputs: Callable[[Catalog], Iterable[Item]]
    reads: tuple[type[Record], ...]
    writes: type[Record]

    def fingerprint(self, item: Item) -> str:
        """Digest of all that decides the outcome of this item."""
        return digest(self.name, self.config.model_dump(mode="json"), item.record.model_dump(mode="json"))


@dataclass(frozen=True)
class ReduceStep:
    """Whole tables in, whole tables out; runs once, in the driver, and replaces what it wrote before.

    Raises what it cannot mend; a reduction has no per-item trouble.
    """

    name: str
    reduce: Callable[[Catalog], Iterable[Record]]
    config: BaseModel
    reads: tuple[type[Record], ...]
    writes: tuple[type[Record], ...]


Step = MapStep | ReduceStep


@dataclass(frozen=True)
class Outcome:
    """What one item left: its attempt and the records it made (none unless done)."""

    attempt: Attempt
    records: tuple[Record, ...]


def attempt(stage: Stage, item: Item, started: Attempt) -> Outcome:
    """Run one item; a ``MediaError`` becomes a failed (kind ``skipped:...``: skipped) attempt, anything else is a bug and flies on.

    Args:
        stage: the loaded stage.
        item: what to run.
        started: the attempt with step, item, fingerprint, number and run filled in; status and time are replaced.
    """
    begin = time.perf_counter()
    try:
        records = tuple(stage(item.record))
    except MediaError as error:
        skipped = error.kind.startswith("skipped:")
        return Outcome(
            replace_attempt(
                started,
                status="skipped" if skipped else "failed",
                error_kind=error.kind.removeprefix("skipped:"),
                message=error.message,
                elapsed_seconds=time.perf_counter() - begin,
            ),
            (),
        )
    return Outcome(replace_attempt(started, status="done", elapsed_seconds=time.perf_counter() - begin), records)


def replace_attempt(started: Attempt, **changes: object) -> Attempt:
    """A copy with some fields changed, validated."""
    return Attempt(**{**started.model_dump(), **changes})
