"""The tables of an archive, joined by what the steps of a flow take in."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    Attempt,
    DegradationCode,
    Erasure,
    Face,
    FaceMark,
    Identity,
    MediaItem,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Source,
    TrackGate,
)

from f2s_ray.stages.units import FaceName, ReferencePicture, UnitFace

__all__ = ["Archive", "erased_places", "listed_paths"]

LEAST_SHARE = 0.8  # of the quality of a face: a worse reference would not help it (``stale`` knows this, too)


def listed_paths(catalog: Catalog) -> list[str]:
    """All files of the latest listing, by path."""
    return catalog.ask((Source,), "SELECT path FROM sources ORDER BY path")["path"].to_pylist()


def erased_places(catalog: Catalog) -> dict[str, list[FaceMark]]:
    """Places of erased faces by the digest of the bytes that show them."""
    grouped: dict[str, list[FaceMark]] = {}
    for place in sorted({place for row in catalog.rows(Erasure) for place in row.places}, key=str):
        grouped.setdefault(place.content_digest, []).append(place)
    return grouped


@dataclass(frozen=True)
class Archive:
    """The tables as they stand, joined by what the steps need.

    Attributes:
        catalog: the tables.
        paths: files of the latest listing, which alone are looked at.
    """

    catalog: Catalog
    paths: Sequence[str]

    @cached_property
    def _made(self) -> Catalog:
        """What was made of these files."""
        return self.catalog.of(self.paths)

    @cached_property
    def media(self) -> list[MediaItem]:
        """Those of these files."""
        return self._made.rows(MediaItem)

    @cached_property
    def media_by_id(self) -> dict[str, MediaItem]:
        """The same by media_id."""
        return {item.media_id: item for item in self.media}

    @cached_property
    def shots(self) -> list[Shot]:
        """Shots of these media."""
        return [shot for shot in self._made.rows(Shot) if shot.media_id in self.media_by_id]

    @cached_property
    def shots_by_media(self) -> dict[str, list[str]]:
        """Ids of the shots of each medium."""
        grouped: dict[str, list[str]] = {}
        for shot in self.shots:
            grouped.setdefault(shot.media_id, []).append(shot.shot_id)
        return grouped

    @cached_property
    def faces(self) -> list[Face]:
        """Faces in these media."""
        return [face for face in self._made.rows(Face) if face.media_id in self.media_by_id]

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
        shots = [shot.shot_id for shot in self.shots]
        return {code.shot_id: code for code in self.catalog.rows(DegradationCode, shot_id=shots)}

    @cached_property
    def gates_by_shot(self) -> dict[str, list[TrackGate]]:
        """What was decided of a shot's tracks."""
        grouped: dict[str, list[TrackGate]] = {}
        for gate in self._made.rows(TrackGate):
            grouped.setdefault(gate.shot_id, []).append(gate)
        return {shot_id: sorted(gates, key=lambda gate: gate.track_id) for shot_id, gates in grouped.items()}

    @cached_property
    def tasks(self) -> dict[str, RestoreTask]:
        """Tasks of these files by their id."""
        return {task.task_id: task for task in self.catalog.rows(RestoreTask, path=self.paths)}

    @cached_property
    def tasks_by_media(self) -> dict[str, list[RestoreTask]]:
        """The tasks of each medium, in the order of its frames."""
        grouped: dict[str, list[RestoreTask]] = {}
        for task in sorted(self.tasks.values(), key=lambda task: task.first_frame):
            grouped.setdefault(task.media_id, []).append(task)
        return grouped

    @cached_property
    def segments(self) -> dict[str, RestoredSegment]:
        """What was restored of these files, by its task."""
        return {segment.task_id: segment for segment in self._made.rows(RestoredSegment)}

    @cached_property
    def results(self) -> list[RestoredMedia]:
        """The results that were made of these files."""
        return self._made.rows(RestoredMedia)

    @cached_property
    def detected(self) -> set[str]:
        """Items that were looked through for faces."""
        attempts = self._made.ask((Attempt,), "SELECT item_id FROM attempts WHERE step = 'detect' AND status = 'done'")
        return set(attempts["item_id"].to_pylist())

    def finished(self) -> Iterator[tuple[MediaItem, list[RestoredSegment]]]:
        """Media all of whose tasks have their segment, which together are the whole; with these, in their order."""
        for media in self.media:
            tasks = self.tasks_by_media.get(media.media_id, [])
            segments = [self.segments[task.task_id] for task in tasks if task.task_id in self.segments]
            frames = sum(task.stop_frame - task.first_frame for task in tasks)
            if len(segments) == len(tasks) and frames == (media.film.frame_count if media.film else 1):
                yield media, segments

    def names(self) -> dict[str, tuple[FaceName, ...]]:
        """Of each photo the names that its faces have, in the order of the faces' ids."""
        named = {one["face_id"]: one["name"] for one in self.owners if one["name"] is not None}
        found: dict[str, list[FaceName]] = {}
        for face in sorted(self.faces, key=lambda face: face.face_id) if named else ():
            if face.face_id in named and face.track_id is None:
                name = FaceName(face_id=face.face_id, name=named[face.face_id], box_px=face.box_px)
                found.setdefault(face.media_id, []).append(name)
        return {media_id: tuple(names) for media_id, names in found.items()}

    @cached_property
    def owners(self) -> list[dict[str, Any]]:
        """Whose each of these faces is: face_id, identity_id, name, nearest_id."""
        asked = {"_faces": pa.table({"face_id": pa.array([face.face_id for face in self.faces], pa.string())})}
        return self.catalog.ask((Identity,), _OWNERS, asked).to_pylist()

    def unit_faces(self) -> Callable[[str], tuple[UnitFace, ...]]:
        """A function from a shot_id to its faces, each with its person's references and the nearest other person."""
        people = _People(self)
        return lambda shot_id: tuple(people.unit(face) for face in self.faces_by_shot.get(shot_id, ()))


