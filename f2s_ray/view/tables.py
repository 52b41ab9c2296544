"""The tables of a catalog, read once and keyed for looking up."""

from dataclasses import dataclass
from functools import cached_property

from f2s_catalog.ledger import standing
from f2s_catalog.records import (
    Attempt,
    CodeEstimate,
    DegradationCode,
    Face,
    FaceGate,
    Identity,
    MediaItem,
    QualityReport,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Source,
    TrackGate,
)

from f2s_ray.view.model import CatalogReader, FaceCut, Original

__all__ = ["Tables", "original_of", "read_tables"]


@dataclass(frozen=True)
class Tables:
    """Records by their keys; ``attempts`` are those of reductions, and those at files as far as they still stand.

    ``labels`` and ``photo_counts`` are the label of each identity and in how many media it is seen, those first who
    stand first on the page; ``appearances`` who is seen in a medium and when, in the order of time.
    """

    media: dict[str, MediaItem]
    shots: dict[str, Shot]
    faces: dict[str, Face]
    identities: dict[str, Identity]
    references: dict[str, ReferenceSet]
    estimates: dict[str, CodeEstimate]
    codes: dict[str, DegradationCode]
    tasks: dict[str, RestoreTask]
    segments: dict[str, RestoredSegment]
    track_gates: dict[str, TrackGate]
    quality: dict[str, QualityReport]
    restored: tuple[RestoredMedia, ...]
    attempts: tuple[Attempt, ...]
    labels: dict[str, str]
    photo_counts: dict[str, int]
    appearances: dict[str, list[tuple[str, float, float]]]

    def people(self) -> list[Identity]:
        """Identities: those with a name first, then those in most media."""
        return [self.identities[identity_id] for identity_id in self.labels if identity_id in self.identities]

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
        if segment:
            return segment.gates
        return tuple(row.gate for row in self.track_gates.values() if row.media_id == restored.media_id)

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


def read_tables(catalog: CatalogReader) -> Tables:
    """Read what the report needs; what the latest listing no longer holds is left out."""
    listed = {source.path for source in catalog.rows(Source)}
    media = {r.media_id: r for r in catalog.rows(MediaItem) if r.path in listed}
    shots = {r.shot_id: r for r in catalog.rows(Shot)}
    tasks = {r.task_id: r for r in catalog.rows(RestoreTask)}
    restored = sorted(
        (r for r in catalog.rows(RestoredMedia) if r.media_id in media), key=lambda r: media[r.media_id].path
    )
    attempts = catalog.attempts()
    people = catalog.view("people").to_pylist()
    appearances: dict[str, list[tuple[str, float, float]]] = {}
    for row in catalog.view("appearances").to_pylist():
        span = (row["identity_id"], row["seen_from_seconds"], row["seen_to_seconds"])
        appearances.setdefault(row["media_id"], []).append(span)
    return Tables(
        media=media,
        shots=shots,
        faces={r.face_id: r for r in catalog.rows(Face)},
        identities={r.identity_id: r for r in catalog.rows(Identity)},
        references={r.identity_id: r for r in catalog.rows(ReferenceSet)},
        estimates={r.shot_id: r for r in catalog.rows(CodeEstimate)},
        codes={r.shot_id: r for r in catalog.rows(DegradationCode)},
        tasks=tasks,
        segments={r.task_id: r for r in catalog.rows(RestoredSegment)},
        track_gates={r.track_id: r for r in catalog.rows(TrackGate)},
        quality={r.media_id: r for r in catalog.rows(QualityReport)},
        restored=tuple(restored),
        attempts=(*(row for row in attempts if not row.path), *standing(attempts, listed)),
        labels={row["identity_id"]: row["label"] for row in people},
        photo_counts={row["identity_id"]: row["media_count"] for row in people},
        appearances=appearances,
    )
