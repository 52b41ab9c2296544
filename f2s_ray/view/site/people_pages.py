"""People to what their pages show: the wall, and one person with all that is known."""

from dataclasses import dataclass
from math import ceil
from typing import Annotated
from unicodedata import normalize

from pydantic import BaseModel, Field

from f2s_ray.view.site.snapshot import Row, Snapshot

__all__ = ["Look", "Paged", "Person", "called", "names", "one_of", "paged", "person", "wall"]

PEOPLE_A_PAGE, FACES_A_PAGE, FILES_A_PAGE = 60, 48, 30
MOST_NAMES = 20
PageNumber = Annotated[int, Field(ge=1, le=1_000_000)]
LEAST_LIKENESS = 0.3
"""Cosine of two people's means from which it is worth a look whether they are one."""

_COUNTED = (
    "SELECT identity_id, count(DISTINCT media_id) FILTER (kind = 'photo') AS photos,"
    " count(DISTINCT media_id) FILTER (kind = 'film') AS films FROM sightings"
    " WHERE identity_id IN (SELECT unnest($ids)) GROUP BY identity_id"
)
_LIKE = (
    "SELECT p.*, least(n.margin, p.margin) AS distance FROM people AS p, (FROM people WHERE identity_id = $who) AS n"
    " WHERE (p.identity_id = n.nearest_id OR p.nearest_id = n.identity_id) AND NOT p.is_ignored AND p.identity_id NOT IN"
    " (SELECT unnest([identity_id, other_id]) FROM facts WHERE kind = 'not_same' AND $who IN (identity_id, other_id))"
    " AND 1 - CASE WHEN p.identity_id = n.nearest_id THEN n.margin ELSE p.margin END >= $least"
    " ORDER BY distance, p.identity_id LIMIT 3"
)
_SEEN = (
    "FROM (SELECT s.path, s.media_id, s.kind, media.captured_at, media.film.start_seconds AS start_seconds,"
    " media.film.duration_seconds AS duration_seconds,"
    " list(struct_pack(start := seen_from_seconds, stop := seen_to_seconds) ORDER BY seen_from_seconds) AS spans"
    " FROM sightings AS s LEFT JOIN media USING (media_id) WHERE identity_id = $who"
    " GROUP BY ALL) ORDER BY kind, captured_at IS NULL, captured_at, path"
)
_YEARS = (
    "SELECT captured_at[:4]::INTEGER AS year, count(DISTINCT media_id) AS count FROM sightings JOIN media USING (media_id)"
    " WHERE identity_id = $who AND try_cast(captured_at[:4] AS INTEGER) IS NOT NULL GROUP BY year ORDER BY year"
)
_REFERENCES = (
    "SELECT face_id, why, media_id, path FROM reference_faces JOIN faces USING (face_id) JOIN media USING (media_id)"
    " WHERE identity_id = $who ORDER BY rank"
)


@dataclass(frozen=True)
class Paged:
    """Some of many rows: page ``number`` of ``count``, counted from 1."""

    rows: list[Row]
    number: int
    count: int
    total: int


class Look(BaseModel):
    """How a person's page is turned, as its address says it.

    ``page``, ``confirmed`` and ``files`` are numbers of pages; ``least``: the least alike faces come first; ``name`` is one
    that was given and that ``namesake`` has already.
    """

    page: PageNumber = 1
    confirmed: PageNumber = 1
    files: PageNumber = 1
    least: bool = False
    namesake: str = ""
    name: Annotated[str, Field(max_length=1000)] = ""


@dataclass(frozen=True)
class Person:
    """One identity, its references, faces, files and neighbours."""

    row: Row
    like: list[Row]
    references: list[Row]
    confirmed: Paged
    unconfirmed: Paged
    years: list[Row]
    files: Paged
    said: list[Row]


def paged(snapshot: Snapshot, sql: str, number: int, size: int, **values: object) -> Paged:
    """One page of an answer; a number beyond the last is the last."""
    ((total,),) = (row.values() for row in snapshot.rows(f"SELECT count(*) FROM ({sql})", **values))
    count = max(1, ceil(total / size))
    number = min(max(number, 1), count)
    rows = snapshot.rows(f"{sql} LIMIT {size} OFFSET {(number - 1) * size}", **values)
    return Paged(rows, number, count, total)


def wall(snapshot: Snapshot, text: str, number: int, *, ignored: bool) -> Paged:
    """Everybody whose label holds a text; those with a name first, then those seen most."""
    sql = (
        "SELECT identity_id, label, name, media_count, face_count, confirmed_count, primary_face_id FROM people"
        " WHERE is_ignored = $ignored AND contains(lower(nfc_normalize(label)), lower(nfc_normalize($text)))"
        " ORDER BY name IS NULL, media_count DESC, face_count DESC, identity_id"
    )
    found = paged(snapshot, sql, number, PEOPLE_A_PAGE, text=text, ignored=ignored)
    ids = [row["identity_id"] for row in found.rows]
    counts = {row["identity_id"]: row for row in snapshot.rows(_COUNTED, ids=ids)} if ids else {}
    nothing = {"photos": 0, "films": 0}
    return Paged(
        [{**row, **counts.get(row["identity_id"], nothing)} for row in found.rows],
        found.number,
        found.count,
        found.total,
    )


def names(snapshot: Snapshot, text: str) -> list[str]:
    """Labels that hold a text, given names first, for suggestions."""
    sql = (
        "SELECT label FROM people WHERE contains(lower(nfc_normalize(label)), lower(nfc_normalize($text)))"
        " GROUP BY label ORDER BY min(name IS NULL), NOT starts_with(lower(label), lower($text)), max(media_count) DESC, label"
    )
    return [row["label"] for row in snapshot.rows(f"{sql} LIMIT {MOST_NAMES}", text=text)]


def called(snapshot: Snapshot, name: str, but: str) -> Row | None:
    """Somebody else who has this name already; None where it is free."""
    sql = "SELECT * FROM people WHERE lower(nfc_normalize(name)) = lower($name) AND identity_id <> $but"
    rows = snapshot.rows(
        f"{sql} ORDER BY media_count DESC LIMIT 1", name=normalize("NFC", " ".join(name.split())), but=but
    )
    return rows[0] if rows else None


def one_of(snapshot: Snapshot, identity_id: str) -> Row | None:
    """The row of somebody; None where there is no such identity."""
    found = snapshot.rows("SELECT * FROM people WHERE identity_id = $who", who=identity_id)
    return found[0] if found else None


def person(snapshot: Snapshot, identity_id: str, look: Look) -> Person | None:
    """One person; None where there is no such identity."""
    row = one_of(snapshot, identity_id)
    if row is None:
        return None
    faces = "SELECT * FROM sightings WHERE identity_id = $who AND {} ORDER BY likeness {}, path, track_id"
    order = "ASC" if look.least else "DESC"
    who = {"who": identity_id}
    return Person(
        row=row,
        like=snapshot.rows(_LIKE, who=identity_id, least=LEAST_LIKENESS),
        references=snapshot.rows(_REFERENCES, **who),
        confirmed=paged(snapshot, faces.format("is_confirmed", "DESC"), look.confirmed, FACES_A_PAGE, **who),
        unconfirmed=paged(snapshot, faces.format("NOT is_confirmed", order), look.page, FACES_A_PAGE, **who),
        years=snapshot.rows(_YEARS, **who),
        files=paged(snapshot, _SEEN, look.files, FILES_A_PAGE, **who),
        said=snapshot.rows(
            "SELECT * FROM facts WHERE $who IN (identity_id, other_id) ORDER BY fact_id DESC LIMIT 20", **who
        ),
    )