_OWNERS = """
SELECT face_id, identity_id, name, nearest_id
FROM (SELECT identity_id, name, nearest_id, unnest(face_ids) AS face_id FROM identities) SEMI JOIN _faces USING (face_id)
"""


class _People:
    """Identities and references of faces, looked up by face; references lie in other files, too."""

    def __init__(self, archive: Archive) -> None:
        catalog = archive.catalog
        self._of = {one["face_id"]: one["identity_id"] for one in archive.owners}
        self._nearest = {one["identity_id"]: one["nearest_id"] for one in archive.owners}
        others = {nearest for nearest in self._nearest.values() if nearest}
        self._sets = {
            row.identity_id: row for row in catalog.rows(ReferenceSet, identity_id=[*{*self._nearest, *others}])
        }
        shown = catalog.table(Identity, identity_id=list(others)).select(["identity_id", "primary_face_id"])
        self._shown = {row["identity_id"]: row["primary_face_id"] for row in shown.to_pylist()}
        wanted = {choice.face_id for row in self._sets.values() for choice in row.choices}
        wanted |= {face_id for face_id in self._shown.values() if face_id}
        elsewhere = _files_of(catalog, wanted - {face.face_id for face in archive.faces})
        far = Archive(catalog, elsewhere) if elsewhere else archive
        self._faces = {face.face_id: face for face in (*far.faces, *archive.faces)}
        self._media = far.media_by_id | archive.media_by_id

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
        nearest = self._nearest.get(identity_id or "")
        if nearest not in self._shown:
            return []
        primary = self._faces.get(self._shown[nearest])
        return self._references(nearest) or ([primary] if primary else [])

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


def _files_of(catalog: Catalog, face_ids: Collection[str]) -> list[str]:
    """Paths of the listed files that show these faces."""
    media_ids = {face_id.partition("/")[0] for face_id in face_ids}
    asked = {"_media": pa.table({"media_id": pa.array(sorted(media_ids), pa.string())})}
    sql = "SELECT path FROM media SEMI JOIN _media USING (media_id) SEMI JOIN sources USING (path) ORDER BY path"
    return catalog.ask((MediaItem, Source), sql, asked)["path"].to_pylist() if media_ids else []


def _mean(faces: Sequence[Face]) -> tuple[float, ...]:
    """The unit mean; of nobody nothing."""
    return _unit(np.array([face.embedding for face in faces], dtype=np.float32).mean(0)) if faces else ()


def _unit(vector: np.ndarray) -> tuple[float, ...]:
    return tuple((vector / max(float(np.linalg.norm(vector)), 1e-12)).tolist())
