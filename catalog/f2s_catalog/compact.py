"""Many small fragments to few large ones, by who holds the right to commit; no row comes, goes or changes.

::

    attempts   1  2  3 .. 64   ->   1-64     first: what a sleeper still writes of these commits is then not seen
    faces         2  3 .. 64   ->   1-64     then each table of which several fragments lie between
    1, 2 .. 64 go some time later, so that who reads them is seldom disturbed

From the newest commit back all are merged until one is larger than what was come to. So a row is written again as often as
the logarithm of what comes after it tells, and few fragments of each size are left. Of a table that a reduction replaces
one fragment is read anyway, and what people said is written beside all others: these are not merged.

In object storage whoever merges looks before each step whether the lease is still theirs. Who falls asleep between that and
the putting of a fragment puts late what was there before: no row is seen twice or goes. Only somebody who was erased in
between is back then, as with faces that a sleeper commits.
"""

import time
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from f2s_catalog.cipher import is_sealed, key
from f2s_catalog.commits import Commits, Note, commits_of, noted, visible
from f2s_catalog.errors import CatalogError
from f2s_catalog.gaps import refuse_gaps, refuse_gaps_in_ledger
from f2s_catalog.locks import refuse_overtaken
from f2s_catalog.place import P, Place
from f2s_catalog.records import TABLES, Attempt, Record
from f2s_catalog.storage import remove, walk
from f2s_catalog.store import Stored, catalog_folder, fragments, prove, scan, sequence_of, table_folder, write_fragment

__all__ = ["MANY", "PATIENCE_SECONDS", "compact", "sweep"]

MANY = 64
"""So many fragments of the ledger are worth merging."""

PATIENCE_SECONDS = 60.0
"""For so long what was replaced during a run stays for those who are reading it."""

_SOME = 8
_SMALL_BYTES = 2**20
_LARGE_BYTES = 2**26  # tables are merged in memory, one at a time

_MERGED: list[type[Record]] = [kind for kind in TABLES if kind.MADE == "item" and kind is not Attempt]
_REPLACED: list[type[Record]] = [kind for kind in TABLES if kind.MADE == "whole"]


class _File(NamedTuple):
    byte_count: int
    modified_ns: int


_Files = Mapping[type[Record], Mapping[Place, _File]]


def sweep(root: Place, patience_seconds: float = 0.0) -> None:
    """Remove the fragments that merged ones replaced so long ago; for who holds the right to commit.

    Raises:
        CatalogError: another run has taken over, or one may not be removed.
    """
    latest_ns = time.time_ns() - int(patience_seconds * 1e9)
    for files in _files(root).values():
        read = set(visible(files))
        merged = [commits_of(path) for path in read if files[path].modified_ns <= latest_ns]
        over = [path for path in files.keys() - read if any(one.has(commits_of(path)) for one in merged)]
        if over:
            refuse_overtaken(root)
        for path in over:
            try:
                remove(path)
            except OSError as error:
                way_out = "give this user the right, then run again"
                raise CatalogError(f"cannot remove {path}: {error.strerror}; {way_out}") from error


