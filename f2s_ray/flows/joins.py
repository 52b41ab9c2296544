"""The tables of an archive, joined by what the steps of a flow take in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow.compute as pc
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    DegradationCode,
    Erasure,
    Face,
    FaceMark,
    Identity,
    MediaItem,
    ReferenceSet,
    RestoredSegment,
    RestoreTask,
    Shot,
    Source,
    TrackGate,
)

from f2s_ray.stages.units import FaceName, ReferencePicture, UnitFace

__all__ = ["Archive"]

LEAST_SHARE = 0.8  # of the quality of a face: a worse reference would not help it (``stale`` knows this, too)


@dataclass(frozen=True)
class Archive:
    """The tables as they stand, joined by what the steps need; only what the latest listing still holds."""

    catalog: Catalog

    @cached_property
    def media(self) -> list[MediaItem]:
        """Those of the latest listing."""
        listed = {source.path for source in self.catalog.rows(Source)}
        return [item for item in self.catalog.rows(MediaItem) if item.path in listed]

    @cached_property
    def media_by_id(self) -> dict[str, MediaItem]:
        """The same by media_id."""
        return {item.media_id: item for item in self.media}

    @cached_property
    def shots(self) -> list[Shot]:
        """Shots of these media."""
        return [shot for shot in self.catalog.rows(Shot) if shot.media_id in self.media_by_id]

    @cached_property
    def shots_by_media(self) -> dict[str, list[str]]:
        """Ids of the shots of each medium."""
        grouped: dict[str, list[str]] = {}
        for shot in self.shots:
            grouped.setdefault(shot.media_id, []).append(shot.shot_id)
        return grouped

    @cached_property
    def erased(self) -> dict[str, list[FaceMark]]:
        """Places of erased faces by the digest of the bytes that show them."""
        grouped: dict[str, list[FaceMark]] = {}
        for place in sorted({place for row in self.catalog.rows(Erasure) for place in row.places}, key=str):
            grouped.setdefault(place.content_digest, []).append(place)
        return grouped

    @cached_property
    def faces(self) -> list[Face]:
        """Faces in these media."""
        return [face for face in self.catalog.rows(Face) if face.media_id in self.media_by_id]

    @cached_property
    def faces_by_shot(self) -> dict[str, list[Face]]:
        """The same by shot_id."""
        grouped: dict[str, list[Face]] = {}
        for face in self.faces:
            grouped.setdefault(face.shot_id, []).append(face)
        return grouped

    @cached_property
    def codes(self) -> dict[str, DegradationCode]:
        """Codes by shot_id."""
        return {code.shot_id: code for code in self.catalog.rows(DegradationCode)}

    @cached_property
    def gates_by_shot(self) -> dict[str, list[TrackGate]]:
        """What was decided of a shot's tracks."""
        grouped: dict[str, list[TrackGate]] = {}
        for gate in self.catalog.rows(TrackGate):
            grouped.setdefault(gate.shot_id, []).append(gate)
        return {shot_id: sorted(gates, key=lambda gate: gate.track_id) for shot_id, gates in grouped.items()}

    @cached_property
    def tasks_by_media(self) -> dict[str, list[RestoreTask]]:
        """The tasks of each medium, in the order of its frames."""
        grouped: dict[str, list[RestoreTask]] = {}
        for task in sorted(self.catalog.rows(RestoreTask), key=lambda task: task.first_frame):
            grouped.setdefault(task.media_id, []).append(task)
        return grouped

    def finished(self) -> Iterator[tuple[MediaItem, list[RestoredSegment]]]:
        """Media all of whose tasks have their segment, which together are the whole; with these, in their order."""
        done = {segment.task_id: segment for segment in self.catalog.rows(RestoredSegment)}
        for media in self.media:
            tasks = self.tasks_by_media.get(media.media_id, [])
            segments = [done[task.task_id] for task in tasks if task.task_id in done]
            frames = sum(task.stop_frame - task.first_frame for task in tasks)
            if len(segments) == len(tasks) and frames == (media.film.frame_count if media.film else 1):
                yield media, segments

    def names(self) -> dict[str, tuple[FaceName, ...]]:
        """Of each photo the names that its faces have, in the order of the faces' ids."""
        columns = self.catalog.table(Identity).select(["name", "face_ids"])
        named = columns.filter(pc.is_valid(columns["name"])).to_pylist()
        of = {face_id: identity["name"] for identity in named for face_id in identity["face_ids"]}
        found: dict[str, list[FaceName]] = {}
        for face in sorted(self.faces, key=lambda face: face.face_id) if of else ():
            if face.face_id in of and face.track_id is None:
                name = FaceName(face_id=face.face_id, name=of[face.face_id], box_px=face.box_px)
                found.setdefault(face.media_id, []).append(name)
        return {media_id: tuple(names) for media_id, names in found.items()}

    def unit_faces(self) -> Callable[[str], tuple[UnitFace, ...]]:
        """A function from a shot_id to its faces, each with its person's references and the nearest other person."""
        people = _People(self)
        return lambda shot_id: tuple(people.unit(face) for face in self.faces_by_shot.get(shot_id, ()))


