"""The tables of a catalog, read once and keyed for looking up."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from f2s_catalog.ledger import standing
from f2s_catalog.records import (
    Attempt,
    CodeEstimate,
    DegradationCode,
    Face,
    Identity,
    MediaItem,
    QualityReport,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Source,
)

from f2s_ray.view.model import CatalogReader, FaceCut, Original

__all__ = ["Tables", "original_of", "read_tables"]


@dataclass(frozen=True)
class Tables:
    """Records by their keys; ``attempts`` are those of reductions, and those at files as far as they still stand."""

    media: dict[str, MediaItem]
    shots: dict[str, Shot]
    faces: dict[str, Face]
    identities: dict[str, Identity]
    references: dict[str, ReferenceSet]
    estimates: dict[str, CodeEstimate]
    codes: dict[str, DegradationCode]
    tasks: dict[str, RestoreTask]
    segments: dict[str, RestoredSegment]
    quality: dict[str, QualityReport]
    restored: tuple[RestoredMedia, ...]
    attempts: tuple[Attempt, ...]

    @cached_property
    def photo_counts(self) -> Counter[str]:
        """In how many media each identity is seen."""
        return Counter(
            {
                identity.identity_id: len({self.faces[f].media_id for f in identity.face_ids if f in self.faces})
                for identity in self.identities.values()
            }
        )

    def people(self) -> list[Identity]:
        """Identities: those with a name first, then those in most media."""
        counts = self.photo_counts
        return sorted(
            self.identities.values(),
            key=lambda i: (i.name is None, -counts[i.identity_id], -len(i.face_ids), i.identity_id),
        )

    def cut(self, face_id: str) -> FaceCut | None:
        """Where to cut a face out of its source; None when the face or its medium is gone from the catalog."""
        face = self.faces.get(face_id)
        item = self.media.get(face.media_id) if face else None
        if face is None or item is None:
            return None
        return FaceCut(face_id, original_of(item), face.box_px)


def original_of(item: MediaItem) -> Original:
    """The source of a medium, as far as drawing needs it."""
    return Original(item.path, item.byte_count, item.format, (item.width_px, item.height_px))


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
        quality={r.media_id: r for r in catalog.rows(QualityReport)},
        restored=tuple(restored),
        attempts=(*(row for row in attempts if not row.path), *standing(attempts, listed)),
    )
