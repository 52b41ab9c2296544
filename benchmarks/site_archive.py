"""A folder to a large made archive that the viewer can show: INPUT with real pictures, OUTPUT with tables, runs and names.

The catalog is that of ``made_catalog``. Some portraits, enlarged to 12 megapixels with grain, and a film lie at all its paths
as links to the same few files, so who is in a picture and what it shows have nothing to do with each other.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.made_catalog import HEIGHT_PX, WIDTH_PX, make_catalog, path_of
from benchmarks.pictures import data_folder
from f2s_ray.flows.people import People

__all__ = ["Size", "make_archive"]

PORTRAITS = 12
GRAIN = 5.0
RUNS, EVENTS = 30, 100_000
_MADE = "made.json"


@dataclass(frozen=True)
class Size:
    """How large the archive is; ``pictures`` counts the films, too."""

    pictures: int = 100_000
    people: int = 10_000
    faces: int = 300_000
    films: int = 300


def make_archive(folder: Path, size: Size) -> tuple[Path, Path]:
    """INPUT and OUTPUT in a folder; one that an earlier call made is taken as it is."""
    source, output = folder / "in", folder / "out"
    made = folder / _MADE
    if made.exists() and json.loads(made.read_text()) == asdict(size):
        return source, output
    files = _portraits(folder / "files")
    film = next((data_folder() / "eval/video").glob("*.mp4"))
    for number in range(size.pictures):
        path = source / path_of(number, size.films)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(files[number % len(files)], path) if number >= size.films else path.symlink_to(film)
    make_catalog(output, **asdict(size), source=source)
    (output / "restored").symlink_to(source)
    _runs(output, source)
    People(output, "made").settle()
    made.write_text(json.dumps(asdict(size)))
    return source, output


def _portraits(folder: Path) -> list[Path]:
    """Portraits of 12 megapixels, as large as those of a camera."""
    folder.mkdir(parents=True)
    chosen = sorted((data_folder() / "eval/gov_cc0").rglob("*headshot*.jpg"))[::5][:PORTRAITS]
    return [_enlarged(path, folder / f"{number}.jpg") for number, path in enumerate(chosen)]


def _enlarged(path: Path, enlarged: Path) -> Path:
    large = ImageOps.fit(Image.open(path).convert("RGB"), (WIDTH_PX, HEIGHT_PX), centering=(0.5, 0.3))
    grain = np.random.default_rng(0).normal(scale=GRAIN, size=(HEIGHT_PX, WIDTH_PX, 1))
    pixels = np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(enlarged, quality=92)
    return enlarged


def _runs(output: Path, source: Path) -> None:
    """Runs that ended, and one that goes on."""
    for number in range(RUNS):
        folder = output / f"runs/202601{number + 1:02d}T120000Z-000000"
        folder.mkdir(parents=True)
        facts = {"command": "restore", "input": str(source), "steps": []}
        (folder / "run.json").write_text(json.dumps(facts))
        is_last = number == RUNS - 1
        _events(folder / "events.jsonl", range(EVENTS if is_last else 100))
        if not is_last:
            summary = {"done": 100, "failed": 1, "skipped": 0, "pending": 0}
            (folder / "summary.json").write_text(json.dumps(summary))


def _events(path: Path, numbers: Sequence[int]) -> None:
    event = {
        "step": "restore",
        "total": 2 * len(numbers),
        "path": "1994/roll 03/0000123.jpg",
        "at": "2026-01-30T12:00:00",
    }
    path.write_text("".join(json.dumps({**event, "finished": number}) + "\n" for number in numbers))
