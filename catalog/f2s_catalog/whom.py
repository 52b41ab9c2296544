"""A person as somebody writes them to the one identity that is meant: a name, a label, or how an id begins."""

import duckdb

from f2s_catalog.errors import QueryError
from f2s_catalog.find_people import PEOPLE
from f2s_catalog.nearest import nearest

__all__ = ["whom"]

_LEAST_LETTERS = 6  # of an id: shorter ones may be names, like Ada
_MOST_NAMES = 10_000  # among which the nearest is looked for


def whom(word: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The id of who is meant.

    Args:
        word: a name, a label, or the first letters of an id.
        connection: sees the identities.

    Raises:
        QueryError: nobody is called so, or more than one.
    """
    called = f"FROM ({PEOPLE}) WHERE lower(nfc_normalize(label)) = lower(nfc_normalize(?))"
    found = connection.execute(called, [" ".join(word.split())]).fetchall()
    if not found and len(word) >= _LEAST_LETTERS:
        found = connection.execute(f"FROM ({PEOPLE}) WHERE starts_with(identity_id, ?)", [word.lower()]).fetchall()
    if not found:
        labels = connection.execute(f"SELECT label FROM ({PEOPLE}) LIMIT {_MOST_NAMES}").fetchall()
        raise QueryError(f"there is no person {word!r}; {nearest(word, [label for (label,) in labels])}")
    if len(found) > 1:
        shown = ", ".join(f"{label} {identity_id}" for identity_id, label in found[:3])
        raise QueryError(f"{word!r} may be {len(found)} people: {shown}; write more of an id")
    return str(found[0][0])
