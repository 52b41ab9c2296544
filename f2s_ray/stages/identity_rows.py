"""Groups of faces to rows of the table of identities: means, how sure, who is next, and what people said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from f2s_catalog.arrow import schema_of
from f2s_catalog.records import Identity
from jaxtyping import Float, Int

from f2s_ray.stages.face_units import BLOCK_ROWS, group_means
from f2s_ray.stages.facts import Said
from f2s_ray.stages.nearest import nearest_others, remembered

__all__ = ["Grouped", "identity_table"]


@dataclass(frozen=True)
class Grouped:
    """Faces, sorted by id, in groups that are numbered without gaps; for each group its id and number."""

    face_ids: pa.Array
    vectors: Float[np.ndarray, "n d"]
    quality: Float[np.ndarray, " n"]
    group_of: Int[np.ndarray, " n"]
    ids: Sequence[str]
    numbers: Sequence[int]


def identity_table(grouped: Grouped, said: Said, previous: pa.Table) -> pa.Table:
    """A row for each group, sorted by id.

    Args:
        grouped: the faces.
        said: names, confirmed and primary faces, who is ignored.
        previous: the table as it was, for who was nearest to whom.
    """
    count = len(grouped.ids)
    order = np.lexsort((np.arange(len(grouped.group_of)), -grouped.quality, grouped.group_of))
    offsets = np.append(0, np.cumsum(np.bincount(grouped.group_of, minlength=count)))
    means = group_means(grouped.vectors, grouped.quality, grouped.group_of)
    is_ignored = np.array([identity_id in said.ignored for identity_id in grouped.ids], dtype=bool)
    at = {identity_id: row for row, identity_id in enumerate(grouped.ids)}
    nearest = nearest_others(means, ~is_ignored, *remembered(previous, grouped.ids, means, said))
    primaries = order[offsets[:-1]]
    for identity_id, row in said.primaries.items():
        if identity_id in at and grouped.group_of[row] == at[identity_id]:
            primaries[at[identity_id]] = row
    columns = {
        "identity_id": pa.array(grouped.ids, pa.string()),
        "number": pa.array(grouped.numbers, pa.int64()),
        "face_ids": _lists(offsets, grouped.face_ids.take(pa.array(order))),
        "confirmed_face_ids": _confirmed(grouped, order, said, at),
        "primary_face_id": grouped.face_ids.take(pa.array(primaries)),
        "centroid": _lists(np.arange(count + 1) * means.shape[1], pa.array(means.ravel(), pa.float32())),
        "cohesion": pa.array(_cohesion(grouped, means)),
        "margin": pa.array(1.0 - np.where(nearest < 0, -1.0, np.einsum("gd,gd->g", means, means[nearest]).clip(-1, 1))),
        "nearest_id": pa.array([grouped.ids[other] if other >= 0 else None for other in nearest], pa.string()),
        "name": pa.array([said.names.get(identity_id) for identity_id in grouped.ids], pa.string()),
        "is_ignored": pa.array(is_ignored),
    }
    table = pa.table(columns).cast(schema_of(Identity))
    return table.take(pa.array(np.argsort(np.array(grouped.ids, dtype=object), kind="stable")))


def _confirmed(grouped: Grouped, order: np.ndarray, said: Said, at: Mapping[str, int]) -> pa.ListArray:
    rows = [
        row
        for row, held in said.faces.items()
        if held.is_confirmed and at.get(held.identity_id, -1) == grouped.group_of[row]
    ]
    is_confirmed = np.zeros(len(order), dtype=bool)
    is_confirmed[rows] = True
    chosen = order[is_confirmed[order]]
    counts = np.bincount(grouped.group_of[chosen], minlength=len(grouped.ids))
    return _lists(np.append(0, np.cumsum(counts)), grouped.face_ids.take(pa.array(chosen)))


def _cohesion(grouped: Grouped, means: np.ndarray) -> Float[np.ndarray, " g"]:
    cosines = np.empty(len(grouped.group_of))
    for first in range(0, len(cosines), BLOCK_ROWS):
        some = slice(first, first + BLOCK_ROWS)
        cosines[some] = np.einsum("nd,nd->n", grouped.vectors[some], means[grouped.group_of[some]])
    sizes = np.bincount(grouped.group_of)
    return np.clip(np.bincount(grouped.group_of, weights=cosines) / sizes, -1.0, 1.0)


def _lists(offsets: np.ndarray, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
