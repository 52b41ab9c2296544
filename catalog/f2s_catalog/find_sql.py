"""The terms of a question to SQL over the catalog's views; what a user wrote goes in as bound parameters only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from f2s_catalog.find_people import Meant
from f2s_catalog.find_terms import Asked, Choice, Folder, Like, Number, People, Question, Term, Who, Word
from f2s_catalog.spans import joined

__all__ = ["Select", "media_asked", "most_alike_first", "times_asked"]


@dataclass(frozen=True)
class Select:
    """A SELECT and the values of its question marks, in their order."""

    sql: str
    values: tuple[object, ...] = ()


_CODE = "SELECT media_id, {column} AS value FROM degradations JOIN shots USING (shot_id)"
_VALUES = {
    "faces": "SELECT media_id, coalesce(most_faces, 0) AS value FROM media LEFT JOIN crowds USING (media_id)",
    "noise": _CODE.format(column="noise_sigma"),
    "blur": _CODE.format(column="blur_sigma_px"),
    "jpeg": _CODE.format(column="jpeg_quality"),
    "downscale": _CODE.format(column="downscale"),
    "year": "SELECT media_id, try_cast(captured_at[:4] AS INTEGER) AS value FROM media",
}
_GATES = (
    "SELECT media_id, unnest(CASE gate.decision WHEN 'kept' THEN ['kept', 'rejected'] ELSE [gate.decision] END) AS word"
    " FROM (SELECT media_id, unnest(gates) AS gate FROM restored_segments UNION ALL SELECT media_id, gate FROM track_gates)"
)
_LISTED = "SELECT media_id, path, kind FROM media SEMI JOIN sources USING (path)"
_SHOWN = (
    "SELECT media_id, path, kind, any_value(company) AS company FROM sightings WHERE is_first AND {of} GROUP BY ALL"
)
_SPANS = "SELECT DISTINCT media_id, seen_from_seconds, seen_to_seconds FROM sightings WHERE {of}"
_AT_THE_SAME_TIME = """
SELECT media_id, greatest(a.seen_from_seconds, b.seen_from_seconds) AS seen_from_seconds,
    least(a.seen_to_seconds, b.seen_to_seconds) AS seen_to_seconds FROM ({a}) AS a JOIN ({b}) AS b USING (media_id)
WHERE a.seen_from_seconds <= b.seen_to_seconds AND b.seen_from_seconds <= a.seen_to_seconds"""


def media_asked(question: Question, people: Mapping[Who, Meant]) -> Select:
    """Media of the latest listing that all terms hold for: media_id, path and kind, by path; company where it was read.

    Args:
        question: what is asked.
        people: whom each of its persons means.
    """
    chosen = [_holds(term, people) for term in question.terms]
    where = " AND ".join(select.sql for select in chosen) or "true"
    values = tuple(chain.from_iterable(select.values for select in chosen))
    among = _among(question, people)
    return Select(f"FROM ({among.sql}) WHERE {where} ORDER BY path", (*among.values, *values))


def most_alike_first(select: Select) -> Select:
    """The same media as far as they are in ``_like``, with their likeness, most alike first."""
    return Select(f"FROM ({select.sql}) JOIN _like USING (media_id) ORDER BY likeness DESC, path", select.values)


def _among(question: Question, people: Mapping[Who, Meant]) -> Select:
    """Media to choose from: where somebody must be seen those that show them, so that no other rows are read."""
    for term in question.terms:
        if isinstance(term.asked, People) and not term.is_negated:
            return _of(_SHOWN, [one for group in term.asked.groups for one in (people[who] for who in group)])
    return Select(_LISTED)


def _of(sql: str, persons: Iterable[Meant]) -> Select:
    """SQL with ``{of}`` about the rows of some persons; ids stand one by one, so that readers of Parquet see them."""
    ids = [identity_id for one in persons for identity_id in one.identity_ids]
    return Select(sql.format(of=f"identity_id IN ({', '.join('?' * len(ids))})"), tuple(ids))


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


def _holds(term: Term, people: Mapping[Who, Meant]) -> Select:
    """A condition on media_id, path and kind."""
    select = _condition(term.asked, people)
    return Select(f"NOT ({select.sql})", select.values) if term.is_negated else select


def _condition(asked: Asked, people: Mapping[Who, Meant]) -> Select:
    """The same of what a term asks; it is never null."""
    match asked:
        case People():
            groups = [_group(tuple(people[who] for who in group), is_only=asked.is_only) for group in asked.groups]
            sql = " UNION ".join(f"({select.sql})" for select in groups)
            return _in(sql, *chain.from_iterable(select.values for select in groups))
        case Number():
            where = " AND ".join(f"value {bound.operator} ?" for bound in asked.bounds)
            sql = f"SELECT media_id FROM ({_VALUES[asked.term]}) WHERE media_id IS NOT NULL AND {where}"
            return _in(sql, *(bound.value for bound in asked.bounds))
        case Choice(term="kind"):
            return Select("kind IN (SELECT unnest(?::VARCHAR[]))", (list(asked.words),))
        case Choice():
            return _in(
                f"SELECT media_id FROM ({_GATES}) WHERE word IN (SELECT unnest(?::VARCHAR[]))", list(asked.words)
            )
        case Like():
            return _in("SELECT media_id FROM _like")
        case Folder():
            return Select("starts_with(path, ?)", (f"{asked.path}/",))
        case Word():
            return Select("contains(lower(nfc_normalize(path)), lower(nfc_normalize(?)))", (asked.text,))


def _in(sql: str, *values: object) -> Select:
    return Select(f"media_id IN ({sql})", values)


def _group(group: tuple[Meant, ...], *, is_only: bool) -> Select:
    """Media in which all of a group are seen at the same time, and nobody else where ``is_only``."""
    together = _together(group)
    sql = f"SELECT media_id FROM ({together.sql})"
    if not is_only:
        return Select(sql, together.values)
    more = _of(
        "SELECT media_id FROM sightings WHERE is_first AND {of} AND NOT list_has_all(?::VARCHAR[], company)", group
    )
    return Select(f"{sql} WHERE media_id NOT IN ({more.sql})", (*together.values, *more.values, list(more.values)))


def _together(group: tuple[Meant, ...]) -> Select:
    """The spans in which all of a group are seen: media_id and span; a photo's span is 0 to 0."""
    whole = _of(_SPANS, group[:1])
    for one in group[1:]:
        own = _of(_SPANS, [one])
        whole = Select(_AT_THE_SAME_TIME.format(a=whole.sql, b=own.sql), (*whole.values, *own.values))
    return whole
