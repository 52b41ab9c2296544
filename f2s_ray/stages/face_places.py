"""Faces as somebody or an earlier table remembers them to the rows of the faces that are there now."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.records import FaceMark
from jaxtyping import Float, Int

__all__ = ["LEAST_OVERLAP", "FacePlaces", "overlaps"]

LEAST_OVERLAP = 0.5
PLACE = re.compile(r"/(\d+)\.(-?\d+)x(-?\d+)x(\d+)$")
NOWHERE = -1


@dataclass(frozen=True)
class FacePlaces:
    """Where faces are; a row each: id, SHA-256 of the medium's bytes, frame, and x0 y0 x1 y1."""

    face_ids: pa.Array
    content_digests: pa.Array
    frames: Int[np.ndarray, " n"]
    boxes: Float[np.ndarray, "n 4"]

    def of_marks(self, marks: Iterable[FaceMark]) -> dict[FaceMark, int]:
        """The row of each mark whose face is there: the one of its id if that still is the same face, else of its place."""
        known = list(dict.fromkeys(marks))
        if not known:
            return {}
        boxes = np.array([mark.box_px for mark in known])
        rows = self._by_id([mark.face_id for mark in known])
        there = np.flatnonzero(rows != NOWHERE)
        rows[there[overlaps(self.boxes[rows[there]], boxes[there]) < LEAST_OVERLAP]] = NOWHERE
        for at, row, _ in self._by_place(
            (at, known[at].content_digest, known[at].frame, boxes[at])
            for at in np.flatnonzero(rows == NOWHERE).tolist()
        ):
            rows[at] = row
        return {mark: int(row) for mark, row in zip(known, rows, strict=True) if row != NOWHERE}

    def of_ids(self, face_ids: pa.Array, content_digests: Mapping[str, str]) -> Int[np.ndarray, " k"]:
        """The row of each id, -1 where it is gone; an id tells the place, so a face that was found anew is known by it.

        Args:
            face_ids: as they were.
            content_digests: by media_id, of media that are gone, too.
        """
        rows = self._by_id(face_ids)
        missing = [(int(at), face_ids[int(at)].as_py()) for at in np.flatnonzero(rows == NOWHERE)]
        told = [(at, face_id.partition("/")[0], found) for at, face_id in missing if (found := PLACE.search(face_id))]
        sought = [
            (at, content_digests[media_id], int(found[1]), _square(found))
            for at, media_id, found in told
            if media_id in content_digests
        ]
        taken = set(rows.tolist())
        for at, row, _ in sorted(self._by_place(sought), key=lambda found: (-found[2], found[0])):
            if row not in taken:
                taken.add(row)
                rows[at] = row
        return rows

    def _by_id(self, face_ids: pa.Array | Sequence[str]) -> Int[np.ndarray, " k"]:
        wanted = face_ids if isinstance(face_ids, pa.Array) else pa.array(face_ids, pa.string())
        found = pc.fill_null(pc.index_in(wanted, value_set=self.face_ids), NOWHERE)
        return np.array(found, dtype=np.int64)

    def _by_place(self, sought: Iterable[tuple[int, str, int, np.ndarray]]) -> Iterable[tuple[int, int, float]]:
        """What is sought, the row of the face that overlaps it most, and how much."""
        wanted = list(sought)
        if not wanted:
            return
        digests = pa.array(sorted({digest for _, digest, _, _ in wanted}), pa.string())
        there = np.flatnonzero(np.asarray(pc.is_in(self.content_digests, value_set=digests)))
        names = self.content_digests.take(pa.array(there)).to_pylist()
        rows: dict[tuple[str, int], list[int]] = {}
        for row, name in zip(there.tolist(), names, strict=True):
            rows.setdefault((name, int(self.frames[row])), []).append(row)
        for at, digest, frame, box in wanted:
            near = rows.get((digest, frame), [])
            if near:
                shares = overlaps(self.boxes[near], np.broadcast_to(box, (len(near), 4)))
                best = int(shares.argmax())
                if shares[best] >= LEAST_OVERLAP:
                    yield at, near[best], float(shares[best])


def overlaps(one: Float[np.ndarray, "n 4"], other: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, " n"]:
    """The common part of two boxes over all that they cover, row by row.

    >>> overlaps(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0]])).round(3).tolist()
    [0.333]
    """
    low, high = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    both = np.clip(high - low, 0, None).prod(1)
    areas = (one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1)
    return both / np.maximum(areas - both, 1e-12)


def _square(found: re.Match[str]) -> np.ndarray:
    """The box that an id tells: a square of the face's width, somewhat flatter than the face."""
    x, y, width = (float(found[part]) for part in (2, 3, 4))
    return np.array([x - width / 2, y - width / 2, x + width / 2, y + width / 2])
