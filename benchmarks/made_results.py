"""Faces of a made OUTPUT to what restoring leaves of them: tasks, segments with gates, results, measures, failures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from f2s_catalog.records import QualityReport, RestoredMedia, RestoredSegment, RestoreTask, TrackGate

from benchmarks.made_tables import MadeTables, inner, structs

__all__ = ["Faces", "write_results"]

FAILED_EVERY = 50
"""One picture in so many could not be measured."""


@dataclass(frozen=True)
class Faces:
    """Of each face the number of its picture, whether that is a film, whose it is, and its id."""

    picture: np.ndarray
    is_film: np.ndarray
    identity_ids: pa.Array
    face_ids: pa.Array


def write_results(tables: MadeTables, media: tuple[pa.Array, Sequence[str]], faces: Faces) -> None:
    """A result for each medium, made of one task.

    Args:
        tables: where they go.
        media: ids and paths.
        faces: their faces.
    """
    ids, paths = media
    count = len(ids)
    order = np.argsort(faces.picture, kind="stable")
    ends = pa.array(np.searchsorted(faces.picture[order], np.arange(count + 1)), pa.int32())
    who = {name: column.take(pa.array(order)) for name, column in _who(faces).items()}
    named = pa.ListArray.from_arrays(ends, structs(inner(RestoreTask, "faces"), who))
    is_photo = ~faces.is_film[order]
    photo_ends = pa.array(np.append(0, np.cumsum(is_photo))[ends.to_numpy()], pa.int32())
    gates = structs(inner(RestoredSegment, "gates"), who | _gate(len(order)))
    own = {"task_id": ids, "media_id": ids, "path": [f"restored/{path}" for path in paths], "digest": ids}
    shots = pa.array([f"{one}/0" for one in ids.to_pylist()])
    tables.write(RestoreTask, {"task_id": ids, "media_id": ids, "shot_id": shots, "path": paths, "faces": named})
    held = pa.ListArray.from_arrays(photo_ends, gates.filter(pa.array(is_photo)))
    tables.write(RestoredSegment, {**own, "shot_id": shots, "faces": named, "gates": held}, paths)
    in_films = pa.array(np.flatnonzero(~is_photo))
    tracks = {"track_id": who["face_id"].take(in_films), "gate": gates.take(in_films)}
    of = faces.picture[order][~is_photo]
    films = {"media_id": ids.take(pa.array(of)), "shot_id": shots.take(pa.array(of))}
    if len(of):
        tables.write(TrackGate, {**tracks, **films, "version": ["whole"] * len(of)}, [paths[one] for one in of])
    tables.write(RestoredMedia, {**own, "faces": named, "source_digest": ids, "models": [["made@0"]] * count}, paths)
    _measures(tables, ids, paths)


def _who(faces: Faces) -> dict[str, pa.Array]:
    return {"face_id": faces.face_ids, "identity_id": faces.identity_ids}


def _gate(count: int) -> dict[str, object]:
    random = np.random.default_rng(1)
    names = ("weight", "similarity_before", "similarity_after", "other_before", "other_after", "self_similarity")
    words = {"decision": random.choice(["restored", "blended", "kept"], count)}
    return {**words, **{name: random.random(count) for name in names}, "reason": ["closer than before"] * count}


def _measures(tables: MadeTables, ids: pa.Array, paths: Sequence[str]) -> None:
    failed = set(paths[::FAILED_EVERY])
    kept = [number for number, path in enumerate(paths) if path not in failed]
    random = np.random.default_rng(2)
    measured = [f"{what}_{when}" for what in ("noise", "sharpness", "blockiness") for when in ("before", "after")]
    columns: dict[str, object] = {name: random.random(len(kept)) for name in measured}
    columns |= {"media_id": ids.take(pa.array(kept)), "task_id": ids.take(pa.array(kept))}
    tables.write(QualityReport, columns, [paths[number] for number in kept], failed)
