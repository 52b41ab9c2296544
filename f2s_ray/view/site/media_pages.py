"""Files to what their pages show: one picture or film with all that was found and done, and lists of files."""

from collections.abc import Mapping
from dataclasses import dataclass

from f2s_catalog.records import QualityReport

from f2s_ray.view.bars import quality_bars
from f2s_ray.view.film_story import ORIGINS
from f2s_ray.view.model import Bar
from f2s_ray.view.site.people_pages import Paged, paged
from f2s_ray.view.site.snapshot import Row, Snapshot
from f2s_ray.view.words import blockiness_words, code_words, noise_words

__all__ = ["Medium", "failures", "medium", "stale", "why_stale"]

ROWS_A_PAGE = 100
MOST_SHOTS, MOST_MOMENTS, MOST_PEOPLE = 200, 12, 60

_SHOTS = (
    "SELECT shots.*, d.* EXCLUDE (shot_id), noise_measured, blockiness_measured, lender.path AS lender_path,"
    " lender.media_id AS lender_id FROM shots LEFT JOIN degradations AS d USING (shot_id) LEFT JOIN estimates USING (shot_id)"
    " LEFT JOIN media AS lender ON lender.media_id = split_part(d.lender_shot_id, '/', 1)"
    f" WHERE shots.media_id = $one ORDER BY first_frame LIMIT {MOST_SHOTS}"
)
_FACES = (
    "SELECT s.identity_id, s.track_id, s.face_id, s.seen_from_seconds, s.seen_to_seconds, s.is_confirmed, s.likeness,"
    " label, name, box_px, face_px FROM sightings AS s JOIN people USING (identity_id) JOIN faces USING (face_id)"
    " WHERE s.media_id = $one ORDER BY seen_from_seconds, box_px[1], face_id"
)
_GATES = (
    "SELECT unnest(gates) AS gate, NULL AS track_id, '' AS version FROM restored_segments WHERE media_id = $one"
    " AND task_id IN (SELECT task_id FROM restored WHERE media_id = $one)"
    " UNION ALL SELECT gate, track_id, version FROM track_gates WHERE media_id = $one"
)
_WHOSE = "SELECT face_id, media_id, path FROM faces JOIN media USING (media_id) WHERE face_id IN (SELECT unnest($ids))"
_BESIDE = (
    "SELECT (SELECT arg_max(media_id, path) FROM media WHERE path < $path) AS before,"
    " (SELECT arg_min(media_id, path) FROM media WHERE path > $path) AS after"
)


@dataclass(frozen=True)
class Medium:
    """One file: its rows, who is in it, its shots with their damage, what became of its faces.

    ``faces`` are rows of the first ones with a ``gate``, which is None where a face was not restored; ``references`` tells
    of the faces that others were restored with where they lie.
    """

    row: Row
    result: Row | None
    task: Row | None
    faces: list[Row]
    more_faces: int
    references: Mapping[str, Row]
    shots: list[Row]
    bars: tuple[Bar, ...]
    frame: int
    moments: list[int]
    beside: Row


