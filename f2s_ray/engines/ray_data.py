"""A flow run on Ray Data: a pool of workers for each map step, here or on a cluster."""

import f2s_ray.engines.ray_settings  # noqa: F401 (before Ray)

# isort: split
import atexit
import logging
import math
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import Any

import pyarrow as pa
import ray
import ray.data
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Attempt, Record
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.engines.inflight import InFlight
from f2s_ray.engines.overlap import overlapped
from f2s_ray.engines.ray_metrics import Metrics
from f2s_ray.engines.ray_settings import one_line, set_token
from f2s_ray.engines.run import PENDING, Engine, Progress, Selection, Summary, Work, run_flow
from f2s_ray.engines.silence import SilenceError, heard
from f2s_ray.errors import F2SError, JobError
from f2s_ray.flows.step import MapStep, Stage, Step

__all__ = ["RayConfig", "run"]

_OBJECT_STORE_BYTES = 256 * 2**20
_LEAST_DISK_BYTES = 64 * 2**20  # for sockets and logs; where there is none Ray starts no worker and says nothing
_MOST_BLOCKS = 10_000  # of one pool: the driver keeps something of each until that ends
_MOST_WORKERS = 1024
_MOST_DEATHS_AT_START = 3  # of workers whose node went while they began


class RayConfig(BaseModel):
    """Which cluster, and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    address: str | None = Field(default=None, description="of a running cluster; null starts one on this machine")
    workers: int | None = Field(default=None, ge=1, description="of a step at most; null is what has room")
    cpus_per_worker: float = Field(default=1.0, gt=0, description="processors that each worker takes")
    gpus_per_worker: float = Field(default=0.0, ge=0.0, description="GPUs that each worker of a step for GPUs takes")
    items_per_block: int = Field(default=4, ge=1, description="items that a worker takes, and hands back, at once")
    item_seconds: float | None = Field(default=None, gt=0, description="how long an item may take")


def run(
    flow: Sequence[Step],
    catalog: Catalog,
    run_id: str,
    *,
    config: RayConfig,
    selection: Selection = PENDING,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Run a flow; see ``run_flow``. Ray starts with the first item that is pending and ends with the run.

    Raises:
        JobError: Ray cannot start, or a worker died again and again.
    """
    cluster = _Cluster(config)
    try:
        engine = Engine(cluster.map_items, cluster.restorers(), config.item_seconds, is_spread=True)
        return run_flow(flow, catalog, run_id, engine, selection=selection, on_progress=on_progress)
    finally:
        cluster.stop()


@dataclass(frozen=True)
class _Task:
    """What a worker does to the items of a step."""

    stage: Callable[[BaseModel], Stage]
    config: BaseModel
    items_at_once: int
    record_type: type[Record]
    in_flight: InFlight


class _Worker:
    """Lives in a process of its own: loads the stage once, runs the items of a block. Rows carry JSON alone."""

    def __init__(self, task: _Task) -> None:
        self._task = task

    # Loaded with the first item: an error in a constructor would reach the driver as a dead worker, not as itself.
    @cached_property
    def _stage(self) -> Stage:
        return self._task.stage(self._task.config)

    def __call__(self, batch: pa.Table) -> pa.Table:
        run = partial(_outcome, self._task, self._stage)
        outcomes = list(overlapped(run, batch.to_pylist(), self._task.items_at_once))
        attempts = [outcome.attempt.model_dump_json() for outcome in outcomes]
        records = [[record.model_dump_json() for record in outcome.records] for outcome in outcomes]
        return pa.table(
            {"attempt": pa.array(attempts, pa.string()), "records": pa.array(records, pa.list_(pa.string()))}
        )


def _outcome(task: _Task, stage: Stage, row: dict[str, str]) -> Outcome:
    record = task.record_type.model_validate_json(row["record"])
    return task.in_flight.attempt(stage, record, Attempt.model_validate_json(row["attempt"]))


@dataclass(frozen=True)
class _Pool:
    """As many workers from the begin of a step to its end: pools that grow starve others, and load networks late.

    A worker that finds no room waits for a node, and works from then on; the others do not wait for it.
    """

    workers: int
    cpus: float
    gpus: float


