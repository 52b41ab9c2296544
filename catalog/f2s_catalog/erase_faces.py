"""Somebody's ids to all their faces, under whatever ids, and to the places where nobody is to look again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.arrow import stored_schema
from f2s_catalog.cipher import read_fragment
from f2s_catalog.place import Place
from f2s_catalog.records import Constraint, Face, FaceMark, Identity, Label, MediaItem, Record
from f2s_catalog.store import fragments

__all__ = ["SAME_PLACE", "Shown", "all_ids", "known_faces", "rows_of", "shown", "tables_of"]

SAME_PLACE = 0.3
"""Common part of two boxes, over all that they cover, from which on they are boxes of one face."""

_STEP_SECONDS = 0.5  # between two places of a track; who looks for faces keeps a second off each
_COLUMNS = ["face_id", "media_id", "track_id", "sequence", "frame", "box_px"]
_COLUMNS += ["pts_seconds", "seen_from_seconds", "seen_to_seconds"]
Spot = tuple[str, int, tuple[float, ...]]


@dataclass(frozen=True)
class Shown:
    """All ids of somebody's faces, where they are, and in which media."""

    face_ids: frozenset[str]
    places: tuple[FaceMark, ...]
    media_ids: frozenset[str]


def all_ids(root: Place, identity_id: str, living: Set[str]) -> set[str]:
    """The id, and those of whom people said that they are the same, as far as they are nobody else now."""
    pairs = [
        {row["identity_id"], row["other_id"]}
        for row in rows_of(root, Constraint, ["kind", "identity_id", "other_id"])
        if row["kind"] == "same"
    ]
    ids = {identity_id}
    while more := {one for pair in pairs if pair & ids for one in pair} - ids - living:
        ids |= more
    return ids


def known_faces(root: Place, ids: Set[str]) -> set[str]:
    """Faces that were theirs in any stored row, or of which somebody said so."""
    found: set[str] = set()
    for table in tables_of(root, Identity, ["identity_id", "face_ids"]):
        found |= set(
            table.filter(pc.is_in(table["identity_id"], value_set=_array(ids)))["face_ids"]
            .combine_chunks()
            .flatten()
            .to_pylist()
        )
    for row in rows_of(root, Label, ["kind", "identity_id", "faces"]):
        if row["identity_id"] in ids and row["kind"] != "reject":
            found |= {mark["face_id"] for mark in row["faces"]}
    for row in rows_of(root, Constraint, ["kind", "identity_id", "other_id", "faces", "other_faces"]):
        for who, marks in (("identity_id", "faces"), ("other_id", "other_faces")):
            if row[who] in ids:
                found |= {mark["face_id"] for mark in row[marks]}
    return found


def shown(root: Place, known: Set[str], held: Set[str]) -> Shown:
    """Of faces: their ids and those of the same bytes at the same place, but for faces that somebody else holds.

    Args:
        root: the OUTPUT folder.
        known: ids of faces.
        held: those that stay.
    """
    media = {row["media_id"]: row for row in rows_of(root, MediaItem, ["media_id", "content_digest", "film"])}
    digests = {media_id: row["content_digest"] for media_id, row in media.items()}
    tables = list(tables_of(root, Face, _COLUMNS))
    faces = pa.concat_tables(tables) if tables else stored_schema(Face).empty_table().select(_COLUMNS)
    own = faces.filter(pc.is_in(faces["face_id"], value_set=_array(known))).to_pylist()
    places = _Places(_place(row, digests) for row in own)
    bytes_of = {digests.get(row["media_id"], "") for row in own}
    near = _array({media_id for media_id, content in digests.items() if content in bytes_of})
    tracks = {row["track_id"] for row in own if row["track_id"] is not None}
    beside = [
        row
        for row in faces.filter(pc.is_in(faces["media_id"], value_set=near)).to_pylist()
        if row["face_id"] not in held and (row["track_id"] in tracks or _place(row, digests) in places)
    ]
    said = {
        mark["face_id"]
        for mark in _marks(root)
        if mark["face_id"] not in held and (mark["content_digest"], mark["frame"], mark["box_px"]) in places
    }
    rows = (*own, *beside)
    ids = frozenset((*known, *(row["face_id"] for row in rows), *said))
    return Shown(ids, _kept_places(rows, media), frozenset(row["media_id"] for row in rows))