class _People:
    """Identities and references, looked up by face."""

    def __init__(self, archive: Archive) -> None:
        self._faces = {face.face_id: face for face in archive.faces}
        self._media = archive.media_by_id
        columns = ["identity_id", "face_ids", "primary_face_id", "nearest_id"]
        identities = archive.catalog.table(Identity).select(columns).to_pylist()
        self._identities = {identity["identity_id"]: identity for identity in identities}
        self._of = {face_id: identity["identity_id"] for identity in identities for face_id in identity["face_ids"]}
        self._sets = {row.identity_id: row for row in archive.catalog.rows(ReferenceSet)}

    def unit(self, face: Face) -> UnitFace:
        """The face with its references (never from the same picture or shot, or a copy of it) and its neighbours.

        Only faces enter, no means of whole identities: those move with each new picture, and would have all be done again.
        """
        identity_id = self._of.get(face.face_id)
        references = [row for row in self._references(identity_id) if self._is_other_picture(row, face)]
        others = self._nearest_other(identity_id)
        return UnitFace(
            face=face,
            identity_id=identity_id,
            person=_mean(references),
            other=_mean(others),
            references=tuple(self._picture(row) for row in references),
            other_face_ids=tuple(row.face_id for row in others),
        )

    def _picture(self, face: Face) -> ReferencePicture:
        item = self._media[face.media_id]
        return ReferencePicture(
            face_id=face.face_id,
            path=item.path,
            content_digest=item.content_digest,
            etag=item.etag,
            scan=item.film.scan if item.film else "",
            frame=face.frame,
            landmarks_px=face.landmarks_px,
        )

    def _references(self, identity_id: str | None) -> list[Face]:
        chosen = self._sets.get(identity_id or "")
        return [self._faces[c.face_id] for c in chosen.choices if c.face_id in self._faces] if chosen else []

    def _is_other_picture(self, reference: Face, face: Face) -> bool:
        there, here = self._media[reference.media_id], self._media[face.media_id]
        same = there.content_digest == here.content_digest and (
            here.film is None or reference.shot_id.rpartition("/")[2] == face.shot_id.rpartition("/")[2]
        )
        return not same and reference.quality >= face.quality * LEAST_SHARE

    def _nearest_other(self, identity_id: str | None) -> list[Face]:
        """The references of the nearest other identity, or else the face that it is shown by."""
        nearest = self._identities.get(self._identities.get(identity_id or "", {}).get("nearest_id") or "")
        if nearest is None:
            return []
        primary = self._faces.get(nearest["primary_face_id"])
        return self._references(nearest["identity_id"]) or ([primary] if primary else [])


def _mean(faces: Sequence[Face]) -> tuple[float, ...]:
    """The unit mean; of nobody nothing."""
    return _unit(np.array([face.embedding for face in faces], dtype=np.float32).mean(0)) if faces else ()


def _unit(vector: np.ndarray) -> tuple[float, ...]:
    return tuple((vector / max(float(np.linalg.norm(vector)), 1e-12)).tolist())
