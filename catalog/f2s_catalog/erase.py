"""Somebody to nothing: planned, written down, done, proven; what a crash cuts off is finished by the next who holds the folder.

::

    planned -journal-> tables rewritten, files removed -searched-> certificate -> journal removed
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from f2s_catalog.arrow import to_table
from f2s_catalog.cipher import read_fragment, seal, unseal
from f2s_catalog.errors import CatalogError
from f2s_catalog.records import TABLES, Erasure, FaceMark, Record, RestoredMedia, RestoredSegment
from f2s_catalog.scrub import scrub, without_results
from f2s_catalog.store import (
    catalog_folder,
    commit_lock,
    fragments,
    next_sequence,
    sequence_of,
    step_lock,
    write_fragment,
)
from f2s_catalog.traces import Sought, Trace, find_traces

__all__ = [
    "THUMBNAILS",
    "Erasing",
    "act",
    "begin",
    "certify",
    "cleaned",
    "finish_all",
    "left_open",
    "rewrite",
]

THUMBNAILS = "biometric/thumbnails"
_JOURNAL = ".erasing-"
_PEOPLE_STEPS = ("gather", "identify", "sight")


class Erasing(BaseModel):
    """All that is needed to erase somebody and to prove it, whatever has been done of it already; the journal.

    ``needles`` are bytes in hexadecimal that must not be found, and what they are; ``rows`` and ``files`` count what is to
    change; ``is_shared`` tells that somebody else has the same name, ``is_elsewhere`` that it is a word of paths
    or of another's name.
    """

    model_config = ConfigDict(frozen=True)
    erasure_id: str
    said_at: str
    said_by: str
    identity_ids: tuple[str, ...]
    face_ids: tuple[str, ...]
    places: tuple[FaceMark, ...]
    media_ids: tuple[str, ...]
    names: tuple[str, ...]
    is_shared: bool
    is_elsewhere: bool
    needles: dict[str, str]
    rows: dict[str, int]
    files: tuple[str, ...]
    results: tuple[str, ...]

    @property
    def gone(self) -> frozenset[str]:
        """Ids that no row may have."""
        return frozenset((*self.identity_ids, *self.face_ids))

    @property
    def sought(self) -> Sought:
        """What no file may have."""
        needles = {bytes.fromhex(needle): what for needle, what in self.needles.items()}
        return Sought(needles, self.gone, () if self.is_shared else self.names, self.is_elsewhere)


def begin(root: Path, erasing: Erasing) -> Path:
    """Write the journal: from here on it will be done. What a try left that was cut off before is removed."""
    path = catalog_folder(root) / "biometric" / f"{_JOURNAL}{erasing.erasure_id}.json"
    _forget_halves(root)
    _write_whole(path, seal(erasing.model_dump_json().encode()))
    return path


def left_open(root: Path) -> Iterator[tuple[Path, Erasing]]:
    """Erasures that were cut off, the oldest first, with their journals.

    Raises:
        CatalogError: a journal cannot be read.
    """
    for path in sorted((catalog_folder(root) / "biometric").glob(f"{_JOURNAL}*.json")):
        try:
            yield path, Erasing.model_validate_json(unseal(path.read_bytes(), path))
        except (OSError, ValueError) as error:
            raise CatalogError(f"{path} cannot be read: {error}; grant the right to read it") from error


def finish_all(root: Path) -> list[Erasing]:
    """Do what was cut off; for who holds the right to run a job.

    Raises:
        CatalogError: something of a person is left, or a file may not be changed.
    """
    finished = []
    _forget_halves(root)
    for path, erasing in left_open(root):
        act(root, erasing)
        certify(root, erasing, path)
        finished.append(erasing)
    return finished


def act(root: Path, erasing: Erasing) -> None:
    """Take the person out of all tables and files. The same again changes nothing.

    Raises:
        CatalogError: a file may not be read or changed.
    """
    with ExitStack() as stack:
        for step in _PEOPLE_STEPS:
            stack.enter_context(step_lock(root, step))
        stack.enter_context(commit_lock(root))
        _remember_places(root, erasing)
        for record_type in TABLES:
            for path in fragments(root, record_type):
                stored = read_fragment(path, record_type)
                table, count = cleaned(record_type, stored, erasing.gone, set(erasing.media_ids))
                if count:
                    rewrite(root, record_type, path, table)
        try:
            _remove_files(root, erasing)
        except OSError as error:
            raise CatalogError(
                f"cannot remove {error.filename}: {error.strerror}; give this user the right, then run again"
            ) from error


def cleaned(
    record_type: type[Record], table: pa.Table, gone: frozenset[str], media_ids: set[str]
) -> tuple[pa.Table, int]:
    """A stored table without the person, and how many rows went or changed.

    Args:
        record_type: what the rows are.
        table: stored rows.
        gone: ids of the faces and identities.
        media_ids: media whose results go.
    """
    table, count = scrub(record_type, table, gone)
    if record_type is not RestoredMedia:
        return table, count
    table, more = without_results(table, media_ids)
    return table, count + more


def certify(root: Path, erasing: Erasing, journal: Path) -> list[Trace]:
    """Search for what must be gone, write the certificate, and close the journal where nothing is found.

    Raises:
        CatalogError: something is found; the journal stays, so that the erasure is not taken for done.
    """
    found = find_traces(root, erasing.sought, [journal])
    folder = root / "runs" / erasing.erasure_id
    folder.mkdir(parents=True, exist_ok=True)
    _write_whole(folder / "certificate.json", _certificate(erasing, found).encode())
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise CatalogError(
            f"{found[0].path} still holds {found[0].what}{more} ({folder / 'certificate.json'} lists them); remove what is "
            "left and run the command again"
        )
    journal.unlink()
    return found


def rewrite(root: Path, record_type: type[Record], path: Path, table: pa.Table) -> None:
    """Put a table in the place of a fragment, under the number of the same commit; none in place of one that is empty.

    A commit has one fragment a table. Two are there when a rewriting was cut off: then the new one is whole, and this one
    has only to go.
    """
    others = [
        other for other in fragments(root, record_type) if sequence_of(other) == sequence_of(path) and other != path
    ]
    written = path
    if table.num_rows and not others:
        written = write_fragment(root, record_type, table, sequence_of(path))
    if written != path or others or not table.num_rows:
        path.unlink()


def _remember_places(root: Path, erasing: Erasing) -> None:
    """The row that keeps the faces from being found again."""
    known = [
        erasure_id
        for path in fragments(root, Erasure)
        for erasure_id in read_fragment(path, Erasure, ["erasure_id"])["erasure_id"].to_pylist()
    ]
    if erasing.erasure_id not in known:
        row = Erasure(
            erasure_id=erasing.erasure_id,
            said_at=erasing.said_at,
            said_by=erasing.said_by,
            places=erasing.places,
        )
        write_fragment(root, Erasure, to_table(Erasure, [row]), next_sequence(root))


def _remove_files(root: Path, erasing: Erasing) -> None:
    """Pages, thumbnails, results of pictures that show the person, pieces of results; all of them can be made again."""
    for page in root.glob("runs/*/report.html"):
        page.unlink()
    with suppress(FileNotFoundError):
        shutil.rmtree(catalog_folder(root) / THUMBNAILS)
    for path in erasing.results:
        (root / path).unlink(missing_ok=True)
    kept = _kept_pieces(root, set(erasing.media_ids))
    for piece in (root / "work").glob("*"):
        if piece.name not in kept:
            piece.unlink()
    for aside in catalog_folder(root).rglob(".part-*.tmp"):
        aside.unlink()


def _kept_pieces(root: Path, media_ids: set[str]) -> set[str]:
    """Names of pieces of results of other media."""
    rows = [
        row
        for path in fragments(root, RestoredSegment)
        for row in read_fragment(path, RestoredSegment, ["path", "media_id"]).to_pylist()
    ]
    return {Path(row["path"]).name for row in rows if row["media_id"] not in media_ids}


def _certificate(erasing: Erasing, found: list[Trace]) -> str:
    """Who erased when and what came of it; nothing in it tells who was erased."""
    if erasing.is_shared:
        name = "not searched: somebody else has it, too"
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
        "searched_for": len(erasing.needles),
        "name": name,
        "found": [{"path": trace.path, "what": trace.what} for trace in found],
    }
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def _forget_halves(root: Path) -> None:
    """Journals that were being written when their process died: nothing was begun by them."""
    for left in (catalog_folder(root) / "biometric").glob(f"{_JOURNAL}*.tmp"):
        left.unlink()


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.tmp")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
