"""The listing and the ledger to counts: how many files are done, failed, left alone, still to do."""

from dataclasses import dataclass

from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Attempt, Source

__all__ = ["StepCount", "Tally", "step_counts", "tally"]

_TALLY = """
WITH files AS (
    SELECT sources.path, coalesce(bool_or(status = 'failed'), false) AS failed,
        coalesce(bool_or(status = 'skipped'), false) AS skipped,
        coalesce(bool_or(status = 'done' AND step = $last_step), false) AS done
    FROM sources LEFT JOIN standing USING (path) GROUP BY sources.path)
SELECT count(*) FILTER (failed) AS failed, count(*) FILTER (NOT failed AND skipped) AS skipped,
    count(*) FILTER (NOT failed AND NOT skipped AND done) AS done,
    count(*) FILTER (NOT failed AND NOT skipped AND NOT done) AS pending
FROM files
"""
_STEPS = """
SELECT step, count(*) FILTER (status = 'done') AS done, count(*) FILTER (status = 'failed') AS failed,
    count(*) FILTER (status = 'skipped') AS skipped, sum(elapsed_seconds) AS seconds
FROM standing GROUP BY step ORDER BY step
"""


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


def tally(catalog: Catalog, last_step: str) -> Tally:
    """Count files by where they stand.

    A file is failed where any step failed at what is current of it, skipped where a step left it alone by design, done
    where ``last_step`` is done, else pending.
    """
    (counts,) = catalog.ask((Source, Attempt), _TALLY, last_step=last_step).to_pylist()
    return Tally(**counts)


def step_counts(catalog: Catalog) -> list[StepCount]:
    """Counts of each step, by name; reductions do not count items and are left out."""
    return [StepCount(**row) for row in catalog.ask((Source, Attempt), _STEPS).to_pylist()]
