"""Files to what their pages show: one picture or film with all that was found and done, and lists of files."""

from dataclasses import dataclass
from pathlib import Path

from f2s_catalog.find import Found, find

from f2s_ray.view.site.people_pages import Paged, paged
from f2s_ray.view.site.snapshot import Row, Snapshot

__all__ = ["Medium", "failures", "found", "medium", "stale"]

PAGE_FILES = 48
MOST_MOMENTS = 8


@dataclass(frozen=True)
class Medium:
    """One file: its rows, who is in it, its shots with their damage, what became of its faces."""

    row: Row
    result: Row | None
    people: list[Row]
    shots: list[Row]
    gates: list[Row]
    moments: list[int]


def medium(snapshot: Snapshot, media_id: str) -> Medium | None:
    """One file; None where there is none with this id."""
    rows = snapshot.rows("SELECT * FROM media WHERE media_id = $media", media=media_id)
    if not rows:
        return None
    results = snapshot.rows("SELECT * FROM results WHERE media_id = $media", media=media_id)
    frames = rows[0]["frame_count"] or 1
    return Medium(
        row=rows[0],
        result=results[0] if results else None,
        people=snapshot.rows(
            "SELECT sightings.*, label, box_px FROM sightings JOIN people USING (identity_id) JOIN faces USING (face_id)"
            " WHERE sightings.media_id = $media ORDER BY seen_from_seconds, box_px[1]",
            media=media_id,
        ),
        shots=snapshot.rows(
            "SELECT shots.*, codes.* EXCLUDE (shot_id), lender.path AS lender FROM shots LEFT JOIN codes USING (shot_id)"
            " LEFT JOIN media AS lender ON lender.media_id = split_part(lender_shot_id, '/', 1)"
            " WHERE shots.media_id = $media ORDER BY first_frame LIMIT 200",
            media=media_id,
        ),
        gates=snapshot.rows(
            "SELECT gates.*, label FROM gates LEFT JOIN people USING (identity_id) WHERE gates.media_id = $media ORDER BY face_id",
            media=media_id,
        ),
        moments=sorted({frames * (2 * part + 1) // (2 * MOST_MOMENTS) for part in range(MOST_MOMENTS)})
        if frames > 1
        else [0],
    )


def found(snapshot: Snapshot, output: Path, question: str, number: int) -> tuple[Paged, dict[str, str]]:
    """A page of the files that show what is asked, and media_id by path.

    Raises:
        QueryError: it is no question.
    """
    everything = find(output, question)
    count = max(1, -(-len(everything) // PAGE_FILES))
    number = min(max(number, 1), count)
    shown: list[Found] = everything[(number - 1) * PAGE_FILES : number * PAGE_FILES]
    paths = [one.path for one in shown]
    ids = snapshot.rows("SELECT path, media_id FROM media WHERE path IN (SELECT unnest($paths))", paths=paths)
    rows: list[Row] = [vars(one) for one in shown]
    return Paged(rows, number, count, len(everything)), {row["path"]: row["media_id"] for row in ids}


def failures(snapshot: Snapshot, number: int) -> Paged:
    """What failed, by path."""
    return paged(snapshot, "SELECT * FROM failures ORDER BY path, step", number, 100)


def stale(snapshot: Snapshot, number: int) -> Paged:
    """Results that are made again by the next run, and why."""
    return paged(snapshot, "SELECT * FROM stale ORDER BY path", number, 100)
