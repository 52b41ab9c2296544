"""A question about an archive to the media that show what is asked, and in films when."""

from dataclasses import dataclass
from posixpath import dirname

import duckdb

from f2s_catalog.find_like import ReadFaces, alike, no_reader
from f2s_catalog.find_parse import parse
from f2s_catalog.find_people import PEOPLE, Meant, meant, persons
from f2s_catalog.find_sql import Select, media_asked, most_alike_first, times_asked
from f2s_catalog.find_terms import Folder, Like, Question, fault
from f2s_catalog.nearest import nearest
from f2s_catalog.place import Place
from f2s_catalog.records import DegradationCode, Face, Identity, MediaItem, Shot, Sighting, Source
from f2s_catalog.store import check_catalog
from f2s_catalog.views import asked_again, needed, reading

__all__ = ["Found", "Span", "check_folders", "find"]

_KNOWN = (Source, Identity, Sighting)
_LIKE_TABLES = {"face": (MediaItem, Face), "damage": (MediaItem, Shot, DegradationCode)}
_WITH_COMPANY = (
    "SELECT media_id, any_value(kind) AS kind, any_value(company) AS company"
    " FROM sightings SEMI JOIN _found USING (media_id) WHERE is_first GROUP BY media_id"
)
_HOLDS = "SELECT path FROM sources WHERE starts_with(path, ?) LIMIT 1"
_PARENTS = "SELECT DISTINCT regexp_extract(path, '^(.*)/', 1, 's') AS folder FROM sources ORDER BY folder"

Span = tuple[float, float]
"""From when to when, presentation time in seconds."""


@dataclass(frozen=True)
class Found:
    """A medium that shows what is asked.

    ``people`` are the labels of all who are seen in it; ``times`` those who were asked for, alone and together, with
    the spans in which a film shows them; empty for a photo. ``likeness`` is the cosine to what it shall be similar to.
    """

    path: str
    kind: str
    people: tuple[str, ...]
    times: dict[str, tuple[Span, ...]]
    likeness: float | None = None


@asked_again
def find(root: Place, text: str, *, limit: int | None = None, read_faces: ReadFaces = no_reader) -> list[Found]:
    """The media of the latest listing that show what is asked, by path; ``find_parse`` has the grammar.

    Asked for something similar, they come most alike first.

    Args:
        root: the OUTPUT folder.
        text: the question; an empty one asks for everything.
        limit: most media.
        read_faces: reads the faces of a file outside of the archive, for ``similar:``.

    Raises:
        QueryError: it is no question, or names a person or folder that is not there; the message shows the place.
        CatalogError: there is no catalog, or as ``scan`` says.
    """
    question = parse(text)
    check_catalog(root)
    like = next((term.asked for term in question.terms if isinstance(term.asked, Like)), None)
    whoever = dict.fromkeys(persons(question), Meant("", ()))  # the tables are the same
    tables = needed(media_asked(question, whoever).sql) + (_LIKE_TABLES[like.what] if like else ())
    with reading(root, (*_KNOWN, *tables)) as connection:
        people = meant(question, connection)
        check_folders(connection, question)
        asked, times = media_asked(question, people), times_asked(question, people)
        if like:
            connection.register("_like", alike(connection, question, like, read_faces))
            asked = most_alike_first(asked)
        media = connection.sql(asked.sql, params=asked.values).to_arrow_table()
        media = media.slice(length=limit)
        connection.register("_found", media)
        labels, spans = _labels(connection), _times(connection, times)
    return [
        Found(
            row["path"],
            row["kind"],
            labels.get(row["media_id"], ()),
            spans.get(row["media_id"], {}),
            row.get("likeness"),
        )
        for row in media.to_pylist()
    ]


def check_folders(connection: duckdb.DuckDBPyConnection, question: Question) -> None:
    """See that the folders hold something; else the user mistook the name. Raises: QueryError that shows the place."""
    for folder in [term.asked for term in question.terms if isinstance(term.asked, Folder)]:
        if not connection.execute(_HOLDS, [f"{folder.path}/"]).fetchall():
            near = nearest(folder.path, _folders(connection))
            raise fault(question.text, folder.column, f"there is no folder {folder.path!r}; {near}")


def _folders(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """All folders that hold something, also in folders of theirs."""
    known: dict[str, None] = {}
    for (folder,) in connection.sql(_PARENTS).fetchall():
        while folder and folder not in known:
            known[folder] = None
            folder = dirname(folder)
    return list(known)


def _labels(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """media_id to all who are seen in it, those first who come first; the people of a photo by their labels."""
    labels: dict[str, dict[str, None]] = {}  # two identities of one name are told once
    sql = (
        "SELECT media_id, label FROM (SELECT media_id, kind, unnest(company) AS identity_id,"
        f" generate_subscripts(company, 1) AS place FROM ({{found}})) JOIN ({PEOPLE}) USING (identity_id)"
        " ORDER BY CASE kind WHEN 'film' THEN place END, label"
    )
    found = "FROM _found" if "company" in connection.table("_found").columns else _WITH_COMPANY
    for media_id, label in connection.sql(sql.format(found=found)).fetchall():
        labels.setdefault(media_id, {})[label] = None
    return {media_id: tuple(own) for media_id, own in labels.items()}


def _times(connection: duckdb.DuckDBPyConnection, select: Select | None) -> dict[str, dict[str, tuple[Span, ...]]]:
    """media_id of films to who was asked for, to when."""
    times: dict[str, dict[str, tuple[Span, ...]]] = {}
    if select is None:
        return times
    sql = (
        f"SELECT media_id, label, seen_from_seconds, seen_to_seconds FROM ({select.sql})"
        " SEMI JOIN (FROM _found WHERE kind = 'film') USING (media_id) ORDER BY number, seen_from_seconds"
    )
    for media_id, label, begin, end in connection.sql(sql, params=select.values).fetchall():
        own = times.setdefault(media_id, {})
        own[label] = (*own.get(label, ()), (begin, end))
    return times
