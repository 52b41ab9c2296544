"""A fragment's name to the commits whose rows it holds; and what a fragment of the ledger notes of the fragments beside it.

::

    part-00000000000007-DIGEST.parquet                    what commit 7 wrote
    part-00000000000001-00000000000064-DIGEST.parquet     what the commits from 1 to 64 wrote, merged
    part-00000000000007-DIGEST.lost                       a person said that this one does not come back

Of two where one is said to hold all that the other does, and more, the other is not read, be it there or not. So while a
merged fragment comes and those that it replaces go, each row is seen once, whoever lists the folder when.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from f2s_catalog.place import P, Place

__all__ = ["LOST", "Commits", "Held", "Note", "commits_of", "name_of", "note_in", "noted", "visible"]

LOST = ".lost"
_WHOLE = ".parquet"
_KEY = b"f2s"


class Commits(NamedTuple):
    """The numbers of the first and the last of some commits."""

    first: int
    last: int

    def has(self, other: "Commits") -> bool:
        """Whether the other ones are among these."""
        return self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        numbers = (self.last,) if self.first == self.last else self
        return "-".join(f"{number:014d}" for number in numbers)


class Note(NamedTuple):
    """What a commit notes in its fragment of the ledger, so that it is found out when another one goes.

    Attributes:
        previous: the last of the commits before it, 0 where there was none.
        tables: for each table that it wrote how many fragments there are at least between two commits, unless one holds
            all of them.
    """

    previous: int
    tables: Mapping[str, tuple[int, Commits]]


def name_of(commits: Commits, digest: str) -> str:
    """How a fragment is called."""
    return f"part-{commits}-{digest}{_WHOLE}"


def commits_of(fragment: Place) -> Commits:
    """What a fragment holds.

    >>> from pathlib import Path
    >>> commits_of(Path("part-00000000000001-00000000000064-c0ffee.parquet"))
    Commits(first=1, last=64)
    """
    numbers = fragment.name.split("-")[1:-1]
    return Commits(int(numbers[0]), int(numbers[-1]))


def visible(stored: Iterable[P]) -> list[P]:
    """Those that are to be read, in the order of their commits."""
    found: list[tuple[Commits, P]] = []
    widest: Commits | None = None
    for commits, path in sorted(
        ((commits_of(path), path) for path in stored), key=lambda one: (one[0].first, -one[0].last, one[1].name)
    ):
        if widest is None or commits == widest or not widest.has(commits):
            found.append((commits, path))
        if widest is None or commits.last > widest.last:
            widest = commits
    return [path for _, path in found]


def noted(table: pa.Table, note: Note) -> pa.Table:
    """The same rows with a note."""
    told = {"previous": note.previous, "tables": {name: (count, *held) for name, (count, held) in note.tables.items()}}
    return table.replace_schema_metadata({_KEY: json.dumps(told)})


def note_in(schema: pa.Schema) -> Note | None:
    """The note of a fragment; none where it was written before there were any."""
    told = (schema.metadata or {}).get(_KEY)
    if told is None:
        return None
    found = json.loads(told)
    tables = {name: (count, Commits(first, last)) for name, (count, first, last) in found["tables"].items()}
    return Note(found["previous"], tables)


class Held:
    """What the fragments of a table hold together."""

    def __init__(self, commits: Iterable[Commits]) -> None:
        self._commits: Sequence[Commits] = sorted(commits)
        self._firsts = [one.first for one in self._commits]

    def has(self, wanted: Commits) -> bool:
        """Whether one of them holds all of these."""
        nearest = bisect_right(self._firsts, wanted.first) - 1
        return nearest >= 0 and (
            self._commits[nearest].has(wanted) or any(one.has(wanted) for one in self._commits[:nearest])
        )

    def within(self, wanted: Commits) -> Iterator[Commits]:
        """Those that hold nothing else."""
        for one in self._commits[bisect_right(self._firsts, wanted.first - 1) :]:
            if one.first > wanted.last:
                break
            if wanted.has(one):
                yield one
