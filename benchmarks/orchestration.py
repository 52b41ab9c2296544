"""What the engines cost: the same pieces of work restored four ways: python -m benchmarks.orchestration FOLDER [--pictures N] [--repeat N].

bare     a loop over the stage in one thread, its networks loaded before
threads  three threads over the same
local    the local engine
ray      the Ray engine on this machine with one worker

Pictures of the training set are indexed and planned once; then each way restores them, in a process of its own and to a place
of its own, the ways in turn. ``steady`` is from the first use of a network to the last end of one, ``whole`` with the start of
the engine and the loading of the networks, ``busy`` the share of ``steady`` in which a network works, ``gap`` from the end of
the networks' work on one piece to its begin on the next. Ratios are bare over the way; of the results the bytes are compared.
"""

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from f2s_catalog.ids import file_digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Record, RestoredSegment, Source

from benchmarks.lines import Line, compared, parser_of, report
from benchmarks.pictures import training_pictures
from f2s_ray.clock import Clock
from f2s_ray.engines import local
from f2s_ray.flows.photo import PhotoConfig, plan_flow, restore_flow
from f2s_ray.flows.step import MapStep, Stage
from f2s_ray.stages.restore import RestoreMedia
from f2s_ray.stages.units import RestoreUnit
from f2s_ray.stages.workbench import RestoreSetup

STAMPS = "stamps"
AIMS = {
    "steady": {"threads": "", "local": "0.97 or more", "ray": "0.97 or more"},
    "whole": {"local": "0.93 or more", "ray": "0.93 or more"},
}


