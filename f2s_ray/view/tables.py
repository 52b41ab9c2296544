"""The rows of a catalog that the page shows, keyed for looking up."""

from dataclasses import dataclass
from functools import cached_property

from f2s_catalog.records import (
    DegradationCode,
    Face,
    FaceGate,
    MediaItem,
    QualityReport,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    TrackGate,
)

from f2s_ray.view.model import FaceCut, Original, Troubles
from f2s_ray.view.totals import Totals

__all__ = ["Known", "Tables", "original_of"]


@dataclass(frozen=True)
class Known:
    """Somebody whom the page names; ``best_face_id`` is the best face, ``picture_count`` the media that show it."""

    identity_id: str
    label: str
    picture_count: int
    face_count: int
    best_face_id: str
    cohesion: float
    margin: float


@dataclass(frozen=True)
class Tables:
    """Records by their keys: of the shown results, and of what these refer to in other files. None holds a vector.

    ``restored`` are the shown results by path, ``wall`` the ids of those who have a place of their own on the page, in their
    order; ``known`` are these and all who are seen in the shown results. ``measured`` are noise and blocks in the frames of
    a shot, ``appearances`` who is seen in a medium and when, in the order of time.
    """

    media: dict[str, MediaItem]
    shots: dict[str, Shot]
    faces: dict[str, Face]
    wall: tuple[str, ...]
    known: dict[str, Known]
    references: dict[str, ReferenceSet]
    measured: dict[str, tuple[float, float]]
    codes: dict[str, DegradationCode]
    tasks: dict[str, RestoreTask]
    segments: dict[str, RestoredSegment]
    track_gates: dict[str, TrackGate]
    quality: dict[str, QualityReport]
    restored: tuple[RestoredMedia, ...]
    appearances: dict[str, list[tuple[str, float, float]]]
    totals: Totals
    failures: Troubles
    skipped: Troubles

    def lender(self, code: DegradationCode | None) -> MediaItem | None:
        """The medium that lent a code; None when none did, or it is gone from the catalog."""
        shot = self.shots.get(code.lender_shot_id) if code and code.lender_shot_id else None
        return self.media.get(shot.media_id) if shot else None

    def cut(self, face_id: str) -> FaceCut | None:
        """Where to cut a face out of its source; None when the face or its medium is gone from the catalog."""
        face = self.faces.get(face_id)
        item = self.media.get(face.media_id) if face else None
        if face is None or item is None:
            return None
        return FaceCut(face_id, original_of(item, face.frame), face.box_px)

    def task_of(self, restored: RestoredMedia) -> RestoreTask | None:
        """The task that made a photo; of a film the first one."""
        return self.tasks.get(restored.task_id) or next(iter(self.tasks_by_media.get(restored.media_id, ())), None)

    def gates_of(self, restored: RestoredMedia) -> tuple[FaceGate, ...]:
        """What was decided of the faces of a photo, or of the tracks of a film."""
        segment = self.segments.get(restored.task_id)
        tracks = (row.gate for row in self.track_gates.values() if row.media_id == restored.media_id)
        return (*(segment.gates if segment else ()), *tracks)

    @cached_property
    def tasks_by_media(self) -> dict[str, list[RestoreTask]]:
        """Tasks of each medium, in the order of its frames."""
        grouped: dict[str, list[RestoreTask]] = {}
        for task in sorted(self.tasks.values(), key=lambda task: task.first_frame):
            grouped.setdefault(task.media_id, []).append(task)
        return grouped

    @cached_property
    def shots_by_media(self) -> dict[str, list[Shot]]:
        """Shots of each medium, in the order of time."""
        grouped: dict[str, list[Shot]] = {}
        for shot in sorted(self.shots.values(), key=lambda shot: shot.first_frame):
            grouped.setdefault(shot.media_id, []).append(shot)
        return grouped


def original_of(item: MediaItem, frame: int = 0) -> Original:
    """The source of a medium, as far as drawing needs it."""
    scan = item.film.scan if item.film else ""
    return Original(item.path, item.byte_count, item.format, (item.width_px, item.height_px), frame, scan)
