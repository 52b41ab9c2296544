"""A made OUTPUT of any size with known truth, without pictures: python -m benchmarks.made_catalog OUTPUT PICTURES PEOPLE FACES.

Rows are written column-wise, with the visibility rule of the catalog. People are seen by a power law, so the first ones are seen
most; ``truth`` tells who is in which picture. Beyond ``MOST_FACE_ROWS`` faces the table of faces is left out, as questions about
people read the sightings alone.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import stored_schema
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    Attempt,
    DegradationCode,
    Face,
    Identity,
    MediaItem,
    Record,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    Shot,
    Sighting,
    Source,
)
from f2s_catalog.store import write_fragment

__all__ = ["MOST_FACE_ROWS", "Truth", "make_catalog"]

MOST_FACE_ROWS = 1_000_000
NAMED_SHARE = 0.2
VECTOR_LENGTH = 8
Truth = np.ndarray
"""Of each face the picture and the person, as numbers: ``[faces, 2]``."""


def make_catalog(output: Path, *, pictures: int, people: int, faces: int, films: int = 0, seed: int = 0) -> Truth:
    """Write the tables; the first ``films`` of the pictures are films, in which each face is seen for some seconds."""
    random = np.random.default_rng(seed)
    person = (people * random.random(faces) ** 3).astype(np.int64)
    picture = random.integers(0, pictures, faces)
    truth = np.unique(np.stack([person, picture], axis=1), axis=0)  # nobody stands twice in one picture
    person, picture = truth[:, 0], truth[:, 1]
    begin = np.where(picture < films, random.random(len(truth)) * 3600, 0.0)
    archive = _Archive(output, pictures, films, random)
    archive.media()
    archive.faces(person, picture, begin, people)
    archive.ledger()
    return truth[:, ::-1]


class _Archive:
    """Tables of one OUTPUT; each is one fragment of one commit."""

    def __init__(self, output: Path, pictures: int, films: int, random: np.random.Generator) -> None:
        self._output, self._random, self._count = output, random, pictures
        self._ids = [f"{number:032x}" for number in range(pictures)]
        self._kinds = ["film" if number < films else "photo" for number in range(pictures)]
        self._paths = [
            f"{1950 + number % 70}/roll {number // 70 % 40:02d}/{number:07d}.{'mp4' if number < films else 'jpg'}"
            for number in range(pictures)
        ]

    def media(self) -> None:
        """Files, their shots, their damage, their results."""
        count, ids, paths, random = self._count, self._ids, self._paths, self._random
        shots = [f"{one}/0" for one in ids]
        self._write(Source, {"path": paths, "byte_count": [1] * count, "modified_ns": [0] * count})
        flags: dict[str, object] = dict.fromkeys(
            ("has_alpha", "has_icc", "has_exif", "has_xmp", "has_iptc"), [False] * count
        )
        years = [f"{1950 + number % 70}-07-01T12:00:00" for number in range(count)]
        texts = {"content_digest": ids, "format": ["JPEG"] * count, "colour": ["rgb"] * count, "captured_at": years}
        numbers = {
            "byte_count": 1,
            "modified_ns": 0,
            "width_px": 1600,
            "height_px": 1200,
            "orientation": 1,
            "page_count": 1,
        }
        sizes: dict[str, object] = {name: [value] * count for name, value in (numbers | {"bit_depth": 8}).items()}
        self._write(MediaItem, {"media_id": ids, "path": paths, "kind": self._kinds, **flags, **texts, **sizes}, paths)
        times = {"start_seconds": [0.0] * count, "stop_seconds": [0.0] * count, "cut_score": [1.0] * count}
        spans = {"first_frame": [0] * count, "stop_frame": [1] * count}
        self._write(Shot, {"shot_id": shots, "media_id": ids, **times, **spans}, paths)
        damage = {"noise_sigma": random.random(count) * 0.1, "blur_sigma_px": random.random(count) * 3}
        damage |= {"jpeg_quality": random.random(count) * 100, "downscale": 1 + random.random(count)}
        words: dict[str, object] = {
            "origin": ["face"] * count,
            "why": ["its own faces"] * count,
            "estimator": ["made@0"] * count,
        }
        empty: list[list[object]] = [[]] * count
        lists = dict.fromkeys(("code", "signature", "regions", "changes"), empty)
        self._write(DegradationCode, {"shot_id": shots, **words, **damage, **lists})
        results: dict[str, object] = {
            "media_id": ids,
            "task_id": ids,
            "path": [f"restored/{path}" for path in paths],
            "digest": ids,
        }
        results |= {"byte_count": [1] * count, "source_digest": ids}
        lists = dict.fromkeys(("models", "carried_over", "changed"), empty)
        self._write(RestoredMedia, {**results, **lists}, paths)

    def faces(self, person: np.ndarray, picture: np.ndarray, begin: np.ndarray, people: int) -> None:
        """Faces, who they are, and where they are seen; rows come sorted by person and picture."""
        count, random = len(person), self._random
        owner = pa.array([f"{number:032x}" for number in range(1, people + 1)])
        own = {
            name: pa.array(values).take(pa.array(picture))
            for name, values in (("media_id", self._ids), ("path", self._paths))
        }
        face_ids = pc.binary_join_element_wise("f", pa.array(np.arange(count)).cast(pa.string()), "/0.10x10x9", "")
        end = np.where(begin > 0, begin + 5, 0.0)
        seen = {"seen_from_seconds": begin, "seen_to_seconds": end}
        kinds = pa.array(self._kinds).take(pa.array(picture))
        self._write(
            Sighting,
            {
                "identity_id": owner.take(pa.array(person)), **own, "track_id": face_ids, "kind": kinds, "face_id": face_ids,
                "face_count": np.ones(count, np.int64), "is_confirmed": np.zeros(count, bool), "likeness": random.random(count), **seen,
            },
        )  # fmt: skip
        ends = np.searchsorted(person, np.arange(people + 1))
        lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), face_ids)
        there = np.flatnonzero(np.diff(ends) > 0)
        vectors = random.normal(size=(people, VECTOR_LENGTH)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self._identities(there, owner, lists, vectors, face_ids.take(pa.array(ends[:-1][there])))
        if count <= MOST_FACE_ROWS:
            self._face_rows(face_ids, own["media_id"], vectors[person], seen)

    def _identities(
        self, there: np.ndarray, owner: pa.Array, lists: pa.Array, vectors: np.ndarray, first: pa.Array
    ) -> None:
        count, names = (
            len(there),
            [f"Name {number}" if self._random.random() < NAMED_SHARE else None for number in there],
        )
        empty: list[list[object]] = [[]] * count
        ids = owner.take(pa.array(there))
        rows = {
            "identity_id": ids,
            "number": there + 1,
            "face_ids": lists.take(pa.array(there)),
            "confirmed_face_ids": empty,
        }
        rows |= {
            "primary_face_id": first,
            "centroid": _vectors(vectors[there]),
            "cohesion": np.ones(count),
            "margin": np.ones(count),
        }
        nearest = owner.take(pa.array(np.roll(there, 1)))
        self._write(Identity, {**rows, "nearest_id": nearest, "name": names, "is_ignored": [False] * count})
        self._write(ReferenceSet, {"identity_id": ids, "choices": empty})

    def _face_rows(
        self, face_ids: pa.Array, media_ids: pa.Array, vectors: np.ndarray, seen: Mapping[str, np.ndarray]
    ) -> None:
        count = len(face_ids)
        box = pa.FixedSizeListArray.from_arrays(pa.array(np.tile([500, 300, 700, 560], count), pa.float32()), 4)
        points = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(10 * count), pa.float32()), 10)
        measures = dict.fromkeys(("score", "face_px", "sharpness", "yaw_degrees", "quality"), np.full(count, 0.5))
        shots = pc.binary_join_element_wise(media_ids, "0", "/")
        rows = {
            "face_id": face_ids,
            "shot_id": shots,
            "media_id": media_ids,
            "frame": np.zeros(count, np.int64),
            "pts_seconds": np.zeros(count),
        }
        rows |= {"box_px": box, "landmarks_px": points, "embedding": _vectors(vectors), "embedder": ["made@0"] * count}
        self._write(Face, {**rows, **seen, **measures})

    def ledger(self) -> None:
        """One attempt for each step at each file, and one for each reduction."""
        steps = {"probe": MediaItem, "split": Shot, "assemble": RestoredMedia, "restore": RestoredSegment}
        items = [(step, path) for step in steps for path in self._paths] + [("made", "*")]
        columns: dict[str, object] = {"step": [step for step, _ in items], "item_id": [item for _, item in items]}
        columns |= {"path": ["" if item == "*" else item for _, item in items]}
        texts = dict.fromkeys(("fingerprint", "run_id"), ["made"] * len(items)) | {"status": ["done"] * len(items)}
        self._write(Attempt, {**columns, **texts, "number": [1] * len(items), "elapsed_seconds": [0.1] * len(items)})

    def _write(self, record_type: type[Record], columns: Mapping[str, object], items: list[str] | None = None) -> None:
        """A fragment; of a table of items each row was made from its file, else all by one reduction."""
        schema = stored_schema(record_type)
        count = len(next(iter(columns.values())))  # type: ignore[arg-type] # each is a column
        steps = {MediaItem: "probe", Shot: "split", RestoredMedia: "assemble"}
        made: dict[str, object] = {
            "step": [steps[record_type] if items else "made"] * count,
            "item_id": items or ["*"] * count,
        }
        made |= {"fingerprint": ["made"] * count, "sequence": [1] * count}
        values = {**made, **columns}
        arrays = [_column(values.get(field.name), field, count) for field in schema]
        write_fragment(self._output, record_type, pa.table(arrays, schema=schema), 1)


def _column(values: object, field: pa.Field, count: int) -> pa.Array:
    """What is not given is null, or nothing of its kind."""
    if values is None and field.nullable:
        return pa.nulls(count, field.type)
    if values is None:
        nothing: object = [] if pa.types.is_list(field.type) else "" if pa.types.is_string(field.type) else 0
        return pa.array([nothing] * count, field.type)
    return values.cast(field.type) if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, field.type)


def _vectors(rows: np.ndarray) -> pa.Array:
    offsets = pa.array(np.arange(len(rows) + 1) * VECTOR_LENGTH, pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(rows.ravel(), pa.float32()))


if __name__ == "__main__":
    where, *sizes = sys.argv[1:]
    make_catalog(Path(where), **dict(zip(("pictures", "people", "faces"), map(int, sizes), strict=True)))
    sys.stdout.write(f"{Catalog(Path(where)).view('people').num_rows} people\n")
