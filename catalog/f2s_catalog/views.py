"""Stored rows to current rows: the one rule of visibility, as SQL over the fragments.

A row is current iff the latest attempt of its step at its item is done and is the attempt that made the row: same
fingerprint, same commit. So a crash between two fragments of a commit, a changed configuration, or a face fewer than
last time need no rewriting: the older rows are just no longer current. Of current rows with one key the newest counts.

Of a table that a reduction replaces, these are the rows of its last commit, in the order in which they were written, and
older fragments are not even opened. What people said is always current.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from f2s_catalog.records import TABLES, Attempt, Record
from f2s_catalog.spans import joined
from f2s_catalog.stale import STALE
from f2s_catalog.store import scan

__all__ = ["VIEWS", "connect"]

_SEEN = (
    "SELECT media_id, identity_id, seen_from_seconds, seen_to_seconds FROM faces"
    " JOIN (SELECT identity_id, unnest(face_ids) AS face_id FROM identities) USING (face_id)"
)
_LISTED = "(SELECT media_id, path, kind FROM media SEMI JOIN sources USING (path))"

VIEWS = {
    "people": (
        "each identity with the label by which it is shown: its name, or a number; those with a name first, then those"
        " seen in most media",
        "SELECT identity_id, coalesce(name, 'Person ' || row_number() OVER ("
        " ORDER BY name IS NULL, media_count DESC, len(face_ids) DESC, identity_id)) AS label, name, media_count,"
        " len(face_ids) AS face_count FROM identities JOIN ("
        " SELECT identity_id, count(DISTINCT listed.media_id) AS media_count FROM identities"
        f" LEFT JOIN ({_SEEN}) USING (identity_id) LEFT JOIN {_LISTED} AS listed USING (media_id) GROUP BY ALL"
        ") USING (identity_id) ORDER BY name IS NULL, media_count DESC, face_count DESC, identity_id",
    ),
    "appearances": (
        "who is seen in which of the listed files, and in a film from when to when; who is gone for less than a second"
        " is seen all the time",
        "SELECT path, kind, label, identity_id, media_id, seen_from_seconds, seen_to_seconds"
        f" FROM ({joined(_SEEN, 'media_id, identity_id')}) JOIN people USING (identity_id)"
        f" JOIN {_LISTED} USING (media_id) ORDER BY path, media_id, seen_from_seconds, label",
    ),
    "failures": (
        "what failed and why, of the files that are listed and as they are now",
        "SELECT step, path, item_id, error_kind, message, number, run_id FROM attempts SEMI JOIN sources USING (path)"
        " WHERE status <> 'done' QUALIFY run_id = max(run_id) OVER (PARTITION BY path) AND status = 'failed'"
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
CREATE VIEW _latest AS SELECT * FROM _stored_attempts
QUALIFY row_number() OVER (PARTITION BY step, item_id ORDER BY number DESC, sequence DESC) = 1;
CREATE VIEW attempts AS SELECT {columns} FROM _latest ORDER BY step, item_id
"""
_WHOLE = "SELECT sequence FROM _latest WHERE status = 'done' AND item_id = '*'"
_ALL = 'CREATE VIEW "{table}" AS SELECT {columns} FROM _stored_{table}'
_CURRENT = """
CREATE VIEW "{table}" AS SELECT {columns} FROM _stored_{table}
SEMI JOIN (FROM _latest WHERE status = 'done') USING (step, item_id, fingerprint, sequence)
QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY sequence DESC, item_id DESC) = 1
ORDER BY {key}
"""


def connect(root: Path, tables: Sequence[type[Record]] = TABLES) -> duckdb.DuckDBPyConnection:
    """A connection that sees the current rows of OUTPUT as views and can reach nothing else of the machine.

    Args:
        root: the OUTPUT folder.
        tables: which tables to open besides the ledger; ``VIEWS`` come with all of them.

    Raises:
        CatalogError: as ``scan`` says.
    """
    connection = duckdb.connect(
        ":memory:", config={"enable_external_access": False, "python_enable_replacements": False}
    )
    # The ledger is listed first: an attempt that is seen has its rows on disk already, whoever is writing meanwhile.
    connection.register("_stored_attempts", scan(root, Attempt))
    connection.execute(_LATEST.format(columns=_columns(Attempt)))
    whole = {sequence for (sequence,) in connection.sql(_WHOLE).fetchall()}
    for record_type in (kind for kind in tables if kind is not Attempt):
        stored = scan(root, record_type, whole if record_type.MADE == "whole" else None)
        connection.register(f"_stored_{record_type.TABLE}", stored)
        connection.execute(_view_of(record_type))
    if tables is TABLES:
        for name, (_, sql) in VIEWS.items():
            connection.execute(f"CREATE VIEW {name} AS {sql}")
    connection.execute("SET lock_configuration = true")
    return connection


def _view_of(record_type: type[Record]) -> str:
    view = _CURRENT if record_type.MADE == "item" else _ALL
    return view.format(table=record_type.TABLE, columns=_columns(record_type), key=", ".join(record_type.KEY))


def _columns(record_type: type[Record]) -> str:
    return ", ".join(f'"{name}"' for name in record_type.model_fields)
