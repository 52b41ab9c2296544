"""What the Ray engine costs beside the work: python -m benchmarks.scaling FOLDER [--repeat N] [--units 100000].

Units on so many workers of this machine, looked at from when the last worker has begun its first unit until the first worker
has ended its last: units that only sleep, whose share of the workers' time is told; and units that restore a picture with the shipped
networks on one thread, whose number a second on two workers is told beside twice that on one. Then units that take no time: how many a
second, beside Ray Data alone with blocks of as many rows and as many workers; what the memory of the driver does from a tenth of them to
all; how many bytes Ray put onto the disk.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from f2s_catalog.arrow import schema_of
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, Source
from pydantic import BaseModel

from benchmarks.lines import Line, compared, parser_of, report
from f2s_ray.engines.ray_data import RayConfig, run
from f2s_ray.engines.run import Progress
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from tests.engines.made import media_item

SLEEPERS = {8: "0.95 or more", 32: "0.90 or more", 64: ""}
SECONDS = 1.0
ROUNDS = 20  # units of each worker
SIDE = 512
WORKERS = 2  # of units that take no time


class StubConfig(BaseModel):
    """Where a unit writes down when it was worked on; units that take no time do not."""

    stamps: str = ""


class Stub:
    """A unit that takes no time."""

    def __init__(self, config: StubConfig) -> None:
        self._file = (Path(config.stamps) / str(os.getpid())).open("a", buffering=1) if config.stamps else None

    def __call__(self, record: Source) -> Iterator[MediaItem]:
        """One row, after the work."""
        begin = time.monotonic()
        self.work()
        if self._file is not None:
            self._file.write(f"{begin!r} {time.monotonic()!r}\n")
        yield media_item(record, record.path)

    def work(self) -> None:
        """None."""


class Sleeper(Stub):
    """A unit that sleeps."""

    def work(self) -> None:
        """Always as long."""
        time.sleep(SECONDS)


class Restorer(Stub):
    """A unit that restores the same picture each time."""

    def __init__(self, config: StubConfig) -> None:
        import torch

        from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig

        super().__init__(config)
        self._model = Face2Scene(Face2SceneConfig(threads=1))
        self._rgb = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))

    def work(self) -> None:
        """One tile."""
        self._model.restore_scene(self._rgb, None)


def flow_of(count: int, stage: Callable[[StubConfig], Stub], config: StubConfig) -> list[Step]:
    """So many units."""

    def listed(_: Catalog) -> pa.Table:
        paths = [f"{number:07}.png" for number in range(count)]
        columns = {"path": paths, "byte_count": [1] * count, "modified_ns": [0] * count, "etag": [""] * count}
        return pa.table({**columns, "trouble": pa.nulls(count, pa.string())}, schema=schema_of(Source))

    def units(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
        return (Item(source.path, source.path, source) for source in catalog.rows(Source, path=paths))

    return [
        ReduceStep("list", listed, config, (), (Source,)),
        MapStep("probe", stage, config, units, (Source,), MediaItem),
    ]


def watched(folder: Path, workers: int, stage: Callable[[StubConfig], Stub], cpus: float) -> tuple[float, float]:
    """The share of the workers' time in which units were worked on, and units a second."""
    shutil.rmtree(folder, ignore_errors=True)
    stamps = folder / "stamps"
    stamps.mkdir(parents=True)
    config = RayConfig(workers=workers, cpus_per_worker=cpus, items_per_block=1)
    flow = flow_of(workers * ROUNDS, stage, StubConfig(stamps=str(stamps)))
    run(flow, Catalog(folder / "out"), "benchmark", config=config)
    spans = [[tuple(map(float, line.split())) for line in file.read_text().splitlines()] for file in stamps.iterdir()]
    if len(spans) != workers:
        raise RuntimeError(f"{len(spans)} of {workers} workers had something to do")
    first, last = max(one[0][0] for one in spans), min(one[-1][1] for one in spans)
    units = [unit for one in spans for unit in one]
    inside = [max(0.0, min(end, last) - max(begin, first)) for begin, end in units]
    done = sum(seconds / (end - begin) for seconds, (begin, end) in zip(inside, units, strict=True))
    return sum(inside) / (workers * (last - first)), done / (last - first)


