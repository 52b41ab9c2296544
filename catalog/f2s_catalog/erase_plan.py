"""A person to all that is stored of them, in current and in older rows: whom, which faces, where, and what it looks like."""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.arrow import stored_schema
from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase import THUMBNAILS, Erasing, cleaned
from f2s_catalog.errors import QueryError
from f2s_catalog.ids import digest
from f2s_catalog.records import (
    TABLES,
    Constraint,
    Face,
    FaceMark,
    Identity,
    Label,
    MediaItem,
    Record,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Source,
    TrackGate,
)
from f2s_catalog.scrub import scrub
from f2s_catalog.store import catalog_folder, fragments
from f2s_catalog.traces import find_traces
from f2s_catalog.views import connect

__all__ = ["SAME_PLACE", "planned", "thumbnail_name"]

SAME_PLACE = 0.3
"""Common part of two boxes, over all that they cover, from which on they are boxes of one face."""
_SLICE = 96
_MADE_AGAIN = frozenset({".html", ".xmp"})  # pages and sidecars


def planned(root: Path, identity_id: str, by: str) -> Erasing:
    """What is to be erased of somebody; nothing is changed.

    Faces that somebody else has now stay, whoever had them before.

    Raises:
        QueryError: there is no such person.
        CatalogError: a table cannot be read.
    """
    with connect(root, (Identity,)) as connection:
        people = connection.sql("SELECT identity_id, face_ids, name FROM identities").to_arrow_table().to_pylist()
    others = [one for one in people if one["identity_id"] != identity_id]
    if len(others) == len(people):
        raise QueryError(f"there is no person {identity_id!r}; f2s people list names all")
    ids = _ids(root, identity_id, {one["identity_id"] for one in others if one["face_ids"]})
    held = {face_id for one in others for face_id in one["face_ids"]}
    face_ids, places, media_ids = _faces(root, _known_faces(root, ids) - held, held)
    gone = frozenset((*ids, *face_ids))
    media_ids |= set(_media_made_with(root, gone))
    names = _names(root, ids)
    rows, files = _counts(root, gone, media_ids)
    given = datetime.now(UTC)
    draft = Erasing(
        erasure_id=f"{given:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}-erasure",
        said_at=given.isoformat(timespec="microseconds"),
        said_by=by,
        identity_ids=tuple(sorted(ids)),
        face_ids=tuple(sorted(face_ids)),
        places=places,
        media_ids=tuple(sorted(media_ids)),
        names=names,
        is_shared=any(name in names for name in _other_names(root, ids)),
        is_elsewhere=_is_elsewhere(root, names, ids),
        needles=dict(_needles(root, ids, face_ids)),
        rows=rows,
        files=(*files, *_bare_files(root)),
        results=(),
    )
    bearing = {trace.path for trace in find_traces(root, draft.sought) if _is_made_again(trace.path)}
    results = {*_results(root, media_ids), *bearing} - set(draft.files)
    return draft.model_copy(update={"results": tuple(sorted(results))})


def _ids(root: Path, identity_id: str, living: Set[str]) -> set[str]:
    """The id, and those of whom people said that they are the same, as far as they are nobody else now."""
    pairs = [
        {row["identity_id"], row["other_id"]}
        for row in _rows(root, Constraint, ["kind", "identity_id", "other_id"])
        if row["kind"] == "same"
    ]
    ids = {identity_id}
    while more := {one for pair in pairs if pair & ids for one in pair} - ids - living:
        ids |= more
    return ids


def _known_faces(root: Path, ids: Set[str]) -> set[str]:
    """Faces that were theirs in any stored row, or of which somebody said so."""
    found: set[str] = set()
    for table in _tables(root, Identity, ["identity_id", "face_ids"]):
        found |= set(
            table.filter(pc.is_in(table["identity_id"], value_set=_array(ids)))["face_ids"]
            .combine_chunks()
            .flatten()
            .to_pylist()
        )
    for row in _rows(root, Label, ["kind", "identity_id", "faces"]):
        if row["identity_id"] in ids and row["kind"] != "reject":
            found |= {mark["face_id"] for mark in row["faces"]}
    for row in _rows(root, Constraint, ["kind", "identity_id", "other_id", "faces", "other_faces"]):
        for who, marks in (("identity_id", "faces"), ("other_id", "other_faces")):
            if row[who] in ids:
                found |= {mark["face_id"] for mark in row[marks]}
    return found


