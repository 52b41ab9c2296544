"""Made faces of known people to what clustering many of them takes: python -m benchmarks.clustering_scale COUNT [FOLDER].

The faces lie in a memory-mapped file in FOLDER (default: that of temporary files). Printed are minutes by phase, peak
memory, agreement with the truth, what lists miss beside comparing all pairs, and what joining new faces to all takes.
Each part runs in a process of its own, so that its peak memory is its own; mapped pages of the file count in it.

People: sizes by a power law, one in ten a relative of another (cosine of the centres 0.3 to 0.6). Two faces of a person
have a mean cosine of 0.6, those of one event more; strangers 0.05 with a deviation of 0.1. One face in ten is weak.
Photos show one to four faces.
"""

import cProfile
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import faiss
import numpy as np

from f2s_ray.media.memory import peak_bytes
from f2s_ray.models.cluster_index import SearchLimits, near_pairs
from f2s_ray.models.clustering import ClusteringConfig, cluster, link_cosine

DIMENSIONS = 128
NEW_FACES = 10_000
BLOCK = 1 << 16
EXACT_COUNT = 200_000  # up to here all pairs are compared besides
PEER_COUNT = 1_000_000
SAMPLE = 1000
PHASES = ("_groups", "near_pairs", "merge", "_hand_out")
LISTED = 0.005  # share of all pairs that lists compare where they are tried on few faces, as on ten million


@dataclass(frozen=True)
class Archive:
    """Made faces in a folder; the first ``count`` are there before, the rest comes new."""

    folder: Path
    count: int

    def vectors(self) -> np.ndarray:
        """Unit vectors, (n 128), mapped."""
        return np.memmap(self.folder / "vectors", dtype=np.float32, mode="r").reshape(-1, DIMENSIONS)

    def read(self, name: str) -> np.ndarray:
        """``truth``, ``quality``, ``places`` or ``labels``."""
        return np.load(self.folder / f"{name}.npy")


