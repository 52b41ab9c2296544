"""The persons that a question names to the identities that are meant."""

from dataclasses import dataclass
from unicodedata import normalize

import duckdb

from f2s_catalog.find_terms import People, Question, Who, fault
from f2s_catalog.nearest import nearest
from f2s_catalog.views import LABEL

__all__ = ["PEOPLE", "Meant", "meant", "persons"]

PEOPLE = f"SELECT identity_id, {LABEL} AS label FROM identities ORDER BY name IS NULL, number"
"""Everybody and their labels, as SQL; those with a name first."""

_CALLED = f"FROM ({PEOPLE}) WHERE lower(nfc_normalize(label)) = lower(nfc_normalize(?))"
_BEGINS = f"FROM ({PEOPLE}) WHERE starts_with(identity_id, ?)"

_LEAST_LETTERS = 6  # of an id: shorter ones may be names, like Ada


@dataclass(frozen=True)
class Meant:
    """The identities that a word means, several where they bear one name, and their label."""

    label: str
    identity_ids: tuple[str, ...]


def meant(question: Question, connection: duckdb.DuckDBPyConnection) -> dict[Who, Meant]:
    """Whom each person of the question means.

    Args:
        question: what is asked.
        connection: sees the identities.

    Raises:
        QueryError: nobody is called so, or an id begins like those of several; the message shows the place.
    """
    return {who: _one(question, who, connection) for who in persons(question)}


def persons(question: Question) -> list[Who]:
    """All persons that a question names."""
    asked = [term.asked for term in question.terms if isinstance(term.asked, People)]
    return [who for people in asked for group in people.groups for who in group]


def _one(question: Question, who: Who, connection: duckdb.DuckDBPyConnection) -> Meant:
    found = connection.execute(_CALLED, [who.name]).fetchall()
    if not found and len(who.name) >= _LEAST_LETTERS:
        found = connection.execute(_BEGINS, [who.name.lower()]).fetchall()
    if not found:
        labels = [label for _, label in connection.execute(PEOPLE).fetchall()]
        raise fault(question.text, who.column, f"there is no person {who.name!r}; {nearest(who.name, labels)}")
    if len({_folded(label) for _, label in found}) > 1:
        shown = ", ".join(f"{label} {identity_id}" for identity_id, label in found[:3])
        raise fault(question.text, who.column, f"{who.name!r} begins more than one id: {shown}; write more of it")
    return Meant(found[0][1], tuple(identity_id for identity_id, _ in found))


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()
