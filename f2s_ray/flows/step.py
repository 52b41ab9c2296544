"""A flow is a plain list of steps; a step says what it reads, what it writes, and where its inputs come from."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

import pyarrow as pa
from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Attempt, Record
from pydantic import BaseModel

from f2s_ray.clock import waited_seconds
from f2s_ray.errors import MediaError

__all__ = ["Item", "MapStep", "ReduceStep", "Stage", "Step", "attempt", "new_attempt"]

_SKIPPED = "skipped:"


@dataclass(frozen=True)
class Item:
    """One input of a map step: its stable id, the path people know it by, its record and the work it is worth.

    ``is_gone``: it may have been done, but the file that it left is not there any more.
    """

    item_id: str
    path: str
    record: Record
    cost: float = 1.0
    is_gone: bool = False


class Stage(Protocol):
    """A callable class: ``__init__(config)`` loads, once a worker; ``__call__(record)`` yields records."""

    def __call__(self, record: Any) -> Iterator[Record]:  # noqa: ANN401 (each stage takes its own record)
        """What comes of one record; raises ``MediaError`` for this item's trouble."""


@dataclass(frozen=True)
class MapStep:
    """One record in, records out; runs on any engine, in any order.

    ``inputs`` reads the tables and yields the items of some files, all of one record type and each id once; what is
    already done is left out by the engine (see ``Catalog.pending``). A step and the map steps that follow it take the
    files in waves, each file whole: of at most ``wave_cost`` for each worker, so that a result is in its place before
    the next wave begins, and of so many files that their records fit in memory.

    ``files`` tells beforehand which files may have something to do, and what that is worth; all that are listed where it is not
    given. ``lost`` tells them where nothing has changed since all was done: those whose results are not there any more.
    """

    name: str
    stage: Callable[[Any], Stage]
    config: BaseModel
    inputs: Callable[[Catalog, Sequence[str]], Iterable[Item]]
    reads: tuple[type[Record], ...]
    writes: type[Record]
    wave_cost: float = math.inf
    files: Callable[[Catalog], Mapping[str, float]] | None = None
    lost: Callable[[Catalog], Mapping[str, float]] | None = None
    on_gpu: bool = False  # its networks are large enough for one
    items_at_once: int = 1  # of a process; a stage of more takes calls from several threads

    def fingerprint(self, item: Item) -> str:
        """Digest of all that decides the outcome of this item."""
        return digest(self.name, self.config.model_dump(mode="json"), item.record.model_dump(mode="json"))


@dataclass(frozen=True)
class ReduceStep:
    """Whole tables in, whole tables out; runs once, in the driver, and replaces what it wrote before.

    It runs again when the rows of a table in ``reads`` were made by other attempts than last time. With nothing in
    ``reads`` (it looks at the world outside) it runs each time. Raises what it cannot mend: it has no per-item trouble.
    One that writes a single table may give it as Arrow.
    """

    name: str
    reduce: Callable[[Catalog], Iterable[Record] | pa.Table]
    config: BaseModel
    reads: tuple[type[Record], ...]
    writes: tuple[type[Record], ...]


Step = MapStep | ReduceStep


def new_attempt(step: Step, item_id: str, fingerprint: str, path: str, number: int, run_id: str) -> Attempt:
    """An attempt that has just begun: ``done`` and 0 seconds, until ``attempt`` says otherwise."""
    return Attempt(
        step=step.name,
        item_id=item_id,
        fingerprint=fingerprint,
        path=path,
        status="done",
        error_kind=None,
        message=None,
        number=number,
        run_id=run_id,
        elapsed_seconds=0.0,
    )


def attempt(stage: Stage, record: Record, started: Attempt) -> Outcome:
    """Run one item; a ``MediaError`` becomes a failed attempt (kind ``skipped:...``: a skipped one), a bug flies on.

    Its time is that of the item alone, without waiting for a turn at the networks.

    Args:
        stage: the loaded stage.
        record: what to run.
        started: the attempt as ``new_attempt`` makes it; status, trouble and time are replaced.
    """
    begin = time.perf_counter() - waited_seconds()
    try:
        records = tuple(stage(record))
    except MediaError as error:
        trouble = {
            "status": "skipped" if error.kind.startswith(_SKIPPED) else "failed",
            "error_kind": error.kind.removeprefix(_SKIPPED),
            "message": _placed(error.message, started.path),
        }
        records = ()
    else:
        trouble = {}
    elapsed = {"elapsed_seconds": time.perf_counter() - waited_seconds() - begin}
    return Outcome(Attempt(**{**started.model_dump(), **trouble, **elapsed}), records)


def _placed(message: str, path: str) -> str:
    """Who reads a file knows its name alone; a row names its place below INPUT.

    >>> _placed("torn.mp4: ends too early", "reels/torn.mp4")
    'reels/torn.mp4: ends too early'
    """
    name = PurePosixPath(path).name
    return path + message.removeprefix(name) if message.startswith(f"{name}:") else message
