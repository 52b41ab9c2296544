"""Faces and Identities to Sightings: who is seen in which file, and when; a row for each face of a photo and each track."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import schema_of
from f2s_catalog.records import Sighting
from jaxtyping import Int

from f2s_ray.stages.face_units import BLOCK_ROWS, embeddings_of

__all__ = ["sight", "with_company"]


def sight(identities: pa.Table, faces: pa.Table, media: pa.Table) -> pa.Table:
    """Sorted by identity, path and track.

    Args:
        identities: the rows of all.
        faces: the rows of those in the media.
        media: the rows of those that are listed.
    """
    lists = identities["face_ids"].combine_chunks()
    rows = pc.index_in(faces["face_id"].combine_chunks(), value_set=lists.flatten())
    known = np.flatnonzero(np.asarray(pc.is_valid(rows)))
    if not len(known):
        return schema_of(Sighting).empty_table()
    faces = faces.take(pa.array(known)).combine_chunks()
    at = np.asarray(rows.take(pa.array(known)))
    owner = np.asarray(lists.value_parent_indices())[at]
    confirmed = pc.is_in(faces["face_id"], value_set=identities["confirmed_face_ids"].combine_chunks().flatten())
    table = pa.table(
        {
            "identity_id": identities["identity_id"].take(pa.array(owner)),
            "track_id": pc.coalesce(faces["track_id"], faces["face_id"]),
            "media_id": faces["media_id"],
            "face_id": faces["face_id"],
            "seen_from_seconds": faces["seen_from_seconds"],
            "seen_to_seconds": faces["seen_to_seconds"],
            "is_confirmed": confirmed,
            "likeness": pa.array(_likeness(identities, faces, owner)),
            "quality": faces["quality"],
        }
    )
    named = table.join(media.select(["media_id", "path", "kind"]), "media_id", join_type="inner")
    return _rows(named)


def _likeness(identities: pa.Table, faces: pa.Table, owner: Int[np.ndarray, " n"]) -> np.ndarray:
    """Cosine of each face to the mean of its identity."""
    seen = np.unique(owner)
    means = embeddings_of(identities.take(pa.array(seen)).select(["centroid"]).rename_columns(["embedding"]))
    vectors, at = embeddings_of(faces), np.searchsorted(seen, owner)
    cosines = np.empty(len(owner))
    for first in range(0, len(owner), BLOCK_ROWS):
        some = slice(first, first + BLOCK_ROWS)
        cosines[some] = np.einsum("nd,nd->n", vectors[some], means[at[some]])
    return np.clip(cosines, -1.0, 1.0)


def _rows(table: pa.Table) -> pa.Table:
    """The best face of each track of each identity."""
    table = table.sort_by(
        [(name, "ascending") for name in ("identity_id", "path", "track_id")]
        + [("quality", "descending"), ("face_id", "ascending")]
    ).combine_chunks()
    keys = table.select(["identity_id", "path", "track_id"])
    numbers = [np.asarray(_numbers(column)) for column in keys.columns]
    is_first = np.append(True, np.any([column[1:] != column[:-1] for column in numbers], axis=0))
    first = np.flatnonzero(is_first)
    best = table.take(pa.array(first))
    is_confirmed = np.logical_or.reduceat(np.asarray(table["is_confirmed"]), first)
    best = best.set_column(best.schema.get_field_index("is_confirmed"), "is_confirmed", pa.array(is_confirmed))
    best = best.append_column("face_count", pa.array(np.diff(np.append(first, table.num_rows))))
    best = with_company(best)
    return best.select(schema_of(Sighting).names).cast(schema_of(Sighting))


def with_company(rows: pa.Table) -> pa.Table:
    """The rows with ``is_first`` and ``company``: who opens a person in a file names all who are seen in it.

    Args:
        rows: identity_id, path and seen_from_seconds, sorted by identity; those of one in a file lie together.
    """
    who, where = (np.asarray(_numbers(rows[name])) for name in ("identity_id", "path"))
    opens = np.append(True, (who[1:] != who[:-1]) | (where[1:] != where[:-1]))
    first = np.flatnonzero(opens)
    begins = np.minimum.reduceat(np.asarray(rows["seen_from_seconds"]), first)
    order = np.lexsort((first, begins, where[first]))  # rows lie by identity, so ties go by its id
    _, starts, sizes = np.unique(where[first][order], return_index=True, return_counts=True)
    group = np.unique(where[first], return_inverse=True)[1]
    each = sizes[group]
    inside = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    members = first[order[np.repeat(starts[group], each) + inside]]
    lengths = np.zeros(len(opens), np.int64)
    lengths[first] = each
    ends = np.append(0, np.cumsum(lengths))
    ids = rows["identity_id"].combine_chunks()
    parts = [slice(begin, begin + BLOCK_ROWS + 1) for begin in range(0, len(opens), BLOCK_ROWS)]
    company = [_lists(ends[part], ids.take(pa.array(members[ends[part][0] : ends[part][-1]]))) for part in parts]
    return rows.append_column("is_first", pa.array(opens)).append_column("company", pa.chunked_array(company))


def _lists(ends: Int[np.ndarray, " n_and_one"], values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(ends - ends[0], pa.int32()), values)


def _numbers(column: pa.ChunkedArray) -> pa.Array:
    """Equal values as equal numbers."""
    return column.combine_chunks().dictionary_encode().indices
