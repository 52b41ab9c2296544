"""Stored rows to current rows: the one rule of visibility, as SQL over the fragments.

A row is current iff the latest attempt of its step at its item is done and is the attempt that made the row: same
fingerprint, same commit. So a crash between two fragments of a commit, a changed configuration, or a face fewer than
last time need no rewriting: the older rows are just no longer current. Of current rows with one key the newest counts.

Of a table that a reduction replaces, these are the rows of its last commit, in the order in which they were written, and
older fragments are not even opened. What people said is always current.

Rows keep the number of their commit wherever they lie, so which fragments were merged makes no difference.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import duckdb
import pyarrow as pa

from f2s_catalog.errors import RewrittenError
from f2s_catalog.gaps import refuse_gaps, refuse_gaps_in_ledger
from f2s_catalog.place import TRIES, Place, S3Prefix, is_gone
from f2s_catalog.records import TABLES, Attempt, Record
from f2s_catalog.spans import CROWDS, joined
from f2s_catalog.stale import STALE
from f2s_catalog.store import Stored, prove, scan

__all__ = [
    "LABEL",
    "VIEWS",
    "VIEWS_VERSION",
    "asked_again",
    "connect",
    "needed",
    "reading",
    "refuse_rewritten",
    "refuse_torn",
]

P = ParamSpec("P")
T = TypeVar("T")
_WORD = re.compile(r"\w+")
_STREAM = "reading the stream"  # DuckDB, of what Arrow could not read

LABEL = "coalesce(name, 'Person ' || number)"
"""How an identity is called, as SQL."""

VIEWS_VERSION = 2
"""Counted up when a column of a view goes or changes its meaning; new columns and views do not count."""

VIEWS = {
    "about": ("the version of these views", f"SELECT {VIEWS_VERSION} AS views_version"),
    "people": (
        "each identity that has faces with the label by which it is shown: its name, or its number; those with a name"
        " first, then those seen in most media, those that are ignored last",
        f"SELECT identity_id, {LABEL} AS label, name, coalesce(media_count, 0) AS media_count,"
        " len(face_ids) AS face_count, len(confirmed_face_ids) AS confirmed_count, is_ignored, primary_face_id,"
        " nearest_id, margin FROM identities LEFT JOIN (SELECT identity_id, count(*) AS media_count"
        " FROM sightings WHERE is_first GROUP BY identity_id) USING (identity_id) WHERE len(face_ids) > 0"
        " ORDER BY is_ignored, name IS NULL, media_count DESC, face_count DESC, identity_id",
    ),
    "appearances": (
        "who is seen in which of the listed files, and in a film from when to when; who is gone for less than a second"
        " is seen all the time",
        f"SELECT path, kind, {LABEL} AS label, identity_id, media_id, seen_from_seconds, seen_to_seconds"
        f" FROM ({joined('FROM sightings', 'path, kind, media_id, identity_id')}) JOIN identities USING (identity_id)"
        " ORDER BY path, media_id, seen_from_seconds, label",
    ),
    "crowds": (
        "how many faces each photo or film shows at once, at most; those that show none are left out",
        CROWDS,
    ),
    "facts": (
        "what people said, in the order in which they did",
        "SELECT fact_id, said_at, said_by, kind, identity_id, NULL AS other_id, name, len(faces) AS face_count FROM labels"
        " UNION ALL SELECT fact_id, said_at, said_by, kind, identity_id, other_id, NULL, len(faces) + len(other_faces)"
        " FROM constraints ORDER BY fact_id",
    ),
    "cost": (
        "what each step of each run came to: items that it did and that failed, and seconds of work",
        "SELECT run_id, step, count(*) FILTER (status = 'done') AS done, count(*) FILTER (status = 'failed') AS failed,"
        " sum(elapsed_seconds) AS seconds FROM attempts GROUP BY run_id, step ORDER BY run_id, step",
    ),
    "standing": (
        "attempts at what is listed, as it is now: of what went wrong with a file those of its latest run alone",
        "SELECT attempts.* FROM attempts SEMI JOIN sources USING (path) QUALIFY status = 'done'"
        " OR run_id = max(run_id) FILTER (WHERE status <> 'done') OVER (PARTITION BY path)",
    ),
    "failures": (
        "what failed and why, of the files that are listed and as they are now",
        "SELECT step, path, item_id, error_kind, message, number, run_id FROM standing WHERE status = 'failed'"
        " ORDER BY path, step, item_id",
    ),
    "codes": (
        "degradations without their vectors, with the path of the picture",
        "SELECT media.path, degradations.* EXCLUDE (code, signature) FROM degradations"
        " LEFT JOIN shots USING (shot_id) LEFT JOIN media USING (media_id) ORDER BY media.path, shot_id",
    ),
    "restorations": (
        "results in their place, with the path of their source and what became of each face",
        "SELECT media.path, restored.path AS result_path, restored.* EXCLUDE (path), restored_segments.gates,"
        " restored_segments.seconds FROM restored LEFT JOIN restored_segments USING (task_id)"
        " LEFT JOIN media ON media.media_id = restored.media_id ORDER BY media.path",
    ),
    "stale": (
        "results that were made with other people or references than those of today, with why as a list of words; where"
        " has_pixels is false, only a name is to be written into the metadata",
        STALE,
    ),
}
"""Views besides one a table: name to (what it shows, SQL)."""

_LATEST = """
SELECT {columns} FROM _stored_attempts {which}
QUALIFY row_number() OVER (PARTITION BY step, item_id ORDER BY number DESC, sequence DESC) = 1
"""
_LEDGER = """
CREATE VIEW attempts AS FROM ({attempts}) ORDER BY step, item_id;
CREATE {kept} _done AS SELECT step, item_id, fingerprint, sequence FROM ({made}) WHERE status = 'done'
"""
_WHOLE = """
FROM (SELECT status, sequence FROM _stored_attempts WHERE item_id = '*'
    QUALIFY row_number() OVER (PARTITION BY step ORDER BY number DESC, sequence DESC) = 1)