class _Cluster:
    """A connection to Ray that is made when it is first needed."""

    def __init__(self, config: RayConfig) -> None:
        self._config = config
        self._folder: str | None = None

    @cached_property
    def _metrics(self) -> Metrics:
        return Metrics()

    def restorers(self) -> int:
        """How many workers a step for GPUs has."""
        if self._config.workers is None and self._config.address is not None:
            self._start()
        return self._pool(on_gpu=True).workers

    def map_items(self, step: MapStep, works: Sequence[Work], in_flight: InFlight) -> Generator[Outcome, None, None]:
        """The items of a step, run on the pool; outcomes in the order in which they end."""
        self._start()
        pool, metrics = self._pool(on_gpu=step.on_gpu), self._metrics
        left = {work.item.item_id: work.item.path for work in works}
        metrics.is_pending(step.name, len(left))
        while True:
            waiting = [work for work in works if work.item.item_id in left]
            try:
                for outcome in self._outcomes(step, waiting, pool, in_flight):
                    del left[outcome.attempt.item_id]
                    metrics.ended(outcome, pool.gpus)
                    metrics.is_pending(step.name, len(left))
                    yield outcome
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, F2SError):
                    # Ours are one line; Ray adds lines of its own.
                    raise type(error.cause)(str(error.cause).splitlines()[0]) from None
                raise
            except (ray.exceptions.RayError, SilenceError) as error:
                if len(left) == len(waiting):
                    near = ", ".join(path for path in list(left.values())[:3])
                    raise JobError(
                        f"step {step.name}: workers died again and again or Ray was lost ({type(error).__name__}); "
                        f"the next items were {near}; look at the memory of the workers, or use the local engine"
                    ) from error
                self.stop()  # what Ray has lost it does not find again
                self._start()
            else:
                return

    def stop(self) -> None:
        """End Ray, where it was started, and remove what it left on the disk."""
        if self._folder is not None:
            ray.shutdown()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self) -> None:
        if self._folder is not None:
            return
        # Sockets lie below this folder and their paths may have 107 bytes, so it stands in /tmp, whatever TMPDIR says.
        self._folder = tempfile.mkdtemp(prefix="f2s-", dir="/tmp")
        # After a start that failed, Ray's processes write there until its own exit handler, which runs before this one.
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        options: dict[str, Any] = {"address": self._config.address}
        if self._config.address is None:
            if (free := shutil.disk_usage(self._folder).free) < _LEAST_DISK_BYTES:
                need, have = (count / 2**20 for count in (_LEAST_DISK_BYTES, free))
                raise JobError(
                    f"Ray cannot start: it needs {need:.0f} MiB of disk in /tmp and there are {have:.1f}; make room, or leave --ray out"
                )
            set_token()
            options = {
                "address": "local",
                "num_cpus": math.ceil(self._pool(on_gpu=False).workers * self._config.cpus_per_worker) + 1,
                "object_store_memory": _OBJECT_STORE_BYTES,
                "include_dashboard": False,
                "_temp_dir": f"{self._folder}/ray",  # Ray opens it to everybody, so it stands in one that is open to us alone
            }
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:
            where = self._config.address
            way = f"see that the head runs at {where} and has this token" if where else "use the local engine"
            raise JobError(f"Ray cannot start: {one_line(error)}; {way}") from error
        _quiet()

    def _pool(self, *, on_gpu: bool) -> _Pool:
        cpus, gpus = self._config.cpus_per_worker, self._config.gpus_per_worker if on_gpu else 0.0
        if self._config.workers is not None or self._config.address is None:
            return _Pool(self._config.workers or 1, cpus, gpus)
        return _Pool(max(1, min(_room(cpus, gpus), _MOST_WORKERS)), cpus, gpus)

    def _outcomes(
        self, step: MapStep, works: Sequence[Work], pool: _Pool, in_flight: InFlight
    ) -> Generator[Outcome, None, None]:
        (record_type,) = {type(work.item.record) for work in works}
        task = _Task(step.stage, step.config, step.items_at_once, record_type, in_flight)
        for batch in heard(self._stream(task, works, pool), in_flight.is_idle):
            for row in batch.to_pylist():
                records = tuple(step.writes.model_validate_json(text) for text in row["records"])
                yield Outcome(Attempt.model_validate_json(row["attempt"]), records)

    def _stream(self, task: _Task, works: Sequence[Work], pool: _Pool) -> Iterator[pa.Table]:
        rows = max(1, min(self._config.items_per_block, len(works) // (8 * pool.workers)))
        blocks = (works[start : start + rows] for start in range(0, len(works), rows))
        while some := [_block(block) for block in islice(blocks, _MOST_BLOCKS)]:
            # A worker that dies is begun again, and its items are given to the next, without end: who dies of what is counted
            # by ``in_flight``, and a run in which nothing goes on is ended by Ray.
            results = ray.data.from_arrow(some).map_batches(
                _Worker,
                fn_constructor_args=(task,),
                batch_size=rows,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(size=min(pool.workers, len(some))),
                num_cpus=pool.cpus,
                num_gpus=pool.gpus,
            )
            yield from results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)


def _room(cpus: float, gpus: float) -> int:
    """How many workers find room on the nodes that are there."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return sum(
        int(min(node.get("CPU", 0.0) / cpus, node.get("GPU", 0.0) / gpus if gpus else math.inf)) for node in nodes
    )


def _block(works: Sequence[Work]) -> pa.Table:
    return pa.table(
        {
            "record": [work.item.record.model_dump_json() for work in works],
            "attempt": [work.started.model_dump_json() for work in works],
        }
    )


def _quiet() -> None:
    """No lines of Ray's own (what ends a run is raised), and a bug of a stage as itself."""
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.print_on_execution_start = False
    context.enable_progress_bars = False
    context.raise_original_map_exception = True
    context.max_consecutive_actor_init_deaths = _MOST_DEATHS_AT_START
