"""Groups of faces and pairs of them that may be one person, to fewer, larger groups.

Reciprocal agglomeration: in a round all pairs of groups that are each other's best become one, at once. For a linkage
that merging never raises this gives the tree of agglomeration one by one; here what a group needs falls a little as it
grows and small groups join a large one many at a time, so the order can matter, but every merge passes the same test.
Source: Sumengen et al. 2021, Scaling Hierarchical Agglomerative Clustering to Billion-sized Datasets, algorithm 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt64

from f2s_ray.models.cluster_places import Places

__all__ = ["Groups", "Need", "Sums", "mixed"]

BLOCK_PAIRS = 1 << 13  # vectors that are read at a time: 4 MiB of them stay in a processor's cache
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
        self._embeddings = np.asarray(embeddings)  # of a mapped file the plain view, which is faster to pick from
        self._row = rows[begin]
        self._slot = np.full(len(begin), -1, dtype=np.int32)
        many = np.flatnonzero(self.sizes > 1)
        self._slot[many] = np.arange(len(many))
        # Two single faces that become one take a slot, a group keeps its own: pages that are never written cost nothing.
        self._sums = np.empty((len(many) + (len(begin) - len(many)) // 2, embeddings.shape[1]), dtype=np.float32)
        self._used = len(many)
        inside = self.sizes[groups] > 1
        for some, parts in _segments(groups[inside]):
            self._sums[self._slot[groups[inside][some][parts]]] = np.add.reduceat(
                np.asarray(embeddings[rows[inside][some]], dtype=np.float32), parts, axis=0
            )
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
        sums = np.empty((len(groups), self._sums.shape[1]), dtype=np.float32)
        sums[single] = self._embeddings[self._row[groups[single]]]
        sums[~single] = self._sums[slots[~single]]
        return sums

    def means(self, groups: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k d"]:
        """Mean vectors, not of unit length: their inner product is the mean cosine of all pairs of two groups."""
        return self.take(groups) / self.sizes[groups, None].astype(np.float32)

    def unite(self, a: Int[np.ndarray, " k"], b: Int[np.ndarray, " k"]) -> None:
        """Add groups b to groups a. Where an a stands several times it stands in a row, and has more than one face."""
        for some, parts in _segments(a):
            into, gone = a[some][parts], b[some]
            sums = self.take(into) + np.add.reduceat(self.take(gone), parts, axis=0)
            bare = into[self._slot[into] < 0]
            self._slot[bare] = np.arange(self._used, self._used + len(bare))
            self._used += len(bare)
            self._sums[self._slot[into]] = sums
            self.squares[into] = _dots(sums, sums)
            self.sizes[into] += np.add.reduceat(self.sizes[gone], parts)


class Groups:
    """Groups of faces while they grow."""

    def __init__(self, sums: Sums, keys: UInt64[np.ndarray, " n"], places: Places, need: Need) -> None:
        """Keys tell groups apart by what they hold: of two pairs that are as good, they and not the input's order decide."""
        self.sums, self.keys, self.places, self.need = sums, keys, places, need
        self.root = np.arange(len(keys), dtype=np.int32)
        self.known = np.zeros(len(keys), dtype=bool)  # holds faces that were there before

    def merge(self, a: Int[np.ndarray, " e"], b: Int[np.ndarray, " e"]) -> Int[np.ndarray, " g"]:
        """Merge, among pairs of groups, those that convince, until none does; gives the groups that grew."""
        excess = self.excess(a, b)
        grown = np.zeros(len(self.root), dtype=bool)
        while len(convincing := np.flatnonzero(excess >= 0)):
            chosen, centre, other = self._chosen(a[convincing], b[convincing], excess[convincing])
            clash = self.places.clash(centre, other)
            free = ~clash
            free[free] = self.places.first_come(other[free], centre[free])
            self.unite(centre[free], other[free])
            grown[centre[free]] = True
            a, b, excess = self._contracted(a, b, excess, convincing[chosen[clash | free]])
        return np.unique(self.root[grown])

    def unite(self, a: Int[np.ndarray, " k"], b: Int[np.ndarray, " k"], counted: bool = True) -> None:
        """Make groups b part of groups a; an a may stand several times. Uncounted ones do not change the means."""
        if counted:
            self.sums.unite(a, b)
        np.add.at(self.keys, a, self.keys[b])
        np.logical_or.at(self.known, a, self.known[b])
        root = np.arange(len(self.root), dtype=np.int32)
        root[b] = a
        self.root = root[self.root]
        self.places.unite(root)

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
            means[some] = _dots(self.sums.take(a[some]), self.sums.take(b[some]))
        return means / (self.sums.sizes[a] * self.sums.sizes[b].astype(np.float32))

    def needed(self, a: Int[np.ndarray, " e"], b: Int[np.ndarray, " e"]) -> Float[np.ndarray, " e"]:
        """What the mean cosine of two groups must reach: copies of one picture count once, different pictures more."""
        return self.need.cosine(self._spread(a) * self._spread(b))

    def _spread(self, groups: np.ndarray) -> np.ndarray:
        """How many faces' worth of evidence a group is."""
        return self.sums.sizes[groups].astype(np.float64) ** 2 / self.sums.squares[groups]

    def _chosen(self, a: np.ndarray, b: np.ndarray, excess: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions of pairs to merge now, the group that each goes to and the other, which stands in no second pair.

        Those are the pairs that are the best of both; and if one of both is much larger, other groups whose best it is,
        the best first, up to half its size: a person of a hundred thousand faces would else take as many rounds.
        """
        best = np.full(len(self.root), -1, dtype=np.int32)
        np.maximum.at(best, a, excess)
        np.maximum.at(best, b, excess)
        pairs = np.flatnonzero((excess == best[a]) | (excess == best[b]))
        pairs = pairs[np.lexsort((mixed(self.keys[a[pairs]] + self.keys[b[pairs]]), -excess[pairs]))]
        rank = np.arange(len(pairs), dtype=np.int32)
        first = np.full(len(self.root), len(pairs), dtype=np.int32)
        np.minimum.at(first, a[pairs], rank)
        np.minimum.at(first, b[pairs], rank)
        a, b = a[pairs], b[pairs]
        mutual = (first[a] == rank) & (first[b] == rank)
        swap = self.sums.sizes[a] < self.sums.sizes[b]
        centre, other = np.where(swap, b, a), np.where(swap, a, b)
        is_centre = np.zeros(len(self.root), dtype=bool)
        is_centre[centre[mutual]] = True
        follows = np.flatnonzero(is_centre[centre] & (first[other] == rank))
        follows = follows[np.argsort(centre[follows], kind="stable")]
        centre, other = centre[follows], other[follows]
        fits = mutual[follows] | (2 * _running(self.sums.sizes[other], centre) <= self.sums.sizes[centre])
        return pairs[follows[fits]], centre[fits], other[fits]

    def _contracted(
        self, a: np.ndarray, b: np.ndarray, excess: np.ndarray, done: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs between the groups as they are now, each once, without those that are done."""
        # A pair that is done and not merged clashes, and whatever its groups become will clash: it may go for good.
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


def _running(sizes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Running sums of sizes, begun anew at each of the groups, which stand in a row."""
    sums = np.cumsum(sizes, dtype=np.int64)
    begin = np.append(True, groups[1:] != groups[:-1])[: len(groups)]
    return sums - np.repeat((sums - sizes)[begin], np.diff(np.append(np.flatnonzero(begin), len(groups))))


def _segments(groups: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Stretches of equal groups, some at a time: where those lie, and where in there each stretch begins."""
    begin = np.append(np.flatnonzero(np.append(True, groups[1:] != groups[:-1])[: len(groups)]), len(groups))
    at = 0
    while at < len(begin) - 1:
        until = max(at + 1, int(np.searchsorted(begin, begin[at] + BLOCK_PAIRS, side="right")) - 1)
        yield slice(begin[at], begin[until]), begin[at:until] - begin[at]
        at = until


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
