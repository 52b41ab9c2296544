"""Plans and results to what is not in its place yet, or not any more: asked in SQL, since most of an archive is."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, RestoredMedia, RestoredSegment, RestoreTask, Source

from f2s_ray.stages.assemble import whole_task_id

__all__ = ["Unplaced", "measured_rates", "unplaced"]

_TABLES = (Source, MediaItem, RestoreTask, RestoredSegment, RestoredMedia)
_UNPLACED = """
WITH planned AS (
    SELECT media_id, list(task_id ORDER BY first_frame) AS task_ids, sum(stop_frame - first_frame)::BIGINT AS frames,
        sum(expected_seconds) AS seconds
    FROM tasks GROUP BY media_id),
made AS (
    SELECT tasks.media_id, count(*) AS made_count,
        list(task_id) FILTER (WHERE _there.byte_count IS DISTINCT FROM segment.byte_count) AS lost_ids
    FROM restored_segments AS segment JOIN tasks USING (task_id) LEFT JOIN _there ON _there.path = segment.path
    GROUP BY tasks.media_id)
SELECT media.path, media_id, planned.task_ids, planned.frames, planned.seconds, coalesce(made_count, 0) AS made_count,
    coalesce(lost_ids, []) AS lost_ids, restored.task_id AS result_id,
    coalesce(_there.byte_count = restored.byte_count, false) AS is_there, coalesce(film.frame_count, 1) AS frame_count
FROM planned JOIN media USING (media_id) SEMI JOIN sources ON sources.path = media.path LEFT JOIN made USING (media_id)
LEFT JOIN restored USING (media_id) LEFT JOIN _there ON _there.path = restored.path
WHERE NOT (is_there AND film IS NULL AND made_count = 1 AND result_id = task_ids[1]) OR film IS NOT NULL
"""


_RATES = """
SELECT seconds / megapixels AS rate FROM restored_segments JOIN tasks USING (task_id) WHERE megapixels > 0.01
"""


def measured_rates(catalog: Catalog) -> list[float]:
    """Seconds for a megapixel that the restoring of each task took."""
    return catalog.ask((RestoreTask, RestoredSegment), _RATES)["rate"].to_pylist()


@dataclass(frozen=True)
class Unplaced:
    """A medium whose result is not in its place, as long as it was and made of the segments that are wanted now.

    Attributes:
        path: of its source.
        media_id: the medium.
        seconds: expected for all its tasks.
        is_made: all its tasks have their segment.
        lost_ids: tasks that have a segment whose file is not there.
    """

    path: str
    media_id: str
    seconds: float
    is_made: bool
    lost_ids: frozenset[str]


def unplaced(catalog: Catalog, there: Mapping[str, int]) -> list[Unplaced]:
    """Of the files of the latest listing.

    Args:
        catalog: the tables.
        there: sizes of the files below OUTPUT by their path.
    """
    files = pa.table({"path": pa.array(there, pa.string()), "byte_count": pa.array(there.values(), pa.int64())})
    rows = catalog.ask(_TABLES, _UNPLACED, {"_there": files}).to_pylist()
    found = []
    for row in rows:
        is_made = row["made_count"] == len(row["task_ids"])
        is_whole = is_made and row["frames"] == row["frame_count"]
        if not (is_whole and row["is_there"] and row["result_id"] == whole_task_id(row["task_ids"])):
            lost = frozenset(row["lost_ids"])
            found.append(Unplaced(row["path"], row["media_id"], row["seconds"], is_made, lost))
    return found