def medium(snapshot: Snapshot, media_id: str, frame: int | None = None) -> Medium | None:
    """One file; None where there is none with this id.

    Args:
        snapshot: the tables.
        media_id: which.
        frame: the frame of a film that is shown large; else the middle one of those that are shown small.
    """
    rows = snapshot.rows("SELECT * FROM media WHERE media_id = $one", one=media_id)
    if not rows:
        return None
    (row,) = rows
    all_faces = _faces(snapshot, media_id)
    faces = all_faces[:MOST_PEOPLE]
    used = {face_id for face in faces if face["gate"] for face_id in face["gate"]["reference_face_ids"]}
    moments = _moments(row["film"]["frame_count"] if row["film"] else 1)
    return Medium(
        row=row,
        result=_first(snapshot, "SELECT * FROM restored WHERE media_id = $one", media_id),
        task=_first(snapshot, "SELECT * FROM tasks WHERE media_id = $one ORDER BY first_frame", media_id),
        faces=faces,
        more_faces=len(all_faces) - len(faces),
        references={found["face_id"]: found for found in snapshot.rows(_WHOSE, ids=sorted(used))} if used else {},
        shots=[_told(shot) for shot in snapshot.rows(_SHOTS, one=media_id)],
        bars=_bars(_first(snapshot, "SELECT * FROM quality WHERE media_id = $one", media_id)),
        frame=moments[len(moments) // 2] if frame is None else min(frame, moments[-1]),
        moments=moments if row["film"] else [],
        beside=snapshot.rows(_BESIDE, path=row["path"])[0],
    )


def failures(snapshot: Snapshot, number: int) -> Paged:
    """What failed, by path."""
    sql = "SELECT failures.*, media_id FROM failures LEFT JOIN media USING (path) ORDER BY path, step"
    return paged(snapshot, sql, number, ROWS_A_PAGE)


def stale(snapshot: Snapshot, number: int) -> Paged | None:
    """Results that the next run makes again, and why; None while that is still being found out."""
    is_known = snapshot.has_stale(patient=True)
    return paged(snapshot, "FROM stale ORDER BY path", number, ROWS_A_PAGE) if is_known else None


def why_stale(snapshot: Snapshot, media_id: str) -> Row | None:
    """What there is to be made again of one result, and why; None also while that is still being found out."""
    return _first(snapshot, "FROM stale WHERE media_id = $one", media_id) if snapshot.has_stale() else None


def _first(snapshot: Snapshot, sql: str, media_id: str) -> Row | None:
    rows = snapshot.rows(f"{sql} LIMIT 1", one=media_id)
    return rows[0] if rows else None


def _faces(snapshot: Snapshot, media_id: str) -> list[Row]:
    """Who is seen and what became of them; faces that a gate tells of and that are nobody's stand last."""
    gates: dict[str, Row] = {}
    for found in snapshot.rows(_GATES, one=media_id):
        gates[found["track_id"] or found["gate"]["face_id"]] = {**found["gate"], "version": found["version"]}
    seen = snapshot.rows(_FACES, one=media_id)
    left = {key: gate for key, gate in gates.items() if key not in {face["track_id"] for face in seen}}
    nobody: Row = {"identity_id": None, "label": "Nobody known", "name": None, "box_px": None, "likeness": None}
    times = {"seen_from_seconds": 0.0, "seen_to_seconds": 0.0, "is_confirmed": False}
    others: list[Row] = [{**nobody, **times, "track_id": key, "face_id": gate["face_id"]} for key, gate in left.items()]
    return [{**face, "gate": gates.get(face["track_id"])} for face in [*seen, *others]]


def _told(shot: Row) -> Row:
    """A shot with its damage in words; of a blind one, what the frame itself shows."""
    words = "not read yet" if shot["origin"] is None else code_words(
        noise_sigma=shot["noise_sigma"], blur_sigma_px=shot["blur_sigma_px"],
        jpeg_quality=shot["jpeg_quality"], downscale=shot["downscale"],
    )  # fmt: skip
    if not words and shot["noise_measured"] is not None:
        seen = (noise_words(shot["noise_measured"]), blockiness_words(shot["blockiness_measured"]))
        words = f"{', '.join(seen)}, measured in the frame"
    return {**shot, "words": words or "not measured", "origin_words": ORIGINS.get(shot["origin"] or "", "")}


def _bars(row: Row | None) -> tuple[Bar, ...]:
    return quality_bars(QualityReport.model_validate(row)) if row else ()


def _moments(frame_count: int) -> list[int]:
    """Frames spread evenly over a film."""
    return sorted({frame_count * (2 * part + 1) // (2 * MOST_MOMENTS) for part in range(MOST_MOMENTS)})
