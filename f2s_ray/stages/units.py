"""What the stages take: records joined by the flow, so that a stage needs no table. They are never stored."""

from f2s_catalog.records import (
    Box,
    CodeChange,
    Face,
    FaceMark,
    MediaItem,
    Record,
    RegionCode,
    Shot,
    TaskFace,
    TrackGate,
)
from pydantic import Field

__all__ = [
    "EstimateUnit",
    "FaceName",
    "JudgeUnit",
    "ReferencePicture",
    "RestoreUnit",
    "ScoreUnit",
    "ShotUnit",
    "UnitFace",
]


class ShotUnit(Record):
    """A shot and its medium. Where nobody was erased it is the same record as before there were erasures."""

    shot: Shot
    media: MediaItem
    erased: tuple[FaceMark, ...] = Field(
        (), exclude_if=lambda places: not places, description="places of faces that are not to be found again"
    )


class ReferencePicture(Record):
    """Where a reference face lies."""

    face_id: str
    path: str = Field(description="path below INPUT")
    content_digest: str = Field(description="SHA-256 of its bytes")
    etag: str = Field("", exclude_if=lambda etag: not etag, description="of an object in a bucket, as it was read")
    scan: str = Field(description="how a film was scanned, as in film.scan; empty: a photo")
    frame: int = Field(description="number of the frame in a film; 0 in a photo")
    landmarks_px: tuple[float, ...] = Field(description="five x y")


class UnitFace(Record):
    """A face with what is known about its person."""

    face: Face
    identity_id: str | None
    person: tuple[float, ...] = Field(description="unit mean of its references; empty when there is none")
    other: tuple[float, ...] = Field(
        description="unit mean of the references of the nearest other identity, or else its best face; empty when there is none"
    )
    references: tuple[ReferencePicture, ...]
    other_face_ids: tuple[str, ...] = Field(description="the faces that ``other`` is the mean of")


class EstimateUnit(Record):
    """A shot and its faces, for reading the damage."""

    shot: Shot
    media: MediaItem
    faces: tuple[UnitFace, ...]


class JudgeUnit(Record):
    """A film's shot, its faces and its code, for deciding what may be done to the faces."""

    shot: Shot
    media: MediaItem
    faces: tuple[UnitFace, ...]
    code: tuple[float, ...] = Field(description="21 pooled vectors, row by row; empty: blind")


class RestoreUnit(Record):
    """All that decides the result of one photo, or of some frames of a film's shot."""

    task_id: str
    shot: Shot
    media: MediaItem
    first_frame: int
    stop_frame: int
    faces: tuple[UnitFace, ...]
    gates: tuple[TrackGate, ...] = Field(description="what becomes of the tracks of a film; none in a photo")
    code: tuple[float, ...] = Field(description="21 pooled vectors, row by row; empty: blind")
    regions: tuple[RegionCode, ...] = Field(description="codes of its parts; empty: one code for all")
    changes: tuple[CodeChange, ...] = Field(description="codes in the course of the shot; empty: one code for all")
    restorer: str
    planned_on: str

    @property
    def task_faces(self) -> tuple[TaskFace, ...]:
        """The faces as a plan shows them."""
        return tuple(
            TaskFace(
                face_id=face.face.face_id,
                identity_id=face.identity_id,
                reference_face_ids=tuple(reference.face_id for reference in face.references),
                other_face_ids=face.other_face_ids,
            )
            for face in self.faces
        )


class FaceName(Record):
    """A face and the name that a person gave to whose face it is."""

    face_id: str
    name: str
    box_px: Box = Field(description="x0 y0 x1 y1 in the upright frame")


class ScoreUnit(Record):
    """A result beside its source."""

    media: MediaItem
    task_id: str
    path: str = Field(description="the result, below OUTPUT")
    digest: str
    before: tuple[float, ...] = Field(description="similarities of the faces to their persons before")
    after: tuple[float, ...] = Field(description="the same after")
