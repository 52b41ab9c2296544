"""Groups of faces and pairs of them that may be one person, to fewer, larger groups.

Reciprocal agglomeration: in a round all pairs of groups that are each other's best become one, at once. For a linkage
that merging never raises this gives the tree of agglomeration one by one; here what a group needs falls a little as it
grows, so the order can matter in rare cases, but every merge passes the same test.
Source: Sumengen et al. 2021, Scaling Hierarchical Agglomerative Clustering to Billion-sized Datasets, algorithm 1.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt64

from f2s_ray.models.cluster_places import Places

__all__ = ["Groups", "Need", "Sums", "mixed"]

BLOCK_PAIRS = 1 << 16
MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Need:
    """What a mean cosine must reach."""

    link: float  # between two single faces
    relief: float  # how much less between groups of many different faces

    def cosine(self, spread: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Least mean cosine, by how many different pairs the mean is taken over."""
        return self.link - self.relief * (1.0 - np.maximum(spread, 1.0) ** -0.5)


class Sums:
    """The sum of the vectors of each group. A single face is read where the caller has it, and nothing is copied."""

    def __init__(
        self, embeddings: Float[np.ndarray, "n d"], rows: Int[np.ndarray, " r"], groups: Int[np.ndarray, " r"]
    ) -> None:
        """Groups are numbered from 0, and ``groups`` rises; what lies in ``rows`` of a group is added in that order."""
        begin = np.flatnonzero(np.append(True, groups[1:] != groups[:-1])) if len(groups) else groups
        self.sizes = np.diff(np.append(begin, len(rows))).astype(np.int32)
        self._embeddings = embeddings
        self._row = rows[begin]
        self._slot = np.full(len(begin), -1, dtype=np.int32)
        many = np.flatnonzero(self.sizes > 1)
        self._slot[many] = np.arange(len(many))
        # Two single faces that become one take a slot, a group keeps its own: pages that are never written cost nothing.
        self._sums = np.empty((len(many) + (len(begin) - len(many)) // 2, embeddings.shape[1]), dtype=np.float32)
        self._used = len(many)
        for first in range(0, len(many), BLOCK_PAIRS // 16):
            some = many[first : first + BLOCK_PAIRS // 16]
            ends = np.cumsum(self.sizes[some])
            inside = np.repeat(begin[some] - ends + self.sizes[some], self.sizes[some]) + np.arange(ends[-1])
            starts = ends - self.sizes[some]
            self._sums[first : first + len(some)] = np.add.reduceat(embeddings[rows[inside]], starts, axis=0)
        self.squares = np.empty(len(begin))
        for first in range(0, len(begin), BLOCK_PAIRS):
            vectors = self.take(np.arange(first, min(first + BLOCK_PAIRS, len(begin))))
            self.squares[first : first + len(vectors)] = _dots(vectors, vectors)

    def take(self, groups: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k d"]:
        """The sums of these groups."""
        slots = self._slot[groups]
        single = slots < 0
        if single.all():
            return np.ascontiguousarray(self._embeddings[self._row[groups]], dtype=np.float32)
        sums = self._sums[np.maximum(slots, 0)]
        sums[single] = self._embeddings[self._row[groups[single]]]
        return sums

    def means(self, groups: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k d"]:
        """Mean vectors, not of unit length: their inner product is the mean cosine of all pairs of two groups."""
        return self.take(groups) / self.sizes[groups, None].astype(np.float32)

    def unite(self, a: Int[np.ndarray, " k"], b: Int[np.ndarray, " k"]) -> None:
        """Add groups b to groups a; no group may stand twice."""
        for first in range(0, len(a), BLOCK_PAIRS):
            into, gone = a[first : first + BLOCK_PAIRS], b[first : first + BLOCK_PAIRS]
            sums = self.take(into) + self.take(gone)
            slots = np.maximum(self._slot[into], self._slot[gone])
            bare = np.flatnonzero(slots < 0)
            slots[bare] = np.arange(self._used, self._used + len(bare))
            self._used += len(bare)
            self._sums[slots] = sums
            self._slot[into] = slots
            self.squares[into] = _dots(sums, sums)
            self.sizes[into] += self.sizes[gone]


class Groups:
    """Groups of faces while they grow; of two that become one the lower number goes on."""

    def __init__(self, sums: Sums, keys: UInt64[np.ndarray, " n"], places: Places, need: Need) -> None:
        """Keys tell groups apart by what they hold: of two pairs that are as good, they and not the input's order decide."""
        self.sums, self.places = sums, places
        self.root = np.arange(len(keys), dtype=np.int32)
        self.keys, self.need = keys, need

    def merge(self, a: Int[np.ndarray, " e"], b: Int[np.ndarray, " e"]) -> int:
        """Merge, among pairs of groups, those that convince, until none does; gives how many merges that were."""
        excess = self.excess(a, b)
        count = 0
        while len(convincing := np.flatnonzero(excess >= 0)):
            chosen = convincing[self._mutual(a[convincing], b[convincing], excess[convincing])]
            clash = self.places.clash(a[chosen], b[chosen])
            self._unite(a[chosen[~clash]], b[chosen[~clash]])
            count += int(np.count_nonzero(~clash))
            a, b, excess = self._contracted(a, b, excess, chosen)
        return count

    def excess(self, a: Int[np.ndarray, " e"], b: Int[np.ndarray, " e"]) -> Int[np.ndarray, " e"]:
        """How far the mean cosine of two groups lies above what they need, in millionths: rounded, so that it is repeatable."""
        means = self.mean_cosine(a, b)
        excess = np.empty(len(a), dtype=np.int32)
        for first in range(0, len(a), BLOCK_PAIRS):
            some = slice(first, first + BLOCK_PAIRS)
            excess[some] = np.rint(MILLIONTHS * (means[some] - self.needed(a[some], b[some])))
        return excess

    def mean_cosine(self, a: Int[np.ndarray, " e"], b: Int[np.ndarray, " e"]) -> Float[np.ndarray, " e"]:
        """The mean over all pairs of a face of one and a face of the other group."""
        means = np.empty(len(a), dtype=np.float32)
        for first in range(0, len(a), BLOCK_PAIRS):
            some = slice(first, first + BLOCK_PAIRS)
            means[some] = _dots(self.sums.means(a[some]), self.sums.means(b[some]))
        return means

    def needed(self, a: Int[np.ndarray, " e"], b: Int[np.ndarray, " e"]) -> Float[np.ndarray, " e"]:
        """What the mean cosine of two groups must reach: copies of one picture count once, different pictures more."""
        return self.need.cosine(self._spread(a) * self._spread(b))

    def _spread(self, groups: np.ndarray) -> np.ndarray:
        """How many faces' worth of evidence a group is."""
        return self.sums.sizes[groups].astype(np.float64) ** 2 / self.sums.squares[groups]

    def _mutual(self, a: np.ndarray, b: np.ndarray, excess: np.ndarray) -> np.ndarray:
        """Positions of the pairs that are the best of both their groups; no group stands in two."""
        best = np.full(len(self.root), -1, dtype=np.int32)
        np.maximum.at(best, a, excess)
        np.maximum.at(best, b, excess)
        mutual = np.flatnonzero((excess == best[a]) & (excess == best[b]))
        mutual = mutual[np.argsort(mixed(self.keys[a[mutual]] + self.keys[b[mutual]]), kind="stable")]
        rank = np.arange(len(mutual), dtype=np.int32)
        first = np.full(len(self.root), len(mutual), dtype=np.int32)
        np.minimum.at(first, a[mutual], rank)
        np.minimum.at(first, b[mutual], rank)
        return mutual[(first[a[mutual]] == rank) & (first[b[mutual]] == rank)]

    def _unite(self, a: np.ndarray, b: np.ndarray) -> None:
        self.sums.unite(a, b)
        self.keys[a] += self.keys[b]
        root = np.arange(len(self.root), dtype=np.int32)
        root[b] = a
        self.root = root[self.root]
        self.places.unite(root)

    def _contracted(
        self, a: np.ndarray, b: np.ndarray, excess: np.ndarray, done: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs between the groups as they are now, each once, without those that are done."""
        # A pair that was done and not merged clashes, and whatever its groups become will clash: it may go for good.
        grown = np.zeros(len(self.root), dtype=bool)
        grown[a[done]] = grown[b[done]] = True
        changed = grown[a] | grown[b]
        kept = ~changed
        changed[done] = False
        one, other = self.root[a[changed]], self.root[b[changed]]
        apart = one != other
        low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
        pairs = np.unique(low.astype(np.int64) << 32 | high)
        low, high = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
        return (
            np.append(a[kept], low),
            np.append(b[kept], high),
            np.append(excess[kept], self.excess(low, high)),
        )


def mixed(keys: UInt64[np.ndarray, " n"]) -> UInt64[np.ndarray, " n"]:
    """Well-mixed 64 bits of each key.

    Source: Steele et al. 2014, Fast Splittable Pseudorandom Number Generators, figure 17.
    """
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ keys >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ keys >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return keys ^ keys >> np.uint64(31)


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("kd,kd->k", a, b)
