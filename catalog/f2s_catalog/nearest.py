"""A word that nobody knows to the nearest that there is."""

import difflib
from collections.abc import Iterable

__all__ = ["nearest"]

_MOST_NAMES = 20


def nearest(word: str, names: Iterable[str]) -> str:
    """The end of a message: the name most like the word, else the first of what there is.

    >>> nearest("anm", ["Ann", "Ben"]), nearest("xyz", ["Ann", "Ben"])
    ("the nearest is 'Ann'", 'there are Ann, Ben')
    """
    known = {name.casefold(): name for name in names}
    if near := difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.5):
        return f"the nearest is {known[near[0]]!r}"
    shown = list(known.values())
    more = f" and {len(shown) - _MOST_NAMES:,} more" if len(shown) > _MOST_NAMES else ""
    return f"there are {', '.join(shown[:_MOST_NAMES])}{more}" if shown else "there are none yet"
