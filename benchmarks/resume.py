"""How long a run of a large archive that is nearly done takes to go on: python -m benchmarks.resume COUNT FOLDER.

COUNT files lie in FOLDER/in, all but ``NEW`` of them empty. Two ledgers are made, as real runs leave them: one in which the ``NEW``
files have come since all others were restored, and one of a run that was killed when these were the last to restore. Then
``f2s restore`` is begun on each; printed are the seconds until it is done with the first of them, and the peak memory of the process
until then. The tables hold no codes and one face a picture; results are empty files, since only their sizes are looked at.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pyarrow as pa
from f2s_catalog.ids import digest, row_digests
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    CodeEstimate,
    DegradationCode,
    Face,
    Identity,
    MediaItem,
    QualityReport,
    Record,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Sighting,
    Source,
)
from PIL import Image

from benchmarks.made_tables import MadeTables
from f2s_ray.config import Config
from f2s_ray.engines.settled import Settled
from f2s_ray.flows.items import Restoring, restore_units
from f2s_ray.flows.joins import Archive
from f2s_ray.flows.photo import restore_flow
from f2s_ray.flows.reduction import told
from f2s_ray.flows.step import MapStep, ReduceStep, Step
from f2s_ray.stages.inventory import list_sources

NEW = 1000
FOLDER_FILES = 1000
SIDE_PX = 96
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    source = folder / "in"
    begin = time.monotonic()
    make_files(source, count)
    print(f"{count} files made in {time.monotonic() - begin:.0f} s", flush=True)
    for name, is_killed in (("new files", False), ("killed while restoring", True)):
        output = folder / "out"
        shutil.rmtree(output, ignore_errors=True)
        begin = time.monotonic()
        make_ledger(source, output, is_killed=is_killed)
        made = time.monotonic() - begin
        seconds, gigabytes, step = first_item(source, output)
        print(
            f"{name}: ledger made in {made:.0f} s; {seconds:.1f} s to the first item ({step}), peak {gigabytes:.2f} GiB",
            flush=True,
        )


def path_of(number: int) -> str:
    return f"{number // FOLDER_FILES:05d}/{number:08d}.jpg"


def make_files(source: Path, count: int) -> None:
    """The last ``NEW`` are pictures."""
    picture = _picture()
    for number in range(count):
        path = source / path_of(number)
        if number % FOLDER_FILES == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            if number >= count - NEW:
                file.write(picture)
        os.utime(path, ns=(10**18, 10**18))


def make_ledger(source: Path, output: Path, *, is_killed: bool) -> None:
    """Tables as runs leave them, marks too."""
    config = Config()
    flow = {step.name: step for step in restore_flow(config, source, output)}
    sources = list_sources(source)
    if not is_killed:
        sources = sources.slice(0, sources.num_rows - NEW)
    paths = sources["path"].to_pylist()
    ids = [f"{number:032x}" for number in range(len(paths))]
    made = _Made(output, paths, flow)
    made.reduced("list", Source, {name: sources[name] for name in sources.column_names}, sources)
    columns = {name: sources[name].to_pylist() for name in sources.column_names}
    found = row_digests(["probe", flow["probe"].config.model_dump(mode="json")], columns)
    sides = {name: [SIDE_PX] * len(paths) for name in ("width_px", "height_px")}
    ones = {name: [1] * len(paths) for name in ("page_count", "orientation", "bit_depth")}
    words = {"kind": ["photo"] * len(paths), "format": ["JPEG"] * len(paths), "colour": ["rgb"] * len(paths)}
    known = {"byte_count": sources["byte_count"], "modified_ns": sources["modified_ns"], "content_digest": ids}
    made.mapped(MediaItem, {"media_id": ids, "path": paths, **known, **sides, **ones, **words}, found)
    shots = [f"{one}/0" for one in ids]
    made.mapped(Shot, {"shot_id": shots, "media_id": ids, "stop_frame": [1] * len(ids)})
    faces = {"face_id": [f"{shot}/0.1x1x1" for shot in shots], "shot_id": shots, "media_id": ids}
    made.mapped(Face, faces)
    made.reduced("identify", Identity, {"identity_id": ids, "face_ids": [[one] for one in faces["face_id"]]}, None)
    made.reduced("gather", ReferenceSet, {"identity_id": ids}, None)
    made.reduced("sight", Sighting, {"face_id": faces["face_id"], "media_id": ids, "path": paths}, None)
    made.mapped(CodeEstimate, {"shot_id": shots})
    made.reduced("borrow", DegradationCode, {"shot_id": shots, "origin": ["blind"] * len(ids)}, None)
    made.settled(["probe", "split", "detect"])
    made.settled(["estimate"])
    made.settled(["judge"])
    made.planned(config, "2026-01-01")
    made.restored(len(paths) - NEW if is_killed else len(paths))


class _Made:
    """Writes what a step leaves: rows, attempts with the fingerprints that the next run will look for, marks."""

    def __init__(self, output: Path, paths: Sequence[str], flow: dict[str, Step]) -> None:
        self.output, self.paths, self.flow = output, paths, flow
        self.catalog, self.tables = Catalog(output), MadeTables(output, paths)

    def mapped(
        self, record_type: type[Record], columns: Mapping[str, object], prints: Sequence[str] = ("made",)
    ) -> None:
        self.tables.write(record_type, columns, self.paths, fingerprints=prints)

    def reduced(
        self, name: str, record_type: type[Record], columns: Mapping[str, object], found: pa.Table | None
    ) -> None:
        """As ``run_reduction``."""
        step = self.flow[name]
        assert isinstance(step, ReduceStep)
        reads = [kind for kind in step.reads if kind not in step.writes]
        versions = self.catalog.versions(reads) if found is None else told(found)
        fingerprint = digest(name, step.config.model_dump(mode="json"), versions)
        self.tables.write(record_type, columns, fingerprints=(fingerprint,))

    def settled(self, names: Sequence[str]) -> None:
        """The mark of map steps that ended."""
        steps = [step for name in names if isinstance(step := self.flow[name], MapStep)]
        before = list(self.flow)[: list(self.flow).index(names[0])]
        Settled(self.catalog, steps, before).set()

    def planned(self, config: Config, day: str) -> None:
        """Tasks: those that are to be restored as they are planned, the others with an id of their own."""
        chosen = Restoring(config.restore, config.model, has_identities=True)
        archive = Archive(self.catalog, self.paths[-NEW:])
        units = list(restore_units(archive, chosen, day))
        known = [unit.task_id for unit in units]
        others = len(self.paths) - len(known)
        task_ids = [*(f"{number:032x}" for number in range(others)), *known]
        media_ids = [f"{number:032x}" for number in range(len(self.paths))]
        count = len(task_ids)
        columns: dict[str, object] = {
            "task_id": task_ids,
            "media_id": media_ids,
            "path": self.paths,
            "planned_on": [day] * count,
        }
        columns |= {"shot_id": [f"{one}/0" for one in media_ids], "stop_frame": [1] * count}
        columns |= {"megapixels": [0.01] * count, "expected_seconds": [0.1] * count}
        self.reduced("plan", RestoreTask, columns, None)

    def restored(self, count: int) -> None:
        """Of the first files: results, as rows and as files."""
        ids, paths = [f"{number:032x}" for number in range(count)], self.paths[:count]
        places = [f"restored/{path}" for path in paths]
        for place in places:
            where = self.output / place
            where.parent.mkdir(parents=True, exist_ok=True)
            where.touch()
        columns = {"media_id": ids, "task_id": ids, "path": places}
        prints = ["made"] * count
        segments = columns | {"shot_id": [f"{one}/0" for one in ids]}
        self.tables.write(RestoredSegment, segments, paths, fingerprints=prints)
        self.tables.write(RestoredMedia, columns, paths, fingerprints=prints)
        self.tables.write(QualityReport, {"media_id": ids}, paths, fingerprints=prints)


def first_item(source: Path, output: Path) -> tuple[float, float, str]:
    """Begin ``f2s restore``; seconds until it is done with an item, the most memory until then of one of its processes, the step."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    words = [sys.executable, "-c", "from f2s_ray.cli import main; main()", "restore", str(source), str(output), "-q"]
    begin, peak = time.monotonic(), 0
    with subprocess.Popen(words, env=environment, start_new_session=True) as job:
        while not (done := [line for log in output.glob("runs/*/events.jsonl") if (line := _first(log, "item"))]):
            if job.poll() is not None:
                raise SystemExit(f"the run ended with {job.returncode} before it was done with an item")
            peak = max([peak, *(_used(process) for process in psutil.Process(job.pid).children(recursive=True))])
            time.sleep(0.05)
        seconds = time.monotonic() - begin
        os.killpg(job.pid, signal.SIGKILL)
    return seconds, peak / 2**30, done[0]["step"]


def _first(log: Path, event: str) -> dict[str, str] | None:
    with log.open() as lines:
        told = (json.loads(line) for line in lines if line.endswith("\n"))
        return next((line for line in told if line["event"] == event), None)


def _used(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _picture() -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((SIDE_PX, SIDE_PX)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


if __name__ == "__main__":
    main()
