"""A made OUTPUT of any size with known truth: python -m benchmarks.made_catalog OUTPUT PICTURES PEOPLE FACES.

Rows are written column-wise, with the visibility rule of the catalog. People are seen by a power law, so the first ones are seen
most; ``truth`` tells who is in which picture. Beyond ``MOST_FACE_ROWS`` faces they and what became of them are left out, as
questions about people read the sightings alone.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    DegradationCode,
    Face,
    Identity,
    Label,
    MediaItem,
    ReferenceSet,
    Shot,
    Sighting,
    Source,
)

from benchmarks.made_results import Faces, write_results
from benchmarks.made_tables import MadeTables, inner, structs
from f2s_ray.stages.sight import with_company

__all__ = ["FRAME_RATE", "HEIGHT_PX", "MOST_FACE_ROWS", "WIDTH_PX", "Truth", "make_catalog", "path_of"]

MOST_FACE_ROWS = 1_000_000
NAMED_SHARE = 0.2
FILM_SHARE = 0.1
"""Of all faces, those in films."""

VECTOR_LENGTH = 128
NOISE = 0.07  # in each direction: two faces of a person have a cosine of about 0.6
WIDTH_PX, HEIGHT_PX = 4000, 3000
FILM_SECONDS, FRAME_RATE, SHOTS_A_FILM = 3600, 25, 40
SEEN_SECONDS, SLOT_SECONDS = 5, 10
Truth = np.ndarray
"""Of each face the picture and the person, as numbers: ``[faces, 2]``."""


def make_catalog(
    output: Path, *, pictures: int, people: int, faces: int, films: int = 0, source: Path | None = None
) -> Truth:
    """Write the tables; the first ``films`` of the pictures are films, in which each face is seen for some seconds.

    ``source``: INPUT, where the sizes of the files are taken from, at ``path_of`` each; without it each has one byte.
    """
    random = np.random.default_rng(0)
    person = (people * random.random(faces) ** 3).astype(np.int64)
    picture = random.integers(films if films < pictures else 0, pictures, faces)
    if films:
        picture = np.where(random.random(faces) < FILM_SHARE, random.integers(0, films, faces), picture)
    slot = np.where(picture < films, random.integers(0, FILM_SECONDS // SLOT_SECONDS, faces), 0)
    seen = np.unique(np.stack([person, picture, slot], axis=1), axis=0)  # nobody stands twice in one picture
    archive = _Archive(output, pictures, films, random)
    archive.media(source)
    archive.faces(seen, people)
    return seen[:, 1::-1]


def path_of(number: int, films: int) -> str:
    """Where a picture or film lies below INPUT."""
    return f"{1950 + number % 70}/roll {number // 70 % 40:02d}/{number:07d}.{'mp4' if number < films else 'jpg'}"


class _Archive:
    """Tables of one OUTPUT."""

    def __init__(self, output: Path, pictures: int, films: int, random: np.random.Generator) -> None:
        self._random, self._count, self._films = random, pictures, films
        self._ids = pa.array([f"{number:032x}" for number in range(pictures)])
        self._kinds = pa.array(["film" if number < films else "photo" for number in range(pictures)])
        self._paths = [path_of(number, films) for number in range(pictures)]
        self._tables = MadeTables(output, self._paths)

    def media(self, source: Path | None) -> None:
        """Files, their shots, their damage."""
        count, paths = self._count, self._paths
        sizes = [1 if source is None else (source / path).stat().st_size for path in paths]
        self._tables.write(Source, {"path": paths, "byte_count": sizes})
        is_photo = np.arange(count) >= self._films
        years = [f"{1950 + number % 70}-07-01T12:00:00" for number in range(count)]
        texts = {
            "content_digest": self._ids,
            "format": np.where(is_photo, "JPEG", "FILM"),
            "colour": ["rgb"] * count,
            "captured_at": years,
        }
        numbers = {"width_px": WIDTH_PX, "height_px": HEIGHT_PX, "orientation": 1, "page_count": 1, "bit_depth": 8}
        columns = {"media_id": self._ids, "path": paths, "kind": self._kinds, "byte_count": sizes, **texts}
        columns |= {name: [value] * count for name, value in numbers.items()} | {"film": _film_facts(is_photo)}
        self._tables.write(MediaItem, columns, paths)
        self._shots()

    def _shots(self) -> None:
        """A film has some, and is damaged in each of them in another way."""
        medium = np.repeat(np.arange(self._count), np.where(np.arange(self._count) < self._films, SHOTS_A_FILM, 1))
        shot = np.concatenate([np.tile(np.arange(SHOTS_A_FILM), self._films), np.zeros(self._count - self._films, int)])
        seconds = np.where(medium < self._films, FILM_SECONDS / SHOTS_A_FILM, 0.0)
        frames = np.where(medium < self._films, FILM_SECONDS * FRAME_RATE // SHOTS_A_FILM, 1)
        media_ids, count = self._ids.take(pa.array(medium)), len(medium)
        shot_ids = _shot_ids(media_ids, shot)
        times = {"start_seconds": shot * seconds, "stop_seconds": (shot + 1) * seconds, "cut_score": np.ones(count)}
        spans = {"first_frame": shot * frames, "stop_frame": (shot + 1) * frames}
        paths = pa.array(self._paths).take(pa.array(medium))
        self._tables.write(Shot, {"shot_id": shot_ids, "media_id": media_ids, **times, **spans}, paths)
        random = self._random
        damage = {"noise_sigma": random.random(count) * 0.1, "blur_sigma_px": random.random(count) * 3}
        damage |= {"jpeg_quality": random.random(count) * 100, "downscale": 1 + random.random(count)}
        words = {"origin": ["face"] * count, "why": ["its own faces"] * count, "estimator": ["made@0"] * count}
        self._tables.write(DegradationCode, {"shot_id": shot_ids, **words, **damage})

    def faces(self, seen_in: np.ndarray, people: int) -> None:
        """Faces, who they are, where they are seen, and what became of them; rows come sorted by person and picture."""
        person, picture, slot = seen_in.T
        count, random, number = len(person), self._random, np.arange(len(person))
        owner = pa.array([f"{number:032x}" for number in range(1, people + 1)])
        is_film, begin = picture < self._films, slot * float(SLOT_SECONDS)
        media_ids, paths = (column.take(pa.array(picture)) for column in (self._ids, pa.array(self._paths)))
        shots = _shot_ids(media_ids, (begin * SHOTS_A_FILM // FILM_SECONDS).astype(int))
        x, y, width = 1700 + number % 601, 900 + number // 601 % 601, 850 + number // 601**2  # no two are the same
        frame = (begin * FRAME_RATE).astype(int)
        face_ids = _face_ids(shots, frame, x, y, width)
        seen = {"seen_from_seconds": begin, "seen_to_seconds": np.where(is_film, begin + SEEN_SECONDS, 0.0)}
        of = {"identity_id": owner.take(pa.array(person)), "media_id": media_ids, "path": paths, "face_id": face_ids}
        track = {"track_id": face_ids, "face_count": np.ones(count, int), "likeness": random.random(count)}
        rows = with_company(pa.table({**of, **track, "kind": self._kinds.take(pa.array(picture)), **seen}))
        self._tables.write(Sighting, dict(zip(rows.column_names, rows.columns, strict=True)))
        boxes = np.stack([x - width // 2, y - width // 2, x + width // 2, y + width * 2 // 3], axis=1)
        vectors = _unit(random.normal(size=(people, VECTOR_LENGTH)))
        self._identities(person, owner, vectors, (face_ids, media_ids, frame, boxes))
        if count <= MOST_FACE_ROWS:
            tracks = pc.if_else(pa.array(is_film), face_ids, None)
            rows = {"face_id": face_ids, "shot_id": shots, "media_id": media_ids, "track_id": tracks, "frame": frame}
            points = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(10 * count), pa.float32()), 10)
            rows |= {
                "box_px": _boxes(boxes),
                "landmarks_px": points,
                "pts_seconds": begin,
                "embedder": ["made@0"] * count,
            }
            measures = {name: 0.2 + 0.7 * random.random(count) for name in ("score", "sharpness", "quality")}
            sizes = {"face_px": width.astype(float), "yaw_degrees": random.normal(size=count) * 20}
            noisy = _unit(vectors[person] + random.normal(scale=NOISE, size=(count, VECTOR_LENGTH)))
            self._tables.write(Face, {**rows, **seen, **measures, **sizes, "embedding": _vectors(noisy)}, paths)
            write_results(self._tables, (self._ids, self._paths), Faces(picture, is_film, of["identity_id"], face_ids))

    def _identities(self, person: np.ndarray, owner: pa.Array, vectors: np.ndarray, faces: tuple) -> None:
        """Identities, a name for some that somebody said, and no references."""
        face_ids, media_ids, frame, boxes = faces
        ends = np.searchsorted(person, np.arange(len(owner) + 1))
        there = np.flatnonzero(np.diff(ends) > 0)
        first, ids, count = ends[:-1][there], owner.take(pa.array(there)), len(there)
        lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), face_ids).take(pa.array(there))
        is_named = self._random.random(count) < NAMED_SHARE
        names = pa.array([f"Name {number}" if named else None for number, named in zip(there, is_named, strict=True)])
        rows = {"identity_id": ids, "number": there + 1, "face_ids": lists, "name": names}
        rows |= {"primary_face_id": face_ids.take(pa.array(first)), "centroid": _vectors(vectors[there])}
        nearest = owner.take(pa.array(np.roll(there, 1)))
        self._tables.write(
            Identity, {**rows, "cohesion": np.ones(count), "margin": np.ones(count), "nearest_id": nearest}
        )
        self._tables.write(ReferenceSet, {"identity_id": ids})
        own = first[is_named]
        marks = {"face_id": face_ids.take(pa.array(own)), "content_digest": media_ids.take(pa.array(own))}
        marks |= {"frame": frame[own], "box_px": _boxes(boxes[own])}
        each = pa.ListArray.from_arrays(
            pa.array(np.arange(len(own) + 1), pa.int32()), structs(inner(Label, "faces"), marks)
        )
        said = {"fact_id": [f"{at:07d}" for at in range(len(own))], "said_at": ["2026-01-01T00:00:00"] * len(own)}
        said |= {"said_by": ["made"] * len(own), "kind": ["name"] * len(own), "faces": each}
        chosen = pa.array(is_named)
        self._tables.write(Label, {**said, "identity_id": ids.filter(chosen), "name": names.filter(chosen)})


def _film_facts(is_photo: np.ndarray) -> pa.StructArray:
    count = len(is_photo)
    numbers = {"frame_count": FILM_SECONDS * FRAME_RATE, "duration_seconds": float(FILM_SECONDS), "start_seconds": 0.0}
    words = {"container": "mov,mp4", "codec": "h264", "pixel_format": "yuv420p", "scan": "progressive"}
    words |= {"frame_rate": f"{FRAME_RATE}/1", "sample_aspect": "1/1", "colour_tags": "2/2/2/0"}
    columns: dict[str, object] = {name: [value] * count for name, value in (numbers | words).items()}
    zeros = (
        "hidden_frame_count",
        "rotation_degrees",
        "chapter_count",
        "attachment_count",
        "is_variable",
        "is_mirrored",
    )
    columns |= dict.fromkeys(zeros, np.zeros(count, int)) | {"streams": [["audio aac eng"]] * count}
    return structs(inner(MediaItem, "film"), columns, is_photo)


def _shot_ids(media_ids: pa.Array, number: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(media_ids, pa.array(number).cast(pa.string()), "/")


def _face_ids(shots: pa.Array, frame: np.ndarray, *place: np.ndarray) -> pa.Array:
    x, y, width = (pa.array(numbers).cast(pa.string()) for numbers in place)
    where = pc.binary_join_element_wise(x, y, width, "x")
    named = pc.binary_join_element_wise(pa.array(frame).cast(pa.string()), where, ".")
    return pc.binary_join_element_wise(shots, named, "/")


def _boxes(boxes: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel(), pa.float32()), 4)


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _vectors(rows: np.ndarray) -> pa.Array:
    offsets = pa.array(np.arange(len(rows) + 1) * VECTOR_LENGTH, pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(rows.ravel(), pa.float32()))


if __name__ == "__main__":
    where, pictures, people, faces = sys.argv[1:]
    make_catalog(Path(where), pictures=int(pictures), people=int(people), faces=int(faces))
    sys.stdout.write(f"{Catalog(Path(where)).view('people').num_rows} people\n")