SELECT sequence WHERE status = 'done'
"""
_ALL = 'CREATE VIEW "{table}" AS SELECT {columns} FROM _stored_{table}'
_CURRENT = """
CREATE VIEW "{table}" AS SELECT {columns} FROM _stored_{table}
SEMI JOIN _done USING (step, item_id, fingerprint, sequence)
QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY sequence DESC, item_id DESC) = 1
ORDER BY {key}
"""


def connect(
    root: Place, tables: Sequence[type[Record]] = TABLES, paths: Sequence[str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection that sees the current rows of OUTPUT as views and can reach nothing else of the machine.

    Args:
        root: the OUTPUT folder.
        tables: which tables to open besides the ledger; of ``VIEWS`` come those that need no other.
        paths: of tables whose rows steps made of items, those alone that were made of these files; of all where not given.

    Raises:
        CatalogError: as ``scan`` says, or a fragment is missing.
    """
    connection = duckdb.connect(
        ":memory:", config={"enable_external_access": False, "python_enable_replacements": False}
    )
    # The ledger is listed first: an attempt that is seen has its rows on disk already, whoever is writing meanwhile.
    ledger = scan(root, Attempt)
    refuse_gaps_in_ledger(root, ledger)
    connection.register("_stored_attempts", ledger.rows)
    by_items = [kind for kind in tables if kind.MADE == "item" and kind is not Attempt]
    kept = "TABLE" if len(by_items) > 1 else "VIEW"  # the ledger may be long: several tables look into it once
    asked = ""
    if paths is not None:
        connection.register("_asked", pa.table({"path": pa.array(paths, pa.string())}))
        asked, kept = "SEMI JOIN _asked USING (path)", "TABLE"
    with _damage_told(root, (Attempt,)):
        whole = {sequence for (sequence,) in connection.sql(_WHOLE).fetchall()}
    scanned: dict[type[Record], Stored] = {}
    for record_type in dict.fromkeys(kind for kind in tables if kind is not Attempt):
        sequences = whole if record_type.MADE == "whole" else None
        stored = scanned[record_type] = scan(root, record_type, sequences)
        refuse_gaps(root, record_type, ledger, stored.fragments, sequences)
        connection.register(f"_stored_{record_type.TABLE}", stored.rows)
    attempts = _LATEST.format(columns=_columns(Attempt), which=asked)
    made = _LATEST.format(columns="*", which=f"{asked} {_by_steps(scanned.values())}")
    with _damage_told(root, (Attempt,)):
        connection.execute(_LEDGER.format(attempts=attempts, made=made, kept=kept))
    for record_type in scanned:
        connection.execute(_view_of(record_type))
    for name, (_, sql) in VIEWS.items():
        if set(needed(sql)) <= {Attempt, *tables}:
            connection.execute(f"CREATE VIEW {name} AS {sql}")
    connection.execute("SET lock_configuration = true")
    return connection


