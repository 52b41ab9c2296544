"""Spans of time to stretches in which somebody is seen all the time, and to how many are seen at once, as SQL."""

__all__ = ["CROWDS", "JOINED_SECONDS", "joined"]

CROWDS = """
SELECT media_id, max(seen)::BIGINT AS most_faces FROM (
    SELECT media_id, sum(change) OVER (
        PARTITION BY media_id ORDER BY moment, change DESC ROWS UNBOUNDED PRECEDING) AS seen FROM (
        SELECT media_id, unnest([1, -1]) AS change, unnest([seen_from_seconds, seen_to_seconds]) AS moment FROM (
            SELECT DISTINCT media_id, coalesce(track_id, face_id), seen_from_seconds, seen_to_seconds FROM faces)))
GROUP BY media_id ORDER BY media_id"""
"""How many at once: one more where a track begins, one less after it was last seen. A face of a photo is its own track."""

JOINED_SECONDS = 1.0
"""Who is gone for less than this is seen all the time."""


def joined(spans: str, keys: str) -> str:
    """SQL for the stretches of each key, from that for its spans; those that nearly touch are one.

    Args:
        spans: a SELECT of the keys, ``seen_from_seconds`` and ``seen_to_seconds``.
        keys: the columns that tell apart whose spans they are, with commas between.
    """
    return f"""
SELECT {keys}, min(seen_from_seconds) AS seen_from_seconds, max(seen_to_seconds) AS seen_to_seconds FROM (
    SELECT *, sum(is_new) OVER (PARTITION BY {keys} ORDER BY seen_from_seconds, seen_to_seconds
        ROWS UNBOUNDED PRECEDING) AS stretch FROM (
        SELECT *, coalesce(seen_from_seconds - max(seen_to_seconds) OVER (PARTITION BY {keys}
            ORDER BY seen_from_seconds, seen_to_seconds ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) >= {JOINED_SECONDS}, true)::INTEGER AS is_new FROM ({spans})))
GROUP BY {keys}, stretch"""
