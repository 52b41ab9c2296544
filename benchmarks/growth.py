"""Whether cost grows as the work grows: python -m benchmarks.growth FOLDER [--repeat N].

Files to index, pixels to restore, faces to cluster and identities to ask about, each three times doubled, every size in a process of
its own. Told are the exponents of seconds and of peak memory over the size, by least squares of their logarithms: 1 is in proportion.
Seconds are those of the work alone; memory is what was taken beyond that of the process before it began.
"""

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from f2s_catalog.find import find
from f2s_catalog.ledger import Catalog
from PIL import Image

from benchmarks.clustering_scale import Archive, make
from benchmarks.lines import Line, parser_of, report
from benchmarks.made_catalog import make_catalog
from f2s_ray.media.memory import peak_bytes

Work = Callable[[], object]


def files(size: int, folder: Path) -> Work:
    """Pictures of a few pixels, all different, indexed."""
    from f2s_ray.engines import local
    from f2s_ray.flows.photo import PhotoConfig, index_flow

    source = folder / "in"
    source.mkdir(parents=True)
    for number in range(size):
        Image.new("RGB", (64, 64), (number % 256, number // 256 % 256, 7)).save(source / f"{number}.png")
    catalog = Catalog(folder / "out")
    return lambda: local.run(index_flow(PhotoConfig(), source, folder / "out"), catalog, "benchmark")


def pixels(size: int, _: Path) -> Work:
    """A square picture of so many pixels, restored."""
    import torch

    from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig

    model, side = Face2Scene(Face2SceneConfig()), round(size**0.5)
    rgb = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))
    model.restore_scene(rgb[:, :128, :128], None)
    return lambda: model.restore_scene(rgb, None)


def faces(size: int, folder: Path) -> Work:
    """Made faces, clustered from nothing."""
    from f2s_ray.models.clustering import cluster

    folder.mkdir(parents=True)
    archive = Archive(folder, size)
    make(archive)
    quality, places = archive.read("quality")[:size], archive.read("places")
    places = places[places[:, 0] < size]
    return lambda: cluster(archive.vectors()[:size], quality, places, np.full(size, -1))


def identities(size: int, folder: Path) -> Work:
    """A question about two people of so many, each of whom is seen a hundred times."""
    truth = make_catalog(folder / "out", pictures=33 * size, people=size, faces=100 * size)
    usual = int(np.argsort(-np.bincount(truth[:, 1]), kind="stable")[size // 2])
    one, two = (f"{number + 1:032x}" for number in (usual, usual + 1))
    return lambda: find(folder / "out", f'person:"{one} & {two}"')


KINDS: dict[str, tuple[Callable[[int, Path], Work], tuple[int, ...]]] = {
    "files indexed": (files, (1000, 2000, 4000, 8000)),
    "pixels restored": (pixels, (500_000, 1_000_000, 2_000_000, 4_000_000)),
    "faces clustered": (faces, (50_000, 100_000, 200_000, 400_000)),
    "identities asked about": (identities, (1000, 2000, 4000, 8000)),
}


def measured(kind: str, size: int, folder: Path) -> dict[str, float]:
    """One size, in this process."""
    work = KINDS[kind][0](size, folder)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is held now
    before, begin = peak_bytes(), time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - begin, "bytes": max(peak_bytes() - before, 1)}


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The slope of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=2)
    parser.add_argument("--one", nargs=2, metavar=("KIND", "SIZE"))
    asked = parser.parse_args(words)
    if asked.one:
        print(json.dumps(measured(asked.one[0], int(asked.one[1]), asked.folder)))
        return
    lines = []
    for kind, (_, sizes) in KINDS.items():
        found: dict[str, list[float]] = {"seconds": [], "bytes": []}
        for _ in range(asked.repeat):
            rows = []
            for size in sizes:
                shutil.rmtree(asked.folder, ignore_errors=True)
                command = ["-m", "benchmarks.growth", str(asked.folder), "--one", kind, str(size)]
                out = subprocess.run([sys.executable, *command], check=True, stdout=subprocess.PIPE, text=True).stdout
                rows.append(json.loads(out.splitlines()[-1]))
                print(kind, size, {name: round(value, 3) for name, value in rows[-1].items()}, flush=True)
            for name, exponents in found.items():
                exponents.append(exponent(sizes, [row[name] for row in rows]))
        for name, exponents in found.items():
            spread = f"{min(exponents):.2f} to {max(exponents):.2f}"
            what, middle = f"{kind}: growth of {name}", f"{statistics.median(exponents):.2f}"
            lines.append(Line(what, middle, "in proportion", "1", middle, spread, "1.05 at most"))
    report(lines, asked.keep)


if __name__ == "__main__":
    main(sys.argv[1:])