def _faces(root: Path, known: Set[str], held: Set[str]) -> tuple[set[str], tuple[FaceMark, ...], set[str]]:
    """All ids of these faces: of the same bytes at the same place under other ids, too; their places, and their media."""
    digests = {row["media_id"]: row["content_digest"] for row in _rows(root, MediaItem, ["media_id", "content_digest"])}
    columns = ["face_id", "media_id", "track_id", "frame", "box_px"]
    tables = list(_tables(root, Face, columns))
    faces = pa.concat_tables(tables) if tables else stored_schema(Face).empty_table().select(columns)
    own = faces.filter(pc.is_in(faces["face_id"], value_set=_array(known)))
    bytes_of = {digests.get(media_id, "") for media_id in own["media_id"].to_pylist()}
    near = _array({media_id for media_id, content in digests.items() if content in bytes_of})
    beside = [
        row
        for row in faces.filter(pc.is_in(faces["media_id"], value_set=near)).to_pylist()
        if row["face_id"] not in held
    ]
    boxes: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    tracks = {track_id for track_id in own["track_id"].to_pylist() if track_id is not None}
    for row in own.to_pylist():
        boxes.setdefault((digests.get(row["media_id"], ""), row["frame"]), []).append(tuple(row["box_px"]))
    same = [
        row
        for row in beside
        if row["track_id"] in tracks
        or any(
            _share(row["box_px"], box) >= SAME_PLACE for box in boxes.get((digests[row["media_id"]], row["frame"]), ())
        )
    ]
    all_rows = [*own.to_pylist(), *same]
    places = {
        (digests[row["media_id"]], row["frame"], tuple(row["box_px"])) for row in all_rows if row["media_id"] in digests
    }
    said = {
        mark["face_id"]
        for mark in _marks(root)
        if mark["face_id"] not in held
        and any(
            _share(mark["box_px"], box) >= SAME_PLACE for box in boxes.get((mark["content_digest"], mark["frame"]), ())
        )
    }
    marks = tuple(
        FaceMark(face_id="", content_digest=content, frame=frame, box_px=box) for content, frame, box in sorted(places)
    )
    return {*known, *(row["face_id"] for row in all_rows), *said}, marks, {row["media_id"] for row in all_rows}


def _marks(root: Path) -> Iterator[Mapping[str, Any]]:
    """All faces that are spoken of."""
    for row in _rows(root, Label, ["faces"]):
        yield from row["faces"]
    for row in _rows(root, Constraint, ["faces", "other_faces"]):
        yield from (*row["faces"], *row["other_faces"])


def _names(root: Path, ids: Set[str]) -> tuple[str, ...]:
    """What they were ever called."""
    rows = [*_rows(root, Identity, ["identity_id", "name"]), *_rows(root, Label, ["identity_id", "name"])]
    return tuple(sorted({row["name"] for row in rows if row["identity_id"] in ids and row["name"]}))


def _other_names(root: Path, ids: Set[str]) -> set[str]:
    rows = [*_rows(root, Identity, ["identity_id", "name"]), *_rows(root, Label, ["identity_id", "name"])]
    return {row["name"] for row in rows if row["identity_id"] not in ids and row["name"]}


def _is_elsewhere(root: Path, names: Iterable[str], ids: Set[str]) -> bool:
    """Whether a name is a word of paths, or of another's longer name."""
    texts = {row["path"] for kind in (Source, MediaItem) for row in _rows(root, kind, ["path"])} | _other_names(
        root, ids
    )
    for path in root.glob("runs/*/run.json"):
        texts.add(str(json.loads(path.read_text(encoding="utf-8")).get("input", "")))
    texts.add(str(root.resolve()))
    words = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") for name in names]
    return any(word.search(text) for word in words for text in texts)


