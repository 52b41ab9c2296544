"""Identities and their faces to ReferenceSets: whole tables in, a whole table out."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import schema_of
from f2s_catalog.records import ReferenceSet

from f2s_ray.models.references import Candidate, ReferenceConfig, choose_references

__all__ = ["gather"]

MEASURES = ("quality", "sharpness", "yaw_degrees", "face_px")


def gather(identities: pa.Table, faces: pa.Table, config: ReferenceConfig) -> pa.Table:
    """The references of each identity, in the order of the identities.

    A set is empty when no face is good enough, and where nobody needs to see the identity.
    """
    lists = identities["face_ids"].combine_chunks()
    face_ids = lists.flatten()
    rows = np.asarray(pc.fill_null(pc.index_in(face_ids, value_set=faces["face_id"].combine_chunks()), -1))
    measures = {name: faces[name].to_numpy() for name in MEASURES}
    usable = rows >= 0
    usable[usable] = (measures["quality"][rows[usable]] >= config.min_quality) & (
        measures["face_px"][rows[usable]] >= config.min_face_px
    )
    borders = np.append(0, np.cumsum(np.asarray(lists.value_lengths())))
    chosen: list[int] = []
    whys: list[str] = []
    counts = np.zeros(identities.num_rows, dtype=np.int64)
    ignored = np.asarray(identities["is_ignored"])
    primaries = identities["primary_face_id"].to_pylist()
    for number in np.flatnonzero(np.add.reduceat(np.append(usable, False), borders[:-1]) * (np.diff(borders) > 0)):
        if ignored[number]:
            continue
        own = [at for at in range(borders[number], borders[number + 1]) if usable[at]]
        candidates = {face_ids[at].as_py(): int(rows[at]) for at in own}
        primary = primaries[number] if primaries[number] != face_ids[int(borders[number])].as_py() else None
        found = choose_references(
            [
                Candidate(face_id, *(float(measures[name][row]) for name in MEASURES))
                for face_id, row in candidates.items()
            ],
            config,
            primary,
        )
        chosen += [candidates[one.face.face_id] for one in found]
        whys += [one.why for one in found]
        counts[number] = len(found)
    picked = faces.select(["face_id", *MEASURES]).take(pa.array(chosen, pa.int64())).combine_chunks()
    columns = [*(picked[name].combine_chunks() for name in picked.column_names), pa.array(whys, pa.string())]
    offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int32())
    choices = pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, [*picked.column_names, "why"]))
    return pa.table({"identity_id": identities["identity_id"], "choices": choices}).cast(schema_of(ReferenceSet))
