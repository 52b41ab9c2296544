"""The listing and the ledger to counts: how many files are done, failed, left alone, still to do."""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol, TypeVar

from f2s_catalog.ledger import standing
from f2s_catalog.records import Attempt, Record, Source

__all__ = ["CatalogReader", "StepCount", "Tally", "current_attempts", "step_counts", "tally"]

R = TypeVar("R", bound=Record)


class CatalogReader(Protocol):
    """The part of a catalog that counting needs."""

    def rows(self, record_type: type[R]) -> list[R]:
        """The current rows of a table."""

    def attempts(self) -> list[Attempt]:
        """The latest attempt of each step at each item."""


@dataclass(frozen=True)
class Tally:
    """Counts of files under INPUT; together they are the listing."""

    done: int
    failed: int
    skipped: int
    pending: int

    def __str__(self) -> str:
        """The last line of every run."""
        return f"{self.done} done, {self.failed} failed, {self.pending} pending"

    @property
    def exit_code(self) -> int:
        """0: all went well; 1: some items failed."""
        return 1 if self.failed else 0


@dataclass(frozen=True)
class StepCount:
    """One step in the ledger."""

    step: str
    done: int
    failed: int
    skipped: int
    seconds: float


def tally(catalog: CatalogReader, last_step: str) -> Tally:
    """Count files by where they stand.

    A file is failed where any step failed at what is current of it, skipped where a step left it alone by design, done
    where ``last_step`` is done, else pending.
    """
    states: dict[str, set[str]] = {source.path: set() for source in catalog.rows(Source)}
    for attempt in current_attempts(catalog):
        if attempt.status != "done" or attempt.step == last_step:
            states[attempt.path].add(attempt.status)
    counts = Counter(
        next((state for state in ("failed", "skipped", "done") if state in found), "pending")
        for found in states.values()
    )
    return Tally(counts["done"], counts["failed"], counts["skipped"], counts["pending"])


def current_attempts(catalog: CatalogReader) -> list[Attempt]:
    """Attempts at what is there now, not at files or bytes that went away."""
    return standing(catalog.attempts(), {source.path for source in catalog.rows(Source)})


def step_counts(catalog: CatalogReader) -> list[StepCount]:
    """Counts of each step, in the order of the ledger; reductions do not count items and are left out."""
    found: dict[str, list[Attempt]] = {}
    for attempt in current_attempts(catalog):
        found.setdefault(attempt.step, []).append(attempt)
    return [_count(step, attempts) for step, attempts in found.items()]


def _count(step: str, attempts: list[Attempt]) -> StepCount:
    statuses = Counter(attempt.status for attempt in attempts)
    seconds = sum(attempt.elapsed_seconds for attempt in attempts)
    return StepCount(step, statuses["done"], statuses["failed"], statuses["skipped"], seconds)