def compact(root: Place, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Merge what is worth it, and end what was cut off; for who holds the right to commit.

    Args:
        root: the OUTPUT folder.
        patience_seconds: how long what was replaced before stays for those who are reading it.

    Raises:
        CatalogError: a fragment is damaged or missing, no space, no right, or another run has taken over.
    """
    sweep(root, patience_seconds)
    files = _files(root)
    tables = {kind: visible(own) for kind, own in files.items()}
    ranges = [commits_of(path) for path in tables[Attempt]]
    groups = _groups(ranges, _sizes(ranges, files))
    if groups:
        _merge_ledger(root, groups)
    begun = [one for one in ranges if one.first < one.last and not any(group.has(one) for group in groups)]
    for group in (*groups, *begun):
        for kind in _MERGED:
            own = _within(tables[kind], group)
            if len(own) > 1 and not _is_locked_away(kind, own):
                _merge(root, kind, group, own)


def _merge_ledger(root: Place, groups: Iterable[Commits]) -> None:
    ledger = scan(root, Attempt)
    refuse_gaps_in_ledger(root, ledger)
    tables = {kind: fragments(root, kind) for kind in (*_MERGED, *_REPLACED)}
    for kind in _MERGED:
        refuse_gaps(root, kind, ledger, tables[kind])
    for group in groups:
        _merge(root, Attempt, group, _within(ledger.fragments, group), _note(ledger, tables, group))


def _groups(ranges: Sequence[Commits], sizes: Sequence[int]) -> list[Commits]:
    """What is to be merged, each into one: where many lie, and where some fill a large one."""
    groups: list[tuple[list[Commits], int]] = [([], 0)]
    for commits, size in zip(reversed(ranges), reversed(sizes), strict=True):
        group, total = groups[-1]
        if group and (size > max(total, _SMALL_BYTES) or total + size > _LARGE_BYTES):
            groups.append(([commits], size))
        else:
            group.append(commits)
            groups[-1] = (group, total + size)
    return [
        Commits(min(one.first for one in group), max(one.last for one in group))
        for group, total in groups
        if len(group) >= MANY or (len(group) >= _SOME and total >= _LARGE_BYTES / 2)
    ]


def _sizes(ranges: Sequence[Commits], files: _Files) -> list[int]:
    """The bytes of all that is merged of each range, which lie in order."""
    firsts, sizes = [commits.first for commits in ranges], [0] * len(ranges)
    for kind, own in files.items():
        if kind.MADE != "item":
            continue
        for path in visible(own):
            index = bisect_right(firsts, commits_of(path).first) - 1
            if index >= 0:
                sizes[index] += own[path].byte_count
    return sizes


def _note(ledger: Stored, tables: Mapping[type[Record], Sequence[Place]], group: Commits) -> Note:
    """What the merged fragment of the ledger notes: what those that it replaces did, and what lies there of each table."""
    own = [one for one in zip(ledger.fragments, ledger.notes, strict=True) if group.has(commits_of(one[0]))]
    before = [sequence_of(path) for path in ledger.fragments if sequence_of(path) < group.first]
    held = {kind.TABLE: (len(found), group) for kind in _MERGED if (found := _within(tables[kind], group))}
    for kind in _REPLACED:
        told = [note.tables[kind.TABLE][1] for _, note in own if note is not None and kind.TABLE in note.tables]
        if any(note is None for _, note in own):
            told += map(commits_of, _within(tables[kind], group))
        if told:
            held[kind.TABLE] = (1, max(told))
    first = own[0][1]
    return Note(max(before, default=first.previous if first else 0), held)


def _merge(root: P, kind: type[Record], group: Commits, paths: Iterable[Place], note: Note | None = None) -> None:
    try:
        table = scan(root, kind, {sequence_of(path) for path in paths}).rows.to_table()
    except (OSError, pa.ArrowException):
        prove(root, [kind])
        raise
    refuse_overtaken(root)
    write_fragment(root, kind, table if note is None else noted(table, note), group.last, group.first)


def _within(paths: Iterable[Place], group: Commits) -> list[Place]:
    return [path for path in paths if group.has(commits_of(path))]


def _is_locked_away(kind: type[Record], paths: Iterable[Place]) -> bool:
    """Whether they wait for somebody who has the key."""
    return kind.BIOMETRIC and key() is None and any(map(is_sealed, paths))


def _files(root: Place) -> _Files:
    """All fragments of each table, those that are read and those that were replaced."""
    found: dict[type[Record], dict[Place, _File]] = {kind: {} for kind in TABLES}
    folders = {str(table_folder(root, kind)): kind for kind in TABLES}
    catalog = catalog_folder(root)
    for one in walk(catalog):
        path = catalog / one.path
        kind = folders.get(str(path).rpartition("/")[0])
        if kind is not None and path.name.startswith("part-") and path.name.endswith(".parquet"):
            found[kind][path] = _File(one.byte_count, one.modified_ns)
    return found
