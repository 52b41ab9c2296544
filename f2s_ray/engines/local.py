"""A flow run in this process."""

from collections.abc import Callable, Generator, Sequence

from f2s_catalog.ledger import Catalog, Outcome

from f2s_ray.engines.inflight import InFlight
from f2s_ray.engines.overlap import overlapped
from f2s_ray.engines.run import PENDING, Engine, Progress, Selection, Summary, Work, run_flow
from f2s_ray.engines.watched import session
from f2s_ray.flows.step import MapStep, Step

__all__ = ["run"]


def run(
    flow: Sequence[Step],
    catalog: Catalog,
    run_id: str,
    *,
    item_seconds: float | None = None,
    selection: Selection = PENDING,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Run a flow; see ``run_flow``. ``item_seconds`` counts where this process is watched."""
    engine = Engine(_map_items, 1, item_seconds if session() else None)
    return run_flow(flow, catalog, run_id, engine, selection=selection, on_progress=on_progress)


def _map_items(step: MapStep, works: Sequence[Work], in_flight: InFlight) -> Generator[Outcome, None, None]:
    stage = step.stage(step.config)
    yield from overlapped(
        lambda work: in_flight.attempt(stage, work.item.record, work.started), works, step.items_at_once
    )
