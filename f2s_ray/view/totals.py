"""The whole catalog to what the page says of all of it: counts, times, models, and the first of what went wrong."""

from dataclasses import dataclass
from typing import Any

from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    Attempt,
    Face,
    Identity,
    MediaItem,
    RestoredMedia,
    RestoredSegment,
    Sighting,
    Source,
    TrackGate,
)

from f2s_ray.view.model import Failure, Troubles

__all__ = ["Totals", "read_totals", "read_troubles"]

_FINISHED = """
finished AS (
    SELECT media.path, media_id, task_id, models, film IS NOT NULL AS is_film
    FROM restored JOIN media USING (media_id) SEMI JOIN sources ON sources.path = media.path)
"""
_RESTORED = f"""
WITH {_FINISHED}
SELECT count(*) AS picture_count, count(DISTINCT path) FILTER (is_film) AS film_count,
    count(DISTINCT path) FILTER (path NOT IN (SELECT path FROM finished WHERE is_film)) AS photo_count
FROM finished
"""
_MODELS = f"WITH {_FINISHED} SELECT DISTINCT unnest(models) AS model FROM finished"
_EMBEDDERS = "SELECT DISTINCT embedder AS model FROM faces"
_DECIDED = f"""
WITH {_FINISHED},
decided AS (
    SELECT unnest(gates).decision AS decision FROM restored_segments SEMI JOIN finished USING (task_id)
    UNION ALL
    SELECT gate.decision FROM track_gates SEMI JOIN finished USING (media_id))
SELECT count(*) AS face_count, count(*) FILTER (decision <> 'kept') AS pasted_count FROM decided
"""
_TRIED = f"""
WITH {_FINISHED},
files AS (
    SELECT bool_or(status = 'failed') AS is_failed, bool_or(status = 'skipped') AS is_skipped
    FROM standing ANTI JOIN finished USING (path) GROUP BY path)
SELECT
    (SELECT count(*) FROM files WHERE is_failed) AS failed_count,
    (SELECT count(*) FROM files WHERE is_skipped AND NOT is_failed) AS skipped_count,
    (SELECT coalesce(sum(elapsed_seconds), 0) FROM (FROM standing UNION ALL FROM attempts WHERE path = ''))
        AS work_seconds
"""
_PEOPLE = "SELECT (SELECT count(*) FROM identities) AS identity_count, (SELECT count(*) FROM people) AS person_count"
_TROUBLES = """
SELECT path, step, coalesce(error_kind, 'unknown') AS kind,
    coalesce(message, 'no message') AS message, count(*) OVER () AS count
FROM standing WHERE status = $status ORDER BY path, step, item_id LIMIT {most}
"""


@dataclass(frozen=True)
class Totals:
    """Counts of the whole archive.

    Photos and films are files with a result; ``failed_count`` and ``skipped_count`` are files without one. Pictures are results,
    people identities that have faces, faces those of which it was decided whether they are pasted in.
    """

    picture_count: int
    photo_count: int
    film_count: int
    failed_count: int
    skipped_count: int
    identity_count: int
    person_count: int
    face_count: int
    pasted_count: int
    work_seconds: float
    models: tuple[str, ...]


def read_totals(catalog: Catalog) -> Totals:
    """Of what the latest listing holds; asked in SQL, since there may be a row for each of a million files."""
    results = (Source, MediaItem, RestoredMedia)
    counts: dict[str, Any] = {}
    for tables, sql in (
        (results, _RESTORED),
        ((*results, RestoredSegment, TrackGate), _DECIDED),
        ((*results, Attempt), _TRIED),
        ((Identity, Sighting), _PEOPLE),
    ):
        counts |= catalog.ask(tables, sql).to_pylist()[0]
    used = [*catalog.ask(results, _MODELS)["model"].to_pylist(), *catalog.ask((Face,), _EMBEDDERS)["model"].to_pylist()]
    return Totals(**counts, models=tuple(sorted(set(used))))


def read_troubles(catalog: Catalog, status: str, most: int) -> Troubles:
    """The first of the items that failed or were skipped, by path, and how many there are."""
    rows = catalog.ask((Source, Attempt), _TROUBLES.format(most=most), status=status).to_pylist()
    count = rows[0]["count"] if rows else 0
    return Troubles(tuple(Failure(row["path"], row["step"], row["kind"], row["message"]) for row in rows), count)