def _media_made_with(root: Path, gone: frozenset[str]) -> Iterator[str]:
    """Media for whose result a face of theirs was restored or was a reference; not those that had only to differ from it."""
    for record_type in (RestoreTask, RestoredSegment, TrackGate):
        for path in fragments(root, record_type):
            table = read_fragment(path, record_type)
            if scrub(record_type, table, gone)[1]:
                yield from (row["media_id"] for row in table.to_pylist() if gone & set(_strings(row)))


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 (a cell may be anything)
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        parts = (part for name, part in value.items() if name != "other_face_ids") if isinstance(value, dict) else value
        for part in parts:
            yield from _strings(part)


def _results(root: Path, media_ids: Set[str]) -> set[str]:
    """Paths below OUTPUT of the results of these media that are there."""
    rows = _rows(root, RestoredMedia, ["media_id", "path"])
    return {row["path"] for row in rows if row["media_id"] in media_ids and (root / row["path"]).exists()}


def _bare_files(root: Path) -> list[str]:
    """Pages and thumbnails: one may show anybody, all are made again."""
    found = [*root.glob("runs/*/report.html"), *(catalog_folder(root) / THUMBNAILS).rglob("*")]
    return sorted(str(path.relative_to(root)) for path in found if path.is_file())


def _is_made_again(path: str) -> bool:
    return path.startswith("restored/") or Path(path).suffix.lower() in _MADE_AGAIN


def thumbnail_name(face_id: str) -> str:
    """How the names of all small pictures of a face begin."""
    return digest(face_id)


def _needles(root: Path, ids: Set[str], face_ids: Set[str]) -> Iterator[tuple[str, str]]:
    """Bytes in hexadecimal that must be nowhere, and what they are."""
    for identity_id in sorted(ids):
        yield identity_id.encode().hex(), "the id of the person"
    for record_type, key, vector, wanted, what in (
        (Face, "face_id", "embedding", face_ids, "an embedding"),
        (Identity, "identity_id", "centroid", ids, "the mean of the embeddings"),
    ):
        for table in _tables(root, record_type, [key, vector]):
            for values in table.filter(pc.is_in(table[key], value_set=_array(wanted)))[vector].to_pylist():
                if len(values) > 1:
                    yield pa.array(values, pa.float32()).buffers()[1].to_pybytes()[: 4 * len(values)].hex(), what
    names = set(map(thumbnail_name, face_ids))
    for path in sorted((catalog_folder(root) / THUMBNAILS).rglob("*")):
        if path.stem.partition("-")[0] in names and path.is_file():
            content = path.read_bytes()
            for form in (content, base64.b64encode(content)):
                begin = len(form) // 2  # all pictures of a format begin alike
                yield form[begin : begin + _SLICE].hex(), "a thumbnail"


def _counts(root: Path, gone: frozenset[str], media_ids: set[str]) -> tuple[dict[str, int], list[str]]:
    """Rows of each table that go or change, and the fragments that have them, below OUTPUT."""
    rows: dict[str, int] = {}
    files = []
    for record_type in TABLES:
        for path in fragments(root, record_type):
            _, count = cleaned(record_type, read_fragment(path, record_type), gone, media_ids)
            if count:
                rows[record_type.TABLE] = rows.get(record_type.TABLE, 0) + count
                files.append(str(path.relative_to(root)))
    return rows, files


def _tables(root: Path, record_type: type[Record], columns: list[str]) -> Iterator[pa.Table]:
    """All stored rows, current or not, fragment by fragment."""
    for path in fragments(root, record_type):
        yield read_fragment(path, record_type, columns)


def _rows(root: Path, record_type: type[Record], columns: list[str]) -> list[dict[str, Any]]:
    return [row for table in _tables(root, record_type, columns) for row in table.to_pylist()]


def _array(values: Set[str]) -> pa.Array:
    return pa.array(sorted(values), pa.string())


def _share(one: Iterable[float], other: Iterable[float]) -> float:
    """The common part of two boxes over all that they cover."""
    a, b = tuple(one), tuple(other)
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    return both / max((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both, 1e-12)
