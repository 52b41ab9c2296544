"""The catalog's names into sidecars: one beside each photo and film that shows somebody who has a name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place
from f2s_catalog.records import Face, Identity, MediaItem

from f2s_ray.errors import MediaError
from f2s_ray.flows.names import MAX_PICTURE_BYTES, listed_media
from f2s_ray.media.named_regions import clean_name
from f2s_ray.media.regions import stored_area
from f2s_ray.media.sidecar import stored_orientation
from f2s_ray.media.sidecar_write import MAKER, Portrayed, write_sidecar
from f2s_ray.media.xml_gate import MAX_BYTES
from f2s_ray.stages.files import read_below, remove_below, write_below

__all__ = ["Exported", "write_names"]


@dataclass
class Exported:
    """Counts of sidecars, and what there is to tell of them."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    conflicts: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def write_names(catalog: Catalog, source: Place, sidecars: Path) -> Exported:
    """Write a sidecar for each listed photo and film that shows a named, not ignored person.

    A sidecar of an earlier export follows the catalog: a name that is gone goes, and with the last the file. What another
    program wrote there stays.

    Args:
        catalog: of an archive whose people have names.
        source: INPUT, only read.
        sidecars: the folder to write to.
    """
    done = Exported()
    names = _names(catalog.rows(Identity), done)
    shown: dict[str, list[Face]] = {}
    for face in catalog.rows(Face):
        if names.get(face.face_id):
            shown.setdefault(face.media_id, []).append(face)
    for item in listed_media(catalog):
        try:
            portrayed = _portrayed(item, shown.get(item.media_id, []), names, source)
            _write(portrayed, f"{item.path}.xmp", sidecars, done)
        except MediaError as error:
            done.troubles.append(error.message)
    return done


def _names(identities: Sequence[Identity], done: Exported) -> dict[str, str]:
    """Names by face."""
    names: dict[str, str] = {}
    for identity in identities:
        if identity.name and not identity.is_ignored:
            try:
                names |= dict.fromkeys(identity.face_ids, clean_name(identity.name))
            except MediaError as error:
                done.troubles.append(f"{identity.identity_id}: {error.message}")
    return names


def _portrayed(item: MediaItem, faces: Sequence[Face], names: dict[str, str], source: Place) -> Portrayed:
    """A film has no region: its faces move."""
    if item.kind == "film":
        return Portrayed((1, 1), people=tuple(sorted({names[face.face_id] for face in faces})))
    upright = (item.width_px, item.height_px)
    orientation = item.orientation
    if item.format == "RAW" and faces:
        orientation = stored_orientation(read_below(source, item.path, MAX_PICTURE_BYTES) or b"")
    size = (upright[1], upright[0]) if orientation >= 5 else upright
    placed = [(names[face.face_id], stored_area(face.box_px, upright, orientation)) for face in faces]
    return Portrayed(size, orientation, tuple(sorted(placed, key=lambda one: (one[1], one[0]))))


def _write(portrayed: Portrayed, relative: str, sidecars: Path, done: Exported) -> None:
    existing = read_below(sidecars, relative, MAX_BYTES)
    is_shown = bool(portrayed.faces or portrayed.people)
    if not is_shown and (existing is None or MAKER.encode() not in existing):
        return
    written = write_sidecar(existing, portrayed, relative)
    done.conflicts += written.conflicts
    if written.data is None:
        remove_below(sidecars, relative)
        done.removed += 1
    elif written.data == existing:
        done.unchanged += 1
    else:
        write_below(sidecars, relative, written.data)
        done.written += 1
