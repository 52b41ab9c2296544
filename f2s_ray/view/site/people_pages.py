"""People to what their pages show: the wall, and one person with all that is known."""

from dataclasses import dataclass
from math import ceil

from f2s_ray.view.site.snapshot import Row, Snapshot

__all__ = ["Paged", "Person", "appearances", "names", "paged", "person", "wall"]

PAGE_PEOPLE, PAGE_FACES, PAGE_FILES = 60, 60, 60


@dataclass(frozen=True)
class Paged:
    """Some of many rows: page ``number`` of ``count``, counted from 1."""

    rows: list[Row]
    number: int
    count: int
    total: int


@dataclass(frozen=True)
class Person:
    """One identity, its references, faces and neighbours."""

    row: Row
    nearest: Row | None
    references: list[Row]
    confirmed: list[Row]
    unconfirmed: Paged
    years: list[Row]
    said: list[Row]


def paged(snapshot: Snapshot, sql: str, number: int, size: int, **values: object) -> Paged:
    """One page of an answer; a number beyond the last is the last."""
    (total,) = (row["n"] for row in snapshot.rows(f"SELECT count(*) AS n FROM ({sql})", **values))
    count = max(1, ceil(total / size))
    number = min(max(number, 1), count)
    rows = snapshot.rows(f"{sql} LIMIT {size} OFFSET {(number - 1) * size}", **values)
    return Paged(rows, number, count, total)


def wall(snapshot: Snapshot, text: str, number: int, *, ignored: bool) -> Paged:
    """Everybody whose label holds a text; those with a name first, then those seen most."""
    sql = (
        "SELECT * FROM people WHERE is_ignored = $ignored AND face_count > 0"
        " AND contains(lower(nfc_normalize(label)), lower(nfc_normalize($text)))"
        " ORDER BY name IS NULL, media_count DESC, face_count DESC, identity_id"
    )
    return paged(snapshot, sql, number, PAGE_PEOPLE, text=text, ignored=ignored)


def names(snapshot: Snapshot) -> list[str]:
    """All names that were given."""
    return [
        row["name"] for row in snapshot.rows("SELECT DISTINCT name FROM people WHERE name IS NOT NULL ORDER BY name")
    ]


def person(snapshot: Snapshot, identity_id: str, number: int) -> Person | None:
    """One person; None where there is no such identity."""
    found = snapshot.rows("SELECT * FROM people WHERE identity_id = $who", who=identity_id)
    if not found:
        return None
    nearest = snapshot.rows("SELECT * FROM people WHERE identity_id = $who", who=found[0]["nearest_id"])
    faces = "SELECT * FROM sightings WHERE identity_id = $who AND {} ORDER BY likeness DESC, path, track_id"
    return Person(
        row=found[0],
        nearest=nearest[0] if nearest else None,
        references=snapshot.rows(
            "SELECT face_id, why, media_id, path FROM reference_faces JOIN faces USING (face_id) JOIN media USING (media_id)"
            " WHERE identity_id = $who ORDER BY rank",
            who=identity_id,
        ),
        confirmed=snapshot.rows(faces.format("is_confirmed") + f" LIMIT {PAGE_FACES}", who=identity_id),
        unconfirmed=paged(snapshot, faces.format("NOT is_confirmed"), number, PAGE_FACES, who=identity_id),
        years=snapshot.rows(
            "SELECT captured_at[:4] AS year, count(DISTINCT media_id) AS count FROM sightings JOIN media USING (media_id)"
            " WHERE identity_id = $who AND captured_at IS NOT NULL GROUP BY year ORDER BY year",
            who=identity_id,
        ),
        said=snapshot.rows(
            "SELECT * FROM facts WHERE $who IN (identity_id, other_id) ORDER BY fact_id DESC LIMIT 20", who=identity_id
        ),
    )


def appearances(snapshot: Snapshot, identity_id: str, number: int) -> Paged:
    """The files that show somebody, films with the spans of time in which they do."""
    sql = (
        "SELECT path, media_id, kind, list(struct_pack(start := seen_from_seconds, stop := seen_to_seconds)"
        " ORDER BY seen_from_seconds) AS spans FROM sightings WHERE identity_id = $who GROUP BY ALL ORDER BY path"
    )
    return paged(snapshot, sql, number, PAGE_FILES, who=identity_id)
