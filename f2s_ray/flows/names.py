"""Names that other programs gave, from INPUT and sidecars into statements; and the catalog's names into sidecars."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from f2s_catalog.forgotten import Forgotten
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place
from f2s_catalog.records import Constraint, Erasure, Face, FaceMark, Identity, Label, MediaItem, Source
from f2s_catalog.storage import look

from f2s_ray.errors import MediaError
from f2s_ray.flows.joins import erased_places
from f2s_ray.media.named_regions import Found
from f2s_ray.media.picasa import MAX_BYTES as MAX_INI_BYTES
from f2s_ray.media.picasa import NAMES, PicasaFolder, named_faces, read_picasa
from f2s_ray.media.sidecar import embedded_faces, sidecar_faces, stored_orientation
from f2s_ray.media.xml_gate import MAX_BYTES
from f2s_ray.stages.files import read_below
from f2s_ray.stages.name_facts import Known, Said, say_names
from f2s_ray.stages.place_names import NamedFace, Picture, place_names

__all__ = ["Imported", "listed_media", "read_names"]

MAX_PICTURE_BYTES = 1 << 30


@dataclass
class Imported:
    """What was read: statements to append, and what there is to tell of it.

    ``forgotten`` counts regions that bear a name of somebody who was erased, or lie where a face of them was.
    """

    facts: list[Label | Constraint] = field(default_factory=list)
    names: int = 0
    matched: int = 0
    unmatched: int = 0
    forgotten: int = 0
    conflicts: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def read_names(catalog: Catalog, source: Place, sidecars: Path | None) -> Imported:
    """Read all names, place them on faces, and see what is to be said; nothing is written. Who was erased stays so.

    Args:
        catalog: of an indexed archive.
        source: INPUT.
        sidecars: a folder with sidecars besides those that lie in INPUT.
    """
    media = [item for item in listed_media(catalog) if item.kind == "photo"]
    faces = {face.face_id: face for face in catalog.rows(Face)}
    in_medium: dict[str, list[Face]] = {}
    for face in faces.values():
        in_medium.setdefault(face.media_id, []).append(face)
    reader = _Reader(source, sidecars, media)
    named: list[NamedFace] = []
    left: set[tuple[str, str, float, float]] = set()
    erased, forgotten, passed = erased_places(catalog), Forgotten(catalog.rows(Erasure)), 0
    troubles: list[str] = []
    for item in media:
        for found in reader.found(item):
            troubles += found.troubles
            if found.regions:
                picture = Picture(item.path, item.width_px, item.height_px, reader.orientation(item))
                own = [region for region in found.regions if region.name not in forgotten]
                spots: list[Face | FaceMark] = [*in_medium.get(item.media_id, []), *erased.get(item.content_digest, [])]
                placed, alone = place_names(own, spots, picture)
                passed += len(found.regions) - len(placed) - len(alone)
                named += placed
                left |= {(item.path, one.name, round(one.area[0], 2), round(one.area[1], 2)) for one in alone}
    said = say_names(named, _known(catalog, faces, media))
    return replace(_told(said, named, len(left), [*reader.troubles, *troubles]), forgotten=passed)


def listed_media(catalog: Catalog) -> list[MediaItem]:
    """The photos and films of the latest listing, by path."""
    listed = {source.path for source in catalog.rows(Source)}
    return sorted((item for item in catalog.rows(MediaItem) if item.path in listed), key=lambda item: item.path)


def _told(said: Said, named: Sequence[NamedFace], unmatched: int, troubles: Sequence[str]) -> Imported:
    return Imported(
        facts=said.facts,
        names=len({one.name.casefold() for one in named}),
        matched=len({one.face.face_id for one in named}),
        unmatched=unmatched,
        conflicts=sorted(set(said.conflicts)),
        troubles=list(dict.fromkeys(troubles)),
    )


def _known(catalog: Catalog, faces: Mapping[str, Face], media: Sequence[MediaItem]) -> Known:
    every = catalog.rows(MediaItem)
    digests = {item.media_id: item.content_digest for item in every}
    identities = [
        identity.model_copy(update={"face_ids": tuple(one for one in identity.face_ids if one in faces)})
        for identity in catalog.rows(Identity)
    ]
    return Known(
        faces=faces,
        identities=[identity for identity in identities if identity.face_ids or identity.name],
        labels=catalog.rows(Label),
        constraints=catalog.rows(Constraint),
        digests=digests,
        paths={item.media_id: item.path for item in media},
    )


class _Reader:
    """All places where the names of a photo may stand."""

    def __init__(self, source: Place, sidecars: Path | None, media: Sequence[MediaItem]) -> None:
        self._source, self._sidecars = source, sidecars
        self._stems = Counter(_stem(item.path) for item in media)
        self.troubles: list[str] = []
        self._folders = {folder: self._picasa(folder) for folder in sorted({_folder(item.path) for item in media})}
        self._contacts = _contacts(self._folders.values())

    def found(self, item: MediaItem) -> Iterator[Found]:
        """What each of them tells, apart: two programs may say the same of one face."""
        for root in (self._sidecars, self._source):
            if root is not None:
                yield from self._beside(root, item)
        if (data := self._picture(item)) is not None:
            yield embedded_faces(data, item.path)
        folder = _folder(item.path)
        name = PurePosixPath(item.path).name
        yield named_faces(self._folders[folder], name, self._contacts, f"{folder}{NAMES[0]}")

    def orientation(self, item: MediaItem) -> int:
        """In which the picture is stored; that of a RAW its decoder keeps to itself."""
        if item.format != "RAW":
            return item.orientation
        try:
            return stored_orientation(read_below(self._source, item.path, MAX_PICTURE_BYTES) or b"")
        except MediaError:
            return 1

    def _beside(self, root: Place, item: MediaItem) -> Iterator[Found]:
        """``a.jpg.xmp``, and ``a.xmp`` where it is of this picture."""
        stem, suffix = _stem(item.path), PurePosixPath(item.path).suffix
        for base in dict.fromkeys((item.path, stem)):
            for ending in (".xmp", ".XMP"):
                where = base + ending
                try:
                    data = read_below(root, where, MAX_BYTES)
                except MediaError as error:
                    yield Found((), (error.message,))
                    continue
                if data is not None:
                    is_open = base != item.path
                    shared = is_open and self._stems[stem] > 1
                    yield sidecar_faces(data, where, suffix if is_open else None, is_shared=shared)

    def _picture(self, item: MediaItem) -> bytes | None:
        """The picture itself, where XMP was seen in it or it has changed since."""
        try:
            there = look(self._source / item.path)
            if there is None:
                return None
            unchanged = (there.byte_count, there.modified_ns) == (item.byte_count, item.modified_ns)
            if unchanged and not item.has_xmp:
                return None
            return read_below(self._source, item.path, MAX_PICTURE_BYTES)
        except (MediaError, OSError) as error:
            self.troubles.append(f"{item.path}: {error}")
            return None

    def _picasa(self, folder: str) -> PicasaFolder:
        both = PicasaFolder()
        for name in reversed(NAMES):
            try:
                if (data := read_below(self._source, folder + name, MAX_INI_BYTES)) is not None:
                    one = read_picasa(data, folder + name)
                    both.contacts.update(one.contacts)
                    both.faces.update(one.faces)
            except MediaError as error:
                self.troubles.append(error.message)
        return both


def _contacts(folders: Iterable[PicasaFolder]) -> dict[str, str]:
    """Contacts that all folders call alike; Picasa leaves them out of a folder now and then."""
    names: dict[str, set[str]] = {}
    for folder in folders:
        for contact, name in folder.contacts.items():
            names.setdefault(contact, set()).add(name)
    return {contact: next(iter(found)) for contact, found in names.items() if len(found) == 1}


def _folder(path: str) -> str:
    """The folder of a path with its slash; nothing for INPUT itself."""
    head, slash, _ = path.rpartition("/")
    return head + slash


def _stem(path: str) -> str:
    suffix = PurePosixPath(path).suffix
    return path.removesuffix(suffix) if suffix else path
