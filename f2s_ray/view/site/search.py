"""A question to the files that show what is asked, a page at a time: the grammar of ``f2s find`` over the tables in memory."""

import re
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from f2s_catalog.errors import QueryError
from f2s_catalog.find import check_folders
from f2s_catalog.find_like import alike, no_reader
from f2s_catalog.find_parse import parse
from f2s_catalog.find_people import meant
from f2s_catalog.find_sql import media_asked, most_alike_first, times_asked
from f2s_catalog.find_terms import Like, Question, fault
from f2s_catalog.nearest import nearest

from f2s_ray.view.site.people_pages import Paged
from f2s_ray.view.site.snapshot import Row, Snapshot

__all__ = ["Fault", "Search", "fault_of"]

FILES_A_PAGE = 48
_KEPT = 8
_FAULT = re.compile(r"column (\d+): (.*)", re.DOTALL)
_SEEN = (
    "SELECT media_id, list(struct_pack(identity_id, label) ORDER BY begin, label) AS people FROM ("
    " SELECT media_id, identity_id, label, min(seen_from_seconds) AS begin FROM sightings JOIN people USING (identity_id)"
    " WHERE media_id IN (SELECT unnest($ids)) GROUP BY ALL) GROUP BY media_id"
)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a question, and its text before, at and after the place."""

    message: str
    before: str
    at: str
    after: str


class Search:
    """Answers questions; the latest answers are kept while the catalog stays as it is, for turning pages.

    Args:
        snapshot: the tables.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._kept: dict[tuple[int, str], pa.Table] = {}

    def page(self, text: str, number: int) -> Paged:
        """A page of the files, by path; similar ones most alike first.

        Raises:
            QueryError: it is no question, or names somebody or something that is not there.
        """
        with self._snapshot.cursor() as cursor:
            found = self._found(text, cursor)
            count = max(1, -(-found.num_rows // FILES_A_PAGE))
            number = min(max(number, 1), count)
            ids, likeness = found.slice((number - 1) * FILES_A_PAGE, FILES_A_PAGE).columns
            shown = dict(zip(ids.to_pylist(), likeness.to_pylist(), strict=True))
            rows = _rows(cursor, shown, text) if shown else []
        return Paged(rows, number, count, found.num_rows)

    def _found(self, text: str, cursor: duckdb.DuckDBPyConnection) -> pa.Table:
        """media_id and likeness of all; likeness is null where it was not asked for."""
        key = (self._snapshot.version, text)
        found = self._kept.get(key)
        if found is None:
            question = parse(text)
            check_folders(cursor, question)
            like = next((term.asked for term in question.terms if isinstance(term.asked, Like)), None)
            found = self._alike(question, like, cursor) if like else _asked(question, cursor)
            self._kept[key] = found
            for old in list(self._kept)[:-_KEPT]:
                self._kept.pop(old, None)
        return found

    def _alike(self, question: Question, like: Like, cursor: duckdb.DuckDBPyConnection) -> pa.Table:
        """The same where something similar is asked for; no path that is not in the catalog gets to the disk."""
        if not cursor.execute("SELECT path FROM media WHERE path = $path", {"path": like.path}).fetchall():
            paths = [path for (path,) in cursor.execute("SELECT path FROM media ORDER BY path").fetchall()]
            raise fault(question.text, like.column, f"there is no file {like.path!r} here; {nearest(like.path, paths)}")
        with self._snapshot.vectors() as vectors:
            vectors.register("_like", alike(vectors, question, like, no_reader))
            asked = most_alike_first(media_asked(question, meant(question, vectors)))
            found = vectors.sql(asked.sql, params=list(asked.values)).to_arrow_table()
            return found.select(["media_id", "likeness"])


def _asked(question: Question, cursor: duckdb.DuckDBPyConnection) -> pa.Table:
    asked = media_asked(question, meant(question, cursor))
    sql = f"SELECT media_id, NULL::DOUBLE AS likeness FROM ({asked.sql})"
    return cursor.sql(sql, params=list(asked.values)).to_arrow_table()


def fault_of(error: QueryError, text: str) -> Fault:
    r"""An error with its place.

    >>> fault_of(QueryError("column 8: there is no person 'Zo'\n  ..."), "person:Zo kind:film")
    Fault(message="there is no person 'Zo'", before='person:', at='Zo', after=' kind:film')
    """
    placed = _FAULT.match(str(error))
    if placed is None:
        return Fault(str(error), text, "", "")
    message, column = placed[2].partition("\n")[0], int(placed[1]) - 1
    end = next((n for n in range(column + 1, len(text)) if text[n].isspace()), len(text))
    return Fault(message, text[:column], text[column:end], text[end:])


def _rows(cursor: duckdb.DuckDBPyConnection, shown: dict[str, float | None], text: str) -> list[Row]:
    """What the page tells of each file, in the order of the ids."""
    ids = {"ids": list(shown)}
    media = "SELECT media_id, path, kind, captured_at FROM media WHERE media_id IN (SELECT unnest($ids))"
    rows = {row["media_id"]: row for row in cursor.sql(media, params=ids).to_arrow_table().to_pylist()}
    seen = dict(cursor.execute(_SEEN, ids).fetchall())
    times = _times(cursor, text, [one for one, row in rows.items() if row["kind"] == "film"])
    return [
        {**rows[one], "likeness": likeness, "people": seen.get(one, []), "times": times.get(one, {})}
        for one, likeness in shown.items()
        if one in rows
    ]


def _times(
    cursor: duckdb.DuckDBPyConnection, text: str, films: list[str]
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """When films show those who were asked for: media_id to label to spans."""
    question = parse(text)
    select = times_asked(question, meant(question, cursor)) if films else None
    if select is None:
        return {}
    sql = (
        f"SELECT media_id, label, seen_from_seconds, seen_to_seconds FROM ({select.sql})"
        " WHERE media_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY number, seen_from_seconds"
    )
    times: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for media_id, label, begin, end in cursor.execute(sql, [*select.values, films]).fetchall():
        times.setdefault(media_id, {}).setdefault(label, []).append((begin, end))
    return times
