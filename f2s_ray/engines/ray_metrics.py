"""Outcomes to counters at Ray's Prometheus endpoint, recorded in the driver; ``jobs/grafana.json`` draws them.

Ray puts ``ray_`` in front of a name, and ``_total`` behind that of a counter.
"""

import f2s_ray.engines.ray_settings  # noqa: F401 (before Ray)

# isort: split
from collections.abc import Sequence

from f2s_catalog.ledger import Outcome
from f2s_catalog.records import RestoredSegment
from ray.util.metrics import Counter, Gauge, Histogram

__all__ = ["Metrics"]

_SECONDS = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0]


class Metrics:
    """What this run has done since it began. Made after Ray has started."""

    def __init__(self) -> None:
        step = ("step",)
        self._pending = Gauge("f2s_pending", "Items of the step that are still to do in this run.", step)
        self._items = Counter("f2s_items", "Items that ended, by status.", ("step", "status"))
        self._failures = Counter("f2s_failures", "Items that failed, by kind.", ("step", "kind"))
        self._item_seconds = Histogram("f2s_item_seconds", "Seconds that an item took.", _SECONDS, step)
        self._worker_seconds = Counter("f2s_worker_seconds", "Seconds that workers were at items.", step)
        self._gpu_seconds = Counter("f2s_gpu_seconds", "The same, times the GPUs that a worker holds.", step)
        self._model_seconds = Counter("f2s_model_seconds", "Seconds of that in which networks ran.", step)

    def is_pending(self, step: str, count: int) -> None:
        """So many items of the step are still to do."""
        self._pending.set(count, {"step": step})

    def ended(self, outcome: Outcome, gpus: float) -> None:
        """An item ended in a worker that holds so many GPUs."""
        attempt, step = outcome.attempt, {"step": outcome.attempt.step}
        self._items.inc(1, {**step, "status": attempt.status})
        if attempt.status == "failed":
            self._failures.inc(1, {**step, "kind": attempt.error_kind or "other"})
        self._item_seconds.observe(attempt.elapsed_seconds, step)
        _add(self._worker_seconds, attempt.elapsed_seconds, step)
        _add(self._gpu_seconds, attempt.elapsed_seconds * gpus, step)
        _add(self._model_seconds, _model_seconds(outcome.records), step)


def _model_seconds(records: Sequence[object]) -> float:
    return sum(record.model_seconds for record in records if isinstance(record, RestoredSegment))


def _add(counter: Counter, seconds: float, step: dict[str, str]) -> None:
    """A counter of Ray takes no 0."""
    if seconds > 0:
        counter.inc(seconds, step)
