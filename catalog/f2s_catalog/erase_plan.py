"""A person to all that is stored of them, in current and in older rows; and the journal of their erasure."""

import secrets
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase import Leaving, bare_files, cleaned, people_held
from f2s_catalog.erase_codes import told_codes
from f2s_catalog.erase_faces import all_ids, known_faces, rows_of, shown, tables_of
from f2s_catalog.erase_journal import Erasing, begin
from f2s_catalog.erase_results import media_made_with, with_results
from f2s_catalog.erase_sought import is_elsewhere, names_of, needles_of
from f2s_catalog.errors import QueryError
from f2s_catalog.place import P, Place, below
from f2s_catalog.records import TABLES, Identity
from f2s_catalog.spelled import folded
from f2s_catalog.store import fragments
from f2s_catalog.views import connect
from f2s_catalog.whom import whom

__all__ = ["begun", "planned", "whom_ever"]

_EVER = """
CREATE VIEW identities AS SELECT identity_id, number, name FROM stored
QUALIFY row_number() OVER (PARTITION BY identity_id ORDER BY sequence DESC) = 1
"""


def whom_ever(root: Place, word: str) -> str:
    """The id of who is meant, among those who are there, else among all who ever were: their files may have left.

    Raises:
        QueryError: nobody is called so, or more than one.
    """
    with connect(root, (Identity,)) as now:
        try:
            return whom(word, now)
        except QueryError:
            stored = list(tables_of(root, Identity, ["identity_id", "number", "name", "sequence"]))
            if not stored:
                raise
            with duckdb.connect(":memory:") as ever:
                ever.register("stored", pa.concat_tables(stored))
                ever.execute(_EVER)
                return whom(word, ever)


def begun(root: P, identity_id: str, by: str) -> tuple[Erasing, P]:
    """What is to be erased of somebody, and its journal: from here on it will be done, and nobody says anything meanwhile.

    Raises:
        QueryError: there was never such a person.
        CatalogError: a table cannot be read.
    """
    with people_held(root):
        draft = _draft(root, identity_id, by)
        begin(root, draft)
    whole = with_results(root, draft)
    return whole, begin(root, whole)


def planned(root: Place, identity_id: str, by: str) -> Erasing:
    """What is to be erased of somebody; nothing is changed.

    Faces that somebody else has now stay, whoever had them before.

    Raises:
        QueryError: there was never such a person.
        CatalogError: a table cannot be read.
    """
    return with_results(root, _draft(root, identity_id, by))


def _draft(root: Place, identity_id: str, by: str) -> Erasing:
    with connect(root, (Identity,)) as connection:
        people = connection.sql("SELECT identity_id, face_ids FROM identities").to_arrow_table().to_pylist()
    others = [one for one in people if one["identity_id"] != identity_id]
    ever = {row["identity_id"] for row in rows_of(root, Identity, ["identity_id"])}
    if identity_id not in ever:
        raise QueryError(f"there is no person {identity_id!r}; f2s people list names all")
    ids = all_ids(root, identity_id, {one["identity_id"] for one in others if one["face_ids"]})
    held = {face_id for one in others for face_id in one["face_ids"]}
    seen = shown(root, known_faces(root, ids) - held, held)
    gone = frozenset((*ids, *seen.face_ids))
    media_ids = seen.media_ids | set(media_made_with(root, gone))
    names, others_names = names_of(root, ids)
    shared = {folded(name) for name in others_names}
    own_names = tuple(name for name in names if folded(name) not in shared)
    leaving = Leaving(gone, frozenset(media_ids), told_codes(root, seen.face_ids))
    rows, files = _counts(root, leaving)
    given = datetime.now(UTC)
    return Erasing(
        erasure_id=f"{given:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}-erasure",
        said_at=given.isoformat(timespec="microseconds"),
        said_by=by,
        identity_ids=tuple(sorted(ids)),
        face_ids=tuple(sorted(seen.face_ids)),
        places=seen.places,
        media_ids=tuple(sorted(media_ids)),
        names=own_names,
        is_shared=len(own_names) < len(names),
        is_elsewhere=is_elsewhere(root, own_names, others_names),
        needles=dict(needles_of(root, ids, seen.face_ids)),
        rows=rows,
        files=(*files, *sorted(below(path, root) for path in bare_files(root))),
        results=(),
        codes=tuple(sorted(leaving.codes)),
        told=(),
    )


def _counts(root: Place, leaving: Leaving) -> tuple[dict[str, int], list[str]]:
    """Rows of each table that go or change, and the fragments that have them, below OUTPUT."""
    rows: dict[str, int] = {}
    files = []
    for record_type in TABLES:
        for path in fragments(root, record_type):
            _, count = cleaned(record_type, read_fragment(path, record_type), leaving)
            if count:
                rows[record_type.TABLE] = rows.get(record_type.TABLE, 0) + count
                files.append(below(path, root))
    return rows, files