def _kept_places(rows: Sequence[Mapping[str, Any]], media: Mapping[str, Mapping[str, Any]]) -> tuple[FaceMark, ...]:
    """Where nobody is to look again: at the faces, and all along their tracks."""
    digests = {media_id: row["content_digest"] for media_id, row in media.items()}
    there = [row for row in rows if row["media_id"] in digests]
    kept = {_place(row, digests) for row in there}
    for media_id, track in _tracks(there):
        film = media[media_id]["film"]
        rate = film["frame_count"] / max(film["duration_seconds"], 1e-6) if film else 0.0
        kept |= {(digests[media_id], *place) for place in _along(track, rate)}
    return tuple(
        FaceMark(face_id="", content_digest=content, frame=frame, box_px=box) for content, frame, box in sorted(kept)
    )


class _Places:
    """Where faces are; a place is in it that is that of one of them."""

    def __init__(self, places: Iterable[Spot]) -> None:
        self._boxes: dict[tuple[str, int], list[tuple[float, ...]]] = {}
        for content, frame, box in places:
            self._boxes.setdefault((content, frame), []).append(box)

    def __contains__(self, place: Spot) -> bool:
        content, frame, box = place
        return any(_share(box, one) >= SAME_PLACE for one in self._boxes.get((content, frame), ()))


def _place(row: Mapping[str, Any], digests: Mapping[str, str]) -> Spot:
    return digests.get(row["media_id"], ""), row["frame"], tuple(row["box_px"])


def _tracks(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The medium and the rows, by frame, of each track as one look at it found it."""
    found: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["track_id"] is not None:
            found.setdefault((row["track_id"], row["sequence"]), []).append(row)
    for track in found.values():
        yield track[0]["media_id"], sorted(track, key=lambda row: row["frame"])


def _along(track: Sequence[Mapping[str, Any]], rate: float) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Frames and boxes of a track each half second, from its begin to its end: of a long one few frames are kept.

    ::

        seen from ....... kept ........ kept .... seen to
        box of the next   between both            of the last
    """
    first, last = track[0], track[-1]
    begin = first["frame"] - round((first["pts_seconds"] - first["seen_from_seconds"]) * rate)
    end = last["frame"] + round((last["seen_to_seconds"] - last["pts_seconds"]) * rate)
    step = max(1, int(rate * _STEP_SECONDS))
    outside = chain(range(max(begin, 0), first["frame"], step), range(end, last["frame"], -step))
    yield from ((frame, tuple((first if frame < first["frame"] else last)["box_px"])) for frame in outside)
    for one, other in pairwise(track):
        for frame in range(one["frame"], other["frame"], step):
            share = (frame - one["frame"]) / (other["frame"] - one["frame"])
            both = zip(one["box_px"], other["box_px"], strict=True)
            yield frame, tuple(a + (b - a) * share for a, b in both)


def _marks(root: Place) -> Iterator[Mapping[str, Any]]:
    """All faces that are spoken of."""
    for row in rows_of(root, Label, ["faces"]):
        yield from row["faces"]
    for row in rows_of(root, Constraint, ["faces", "other_faces"]):
        yield from (*row["faces"], *row["other_faces"])


def tables_of(root: Place, record_type: type[Record], columns: list[str]) -> Iterator[pa.Table]:
    """All stored rows, current or not, fragment by fragment."""
    for path in fragments(root, record_type):
        yield read_fragment(path, record_type, columns)


def rows_of(root: Place, record_type: type[Record], columns: list[str]) -> list[dict[str, Any]]:
    """The same, row by row."""
    return [row for table in tables_of(root, record_type, columns) for row in table.to_pylist()]


def _array(values: Set[str]) -> pa.Array:
    return pa.array(sorted(values), pa.string())


def _share(one: Iterable[float], other: Iterable[float]) -> float:
    """The common part of two boxes over all that they cover."""
    a, b = tuple(one), tuple(other)
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    return both / max((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both, 1e-12)
