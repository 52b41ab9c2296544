"""Faces to what clustering takes in: the faces of one track together, with their mean, and who is seen at once."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float, Int

from f2s_ray.stages.facts import Said

__all__ = ["Units", "embeddings_of", "group_means", "units_of"]

BLOCK_ROWS = 1 << 16
LEAST_WEIGHT = 1e-3  # of a face of no quality


@dataclass(frozen=True)
class Units:
    """Tracks, and faces of photos, as units that are one person each.

    ``of_face`` is each face's unit; ``places`` are pairs of a unit and a place: who shares a place is seen at once.
    """

    of_face: Int[np.ndarray, " n"]
    vectors: Float[np.ndarray, "u d"]
    quality: Float[np.ndarray, " u"]
    places: Int[np.ndarray, "m 2"]


def units_of(faces: pa.Table, vectors: Float[np.ndarray, "n d"], said: Said) -> Units:
    """The units of faces that are sorted by id.

    A track is one unit, but where of two of its faces different things were said: then each of these is for itself, and
    the rest of the track goes with the one that it is most like.
    """
    names = pc.coalesce(faces["track_id"], faces["face_id"]).combine_chunks().dictionary_encode()
    of_face = np.array(names.indices, dtype=np.int64)
    _part(of_face, vectors, said)
    _, first, of_face = np.unique(of_face, return_index=True, return_inverse=True)
    quality = faces["quality"].to_numpy()
    best = np.zeros(len(first))
    np.maximum.at(best, of_face, quality)
    means = vectors if len(first) == len(vectors) else group_means(vectors, quality, of_face)
    if len(first) == len(vectors):
        means = vectors[first]
    return Units(of_face, means, best, _places(faces, of_face, first))


def embeddings_of(faces: pa.Table) -> Float[np.ndarray, "n d"]:
    """The embeddings as rows of a matrix, without an object a face; all have one length."""
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in faces["embedding"].chunks if len(chunk)]
    flat = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    return np.ascontiguousarray(flat.reshape(faces.num_rows, -1), dtype=np.float32)


def group_means(
    vectors: Float[np.ndarray, "n d"], quality: Float[np.ndarray, " n"], groups: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "g d"]:
    """The unit mean of each group by quality; of a single one its own vector. Groups are numbered without gaps."""
    count = int(groups.max()) + 1
    sums = np.zeros((count, vectors.shape[1]))
    order = np.argsort(groups, kind="stable")
    for first in range(0, len(order), BLOCK_ROWS):
        rows = order[first : first + BLOCK_ROWS]
        inside = groups[rows]
        starts = np.flatnonzero(np.append(True, inside[1:] != inside[:-1]))
        weighted = vectors[rows] * (quality[rows] + LEAST_WEIGHT)[:, None]
        sums[inside[starts]] += np.add.reduceat(weighted, starts, axis=0)
    means = (sums / np.maximum(np.linalg.norm(sums, axis=1), 1e-12)[:, None]).astype(np.float32)
    alone = (np.bincount(groups, minlength=count) == 1)[groups]
    means[groups[alone]] = vectors[alone]
    return means


def _part(of_face: np.ndarray, vectors: np.ndarray, said: Said) -> None:
    """Give the faces of a track of which different things were said numbers of their own."""
    spoken = sorted({row for row, held in said.faces.items() if held.is_said} | set(said.rejected))
    by_track: dict[int, list[int]] = {}
    for row in spoken:
        by_track.setdefault(int(of_face[row]), []).append(row)
    number = int(of_face.max(initial=-1)) + 1
    for track, rows in by_track.items():
        held = {row: said.faces[row].identity_id for row in rows if row in said.faces and said.faces[row].is_said}
        banned = frozenset().union(*(said.rejected.get(row, frozenset()) for row in rows))
        if len(set(held.values())) < 2 and not banned & set(held.values()):
            continue
        parts = {row: (held.get(row), said.rejected.get(row, frozenset())) for row in rows}
        numbers = {part: number + at for at, part in enumerate(dict.fromkeys(parts.values()))}
        number += len(numbers)
        members = np.flatnonzero(of_face == track)
        nearest = (vectors[members] @ vectors[rows].T).argmax(1)
        of_face[members] = [numbers[parts[rows[at]]] for at in nearest]
        of_face[rows] = [numbers[parts[row]] for row in rows]


def _places(faces: pa.Table, of_face: np.ndarray, first: np.ndarray) -> Int[np.ndarray, "m 2"]:
    """Of a photo it is the photo; of a film each moment at which a track begins, for all who are seen then."""
    shots = np.array(faces["shot_id"].combine_chunks().dictionary_encode().indices, dtype=np.int64)[first]
    units = np.arange(len(first))
    is_track = np.asarray(pc.is_valid(faces["track_id"]))[first]
    pairs = [np.stack([units[~is_track], shots[~is_track]], axis=1)]
    place = int(shots.max(initial=-1)) + 1
    tracked = units[is_track][np.argsort(shots[is_track], kind="stable")]
    begins, ends = (faces[name].to_numpy()[first] for name in ("seen_from_seconds", "seen_to_seconds"))
    borders = np.flatnonzero(np.diff(shots[tracked])) + 1
    for together in np.split(tracked, borders):
        for moment in np.unique(begins[together]) if len(together) > 1 else ():
            seen = together[(begins[together] <= moment) & (moment <= ends[together])]
            if len(seen) > 1:
                pairs.append(np.stack([seen, np.full(len(seen), place)], axis=1))
                place += 1
    return np.concatenate(pairs)
