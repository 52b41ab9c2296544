"""Means of identities to the nearest other identity of each, looked for only where something has changed."""

from collections.abc import Sequence

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float, Int

from f2s_ray.stages.facts import Said

__all__ = ["nearest_others", "remembered"]

NOBODY = -1
CLEARLY_NEARER = 0.03  # a cosine: by less, somebody else does not become the nearest
EXACT_ROWS = 20_000  # of more, those in the lists of the nearest centres are compared
FEW_ROWS = 4_000  # so many that have changed are compared with everybody
LISTS_LOOKED_AT = 16
SAME_VALUE = 1e-6
BLOCK_ROWS = 256


def nearest_others(
    means: Float[np.ndarray, "g d"],
    may_be: Bool[np.ndarray, " g"],
    before: Int[np.ndarray, " g"],
    is_same: Bool[np.ndarray, " g"],
) -> Int[np.ndarray, " g"]:
    """For each identity the nearest other one of those that may be, -1 where there is none.

    The one before stays where no other is clearly nearer: so the choice does not swing to and fro as pictures come.

    Args:
        means: unit vectors.
        may_be: who may be the nearest of somebody.
        before: who was it so far, -1 for nobody.
        is_same: whose mean is what it was.
    """
    rows = np.arange(len(means))
    kept = np.where((before != NOBODY) & may_be[before] & (before != rows), before, NOBODY)
    settled = is_same & (kept != NOBODY) & is_same[kept]
    asking, chosen = np.flatnonzero(~settled), np.flatnonzero(may_be)
    if not len(chosen):
        return np.full(len(means), NOBODY, dtype=np.int64)
    cosine, nearest = np.full(len(means), -np.inf), np.full(len(means), NOBODY, dtype=np.int64)
    if len(asking) > FEW_ROWS or len(means) <= EXACT_ROWS:
        cosine, nearest = _searched(means, chosen)
    else:
        fresh = np.flatnonzero(may_be & ~is_same)
        cosine[asking], nearest[asking] = _best(means, asking, chosen)
        cosine[settled], nearest[settled] = _best(means, np.flatnonzero(settled), fresh)
    was = np.where(kept != NOBODY, np.einsum("gd,gd->g", means, means[kept]), -np.inf)
    return np.where((kept != NOBODY) & (was >= cosine - CLEARLY_NEARER), kept, nearest)


def remembered(
    previous: pa.Table, ids: Sequence[str], means: Float[np.ndarray, "g d"], said: Said
) -> tuple[Int[np.ndarray, " g"], Bool[np.ndarray, " g"]]:
    """Of each identity who was nearest so far, as a position in ``ids``, and whether its mean is what it was."""
    names = pa.array(ids, pa.string())
    at = np.asarray(pc.fill_null(pc.index_in(names, value_set=previous["identity_id"].combine_chunks()), NOBODY))
    known = np.flatnonzero(at != NOBODY)
    nearest = [said.root(one) if one else None for one in previous["nearest_id"].take(pa.array(at[known])).to_pylist()]
    before = np.full(len(ids), NOBODY, dtype=np.int64)
    before[known] = np.asarray(pc.fill_null(pc.index_in(pa.array(nearest, pa.string()), value_set=names), NOBODY))
    is_same = np.zeros(len(ids), dtype=bool)
    lists = previous["centroid"].combine_chunks().take(pa.array(at[known]))
    fits = np.asarray(pc.equal(pc.list_value_length(lists), means.shape[1]))
    flat = lists.filter(pa.array(fits)).flatten().to_numpy(zero_copy_only=False).reshape(-1, means.shape[1])
    is_same[known[fits]] = (np.abs(flat - means[known[fits]]) < SAME_VALUE).all(axis=1)
    return before, is_same


def _best(means: np.ndarray, asking: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of the others and its cosine, by comparing all."""
    cosine, nearest = np.full(len(asking), -np.inf), np.full(len(asking), NOBODY, dtype=np.int64)
    if not len(others):
        return cosine, nearest
    swapped = len(others) < len(asking)
    for first in range(0, len(others if swapped else asking), BLOCK_ROWS):
        some_others = others[first : first + BLOCK_ROWS] if swapped else others
        some = slice(None) if swapped else slice(first, first + BLOCK_ROWS)
        cosines = means[asking[some]] @ means[some_others].T
        cosines[asking[some][:, None] == some_others[None]] = -np.inf
        best = cosines.argmax(axis=1)
        value = cosines[np.arange(len(best)), best]
        nearer = value > cosine[some]
        cosine[some] = np.where(nearer, value, cosine[some])
        nearest[some] = np.where(nearer, some_others[best], nearest[some])
    return cosine, nearest


def _searched(means: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for everybody among those that are chosen, by an index where they are many."""
    cosines, found = _index(means[chosen]).search(means, 2)
    found = np.where(found < 0, NOBODY, chosen[found])
    is_own = (found[:, 0] == np.arange(len(means)))[:, None]
    return tuple(np.where(is_own, both[:, 1:], both[:, :1])[:, 0] for both in (cosines, found))  # type: ignore[return-value]


def _index(vectors: np.ndarray) -> faiss.Index:
    vectors = np.ascontiguousarray(vectors)
    index: faiss.Index = faiss.IndexFlatIP(vectors.shape[1])
    if len(vectors) > EXACT_ROWS:
        lists = int(4 * len(vectors) ** 0.5)
        index = faiss.IndexIVFFlat(index, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
        index.nprobe = LISTS_LOOKED_AT
        index.train(vectors[: 40 * lists])
    index.add(vectors)
    return index
