"""Peak memory and seconds of what looks at whole tables: python -m benchmarks.large_tables WHAT COUNT FOLDER.

WHAT is ``report``: the page of COUNT pictures that have a result, with three times as many faces and a tenth as many people, where
no file is left; or ``codes``: those of COUNT shots in 70 folders (``--folders``), half of which have a face. A code has ``--floats``
floats, in a real archive 2,940. The tables are made in FOLDER if they are not there; what is measured runs in a process of its own.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import CodeEstimate, MediaItem, Shot, Source
from f2s_catalog.storage import read

from benchmarks.made_catalog import make_catalog
from benchmarks.made_tables import MadeTables
from f2s_ray.flows.photo import PhotoConfig, plan_flow
from f2s_ray.flows.step import ReduceStep
from f2s_ray.media.memory import peak_bytes
from f2s_ray.view.report import write_report

SIGNATURE_LENGTH = 128
CAMERAS = 20


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("what", choices=["report", "codes"])
    told.add_argument("count", type=int)
    told.add_argument("folder", type=Path)
    told.add_argument("--folders", type=int, default=70)
    told.add_argument("--floats", type=int, default=2940)
    told.add_argument("--here", action="store_true", help="in this process, on tables that are there")
    options = told.parse_args()
    output = options.folder / f"{options.what}-{options.count}-{options.folders}-{options.floats}"
    if options.here:
        measure(options.what, output)
        return
    if not output.exists():
        make(options, output)
    subprocess.run([sys.executable, "-m", "benchmarks.large_tables", *sys.argv[1:], "--here"], check=True)


def make(options: argparse.Namespace, output: Path) -> None:
    """The tables."""
    if options.what == "report":
        count = options.count
        make_catalog(output, pictures=count, people=count // 10, faces=3 * count)
    else:
        make_estimates(output, options.count, options.folders, options.floats)


def make_estimates(output: Path, count: int, folders: int, floats: int) -> None:
    """Photos that look all alike or not, by a few kinds of damage; nothing is equal to another."""
    random = np.random.default_rng(0)
    paths = [f"roll {number % folders:04d}/{number:08d}.jpg" for number in range(count)]
    ids = [f"{number:032x}" for number in range(count)]
    shots = [f"{one}/0" for one in ids]
    tables = MadeTables(output, paths)
    tables.write(Source, {"path": paths})
    cameras = [f"Camera {number % CAMERAS}" for number in range(count)]
    words = {"kind": ["photo"] * count, "colour": ["rgb"] * count, "camera": cameras}
    tables.write(MediaItem, {"media_id": ids, "path": paths, **words}, paths)
    tables.write(Shot, {"shot_id": shots, "media_id": ids}, paths)
    has_code = random.random(count) < 0.5
    columns: dict[str, object] = {"shot_id": shots, "estimator": ["made@0"] * count}
    columns |= {"code": _vectors(random, has_code, floats), "signature": _vectors(random, has_code, SIGNATURE_LENGTH)}
    columns["face_ids"] = [[f"{shot}/0"] if has else [] for shot, has in zip(shots, has_code, strict=True)]
    for name in ("blur_sigma_px", "noise_sigma", "jpeg_quality", "downscale", "agreement"):
        columns[name] = pa.array(random.random(count), mask=~has_code)
    columns["noise_measured"] = 0.01 * 2 ** random.normal(size=count)
    columns["sharpness_measured"] = np.clip(random.normal(0.5, 0.15, count), 0, 1)
    columns["blockiness_measured"] = np.clip(random.normal(0.1, 0.08, count), 0, 1)
    tables.write(CodeEstimate, columns, paths)


def _vectors(random: np.random.Generator, has_code: np.ndarray, length: int) -> pa.Array:
    ends = np.append(0, np.cumsum(np.where(has_code, length, 0)))
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(random.random(ends[-1], np.float32), pa.float32())
    )


def measure(what: str, output: Path) -> None:
    """Run it and print a row."""
    before, begin = peak_bytes() / 2**20, time.monotonic()
    if what == "report":
        page = write_report(output, output / "in", "run")
        outcome = f"a page of {len(read(page)) / 2**20:.1f} MiB"
    else:
        steps = {step.name: step for step in plan_flow(PhotoConfig(), output / "in", output)}
        borrow = steps["borrow"]
        assert isinstance(borrow, ReduceStep)
        made = borrow.reduce(Catalog(output))
        outcome = f"{made.num_rows if isinstance(made, pa.Table) else len(list(made))} codes"
    seconds, processor = time.monotonic() - begin, time.process_time()
    print(
        f"{output.name}: {seconds:.1f} s, of the processor {processor:.1f} s; peak {peak_bytes() / 2**20:,.0f} MiB,"
        f" {before:,.0f} before it began; {outcome}"
    )


if __name__ == "__main__":
    main()
