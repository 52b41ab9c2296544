"""One person to what is known of them, as a mapping and as lines."""

from typing import TYPE_CHECKING, Any

from f2s_ray.cli.text import print_line, readable

if TYPE_CHECKING:
    from f2s_catalog.place import Place

__all__ = ["portrait", "print_portrait"]

WHO_SQL = """
SELECT one.identity_id, coalesce(one.name, 'Person ' || one.number) AS label, one.name, len(one.face_ids) AS faces,
    len(one.confirmed_face_ids) AS confirmed, one.primary_face_id, one.is_ignored, one.cohesion, one.margin,
    one.nearest_id, coalesce(other.name, 'Person ' || other.number) AS nearest
FROM identities AS one LEFT JOIN identities AS other ON other.identity_id = one.nearest_id
WHERE one.identity_id = $who
"""
SEEN_SQL = """
SELECT path, kind, seen_from_seconds, seen_to_seconds, face_id, face_count, is_confirmed, likeness
FROM sightings WHERE identity_id = $who ORDER BY path, seen_from_seconds, track_id
"""
REFERENCES_SQL = """
SELECT path, choice.face_id, choice.quality, choice.sharpness, choice.yaw_degrees, choice.face_px, choice.why
FROM (SELECT unnest(choices) AS choice, generate_subscripts(choices, 1) AS rank FROM "references" WHERE identity_id = $who)
JOIN faces ON faces.face_id = choice.face_id JOIN media USING (media_id) ORDER BY rank
"""
SAID_SQL = """
SELECT said_at, said_by, kind, name, NULL AS other_id, len(faces) AS faces, fact_id FROM labels WHERE identity_id = $who
UNION ALL SELECT said_at, said_by, kind, NULL, other_id, len(faces) + len(other_faces), fact_id FROM constraints
    WHERE identity_id = $who
UNION ALL SELECT said_at, said_by, kind, NULL, identity_id, len(faces) + len(other_faces), fact_id FROM constraints
    WHERE other_id = $who
ORDER BY fact_id
"""


def portrait(output: "Place", identity_id: str) -> dict[str, Any]:
    """What is known of an identity that there is; where nobody has such an id, only the id."""
    from f2s_catalog.views import connect

    with connect(output) as connection:

        def rows(sql: str) -> list[dict[str, Any]]:
            return connection.sql(sql, params={"who": identity_id}).to_arrow_table().to_pylist()

        (found,) = rows(WHO_SQL) or [{"identity_id": identity_id, "label": identity_id, "faces": 0, "confirmed": 0}]
        return {**found, "seen": rows(SEEN_SQL), "references": rows(REFERENCES_SQL), "said": rows(SAID_SQL)}


def print_portrait(found: dict[str, Any]) -> None:
    """The same as lines."""
    for line in _lines(found):
        print_line(readable(line))


def _lines(found: dict[str, Any]) -> list[str]:
    state = ", ignored" if found["is_ignored"] else ""
    lines = [
        f"{found['label']}{state}",
        f"id {found['identity_id']}",
        f"{found['faces']} faces, {found['confirmed']} confirmed; cohesion {found['cohesion']:.2f}",
    ]
    if found["nearest"] is not None:
        lines.append(f"nearest other: {found['nearest']}, margin {found['margin']:.2f}")
    lines += ["seen in:", *(f"  {_seen(row)}" for row in found["seen"])]
    lines += ["references:", *(f"  {row['path']}: {row['why']}" for row in found["references"])]
    lines += ["said:", *(f"  {_said(row)}" for row in found["said"])]
    return lines


def _seen(row: dict[str, Any]) -> str:
    from f2s_ray.view.words import clock_words

    when = f" {clock_words(row['seen_from_seconds'])}-{clock_words(row['seen_to_seconds'])}" * (row["kind"] == "film")
    sure = "confirmed" if row["is_confirmed"] else f"likeness {row['likeness']:.2f}"
    return f"{row['path']}{when}: {sure}, {row['face_id']}"


def _said(row: dict[str, Any]) -> str:
    about = f" {row['name']}" if row["name"] else f" {row['other_id']}" if row["other_id"] else ""
    return f"{row['said_at'][:19]} {row['said_by']}: {row['kind'].replace('_', ' ')}{about} ({row['faces']} faces)"
