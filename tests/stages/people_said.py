"""Made faces of made people, and what somebody says about them."""

from itertools import count

import numpy as np
from f2s_catalog.records import Constraint, Face, FaceMark, Label

NUMBERS = count()


def make_face(media, vector, quality=0.6, at=(50, 60), track=None, frame=0, **changes):
    x, y = at
    values = {
        "face_id": f"{media}/0/{frame}.{x}x{y}x100",
        "shot_id": f"{media}/0",
        "media_id": media,
        "track_id": track,
        "frame": frame,
        "seen_from_seconds": 0,
        "seen_to_seconds": 0,
        "pts_seconds": 0.0,
        "box_px": (x - 50, y - 60, x + 50, y + 60),
        "landmarks_px": (30.0, 40.0, 70.0, 40.0, 50.0, 60.0, 35.0, 85.0, 65.0, 85.0),
        "score": 0.9,
        "face_px": 100.0,
        "sharpness": 0.7,
        "yaw_degrees": 0.0,
        "quality": quality,
        "embedding": tuple(float(value) for value in vector),
        "embedder": "sface@0",
    }
    return Face(**{**values, **changes})


def person(seed, number, first=0, at=(50, 60)):
    """Faces of one made person, one a picture; two of them have a cosine of about 0.65."""
    centre = np.random.default_rng(seed).normal(size=128)
    centre /= np.linalg.norm(centre)
    faces = []
    for i in range(first, first + number):
        own = np.random.default_rng([seed, i]).normal(size=128)
        vector = np.sqrt(0.65) * centre + np.sqrt(0.35) * own / np.linalg.norm(own)
        faces.append(make_face(f"{seed}-{i}", vector / np.linalg.norm(vector), quality=0.5 + 0.01 * i, at=at))
    return faces


def vectors_of(seed, number):
    return [np.array(face.embedding) for face in person(seed, number)]


def on_track(film, track, vectors, seen, first=0):
    """Faces of one track that is seen in a span of seconds."""
    return [
        make_face(
            film, vector, at=(50 + 200 * track, 60), frame=frame, track=f"{film}/0/t{track}",
            pts_seconds=seen[0], seen_from_seconds=seen[0], seen_to_seconds=seen[1],
        )
        for frame, vector in enumerate(vectors, first)
    ]  # fmt: skip


def mark(face):
    return FaceMark(
        face_id=face.face_id, content_digest=f"bytes of {face.media_id}", frame=face.frame, box_px=face.box_px
    )


def said(kind, identity_id, faces=(), name=None):
    """A statement about one identity; each is later than those before."""
    number = next(NUMBERS)
    return Label(
        fact_id=f"{number:09d}", said_at="2026-02-03T04:05:06+00:00", said_by="tester", kind=kind,
        identity_id=identity_id, name=name, faces=tuple(map(mark, faces)),
    )  # fmt: skip


def of_two(kind, identity_id, other_id, faces=(), other_faces=()):
    """A statement about two."""
    number = next(NUMBERS)
    return Constraint(
        fact_id=f"{number:09d}", said_at="2026-02-03T04:05:06+00:00", said_by="tester", kind=kind,
        identity_id=identity_id, other_id=other_id,
        faces=tuple(map(mark, faces)), other_faces=tuple(map(mark, other_faces)),
    )  # fmt: skip
