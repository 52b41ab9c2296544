"""The persons that a question names to the identities that are meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import normalize

from f2s_catalog.find_terms import People, Question, Who, fault
from f2s_catalog.nearest import nearest

__all__ = ["Meant", "meant"]

_LEAST_LETTERS = 6  # of an id: shorter ones may be names, like Ada


@dataclass(frozen=True)
class Meant:
    """The identities that a word means, several where they bear one name, and their label."""

    label: str
    identity_ids: tuple[str, ...]


def meant(question: Question, labels: Iterable[tuple[str, str]]) -> dict[Who, Meant]:
    """Whom each person of the question means.

    Args:
        question: what is asked.
        labels: identity_id and label of everybody.

    Raises:
        QueryError: nobody is called so, or an id begins like those of several; the message shows the place.
    """
    known = list(labels)
    by_label: dict[str, list[tuple[str, str]]] = {}
    for identity_id, label in known:
        by_label.setdefault(_folded(label), []).append((identity_id, label))
    asked = [term.asked for term in question.terms if isinstance(term.asked, People)]
    everybody = [who for people in asked for group in people.groups for who in group]
    return {who: _one(question, who, by_label.get(_folded(who.name)) or _by_id(who, known), known) for who in everybody}


def _by_id(who: Who, known: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(who.name) < _LEAST_LETTERS:
        return []
    return [(identity_id, label) for identity_id, label in known if identity_id.startswith(who.name.lower())]


def _one(question: Question, who: Who, found: list[tuple[str, str]], known: list[tuple[str, str]]) -> Meant:
    if not found:
        near = nearest(who.name, [label for _, label in known])
        raise fault(question.text, who.column, f"there is no person {who.name!r}; {near}")
    if len({_folded(label) for _, label in found}) > 1:
        shown = ", ".join(f"{label} {identity_id}" for identity_id, label in found[:3])
        raise fault(question.text, who.column, f"{who.name!r} begins more than one id: {shown}; write more of it")
    return Meant(found[0][1], tuple(identity_id for identity_id, _ in found))


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()
