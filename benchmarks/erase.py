"""``python -m benchmarks.erase [--people N] [--faces N] [--erased N] [--results-mb N]``: a made archive, people erased.

A line a person: what is found of them before and after, seconds, and how fast the search reads.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from f2s_catalog.arrow import schema_of
from f2s_catalog.erase_plan import planned
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Attempt, Face, Identity, MediaItem, Record, Source
from f2s_catalog.traces import find_traces

from f2s_ray.flows.erase import erase_person
from f2s_ray.flows.people import People

LENGTH = 128


def main() -> None:
    """Make, name, erase, and print a line a person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--faces", type=int, default=20, help="of each")
    parser.add_argument("--erased", type=int, default=5)
    parser.add_argument("--results-mb", type=int, default=200, help="of results that show nobody, half of them text")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "out"
        for number in (1, 2):  # the second index leaves rows of the first that nobody sees
            index(root, asked.people, asked.faces, number)
            People(root, "bench").settle()
        tell = People(root, "bench")
        chosen = Catalog(root).rows(Identity)[: asked.erased]
        for number, one in enumerate(chosen):
            tell.name(one.identity_id, f"Made Person {number}")
            results(root, one, f"Made Person {number}")
        others(root, asked.results_mb)
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        print(f"{asked.people * asked.faces} faces, {size / 1e6:.0f} MB")
        print(
            "| person | faces | rows | vectors, names, ids found before | files with them | after | seconds | MiB/s |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for one in chosen:
            print(erased(root, one, size))


def erased(root: Path, one: Identity, size: int) -> str:
    """One line: what the search finds of somebody before and after, and how long erasing takes."""
    sought = planned(root, one.identity_id, "bench").sought
    before = find_traces(root, sought)
    begin = time.perf_counter()
    done = erase_person(root, one.identity_id, "bench")
    seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    after = find_traces(root, sought)
    rate = size / 2**20 / (time.perf_counter() - begin)
    kinds = ", ".join(f"{count} x {what}" for what, count in sorted(Counter(trace.what for trace in before).items()))
    files = len({trace.path for trace in before})
    rows = sum(done.rows.values())
    return f"| {one.number} | {len(done.face_ids)} | {rows} | {kinds} | {files} | {len(after)} | {seconds:.1f} | {rate:.0f} |"


def results(root: Path, one: Identity, name: str) -> None:
    """A result that bears the name, and a page of a run."""
    place = root / "restored" / f"{one.number}.jpg"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"\xff\xd8" + bytes(200_000) + f'<x mwg-rs:Name="{name}"/>'.encode())
    page = root / "runs" / f"run{one.number}" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text(f"<b>{name}</b>")


def others(root: Path, megabytes: int) -> None:
    """Results of no known person, as dense as pictures are, and the lines of a long run."""
    rng = np.random.default_rng(3)
    line = b'{"event": "done", "path": "roll 12/photo 0137.jpg", "step": "restore", "seconds": 1.25}\n'
    (root / "runs" / "long").mkdir(parents=True)
    (root / "runs" / "long" / "events.jsonl").write_bytes(line * (megabytes * 500_000 // len(line)))
    for number in range(megabytes // 2):
        (root / "restored" / f"other{number}.jpg").write_bytes(b"\xff\xd8" + rng.bytes(1_000_000))


def index(root: Path, people: int, faces: int, number: int) -> None:
    """The rows of an index: a photo a face."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(people, LENGTH))
    vectors = np.repeat(centres, faces, 0) + 0.6 * rng.normal(size=(people * faces, LENGTH))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    count = people * faces
    media = [f"m{row:07d}" for row in range(count)]
    tables: dict[type[Record], pa.Table] = {
        Source: filled(Source, count, path=[f"{one}.png" for one in media]),
        MediaItem: filled(
            MediaItem, count, media_id=media, path=[f"{one}.png" for one in media], content_digest=media, kind="photo"
        ),
        Face: filled(
            Face, count, face_id=[f"{one}/0/0.{number}x60x100" for one in media], shot_id=[f"{one}/0" for one in media],
            media_id=media, box_px=[(0.0, 0.0, 100.0, 120.0)] * count, landmarks_px=[(0.0,) * 10] * count, quality=0.6,
            face_px=100.0, sharpness=0.6, embedding=list(vectors), embedder="made@0",
        ),
    }  # fmt: skip
    for record_type, table in tables.items():
        attempt = Attempt(
            step=f"{record_type.TABLE}", item_id="*", fingerprint=f"f{number}", path="", status="done", error_kind=None,
            message=None, number=number, run_id="bench", elapsed_seconds=0.0,
        )  # fmt: skip
        Catalog(root).commit((record_type,), [Outcome(attempt, (), {record_type: table})])


def filled(record_type: type[Record], count: int, **columns: object) -> pa.Table:
    """A table with these columns, the others as empty as they may be."""
    arrays = []
    for column in schema_of(record_type):
        value = columns.get(column.name)
        if isinstance(value, list):
            arrays.append(pa.array(value, column.type))
        elif value is None and column.nullable:
            arrays.append(pa.nulls(count, column.type))
        else:
            blank = {pa.string(): "", pa.bool_(): False}.get(column.type, 0)
            arrays.append(pa.array([blank if value is None else value] * count, column.type))
    return pa.table(arrays, schema=schema_of(record_type))


if __name__ == "__main__":
    main()
