"""What commits noted, and the fragments that are there, to the first one that is missing.

A table of which a fragment went would else read as one of fewer rows. Each fragment of the ledger names the one before it
and the tables that were written with it; so the last one alone can go without being missed.
"""

from collections.abc import Collection, Iterable

from f2s_catalog.commits import LOST, Commits, Held, commits_of
from f2s_catalog.errors import MissingError
from f2s_catalog.place import Place, is_folder
from f2s_catalog.records import Attempt, Record
from f2s_catalog.store import Stored, biometric_folder, lost, table_folder

__all__ = ["refuse_gaps", "refuse_gaps_in_ledger"]


def refuse_gaps_in_ledger(root: Place, ledger: Stored) -> None:
    """See that all fragments of the ledger are there.

    Raises:
        MissingError: one is not; or it was replaced while the folder was listed.
    """
    held = Held(map(commits_of, ledger.fragments))
    wanted = (Commits(note.previous, note.previous) for note in ledger.notes if note is not None and note.previous)
    if not (gaps := [one for one in wanted if not held.has(one)]):
        return
    given_up = Held(lost(root, Attempt))
    for one in gaps:
        if not given_up.has(one):
            name = f"part-{one}"
            raise MissingError(
                f"{table_folder(root, Attempt)}/{name}-*.parquet is missing; restore it from a backup, or put an empty file "
                f"{name}-x{LOST} in its place and run again: what it told of is done again"
            )


def refuse_gaps(
    root: Place,
    record_type: type[Record],
    ledger: Stored,
    found: Iterable[Place],
    sequences: Collection[int] | None = None,
) -> None:
    """See that all fragments of a table are there that the ledger tells of.

    Args:
        root: the OUTPUT folder.
        record_type: the table.
        ledger: the ledger, as it was before the table was listed.
        found: the fragments of the table.
        sequences: as it was opened.

    Raises:
        MissingError: one is not; or it was replaced while the folder was listed.
    """
    held = Held(map(commits_of, found))
    for path, note in zip(ledger.fragments, ledger.notes, strict=True):
        count, wanted = (note and note.tables.get(record_type.TABLE)) or (0, Commits(0, 0))
        if not count or (sequences is not None and wanted.last not in sequences) or held.has(wanted):
            continue
        if sum(1 for _ in held.within(wanted)) < count and not _is_locked_away(root, record_type):
            raise MissingError(
                f"{table_folder(root, record_type)} misses part-{wanted}-*.parquet; restore it from a backup, or "
                f"rename {path} to end in {LOST} and run again: what they told of is done again"
            )


def _is_locked_away(root: Place, record_type: type[Record]) -> bool:
    """Whether somebody took all about faces and persons away, which they may."""
    return record_type.BIOMETRIC and not is_folder(biometric_folder(root))
