"""What the Ray engine costs beside the work: python -m benchmarks.scaling FOLDER [--workers 8 32 64] [--seconds 1] [--units 100000].

Units that only sleep, for a fixed time, on so many workers of this machine: the share of the workers' time that they sleep, from
when the last worker has begun its first unit until the first worker has ended its last. Then units that take no time: how many a
second, what the memory of the driver does from a tenth of them to all, and how many bytes Ray put onto the disk.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from f2s_catalog.arrow import schema_of
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, Source
from pydantic import BaseModel

from f2s_ray.engines.ray_data import RayConfig, run
from f2s_ray.engines.run import Progress
from f2s_ray.evaluation.tables import table
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from tests.engines.made import media_item

ROUNDS = 20  # units of each worker


class StubConfig(BaseModel):
    """How long a unit takes, and where it writes down when."""

    seconds: float
    stamps: str


class Stub:
    """A unit that sleeps."""

    def __init__(self, config: StubConfig) -> None:
        self._config = config
        self._file = (Path(config.stamps) / str(os.getpid())).open("a", buffering=1) if config.seconds else None

    def __call__(self, record: Source) -> Iterator[MediaItem]:
        """One row, after a while."""
        begin = time.monotonic()
        time.sleep(self._config.seconds)
        if self._file is not None:
            self._file.write(f"{begin!r} {time.monotonic()!r}\n")
        yield media_item(record, record.path)


def flow_of(count: int, config: StubConfig) -> list[Step]:
    """So many units."""

    def listed(_: Catalog) -> pa.Table:
        paths = [f"{number:07}.png" for number in range(count)]
        columns = {"path": paths, "byte_count": [1] * count, "modified_ns": [0] * count, "etag": [""] * count}
        return pa.table({**columns, "trouble": pa.nulls(count, pa.string())}, schema=schema_of(Source))

    def units(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
        return (Item(source.path, source.path, source) for source in catalog.rows(Source, path=paths))

    return [
        ReduceStep("list", listed, config, (), (Source,)),
        MapStep("probe", Stub, config, units, (Source,), MediaItem),
    ]


def sleeping_share(folder: Path, workers: int, seconds: float) -> tuple[float, float]:
    """The share, and how long that was looked at."""
    stamps = folder / "stamps"
    stamps.mkdir()
    flow = flow_of(workers * ROUNDS, StubConfig(seconds=seconds, stamps=str(stamps)))
    config = RayConfig(workers=workers, cpus_per_worker=1 / 64, items_per_block=1)
    run(flow, Catalog(folder / "out"), "benchmark", config=config)
    spans = [[tuple(map(float, line.split())) for line in file.read_text().splitlines()] for file in stamps.iterdir()]
    if len(spans) != workers:
        raise RuntimeError(f"{len(spans)} of {workers} workers had something to do")
    first, last = max(one[0][0] for one in spans), min(one[-1][1] for one in spans)
    slept = sum(max(0.0, min(end, last) - max(begin, first)) for one in spans for begin, end in one)
    return slept / (workers * (last - first)), last - first


def ceiling(folder: Path, count: int) -> dict[str, float]:
    """Units a second, the driver's memory on the way, spilled bytes."""
    marks: dict[int, tuple[float, int]] = {}
    spilled = [0]

    def seen(progress: Progress) -> None:
        if progress.step == "probe" and progress.attempt and progress.finished in (1, count // 10, count):
            marks[progress.finished] = time.monotonic(), resident_bytes()
            spilled[0] = spilled_bytes()

    config = RayConfig(workers=2)
    run(flow_of(count, StubConfig(seconds=0, stamps="")), Catalog(folder / "out"), "b", config=config, on_progress=seen)
    (begin, _), (_, early), (end, late) = (marks[number] for number in (1, count // 10, count))
    return {
        "units a second": count / (end - begin),
        "MiB at a tenth": early / 2**20,
        "MiB at the end": late / 2**20,
        "spilled": spilled[0],
    }


def resident_bytes() -> int:
    """Of this process, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def spilled_bytes() -> int:
    """All that Ray put onto the disk so far."""
    import ray
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    state = get_state_from_address(ray.get_runtime_context().gcs_address)
    return int(get_memory_info_reply(state).store_stats.spilled_bytes_total)


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, nargs="*", default=[8, 32, 64])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--units", type=int, default=100_000)
    asked = parser.parse_args(words)
    lines = []
    for workers in asked.workers:
        folder = asked.folder / str(workers)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        share, length = sleeping_share(folder, workers, asked.seconds)
        lines.append([str(workers), f"{share:.3f}", f"{length:.0f}"])
        print(lines[-1], flush=True)
    print(table([f"workers, units of {asked.seconds:g} s", "share of time at work", "over seconds"], lines))
    if asked.units:
        shutil.rmtree(asked.folder / "empty", ignore_errors=True)
        found = ceiling(asked.folder / "empty", asked.units)
        print(
            table([f"{asked.units} units of no time", "value"], [[name, f"{one:.0f}"] for name, one in found.items()])
        )


if __name__ == "__main__":
    main(sys.argv[1:])