@contextmanager
def reading(
    root: Place, tables: Sequence[type[Record]] = TABLES, paths: Sequence[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """As ``connect``; where an answer fails and a fragment of these tables is damaged, that is what is told.

    Raises:
        RewrittenError: a fragment went meanwhile.
        CatalogError: a page is not what was written, and as ``scan`` says.
    """
    with connect(root, tables, paths) as connection, _damage_told(root, (Attempt, *tables)):
        yield connection


@contextmanager
def _damage_told(root: Place, tables: Sequence[type[Record]]) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:
        refuse_rewritten(root, error)
        prove(root, tables)
        refuse_torn(root, error)
        raise


def refuse_rewritten(root: Place, error: Exception) -> None:
    """See that it was not because a file went. Raises: RewrittenError when it was."""
    if is_gone(error):
        raise RewrittenError(f"a table of {root} was rewritten while it was read; ask again") from error


def refuse_torn(root: Place, error: Exception) -> None:
    """See that it was not on its way here that a table was harmed, which ``prove`` found whole. Raises: RewrittenError when it was."""
    if isinstance(root, S3Prefix) and _STREAM in str(error):
        raise RewrittenError(
            f"a table of {root} came torn again and again; look at the network, then ask again"
        ) from error


def asked_again(ask: Callable[P, T]) -> Callable[P, T]:
    """The same, asked again where a fragment went or came torn meanwhile: with what is listed then."""

    @wraps(ask)
    def asked(*arguments: P.args, **named: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            with suppress(RewrittenError):
                return ask(*arguments, **named)
        return ask(*arguments, **named)

    return asked


@lru_cache(256)
def needed(sql: str) -> tuple[type[Record], ...]:
    """The tables that a statement may read: those whose names, or whose views' names, are words of it.

    >>> [kind.TABLE for kind in needed("SELECT count(*) FROM Appearances")]
    ['identities', 'sightings']
    """
    words = set(_WORD.findall(sql.lower()))
    while more := {word for name in words & set(VIEWS) for word in _WORD.findall(VIEWS[name][1])} - words:
        words |= more
    return tuple(kind for kind in TABLES if kind.TABLE in words)


def _by_steps(tables: Iterable[Stored]) -> str:
    """SQL for the attempts that may have made rows of these tables: most of a long ledger is of other steps."""
    steps: set[str] = set()
    for table in tables:
        if table.steps is None:
            return ""
        steps |= table.steps
    names = ", ".join("'" + step.replace("'", "''") + "'" for step in sorted(steps))
    return f"WHERE step IN ({names})" if steps else "WHERE false"


def _view_of(record_type: type[Record]) -> str:
    view = _CURRENT if record_type.MADE == "item" else _ALL
    return view.format(table=record_type.TABLE, columns=_columns(record_type), key=", ".join(record_type.KEY))


def _columns(record_type: type[Record]) -> str:
    return ", ".join(f'"{name}"' for name in record_type.model_fields)
