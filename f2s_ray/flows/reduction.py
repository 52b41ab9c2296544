"""A reduction to its tables: run where what it reads has changed, one of a name at a time."""

import time

import pyarrow as pa
from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Record

from f2s_ray.flows.step import ReduceStep, new_attempt

__all__ = ["run_reduction", "told"]

_DIGESTED_ROWS = 65_536  # at once


def run_reduction(catalog: Catalog, step: ReduceStep, run_id: str) -> bool:
    """Run it unless it is settled, and commit; tells whether it ran.

    Another process that wants to run the same step waits, and then sees what this one left.

    Raises:
        CatalogError: no space, no right, a damaged table.
    """
    with catalog.reducing(step.name):
        begin = time.perf_counter()
        found: tuple[Record, ...] | pa.Table | None = None
        if step.reads:
            # A table that the step itself writes may help it to stay stable, but does not make it run again.
            versions = catalog.versions([table for table in step.reads if table not in step.writes])
        else:
            found = _reduced(step, catalog)
            versions = told(found)
        fingerprint = digest(step.name, step.config.model_dump(mode="json"), versions)
        one = pa.table({"item_id": ["*"], "fingerprint": [fingerprint], "is_gone": [False]})
        numbers = catalog.pending(step.name, one)
        if not numbers:
            return False
        if found is None:
            found = _reduced(step, catalog)
        started = new_attempt(step, "*", fingerprint, "", numbers["*"], run_id)
        ended = started.model_copy(update={"elapsed_seconds": time.perf_counter() - begin})
        is_table = isinstance(found, pa.Table)
        outcome = Outcome(ended, (), {step.writes[0]: found}) if is_table else Outcome(ended, found)
        catalog.commit(step.writes, [outcome])
    return True


def _reduced(step: ReduceStep, catalog: Catalog) -> tuple[Record, ...] | pa.Table:
    made = step.reduce(catalog)
    return made if isinstance(made, pa.Table) else tuple(made)


def told(found: tuple[Record, ...] | pa.Table) -> list[str]:
    """Digests of what a reduction found that looks at the world outside."""
    if isinstance(found, pa.Table):
        return [digest(some.to_pydict()) for some in found.combine_chunks().to_batches(_DIGESTED_ROWS)]
    return [digest(type(record).TABLE, record.model_dump(mode="json")) for record in found]
