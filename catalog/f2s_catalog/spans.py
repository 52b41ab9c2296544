"""Spans of time to stretches in which somebody is seen all the time, as SQL."""

__all__ = ["JOINED_SECONDS", "joined"]

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
