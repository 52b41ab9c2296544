"""What is being erased, written down before it is done, so that whoever holds the folder next can finish it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from f2s_catalog.cipher import read_fragment, seal, unseal
from f2s_catalog.errors import CatalogError
from f2s_catalog.records import Constraint, Erasure, FaceMark, Label, Record
from f2s_catalog.store import catalog_folder, fragments
from f2s_catalog.traces import Sought

__all__ = ["Erasing", "begin", "forget_halves", "left_open", "refuse_erased", "write_whole"]

_JOURNAL = ".erasing-"


class Erasing(BaseModel):
    """All that is needed to erase somebody and to prove it, whatever has been done of it already; the journal.

    ``needles`` are bytes in hexadecimal that must not be found, and what they are; ``rows`` and ``files`` count what is to
    change; ``names`` are those that nobody else has, ``is_shared`` tells that there are others; ``is_elsewhere`` that one
    is a word of paths or of another's name. ``codes`` are digests of what their faces told of damage, ``told`` results that
    were made with these and stay until they are renewed.
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
    codes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def gone(self) -> frozenset[str]:
        """Ids that no row may have."""
        return frozenset((*self.identity_ids, *self.face_ids))

    @property
    def sought(self) -> Sought:
        """What no file may have."""
        needles = {bytes.fromhex(needle): what for needle, what in self.needles.items()}
        return Sought(needles, self.gone, self.names, self.is_elsewhere)


def begin(root: Path, erasing: Erasing) -> Path:
    """Write the journal: from here on it will be done. What a try left that was cut off before is removed."""
    path = _folder(root) / f"{_JOURNAL}{erasing.erasure_id}.json"
    forget_halves(root)
    write_whole(path, seal(erasing.model_dump_json().encode()))
    return path


def left_open(root: Path) -> Iterator[tuple[Path, Erasing]]:
    """Erasures that were cut off, the oldest first, with their journals.

    Raises:
        CatalogError: a journal cannot be read.
    """
    for path in _journals(root):
        try:
            yield path, Erasing.model_validate_json(unseal(path.read_bytes(), path))
        except (OSError, ValueError) as error:
            raise CatalogError(f"{path} cannot be read: {error}; grant the right to read it") from error


def refuse_erased(root: Path, facts: Sequence[Record]) -> None:
    """See that nothing is said of somebody who is being erased, or was since it was thought of; for who may add fragments.

    Raises:
        CatalogError: an erasure is not finished, or a face is gone.
    """
    if _journals(root):
        raise CatalogError(
            f"somebody is being erased from {root}; wait, or finish it by f2s identify, then say it again"
        )
    marks = [mark for fact in facts if isinstance(fact, Label) for mark in fact.faces]
    marks += [mark for fact in facts if isinstance(fact, Constraint) for mark in (*fact.faces, *fact.other_faces)]
    if marks and {(mark.content_digest, mark.frame, mark.box_px) for mark in marks} & set(_erased(root)):
        raise CatalogError(f"somebody was erased from {root} meanwhile; look again who is there, then say it anew")


def forget_halves(root: Path) -> None:
    """Remove journals that were being written when their process died: nothing was begun by them."""
    for left in _folder(root).glob(f"{_JOURNAL}*.tmp"):
        left.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write aside, sync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.tmp")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _folder(root: Path) -> Path:
    return catalog_folder(root) / "biometric"


def _journals(root: Path) -> list[Path]:
    return sorted(_folder(root).glob(f"{_JOURNAL}*.json"))


def _erased(root: Path) -> Iterator[tuple[str, int, tuple[float, ...]]]:
    """Bytes, frames and boxes of faces that are not to be looked at again."""
    for path in fragments(root, Erasure):
        for places in read_fragment(path, Erasure, ["places"])["places"].to_pylist():
            yield from ((one["content_digest"], one["frame"], tuple(one["box_px"])) for one in places)
