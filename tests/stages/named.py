"""Faces and identities of made photos, for the tests of names."""

from f2s_catalog.records import Constraint, Face, FaceMark, Identity, Label, MediaItem

from f2s_ray.stages.name_facts import Known
from f2s_ray.stages.place_names import NamedFace
from tests.stages.rows import media


def face(path: str, number: int, box=None, *, track: str | None = None) -> Face:
    """The number tells the place: faces stand side by side, 100 pixels apart."""
    x = 100 * number
    return Face(
        face_id=f"{path}#{number}",
        shot_id=f"id of {path}/0",
        media_id=f"id of {path}",
        track_id=track,
        frame=0,
        pts_seconds=0,
        seen_from_seconds=0,
        seen_to_seconds=0,
        box_px=box or (x + 20, 40, x + 70, 100),
        landmarks_px=tuple(range(10)),
        score=0.9,
        face_px=50,
        sharpness=0.5,
        yaw_degrees=0,
        quality=0.5,
        embedding=(1.0, 0.0),
        embedder="sface@1",
    )


def identity(identity_id: str, *faces: Face, name=None, confirmed=(), number=1, ignored=False) -> Identity:
    return Identity(
        identity_id=identity_id,
        number=number,
        face_ids=tuple(one.face_id for one in faces),
        confirmed_face_ids=tuple(one.face_id for one in confirmed),
        primary_face_id=faces[0].face_id,
        centroid=(1.0, 0.0),
        cohesion=1,
        margin=1,
        nearest_id=None,
        name=name,
        is_ignored=ignored,
    )


def item(path: str) -> MediaItem:
    return media(path).model_copy(update={"content_digest": f"bytes of {path}"})


def mark(one: Face) -> FaceMark:
    path = one.face_id.split("#")[0]
    return FaceMark(face_id=one.face_id, content_digest=f"bytes of {path}", frame=0, box_px=one.box_px)


def called(one: Face, name: str, program="digiKam") -> NamedFace:
    return NamedFace(one, name, program, one.face_id.split("#")[0])


def known(*identities: Identity, faces, labels=(), constraints=()) -> Known:
    paths = {one.media_id: one.face_id.split("#")[0] for one in faces}
    return Known(
        faces={one.face_id: one for one in faces},
        identities=identities,
        labels=labels,
        constraints=constraints,
        digests={media_id: f"bytes of {path}" for media_id, path in paths.items()},
        paths=paths,
    )


def short(facts: list[Label | Constraint]) -> list[tuple]:
    """What is said, in few words."""
    told = []
    for fact in facts:
        if isinstance(fact, Constraint):
            told.append((fact.kind, fact.identity_id, fact.other_id))
        else:
            about = fact.name if fact.kind == "name" else [one.face_id for one in fact.faces]
            told.append((fact.kind, fact.identity_id, about))
    return told
