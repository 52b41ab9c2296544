"""A person as somebody writes them to the identity that is meant: a name, a label, or how an id begins."""

from collections.abc import Sequence
from unicodedata import normalize

from f2s_catalog.errors import QueryError
from f2s_catalog.nearest import nearest

__all__ = ["whom"]

_LEAST_LETTERS = 6  # of an id: shorter ones may be names, like Ada


def whom(word: str, labels: Sequence[tuple[str, str]]) -> str:
    """The one identity that is meant.

    Args:
        word: a name, a label, or the first letters of an id.
        labels: identity_id and label of everybody.

    Raises:
        QueryError: nobody is called so, or more than one.

    >>> whom("ann", [("0123456789", "Ann"), ("0123456abc", "Person 2")])
    '0123456789'
    >>> whom("0123456a", [("0123456789", "Ann"), ("0123456abc", "Person 2")])
    '0123456abc'
    """
    found = [one for one in labels if _folded(one[1]) == _folded(word)]
    if not found and len(word) >= _LEAST_LETTERS:
        found = [one for one in labels if one[0].startswith(word.lower())]
    if not found:
        raise QueryError(f"there is no person {word!r}; {nearest(word, [label for _, label in labels])}")
    if len(found) > 1:
        shown = ", ".join(f"{label} {identity_id}" for identity_id, label in found[:3])
        raise QueryError(f"{word!r} may be {len(found)} people: {shown}; write more of an id")
    return found[0][0]


def _folded(name: str) -> str:
    return normalize("NFC", " ".join(name.split())).casefold()