def ceiling(folder: Path, count: int) -> tuple[float, float, float, int]:
    """Units a second, the driver's MiB at a tenth and at the end, spilled bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    marks: dict[int, tuple[float, float]] = {}
    spilled = [0]

    def seen(progress: Progress) -> None:
        if progress.step == "probe" and progress.attempt and progress.finished in (1, count // 10, count):
            marks[progress.finished] = time.monotonic(), resident_bytes() / 2**20
            spilled[0] = spilled_bytes()

    flow, config = flow_of(count, Stub, StubConfig()), RayConfig(workers=WORKERS)
    run(flow, Catalog(folder / "out"), "benchmark", config=config, on_progress=seen)
    (begin, _), (_, early), (end, late) = (marks[number] for number in (1, count // 10, count))
    return count / (end - begin), early, late, spilled[0]


def alone(count: int) -> float:
    """Units a second of Ray Data: as many blocks as ours, a pool of as many workers that hand back what they are given."""
    import ray
    import ray.data

    rows = RayConfig().items_per_block
    ray.init("local", num_cpus=WORKERS + 1, include_dashboard=False, log_to_driver=False)
    try:
        blocks = [pa.table({"path": [f"{number:07}.png"] * rows}) for number in range(count // rows)]
        results = ray.data.from_arrow(blocks).map_batches(
            Same,
            batch_size=rows,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=WORKERS),
            num_cpus=1,
        )
        begin, seen = 0.0, 0
        for batch in results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            begin, seen = begin or time.monotonic(), seen + len(batch)
        return seen / (time.monotonic() - begin)
    finally:
        ray.shutdown()


class Same:
    """Hands back what it is given."""

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The same."""
        return batch


def resident_bytes() -> int:
    """Of this process, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def spilled_bytes() -> int:
    """All that Ray put onto the disk so far."""
    import ray
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    state = get_state_from_address(ray.get_runtime_context().gcs_address)
    return int(get_memory_info_reply(state).store_stats.spilled_bytes_total)


def sleepers(folder: Path, repeat: int) -> Iterator[Line]:
    """How well many workers are kept busy."""
    for workers, aim in SLEEPERS.items():
        shares = [watched(folder, workers, Sleeper, 1 / 64)[0] for _ in range(repeat)]
        what = f"{workers} workers, units of {SECONDS:g} s: share of time at work"
        yield compared(what, shares, "all the time", [1.0] * repeat, "", aim)


def restorers(folder: Path, repeat: int) -> Line:
    """Two workers beside one."""
    pairs = [[watched(folder, workers, Restorer, 1.0)[1] for workers in (2, 1)] for _ in range(repeat)]
    two, one = zip(*pairs, strict=True)
    twice = [2 * rate for rate in one]
    return compared(f"restoring {SIDE}², 2 workers", two, "twice that of one", twice, "units/s", "0.95 or more")


def empty(folder: Path, count: int, repeat: int) -> Iterator[Line]:
    """Units that take no time."""
    found = [(ceiling(folder, count), alone(count)) for _ in range(repeat)]
    (rates, early, late, spilled), plain = zip(*(one for one, _ in found), strict=True), [one for _, one in found]
    yield compared(f"{count:,} units that take no time", rates, "Ray Data alone", plain, "units/s", "")
    yield compared("memory of the driver at their end", late, "at a tenth of them", early, "MiB", "1.0")
    most = f"{max(spilled)} bytes"
    yield Line("bytes that Ray put onto the disk", most, "", "", "", f"{min(spilled)} to {max(spilled)}", "0 bytes")


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=2)
    parser.add_argument("--units", type=int, default=100_000)
    asked = parser.parse_args(words)
    folder = asked.folder.resolve()
    lines = [*sleepers(folder, asked.repeat), restorers(folder, asked.repeat)]
    report([*lines, *empty(folder, asked.units, asked.repeat)], asked.keep)


if __name__ == "__main__":
    main(sys.argv[1:])
