"""Somebody to nothing: planned, written down, done, proven; what a crash cuts off is finished by the next who holds the folder.

::

    planned -journal-> tables rewritten, files removed -searched-> certificate -> journal removed
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa

from f2s_catalog.arrow import to_table
from f2s_catalog.cipher import read_fragment
from f2s_catalog.commits import commits_of
from f2s_catalog.compact import sweep
from f2s_catalog.erase_codes import without_codes
from f2s_catalog.erase_journal import Erasing, forget_halves, left_open
from f2s_catalog.erase_results import with_results
from f2s_catalog.errors import CatalogError
from f2s_catalog.forgotten import name_digests, new_salt
from f2s_catalog.locks import committing, reducing
from f2s_catalog.place import P, Place
from f2s_catalog.records import TABLES, DegradationCode, Erasure, Record, RestoredMedia, RestoredSegment
from f2s_catalog.scrub import scrub, without_results
from f2s_catalog.storage import remove, walk, write
from f2s_catalog.store import catalog_folder, fragments, write_fragment
from f2s_catalog.traces import Trace, find_traces

__all__ = ["THUMBNAILS", "Leaving", "act", "bare_files", "certify", "cleaned", "finish_all", "people_held", "rewrite"]

THUMBNAILS = "biometric/thumbnails"
_PEOPLE_STEPS = ("gather", "identify", "sight")


class Leaving(NamedTuple):
    """What goes: ids of faces and identities, media whose results go, digests of codes that their faces told."""

    ids: frozenset[str]
    media_ids: frozenset[str]
    codes: frozenset[str]


@contextmanager
def people_held(root: Place) -> Iterator[int]:
    """Wait until nobody says or reckons anything about people, let nobody begin, and give the number of a commit."""
    with ExitStack() as stack:
        for step in _PEOPLE_STEPS:
            stack.enter_context(reducing(root, step))
        yield stack.enter_context(committing(root))


def finish_all(root: Place) -> list[Erasing]:
    """Do what was cut off; for who holds the right to run a job.

    Raises:
        CatalogError: something of a person is left, or a file may not be changed.
    """
    finished = []
    forget_halves(root)
    for path, begun in left_open(root):
        erasing = with_results(root, begun)
        act(root, erasing)
        certify(root, erasing, path)
        finished.append(erasing)
    return finished


def act(root: Place, erasing: Erasing) -> None:
    """Take the person out of all tables and files. The same again changes nothing.

    Raises:
        CatalogError: a file may not be read or changed.
    """
    leaving = Leaving(erasing.gone, frozenset(erasing.media_ids), frozenset(erasing.codes))
    with people_held(root) as sequence:
        sweep(root)
        _remember(root, erasing, sequence)
        for record_type in TABLES:
            for path in fragments(root, record_type):
                table, count = cleaned(record_type, read_fragment(path, record_type), leaving)
                if count:
                    rewrite(root, record_type, path, table)
        try:
            _remove_files(root, erasing)
        except OSError as error:
            raise CatalogError(
                f"cannot remove {error.filename}: {error.strerror}; give this user the right, then run again"
            ) from error


def cleaned(record_type: type[Record], table: pa.Table, leaving: Leaving) -> tuple[pa.Table, int]:
    """A stored table without the person, and how many rows went or changed."""
    table, count = scrub(record_type, table, leaving.ids)
    more = 0
    if record_type is RestoredMedia:
        table, more = without_results(table, leaving.media_ids)
    elif record_type is DegradationCode:
        table, more = without_codes(table, leaving.codes)
    return table, count + more


def certify(root: P, erasing: Erasing, journal: P) -> list[Trace]:
    """Search for what must be gone, write the certificate, and close the journal where nothing is found.

    Raises:
        CatalogError: something is found; the journal stays, so that the erasure is not taken for done.
    """
    found = find_traces(root, erasing.sought, [journal])
    certificate = root / "runs" / erasing.erasure_id / "certificate.json"
    write(certificate, _certificate(erasing, found).encode())
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise CatalogError(
            f"{found[0].path} still holds {found[0].what}{more} ({certificate} lists them); remove what is "
            "left and run the command again"
        )
    remove(journal)
    return found


def rewrite(root: P, record_type: type[Record], path: P, table: pa.Table) -> None:
    """Put a table in the place of a fragment, under the numbers of the same commits. One of no rows is put, too: it tells
    that none is missing.

    Commits have one fragment a table. Two are there when a rewriting was cut off: then the new one is whole, and this one
    has only to go.
    """
    own = commits_of(path)
    is_done = any(commits_of(other) == own and other != path for other in fragments(root, record_type))
    written = None if is_done else write_fragment(root, record_type, table, own.last, own.first)
    if written != path:
        remove(path)


def _remember(root: Place, erasing: Erasing, sequence: int) -> None:
    """The row that keeps the faces from being found again, and the names from being read again."""
    kept = [
        row
        for path in fragments(root, Erasure)
        for row in read_fragment(path, Erasure, ["erasure_id", "name_salt"]).to_pylist()
    ]
    if all(row["erasure_id"] != erasing.erasure_id for row in kept):
        salt = next((row["name_salt"] for row in kept), None) or new_salt()
        row = Erasure(
            erasure_id=erasing.erasure_id,
            said_at=erasing.said_at,
            said_by=erasing.said_by,
            places=erasing.places,
            name_salt=salt,
            name_digests=name_digests(erasing.names, salt),
        )
        write_fragment(root, Erasure, to_table(Erasure, [row]), sequence)


def _remove_files(root: Place, erasing: Erasing) -> None:
    """Pages, thumbnails, results of pictures that show the person, pieces of results; all of them can be made again."""
    for bare in bare_files(root):
        remove(bare)
    for path in erasing.results:
        remove(root / path)
    kept = _kept_pieces(root, set(erasing.media_ids))
    for piece in walk(root / "work"):
        if piece.path not in kept:
            remove(root / "work" / piece.path)
    for found in walk(catalog_folder(root)):
        if found.path.endswith(".tmp"):
            remove(catalog_folder(root) / found.path)


def bare_files(root: P) -> list[P]:
    """Pages and thumbnails: one may show anybody, all are made again."""
    found = [f"runs/{one.path}" for one in walk(root / "runs") if one.path.endswith("/report.html")]
    found += [f"catalog/{THUMBNAILS}/{one.path}" for one in walk(catalog_folder(root) / THUMBNAILS)]
    return [root / path for path in found]


def _kept_pieces(root: Place, media_ids: set[str]) -> set[str]:
    """Names of pieces of results of other media."""
    rows = [
        row
        for path in fragments(root, RestoredSegment)
        for row in read_fragment(path, RestoredSegment, ["path", "media_id"]).to_pylist()
    ]
    return {row["path"].rpartition("/")[2] for row in rows if row["media_id"] not in media_ids}


def _certificate(erasing: Erasing, found: list[Trace]) -> str:
    """Who erased when and what came of it; nothing in it tells who was erased."""
    if erasing.is_shared:
        name = "not searched where somebody else has it, too"
    elif erasing.is_elsewhere:
        name = "searched in tables and metadata; it is a word of paths or of another name, too"
    else:
        name = "searched everywhere" if erasing.names else "there was none"
    facts = {
        "erasure_id": erasing.erasure_id,
        "said_at": erasing.said_at,
        "said_by": erasing.said_by,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "faces": len(erasing.face_ids),
        "places": len(erasing.places),
        "rows": erasing.rows,
        "files_changed_or_removed": len(erasing.files) + len(erasing.results),
        "results_to_renew": sorted(erasing.results),
        "results_whose_damage_they_told": sorted(erasing.told),
        "searched_for": len(erasing.needles),
        "name": name,
        "found": [{"path": trace.path, "what": trace.what} for trace in found],
    }
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
