"""Vectors to the pairs of them that are alike: all pairs of a small set, those that share a list in a large one.

A large set is parted into lists around centres (an inverted file, IVF), each vector standing in the lists of its nearest
few centres, and pairs are compared inside of lists, as products of whole matrices. A list holds numbers of vectors, not
vectors: those are read where they lie, which may be a memory-mapped file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

__all__ = ["SearchLimits", "near_pairs"]

BLOCK_ROWS = 65_536  # of the vectors that are compared at a time
BLOCK_CELLS = 1 << 21  # of a block of cosines: 8 MiB, which stays in a processor's cache
MOST_LISTS = 8_192  # of more, finding the nearest would cost as much as comparing inside of them
MOST_LISTS_EACH = 8  # that a vector stands in
LIST_NEAREST = 4  # that a vector is paired with out of a list: it stands in several, and memory grows with pairs
DENSE = 256  # one cell in so many reaches the floor: choosing by row is then faster than listing
FOLD_PAIRS = 30_000_000
TRAINING_ROWS_PER_LIST = 24
TRAINING_ROUNDS = 5

Take = Callable[[Int[np.ndarray, " k"]], Float[np.ndarray, "k d"]]


@dataclass(frozen=True)
class SearchLimits:
    """How hard to look."""

    floor: float  # least inner product of a pair
    nearest: int  # most that a vector is paired with, out of a block of all others
    exact_pairs: float  # up to so many comparisons every pair is looked at
    list_pairs: float  # beyond, lists are made so that about so many are


def near_pairs(
    take: Take, queries: Int[np.ndarray, " q"], base: Int[np.ndarray, " b"], limits: SearchLimits
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
    """Pairs of a query and another vector whose inner product reaches the floor, each once, the lower number first.

    Args:
        take: numbers to vectors.
        queries: numbers for which others are looked for.
        base: numbers among which they are looked for, those that make good centres first; may hold the queries.
        limits: how hard to look.
    """
    found = _PairSet()
    if len(queries) and len(base):
        exact = float(len(queries)) * len(base) <= limits.exact_pairs
        parts = _blocks(queries, base) if exact else _lists(take, queries, base, limits.list_pairs)
        most = limits.nearest if exact else min(limits.nearest, LIST_NEAREST)
        for some_queries, some_base in parts:
            for one, other in _alike(take, some_queries, some_base, limits.floor, most):
                found.add(one, other)
    return found.pairs()


class _PairSet:
    """Unordered pairs of different numbers, each held once, as one integer.

    Fresh ones go into one array that is made once: thousands of small ones, kept while others come and go between them, would
    leave holes in the memory that no later array fits into.
    """

    def __init__(self) -> None:
        self._known = np.empty(0, dtype=np.int64)
        self._fresh = np.empty(FOLD_PAIRS, dtype=np.int64)
        self._count = 0

    def add(self, one: Int[np.ndarray, " p"], other: Int[np.ndarray, " p"]) -> None:
        different = one != other
        low, high = np.minimum(one, other)[different], np.maximum(one, other)[different]
        for first in range(0, len(low), FOLD_PAIRS):
            some = slice(first, first + FOLD_PAIRS)
            if self._count + len(low[some]) > FOLD_PAIRS:
                self._fold()
            fresh = self._fresh[self._count : self._count + len(low[some])]
            np.left_shift(low[some], 32, out=fresh, dtype=np.int64)
            fresh |= high[some]
            self._count += len(fresh)

    def pairs(self) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
        self._fold()
        return (self._known >> 32).astype(np.int32), (self._known & 0xFFFFFFFF).astype(np.int32)

    def _fold(self) -> None:
        every = np.concatenate([self._known, self._fresh[: self._count]])
        self._count = 0
        every.sort()
        self._known = every[np.append(True, every[1:] != every[:-1])] if len(every) else every


def _alike(
    take: Take, queries: np.ndarray, base: np.ndarray, floor: float, most: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Queries beside vectors of the base that reach the floor; of a query that has more than ``most`` the nearest."""
    others = torch.from_numpy(take(base)).T
    step = max(1, BLOCK_CELLS // len(base))
    for first in range(0, len(queries), step):
        some = queries[first : first + step]
        products = torch.from_numpy(take(some)) @ others
        rows, columns = _hits(products, floor, min(most + 1, len(base)))  # one may be the query itself
        yield some[rows], base[columns]


def _hits(products: torch.Tensor, floor: float, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the cells that reach the floor; of a row the ``most`` largest."""
    hits = (products >= floor).numpy()
    if np.count_nonzero(hits) * DENSE > hits.size:
        largest = torch.topk(products, most, dim=1, sorted=False)
        rows, places = np.nonzero(largest.values.numpy() >= floor)
        return rows, largest.indices.numpy()[rows, places]
    rows, columns = np.divmod(np.flatnonzero(hits), hits.shape[1])
    crowded = np.flatnonzero(np.bincount(rows, minlength=len(hits)) > most)
    if len(crowded):
        least = np.full(len(hits), floor, dtype=np.float32)
        least[crowded] = torch.topk(products[crowded], most, dim=1).values[:, -1].numpy()
        kept = products.numpy()[rows, columns] >= least[rows]
        rows, columns = rows[kept], columns[kept]
    return rows, columns


def _blocks(queries: np.ndarray, base: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for first in range(0, len(base), BLOCK_ROWS):
        yield queries, base[first : first + BLOCK_ROWS]


def _lists(
    take: Take, queries: np.ndarray, base: np.ndarray, list_pairs: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The queries and the vectors of the base in each list."""
    each = _lists_each(len(queries), len(base), list_pairs)
    centres = _centres(take, base[: TRAINING_ROWS_PER_LIST * _list_count(len(base))], _list_count(len(base)))
    members = _members(take, base, centres, each)
    asking = members if queries is base else _members(take, queries, centres, each)
    for number in range(len(centres)):
        some_queries = queries[asking[0][asking[1][number] : asking[1][number + 1]]]
        some_base = base[members[0][members[1][number] : members[1][number + 1]]]
        if len(some_queries) and len(some_base):
            yield some_queries, some_base


def _list_count(base_count: int) -> int:
    """About four square roots, so that finding the lists costs little beside comparing inside of them."""
    return int(np.clip(2 ** round(np.log2(4.0 * base_count**0.5)), 16, MOST_LISTS))


def _lists_each(query_count: int, base_count: int, list_pairs: float) -> int:
    """Lists that a vector stands in: with m of c lists, m * m / c of all pairs are compared, were lists even."""
    pairs = float(query_count) * base_count
    return int(np.clip(round((list_pairs * _list_count(base_count) / pairs) ** 0.5), 2, MOST_LISTS_EACH))


def _centres(take: Take, sample: np.ndarray, count: int) -> torch.Tensor:
    """Unit centres, (count d): spherical k-means, begun at the first of the sample."""
    centres = torch.nn.functional.normalize(torch.from_numpy(take(sample[:count])))
    for _ in range(TRAINING_ROUNDS):
        sums = torch.zeros_like(centres)
        for first in range(0, len(sample), BLOCK_ROWS):
            vectors = torch.from_numpy(take(sample[first : first + BLOCK_ROWS]))
            sums.index_add_(0, _nearest(vectors, centres, 1)[:, 0], vectors)
        empty = sums.norm(dim=1) == 0
        sums[empty] = centres[empty]
        centres = torch.nn.functional.normalize(sums)
    return centres


def _nearest(vectors: torch.Tensor, centres: torch.Tensor, each: int) -> torch.Tensor:
    """The numbers of the nearest centres, (n each)."""
    step = max(1, BLOCK_CELLS // len(centres))
    return torch.cat([torch.topk(some @ centres.T, each, dim=1).indices for some in vectors.split(step)])


def _members(
    take: Take, numbers: np.ndarray, centres: torch.Tensor, each: int
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " lists_and_one"]]:
    """Positions of the vectors list by list, and where each list begins."""
    homes = np.empty((len(numbers), each), dtype=np.uint16)
    for first in range(0, len(numbers), BLOCK_ROWS):
        vectors = torch.from_numpy(take(numbers[first : first + BLOCK_ROWS]))
        homes[first : first + BLOCK_ROWS] = _nearest(vectors, centres, each).numpy()
    flat = homes.ravel()
    order = np.argsort(flat, kind="stable")
    order //= each
    return order.astype(np.int32), np.append(0, np.cumsum(np.bincount(flat, minlength=len(centres))))