class StampedClock(Clock):
    """Writes down who used the networks from when to when, on a clock that all processes of the machine share."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file.open("a", buffering=1)

    def is_at(self, name: str) -> None:
        """The piece of work that this thread begins."""
        self._mine.name = name

    def __exit__(self, *args: object) -> None:
        self._file.write(f"{self._mine.name} {self._mine.begin!r} {time.perf_counter()!r}\n")
        super().__exit__(*args)


class Stamped(RestoreMedia):
    """The stage of the product with such a clock."""

    def __init__(self, config: RestoreSetup) -> None:
        super().__init__(config)
        self._bench.clock = self._clock = StampedClock(Path(config.output_root) / STAMPS)

    def __call__(self, record: RestoreUnit) -> Iterator[RestoredSegment]:
        """As the stage."""
        self._clock.is_at(record.task_id)
        return super().__call__(record)


def bare(step: MapStep, catalog: Catalog) -> float:
    stage, records = loaded(step, catalog)
    begin = time.perf_counter()
    for record in records:
        list(stage(record))
    return time.perf_counter() - begin


def threads(step: MapStep, catalog: Catalog) -> float:
    stage, records = loaded(step, catalog)
    begin = time.perf_counter()
    with ThreadPoolExecutor(step.items_at_once) as crew:
        list(crew.map(lambda record: list(stage(record)), records))
    return time.perf_counter() - begin


def on_local(step: MapStep, catalog: Catalog) -> float:
    begin = time.perf_counter()
    local.run([step], catalog, "benchmark")
    return time.perf_counter() - begin


def on_ray(step: MapStep, catalog: Catalog) -> float:
    from f2s_ray.engines.ray_data import RayConfig, run

    begin = time.perf_counter()
    run([step], catalog, "benchmark", config=RayConfig(workers=1))
    return time.perf_counter() - begin


WAYS: dict[str, Callable[[MapStep, Catalog], float]] = {
    "bare": bare,
    "threads": threads,
    "local": on_local,
    "ray": on_ray,
}


def loaded(step: MapStep, catalog: Catalog) -> tuple[Stage, list[Record]]:
    """The stage, warm, and its records as an engine orders them."""
    items = step.inputs(catalog, [source.path for source in catalog.rows(Source)])
    records = [item.record for item in sorted(items, key=lambda item: (-item.cost, item.item_id))]
    stage = step.stage(step.config)
    list(stage(records[-1]))
    (Path(str(catalog.root)) / STAMPS).write_text("")
    return stage, records


def restored(folder: Path, way: str) -> dict[str, float]:
    """One way, in this process."""
    output = folder / way
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(folder / "planned", output)
    flow = restore_flow(PhotoConfig(), folder / "in", output)
    (step,) = [step for step in flow if isinstance(step, MapStep) and step.name == "restore"]
    whole = WAYS[way](MapStep(**{**vars(step), "stage": Stamped}), Catalog(output))
    lines = [line.split() for line in (output / STAMPS).read_text().splitlines()]
    spans = sorted((float(begin), float(end), name) for name, begin, end in lines)
    steady = max(end for _, end, _ in spans) - spans[0][0]
    gaps = [after[0] - before[1] for before, after in pairwise(spans) if before[2] != after[2]]
    return {
        "steady": steady,
        "whole": whole,
        "busy": sum(end - begin for begin, end, _ in spans) / steady,
        "gap": statistics.quantiles(gaps, n=10)[-1],
    }


def bytes_of(folder: Path, way: str) -> list[str]:
    return sorted(file_digest(file) for file in (folder / way / "work").rglob("*") if file.is_file())


def prepare(folder: Path, count: int) -> None:
    """Pictures, indexed and planned."""
    training_pictures(folder / "in", count)
    local.run(plan_flow(PhotoConfig(), folder / "in", folder / "planned"), Catalog(folder / "planned"), "benchmark")


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=3)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--way", choices=WAYS)
    asked = parser.parse_args(words)
    folder = asked.folder.resolve()
    if asked.way:
        print(json.dumps(restored(folder, asked.way)))
        return
    if not (folder / "planned").exists():
        prepare(folder, asked.pictures)
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for number in range(asked.repeat):
        for way in list(WAYS)[:: 1 if number % 2 == 0 else -1]:
            command = [sys.executable, "-m", "benchmarks.orchestration", str(folder), "--way", way]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            runs[way].append(json.loads(out.splitlines()[-1]))
            print(way, {name: round(value, 4) for name, value in runs[way][-1].items()}, flush=True)
    expected = bytes_of(folder, "bare")
    if other := [way for way in WAYS if bytes_of(folder, way) != expected]:
        raise RuntimeError(f"other bytes than those of the bare loop: {', '.join(other)}")
    report([*ratios(runs, "steady"), *ratios(runs, "whole"), *shares(runs)], asked.keep)


def ratios(runs: dict[str, list[dict[str, float]]], what: str) -> list[Line]:
    """Seconds of the bare loop over those of each way."""
    lines = []
    for way, aim in AIMS[what].items():
        bare, other = [one["steady"] for one in runs["bare"]], [one[what] for one in runs[way]]
        line = compared(f"restoring, {what}: the bare loop", bare, way, other, "s", aim)
        lines.append(line)
    return lines


def shares(runs: dict[str, list[dict[str, float]]]) -> list[Line]:
    """How busy the networks were kept, and the gaps between two pieces of work."""
    lines = []
    for way, found in runs.items():
        busy, gaps = [one["busy"] for one in found], [1000 * one["gap"] for one in found]
        aims = ("0.98 or more", "2 ms at most") if way == "ray" else ("", "")
        middle = statistics.median(busy)
        spread = f"{min(busy):.3f} to {max(busy):.3f}"
        lines.append(
            Line(f"networks busy, {way}", f"{middle:.3f}", "all the time", "1", f"{middle:.3f}", spread, aims[0])
        )
        told = f"{statistics.median(gaps):.1f} ms"
        lines.append(Line(f"gap, 9 of 10, {way}", told, "", "", "", f"{min(gaps):.1f} to {max(gaps):.1f}", aims[1]))
    return lines


if __name__ == "__main__":
    main(sys.argv[1:])
