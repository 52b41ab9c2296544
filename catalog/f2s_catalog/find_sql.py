"""The terms of a question to SQL over the catalog's views; what a user wrote goes in as bound parameters only."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from f2s_catalog.find_people import Meant
from f2s_catalog.find_terms import Choice, Folder, Number, People, Question, Who, Word
from f2s_catalog.spans import joined

__all__ = ["OPENED", "Select", "media_asked", "times_asked"]


@dataclass(frozen=True)
class Select:
    """A SELECT and the values of its question marks, in their order."""

    sql: str
    values: tuple[object, ...] = ()


OPENED = (
    "CREATE TEMP TABLE _seen AS SELECT media_id, face_id, coalesce(track_id, face_id) AS track, identity_id,"
    " seen_from_seconds, seen_to_seconds FROM faces LEFT JOIN"
    " (SELECT identity_id, unnest(face_ids) AS face_id FROM identities) USING (face_id)",
    "CREATE TEMP TABLE _people AS SELECT identity_id, label FROM people",
)
"""What to run before a question: each face with its person, and the labels, gathered once for all terms."""

_CODE = "SELECT media_id, {column} AS value FROM degradations JOIN shots USING (shot_id)"
# How many at once: one more where a track begins, one less after it was last seen. A face of a photo is its own track.
_AT_ONCE = """
SELECT media_id, coalesce(most, 0) AS value FROM media LEFT JOIN (
    SELECT media_id, max(seen) AS most FROM (
        SELECT media_id, sum(change) OVER (
            PARTITION BY media_id ORDER BY moment, change DESC ROWS UNBOUNDED PRECEDING) AS seen FROM (
            SELECT media_id, unnest([1, -1]) AS change, unnest([seen_from_seconds, seen_to_seconds]) AS moment FROM (
                SELECT DISTINCT media_id, track, seen_from_seconds, seen_to_seconds FROM _seen)))
    GROUP BY media_id) USING (media_id)"""
_VALUES = {
    "faces": _AT_ONCE,
    "noise": _CODE.format(column="noise_sigma"),
    "blur": _CODE.format(column="blur_sigma_px"),
    "jpeg": _CODE.format(column="jpeg_quality"),
    "downscale": _CODE.format(column="downscale"),
    "year": "SELECT media_id, try_cast(captured_at[:4] AS INTEGER) AS value FROM media",
}
_WORDS = {
    "kind": "SELECT media_id, kind AS word FROM media",
    "gate": "SELECT media_id, gate.decision AS word FROM (SELECT media_id, unnest(gates) AS gate FROM restored_segments"
    " UNION ALL SELECT media_id, gate FROM track_gates)",
}
_IN_FOLDER = "SELECT media_id FROM media WHERE starts_with(path, ?)"
_IN_PATH = "SELECT media_id FROM media WHERE contains(lower(nfc_normalize(path)), lower(nfc_normalize(?)))"
_OF = "identity_id IN (SELECT unnest(?::VARCHAR[]))"
_SPANS = f"SELECT DISTINCT media_id, seen_from_seconds, seen_to_seconds FROM _seen WHERE {_OF}"
_AT_THE_SAME_TIME = """
SELECT media_id, greatest(a.seen_from_seconds, b.seen_from_seconds) AS seen_from_seconds,
    least(a.seen_to_seconds, b.seen_to_seconds) AS seen_to_seconds FROM ({a}) AS a JOIN ({b}) AS b USING (media_id)
WHERE a.seen_from_seconds <= b.seen_to_seconds AND b.seen_from_seconds <= a.seen_to_seconds"""


def media_asked(question: Question, people: Mapping[Who, Meant]) -> Select:
    """Media of the latest listing that all terms hold for: media_id, path and kind, by path.

    Args:
        question: what is asked.
        people: whom each of its persons means.
    """
    chosen = [(_media(term.asked, people), "NOT IN" if term.is_negated else "IN") for term in question.terms]
    where = " AND ".join(f"media_id {is_in} ({select.sql})" for select, is_in in chosen) or "true"
    values = tuple(chain.from_iterable(select.values for select, _ in chosen))
    return Select(
        f"SELECT media_id, path, kind FROM media SEMI JOIN sources USING (path) WHERE {where} ORDER BY path", values
    )


def times_asked(question: Question, people: Mapping[Who, Meant]) -> Select | None:
    """When those who were asked for are seen: media_id, number in the order of asking, label and span.

    Each person comes first, then those of a group together. None where nobody was asked for.
    """
    asked = [term.asked for term in question.terms if isinstance(term.asked, People) and not term.is_negated]
    groups = [tuple(people[who] for who in group) for one in asked for group in one.groups]
    units = dict.fromkeys([*((one,) for group in groups for one in group), *groups])
    if not units:
        return None
    spans = [(" & ".join(one.label for one in unit), _together(unit)) for unit in units]
    union = " UNION ALL ".join(
        f"SELECT {n} AS number, ? AS label, * FROM ({select.sql})" for n, (_, select) in enumerate(spans)
    )
    values = tuple(chain.from_iterable((label, *select.values) for label, select in spans))
    return Select(joined(union, "media_id, number, label"), values)


def _media(asked: People | Number | Choice | Folder | Word, people: Mapping[Who, Meant]) -> Select:
    """The media_id of all media that one term holds for; none of them is null."""
    match asked:
        case People():
            groups = [_group(tuple(people[who] for who in group), is_only=asked.is_only) for group in asked.groups]
            sql = " UNION ".join(f"({select.sql})" for select in groups)
            return Select(sql, tuple(chain.from_iterable(select.values for select in groups)))
        case Number():
            where = " AND ".join(f"value {bound.operator} ?" for bound in asked.bounds)
            sql = f"SELECT media_id FROM ({_VALUES[asked.term]}) WHERE media_id IS NOT NULL AND {where}"
            return Select(sql, tuple(bound.value for bound in asked.bounds))
        case Choice():
            sql = f"SELECT media_id FROM ({_WORDS[asked.term]}) WHERE word IN (SELECT unnest(?::VARCHAR[]))"
            return Select(sql, (list(asked.words),))
        case Folder():
            return Select(_IN_FOLDER, (f"{asked.path}/",))
        case Word():
            return Select(_IN_PATH, (asked.text,))


def _group(group: tuple[Meant, ...], *, is_only: bool) -> Select:
    """Media in which all of a group are seen at the same time, and nobody else where ``is_only``."""
    together = _together(group)
    sql = f"SELECT media_id FROM ({together.sql})"
    if not is_only:
        return Select(sql, together.values)
    everyone = [identity_id for one in group for identity_id in one.identity_ids]
    others = f"SELECT media_id FROM _seen WHERE NOT coalesce({_OF}, false)"
    return Select(f"{sql} WHERE media_id NOT IN ({others})", (*together.values, everyone))


def _together(group: tuple[Meant, ...]) -> Select:
    """The spans in which all of a group are seen: media_id and span; a photo's span is 0 to 0."""
    whole = Select(_SPANS, (list(group[0].identity_ids),))
    for one in group[1:]:
        both = _AT_THE_SAME_TIME.format(a=whole.sql, b=_SPANS)
        whole = Select(both, (*whole.values, list(one.identity_ids)))
    return whole
