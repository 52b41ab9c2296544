"""Two looks at the folders of a catalog to the tables whose rows may have changed in between."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from f2s_catalog.commits import visible
from f2s_catalog.place import Place, S3Prefix
from f2s_catalog.records import TABLES, Attempt, Erasure, Record
from f2s_catalog.store import sequence_of, stored, table_folder

__all__ = ["Listing", "Stamp", "changed", "listing", "stamp", "steps_of"]

_BUCKET_SECONDS = 5.0  # to list a bucket takes many requests
Stamp = tuple[int, ...]
Kind = type[Record]


@dataclass(frozen=True)
class Listing:
    """The names of the fragments of each table: those that are read, and all that lie there."""

    names: Mapping[Kind, frozenset[str]]
    stored: Mapping[Kind, frozenset[str]]

    def newest(self) -> int:
        """Number of the newest commit in the ledger."""
        return max((sequence_of(Path(name)) for name in self.names[Attempt]), default=0)

    def is_kept_by(self, later: "Listing") -> bool:
        """Whether all fragments are still there and nobody was erased; else what was read before must not be shown."""
        return later.names[Erasure] == self.names[Erasure] and all(
            own <= later.stored[kind] for kind, own in self.names.items()
        )


def stamp(output: Place) -> Stamp:
    """Changes whenever a fragment comes or goes: that is when its folder changes; of a bucket every few seconds."""
    if isinstance(output, S3Prefix):
        return (int(time.monotonic() / _BUCKET_SECONDS),)
    found = []
    for kind in TABLES:
        try:
            found.append(table_folder(output, kind).stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


def listing(output: Place) -> Listing:
    """What is there. Raises: CatalogError when it may not be read."""
    found = {kind: stored(output, kind) for kind in TABLES}
    return Listing(
        {kind: frozenset(path.name for path in visible(paths)) for kind, paths in found.items()},
        {kind: frozenset(path.name for path in paths) for kind, paths in found.items()},
    )


def changed(
    before: Listing, after: Listing, steps: Mapping[Kind, frozenset[str]], connection: duckdb.DuckDBPyConnection
) -> set[Kind]:
    """Tables whose current rows may differ: with other fragments, or made by a step that has a newer attempt.

    Args:
        before: a listing.
        after: a later one.
        steps: which steps made the rows of a table, before.
        connection: sees the stored rows.
    """
    other = {kind for kind in TABLES if before.names[kind] != after.names[kind]}
    if not before.is_kept_by(after):
        return set(TABLES)
    if Attempt in other:
        sql = "SELECT DISTINCT step FROM _stored_attempts WHERE sequence > $newest"
        tried = {step for (step,) in connection.execute(sql, {"newest": before.newest()}).fetchall()}
        other |= {kind for kind, made_by in steps.items() if made_by & tried}
    return other


def steps_of(kind: Kind, connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The steps that made the stored rows of a table; what people said was made by none."""
    if kind.MADE == "said" or kind is Attempt:
        return frozenset()
    rows = connection.sql(f'SELECT DISTINCT step FROM "_stored_{kind.TABLE}"').fetchall()
    return frozenset(step for (step,) in rows)
