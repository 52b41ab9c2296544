"""Clustering beside FAISS's nearest neighbours of the same faces: python -m benchmarks.cluster_speed FOLDER [--faces N] [--repeat N].

Made faces as in `clustering_scale`. Ours is the whole of it: pairs that are alike, people out of them, weak faces handed out. FAISS
builds an inverted file of plain vectors and looks up the nearest of every face in it, and nothing more. Each in a process of its own, by
turns; memory is the peak of the process less what it held before.
"""

import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path

import faiss
import numpy as np

from benchmarks.clustering_scale import DIMENSIONS, Archive, make
from benchmarks.lines import compared, parser_of, report
from f2s_ray.media.memory import peak_bytes
from f2s_ray.models.clustering import ClusteringConfig, cluster

PROBES = 32  # lists that FAISS looks into
SEARCHED = 1 << 14  # faces at a time


def ours(archive: Archive) -> None:
    """All faces as new ones."""
    quality, places = archive.read("quality")[: archive.count], archive.read("places")
    places = places[places[:, 0] < archive.count]
    cluster(archive.vectors()[: archive.count], quality, places, np.full(archive.count, -1), ClusteringConfig())


def plain(archive: Archive) -> None:
    """The nearest of all faces."""
    vectors, neighbours = np.asarray(archive.vectors()[: archive.count]), ClusteringConfig().neighbours
    lists = int(4 * archive.count**0.5)
    index = faiss.index_factory(DIMENSIONS, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:: max(1, archive.count // (64 * lists))])
    index.add(vectors)
    faiss.ParameterSpace().set_index_parameter(index, "nprobe", PROBES)
    for first in range(0, archive.count, SEARCHED):
        index.search(vectors[first : first + SEARCHED], neighbours + 1)


def measured(work: Callable[[Archive], None], archive: Archive) -> tuple[float, float]:
    """Seconds and GiB, in this process."""
    before, begin = peak_bytes(), time.perf_counter()
    work(archive)
    return time.perf_counter() - begin, (peak_bytes() - before) / 2**30


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=2)
    parser.add_argument("--faces", type=int, default=1_000_000)
    asked = parser.parse_args(words)
    asked.folder.mkdir(parents=True, exist_ok=True)
    archive = Archive(Path(asked.folder), asked.faces)
    make(archive)
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    for _ in range(asked.repeat):
        for name, work in (("ours", ours), ("plain", plain)):
            with get_context("spawn").Pool(1) as pool:
                found[name].append(pool.apply(measured, (work, archive)))
    parts = ((f"{asked.faces:,} faces clustered", "s", "1.2 at most"), ("memory of that", "GiB", "1.5 at most"))
    lines = []
    for part, (what, unit, aim) in enumerate(parts):
        mine, theirs = ([one[part] for one in found[name]] for name in ("ours", "plain"))
        lines.append(compared(what, mine, f"FAISS's nearest, {PROBES} lists each", theirs, unit, aim))
    report(lines, asked.keep)


if __name__ == "__main__":
    main(sys.argv[1:])