def make(archive: Archive, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    count = archive.count + NEW_FACES
    truth = _people(rng, count)
    centres = _centres(rng, int(truth.max()) + 1)
    weak = rng.random(count) < 0.1
    quality = np.where(weak, rng.uniform(0.0, 0.14, count), rng.uniform(0.2, 0.8, count))
    event = truth.astype(np.int64) << 32 | rng.integers(0, np.maximum(np.bincount(truth)[truth] // 4, 1))
    file = np.memmap(archive.folder / "vectors", dtype=np.float32, mode="w+", shape=(count, DIMENSIONS))
    for first in range(0, count, BLOCK):
        some = slice(first, min(first + BLOCK, count))
        share = np.clip(rng.normal(np.where(weak[some], 0.45, 0.62), 0.1), 0.2, 0.9)[:, None]
        own = 0.8 * _unit(_directions(rng, len(share))) + 0.6 * _seeded(event[some])
        file[some] = _unit(np.sqrt(share) * centres[truth[some]] + np.sqrt(1 - share) * _unit(own))
    file.flush()
    for name, rows in (("truth", truth), ("quality", quality), ("places", _photos(rng, truth))):
        np.save(archive.folder / f"{name}.npy", rows)


def _people(rng: np.random.Generator, count: int) -> np.ndarray:
    """Whose each face is; the largest person has at most a fiftieth of all faces."""
    sizes = np.minimum((rng.pareto(1.2, count) + 1).astype(np.int64), count // 50)
    people = int(np.searchsorted(np.cumsum(sizes), count)) + 1
    return rng.permutation(np.repeat(np.arange(people, dtype=np.int32), sizes[:people])[:count])


def _centres(rng: np.random.Generator, people: int) -> np.ndarray:
    common = _unit(rng.standard_normal((1, DIMENSIONS)))
    centres = _unit(np.sqrt(0.92) * _unit(_directions(rng, people)) + np.sqrt(0.08) * common)
    related = np.flatnonzero(rng.random(people) < 0.1)
    alike = rng.uniform(0.3, 0.6, len(related))[:, None]
    centres[related] = _unit(alike * centres[rng.permutation(related)] + np.sqrt(1 - alike**2) * centres[related])
    return centres.astype(np.float32)


def _directions(rng: np.random.Generator, count: int) -> np.ndarray:
    """Random, of slowly falling variance from dimension to dimension: of so many as a network has, fewer count."""
    return rng.standard_normal((count, DIMENSIONS), dtype=np.float32) * np.arange(1, DIMENSIONS + 1) ** -0.2


def _seeded(numbers: np.ndarray) -> np.ndarray:
    """A direction for each number, always the same: rows of a table, picked by mixing."""
    table = _unit(_directions(np.random.default_rng(7), 4096))
    a, b = (numbers * 2654435761 >> 7) % 4096, (numbers * 40503 + 12345 >> 3) % 4093
    return _unit(table[a] + table[b])


def _photos(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Pairs of a row and a photo; in a photo a person stands once."""
    sizes = rng.integers(1, 5, len(truth))
    photo = np.repeat(np.arange(len(sizes)), sizes)[: len(truth)]
    row = rng.permutation(len(truth))
    _, first = np.unique(photo.astype(np.int64) << 32 | truth[row], return_index=True)
    return np.stack([row[first], photo[first]], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def bcubed(groups: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    _, both, counts = np.unique(groups.astype(np.int64) << 32 | truth, return_inverse=True, return_counts=True)
    precision = float((counts[both] / np.bincount(groups)[groups]).mean())
    recall = float((counts[both] / np.bincount(truth)[truth]).mean())
    return precision, recall, 2 * precision * recall / (precision + recall)


def whole(archive: Archive, config: ClusteringConfig, name: str) -> list[str]:
    """All faces that are there before, as new ones."""
    rows, quality, places = archive.count, archive.read("quality"), archive.read("places")
    places, start = places[places[:, 0] < rows], np.full(rows, -1)
    labels, took = _timed(lambda: cluster(archive.vectors()[:rows], quality[:rows], places, start, config))
    np.save(archive.folder / f"{name}.npy", labels)
    truth, strong = archive.read("truth")[:rows], quality[:rows] >= config.founder_quality
    return [
        f"{name}: {took}",
        *_agreement(labels, truth, "all faces"),
        *_agreement(labels[strong], truth[strong], "strong ones"),
    ]


def join(archive: Archive) -> list[str]:
    """New faces to the groups that were found."""
    quality, truth = archive.read("quality"), archive.read("truth")
    start = np.append(archive.read("labels"), np.full(NEW_FACES, -1))
    labels, took = _timed(lambda: cluster(archive.vectors(), quality, archive.read("places"), start))
    fewer = int(start.max()) + 1 - len(np.unique(labels[: archive.count]))
    right = labels[-NEW_FACES:], truth[-NEW_FACES:]
    home = _home_share(labels, truth, archive.count)
    return [
        f"join of {NEW_FACES}: {took}",
        *_agreement(*right, "new faces among themselves"),
        f"  of new faces that joined somebody {home:.4f} joined the person most of whose faces the group has",
        f"  {fewer} of {int(start.max()) + 1} groups that were there became part of another",
        *_agreement(labels[: archive.count], truth[: archive.count], "faces that were there"),
    ]


def _home_share(labels: np.ndarray, truth: np.ndarray, before: int) -> float:
    """Share of joined new faces whose person the group of faces that were there mostly holds."""
    pairs, counts = np.unique(labels[:before].astype(np.int64) << 32 | truth[:before], return_counts=True)
    order = np.lexsort((-counts, pairs >> 32))
    groups, first = np.unique(pairs[order] >> 32, return_index=True)
    main = np.full(int(labels.max()) + 1, -1)
    main[groups] = pairs[order][first] & 0xFFFFFFFF
    homes = main[labels[before:]]
    return float((homes == truth[before:])[homes >= 0].mean())


def _agreement(labels: np.ndarray, truth: np.ndarray, what: str) -> list[str]:
    _, truth = np.unique(truth, return_inverse=True)
    _, labels = np.unique(labels, return_inverse=True)
    precision, recall, f1 = bcubed(labels, truth)
    counts = f"{len(truth)} faces, {labels.max() + 1} groups of {truth.max() + 1} people"
    return [f"  {what}: B-cubed {precision:.4f} / {recall:.4f} / {f1:.4f}; {counts}"]


def _timed(task: Callable[[], np.ndarray]) -> tuple[np.ndarray, str]:
    profile = cProfile.Profile()
    begin = time.perf_counter()
    result = profile.runcall(task)
    seconds = time.perf_counter() - begin
    spent = {name: 0.0 for name in PHASES}
    for (file, _, name), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if "cluster" in file and name in spent:
            spent[name] += cumulative
    phases = ", ".join(f"{name.strip('_')} {seconds / 60:.2f}" for name, seconds in spent.items())
    used = resource.getrusage(resource.RUSAGE_SELF)
    busy, peak = (used.ru_utime + used.ru_stime) / 60, peak_bytes() / 2**30
    return result, f"{seconds / 60:.2f} min ({phases}), {busy:.2f} min of processor, peak {peak:.2f} GiB"


def missed(archive: Archive) -> list[str]:
    """Of pairs that one link makes one person, how many the lists find, and faiss's indexes; on sampled faces."""
    vectors, config = archive.vectors()[: archive.count], ClusteringConfig()
    base = np.random.default_rng(0).permutation(archive.count).astype(np.int32)
    wanted = _Wanted(vectors, base[:SAMPLE], link_cosine(archive.count, config), config.neighbours)
    pairs = LISTED * archive.count**2 if archive.count**2 <= config.exact_pairs else config.list_pairs
    limits = SearchLimits(wanted.link, config.neighbours, 0.0, pairs * SAMPLE / archive.count)
    low, high = near_pairs(lambda rows: np.asarray(vectors[rows]), wanted.sample, base, limits)
    return [f"the lists' first search: {wanted.found(low, high)}"]


def peers(archive: Archive) -> list[str]:
    """Other indexes on the same faces: building, and looking up the nearest of 20,000 faces."""
    vectors, config = np.ascontiguousarray(archive.vectors()[: archive.count]), ClusteringConfig()
    base = np.random.default_rng(0).permutation(archive.count).astype(np.int32)
    wanted = _Wanted(vectors, base[:SAMPLE], link_cosine(archive.count, config), config.neighbours)
    lines = []
    for kind, setting, efforts in (("IVF{},Flat", "nprobe", (8, 32)), ("HNSW32,Flat", "efSearch", (32, 128))):
        index = faiss.index_factory(DIMENSIONS, kind.format(int(4 * archive.count**0.5)), faiss.METRIC_INNER_PRODUCT)
        begin = time.perf_counter()
        index.train(vectors[base[: archive.count // 5]])
        index.add(vectors)
        built = time.perf_counter() - begin
        for effort in efforts:
            faiss.ParameterSpace().set_index_parameter(index, setting, effort)
            begin = time.perf_counter()
            got = index.search(vectors[base[:20_000]], config.neighbours + 1)[1]
            took = (time.perf_counter() - begin) * archive.count / 20_000
            found = wanted.found(np.repeat(base[:SAMPLE], got.shape[1]), got[:SAMPLE].ravel())
            lines.append(f"{kind} {setting} {effort}: built in {built:.0f} s, {took:.0f} s for all; {found}")
    return lines


class _Wanted:
    """The nearest of sampled faces that are alike enough for a link, found by comparing all."""

    def __init__(self, vectors: np.ndarray, sample: np.ndarray, link: float, nearest: int) -> None:
        cosines, rows = faiss.knn(vectors[sample], vectors, nearest + 1, faiss.METRIC_INNER_PRODUCT)
        self.sample, self.link = sample, link
        self._good = (cosines >= link) & (rows != sample[:, None])
        self._keys = self._key(sample[:, None], rows)

    def found(self, a: np.ndarray, b: np.ndarray) -> str:
        """Which of them these pairs hold."""
        hit = np.isin(self._keys, self._key(a, b)) & self._good
        some = self._good.any(axis=1)
        first = hit[np.arange(len(hit)), self._good.argmax(axis=1)][some]
        every = hit.any(axis=1)[some]
        return (
            f"of faces that have any above {self.link:.2f} {first.mean():.4f} find the nearest, {every.mean():.4f} any"
        )

    @staticmethod
    def _key(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.minimum(a, b).astype(np.int64) << 32 | np.maximum(a, b)


def main(count: int, folder: Path) -> None:
    config = ClusteringConfig()
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        archive = Archive(Path(inside), count)
        tasks: list[tuple] = [(make, archive), (whole, archive, config, "labels")]
        if count <= EXACT_COUNT:
            tasks.append((whole, archive, ClusteringConfig(exact_pairs=1, list_pairs=LISTED * count**2), "listed"))
        tasks.append((join, archive))
        tasks.append((missed, archive))
        tasks += [(peers, archive)] if count <= PEER_COUNT else []
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
            for task, *arguments in tasks:
                for line in pool.submit(task, *arguments).result() or []:
                    print(line, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.gettempdir()))
