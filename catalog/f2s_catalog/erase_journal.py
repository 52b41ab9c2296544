"""What is being erased, written down before it is done, so that whoever holds the folder next can finish it."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from f2s_catalog.cipher import read_fragment, seal, unseal
from f2s_catalog.errors import CatalogError
from f2s_catalog.place import P, Place, files_in
from f2s_catalog.records import Constraint, Erasure, FaceMark, Label, Record
from f2s_catalog.storage import read, remove, write
from f2s_catalog.store import catalog_folder, fragments
from f2s_catalog.traces import Sought

__all__ = ["Erasing", "begin", "forget_halves", "left_open", "refuse_erased"]

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


def begin(root: P, erasing: Erasing) -> P:
    """Write the journal: from here on it will be done. What a try left that was cut off before is removed."""
    path = _folder(root) / f"{_JOURNAL}{erasing.erasure_id}.json"
    forget_halves(root)
    write(path, seal(erasing.model_dump_json().encode()))
    return path


def left_open(root: P) -> Iterator[tuple[P, Erasing]]:
    """Erasures that were cut off, the oldest first, with their journals.

    Raises:
        CatalogError: a journal cannot be read.
    """
    for path in _journals(root):
        try:
            yield path, Erasing.model_validate_json(unseal(read(path), path))
        except (OSError, ValueError) as error:
            raise CatalogError(f"{path} cannot be read: {error}; grant the right to read it") from error


def refuse_erased(root: Place, facts: Sequence[Record]) -> None:
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


def forget_halves(root: Place) -> None:
    """Remove journals that were being written when their process died: nothing was begun by them."""
    for path in files_in(_folder(root)):
        if _JOURNAL in path.name and path.name.endswith(".tmp"):
            remove(path)


def _folder(root: P) -> P:
    return catalog_folder(root) / "biometric"


def _journals(root: P) -> list[P]:
    return [path for path in files_in(_folder(root)) if path.name.startswith(_JOURNAL) and path.name.endswith(".json")]


def _erased(root: Place) -> Iterator[tuple[str, int, tuple[float, ...]]]:
    """Bytes, frames and boxes of faces that are not to be looked at again."""
    for path in fragments(root, Erasure):
        for places in read_fragment(path, Erasure, ["places"])["places"].to_pylist():
            yield from ((one["content_digest"], one["frame"], tuple(one["box_px"])) for one in places)
