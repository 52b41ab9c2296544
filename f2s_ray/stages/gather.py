"""Identities and their faces to ReferenceSets: whole tables in, a whole table out."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import schema_of
from f2s_catalog.records import ReferenceSet

from f2s_ray.models.references import Candidate, ReferenceConfig, choose_references

__all__ = ["gather"]

MEASURES = ["quality", "sharpness", "yaw_degrees", "face_px"]


def gather(identities: pa.Table, faces: pa.Table, config: ReferenceConfig) -> pa.Table:
    """The references of each identity, in the order of the identities.

    A set is empty when no face is good enough, and where nobody needs to see the identity. The face that a person chose
    to show them comes first.
    """
    face_ids = faces["face_id"].combine_chunks()
    measures = np.stack([faces[name].to_numpy() for name in MEASURES], axis=1)
    chosen: list[int] = []
    whys: list[str] = []
    counts = np.zeros(identities.num_rows, dtype=np.int64)
    for number, rows, primary in _usable(identities, face_ids, measures, config):
        candidates = {
            face_id: row for face_id, row in zip(face_ids.take(rows).to_pylist(), rows.to_pylist(), strict=True)
        }
        values = [Candidate(face_id, *measures[row].tolist()) for face_id, row in candidates.items()]
        found = choose_references(values, config, primary)
        chosen += [candidates[one.face.face_id] for one in found]
        whys += [one.why for one in found]
        counts[number] = len(found)
    picked = faces.select(["face_id", *MEASURES]).take(pa.array(chosen, pa.int64())).combine_chunks()
    columns = [*(column.combine_chunks() for column in picked.columns), pa.array(whys, pa.string())]
    offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int32())
    choices = pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, [*picked.column_names, "why"]))
    return pa.table({"identity_id": identities["identity_id"], "choices": choices}).cast(schema_of(ReferenceSet))


def _usable(
    identities: pa.Table, face_ids: pa.Array, measures: np.ndarray, config: ReferenceConfig
) -> Iterator[tuple[int, pa.Array, str | None]]:
    """Position of each identity that may have references, rows of its faces that may be some, and the one a person chose."""
    lists = identities["face_ids"].combine_chunks()
    rows = np.asarray(pc.fill_null(pc.index_in(lists.flatten(), value_set=face_ids), -1))
    owners = np.asarray(lists.value_parent_indices())
    quality, face_px = measures[rows, MEASURES.index("quality")], measures[rows, MEASURES.index("face_px")]
    is_usable = (rows >= 0) & (quality >= config.min_quality) & (face_px >= config.min_face_px)
    is_usable &= ~np.asarray(identities["is_ignored"])[owners]
    rows, owners = rows[is_usable], owners[is_usable]
    numbers, first = np.unique(owners, return_index=True)
    best = pc.list_element(lists.filter(pc.greater(pc.list_value_length(lists), 0)), 0)
    primaries = identities["primary_face_id"].combine_chunks()
    is_chosen = pc.invert(pc.is_in(primaries, value_set=best))
    for number, some in zip(numbers.tolist(), np.split(rows, first[1:])[: len(numbers)], strict=True):
        yield number, pa.array(some), primaries[number].as_py() if is_chosen[number].as_py() else None
