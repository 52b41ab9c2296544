"""Named faces to the bytes of a sidecar, its own or added to what another program wrote.

Of each face the sidecar tells the region of the Metadata Working Group and that of Microsoft, as digiKam does, and the
name in ``Iptc4xmpExt:PersonInImage``. Regions are about the stored picture. Each region bears the mark ``f2s_ray`` in its
extensions: by that it is found again, and goes when the name goes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from f2s_ray.errors import MediaError
from f2s_ray.media.exiv2 import opened
from f2s_ray.media.named_regions import NamedRegion, overlap, regions_of, same_name
from f2s_ray.media.regions import LIST, REGIONS, Area, region_keys, xmp_text
from f2s_ray.media.sidecar import sidecar_tags
from f2s_ray.media.xml_gate import plain_xml

__all__ = ["MAKER", "Portrayed", "Written", "write_sidecar"]

MAKER = "f2s_ray"
CREATOR = "Xmp.xmp.CreatorTool"
MARK = "mwg-rs:Extensions/xmp:CreatorTool"
PEOPLE = "Xmp.iptcExt.PersonInImage"
SUBJECT = "Xmp.dc.subject"
MICROSOFT = "Xmp.MP.RegionInfo"
MICROSOFT_LIST = f"{MICROSOFT}/MPRI:Regions"
SIZE = f"{REGIONS}/mwg-rs:AppliedToDimensions"
ORIENTATION = "Xmp.tiff.Orientation"
OURS = (REGIONS, PEOPLE, SUBJECT, MICROSOFT, ORIENTATION, CREATOR)
SAME_FACE = 0.3
EMPTY = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>\n<?xpacket end="w"?>'
)
Member = dict[str, object]


@dataclass(frozen=True)
class Portrayed:
    """Who is in a picture, and where.

    Args:
        size: width and height of the stored picture; of no matter to a film.
        orientation: EXIF orientation of the stored picture.
        faces: names and areas in the stored picture.
        people: names without a place, as in a film.
    """

    size: tuple[int, int]
    orientation: int = 1
    faces: tuple[tuple[str, Area], ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """The bytes of the sidecar, none when it has nothing to tell, and what others say otherwise."""

    data: bytes | None
    conflicts: tuple[str, ...] = ()


def write_sidecar(existing: bytes | None, shown: Portrayed, where: str) -> Written:
    """A sidecar that tells who is shown; where it tells that already, the same bytes.

    Tags and regions of other programs stay. Where one of them calls a face by another name, that name stays, too, and is
    a conflict.

    Raises:
        MediaError: the existing sidecar cannot be read, or would lose something.
    """
    before = {} if existing is None else sidecar_tags(existing, where)
    if existing is None or _is_ours(before):
        edits = {key: None for key in before} | _edits({}, shown)[0]
        named = shown.faces or shown.people
        fresh = {**({ORIENTATION: str(shown.orientation)} if shown.orientation > 1 else {}), CREATOR: MAKER}
        data = _edited(EMPTY, {key: value for key, value in edits.items() if value is not None} | fresh)
        return Written(existing if existing and sidecar_tags(data, where) == before else data if named else None)
    _refuse_other_frame(before, shown, where)
    edits, conflicts = _edits(before, shown)
    data = _edited(plain_xml(existing, where), edits)
    after = sidecar_tags(data, where)
    if _foreign(after) != _foreign(before):
        raise MediaError("contract", f"{where}: tags of another program would be lost; it is left as it is")
    return Written(existing if after == before else data, tuple(f"{where}: {line}" for line in conflicts))


def _is_ours(tags: Mapping[str, object]) -> bool:
    marked = all(MARK in member for member in _members(tags, LIST))
    return tags.get(CREATOR) == MAKER and marked and all(key.startswith(OURS) for key in tags)


def _edits(before: Mapping[str, object], shown: Portrayed) -> tuple[dict[str, object], list[str]]:
    """What to change, and which faces others call otherwise."""
    regions = _members(before, LIST)
    others = [member for member in regions if MARK not in member]
    ours = _named([member for member in regions if member not in others])
    theirs = _named(others)
    added: list[tuple[str, Area]] = []
    conflicts: list[str] = []
    for name, area in shown.faces:
        there = [region for region in theirs if overlap(region.area, area) >= SAME_FACE]
        conflicts += [f"{region.name} there, {name} here" for region in there if not same_name(region.name, name)]
        added += [] if there else [(name, area)]
    if regions == others and not added and not shown.people:
        return {}, conflicts
    marked = [_member(region_keys("", *face)) | {MARK: MAKER} for face in added]
    edits = _list(before, LIST, others, marked, REGIONS)
    if others or marked:
        edits |= {SIZE: 'type="Struct"', f"{SIZE}/stDim:w": str(shown.size[0]), f"{SIZE}/stDim:h": str(shown.size[1])}
        edits |= {f"{SIZE}/stDim:unit": "pixel"}
    kept = [member for member in _members(before, MICROSOFT_LIST) if not _repeats(member, ours)]
    edits |= _list(before, MICROSOFT_LIST, kept, [_microsoft(*face) for face in added], MICROSOFT)
    edits |= _names(before, PEOPLE, ours, theirs, [*shown.people, *(name for name, _ in added)])
    return edits | (_names(before, SUBJECT, [], [], shown.people) if shown.people else {}), conflicts


def _named(members: Sequence[Member]) -> list[NamedRegion]:
    """Regions as a reader of names sees them."""
    tags: dict[str, object] = {
        f"{LIST}[{index}]/{key}": value for index, member in enumerate(members, 1) for key, value in member.items()
    }
    return list(regions_of(tags, "").regions)


def _members(tags: Mapping[str, object], path: str) -> list[Member]:
    """The members of a list of structures, each by the keys inside it."""
    pattern = re.compile(re.escape(path) + r"\[(\d+)\]/(.+)", re.DOTALL)
    members: dict[int, Member] = {}
    for key, value in tags.items():
        if match := pattern.fullmatch(key):
            members.setdefault(int(match[1]), {})[match[2]] = value
    return [members[index] for index in sorted(members)]


def _member(keys: Mapping[str, object]) -> Member:
    return {key.lstrip("/"): value for key, value in keys.items() if key}


def _list(
    before: Mapping[str, object], path: str, kept: Sequence[Member], added: Sequence[Member], root: str
) -> dict[str, object]:
    """A list of structures written anew; without members it goes with all that is about it."""
    members = [*kept, *added]
    if members == _members(before, path):
        return {}
    edits: dict[str, object] = {key: None for key in before if key.startswith(f"{path if members else root}")}
    if not members:
        return edits
    edits |= {root: 'type="Struct"'} if root not in before else {}
    edits |= {path: 'type="Bag"'}
    for index, member in enumerate(members, 1):
        edits[f"{path}[{index}]"] = 'type="Struct"'
        if any(key.startswith("mwg-rs:Extensions/") for key in member):
            edits[f"{path}[{index}]/mwg-rs:Extensions"] = 'type="Struct"'
        edits |= {f"{path}[{index}]/{key}": value for key, value in member.items()}
    return edits


def _microsoft(name: str, area: Area) -> Member:
    x, y, width, height = area
    corner = (max(x - width / 2, 0.0), max(y - height / 2, 0.0), width, height)
    rectangle = ", ".join(f"{value:.6f}" for value in corner)
    return {"MPReg:PersonDisplayName": xmp_text(name), "MPReg:Rectangle": rectangle}


def _repeats(member: Member, ours: Sequence[NamedRegion]) -> bool:
    """Whether a region of Microsoft says what a marked one says."""
    (read,) = regions_of({f"{MICROSOFT_LIST}[1]/{key}": value for key, value in member.items()}, "").regions or (None,)
    return read is not None and any(
        read.name == region.name and all(abs(a - b) < 1e-4 for a, b in zip(read.area, region.area, strict=True))
        for region in ours
    )


def _names(
    before: Mapping[str, object],
    path: str,
    ours: Sequence[NamedRegion],
    theirs: Sequence[NamedRegion],
    names: Sequence[str],
) -> dict[str, object]:
    """A list of names: those that stand there, less what only our own regions said, and the new ones."""
    stored = before.get(path, [])
    old = [str(name) for name in stored] if isinstance(stored, list) else [str(stored)]
    gone = {region.name for region in ours} - {region.name for region in theirs} - set(names)
    kept = [name for name in old if name.strip() not in gone]
    known = {name.strip() for name in kept}
    result = [*kept, *dict.fromkeys(xmp_text(name) for name in names if name not in known)]
    if result == old:
        return {}
    edits: dict[str, object] = {key: None for key in before if key.startswith(path)}
    if result:
        edits |= {path: 'type="Bag"'} | {f"{path}[{index}]": name for index, name in enumerate(result, 1)}
    return edits


def _refuse_other_frame(before: Mapping[str, object], shown: Portrayed, where: str) -> None:
    """Regions of a turned or cut picture and our own cannot stand in one list."""
    found = regions_of(before, where).regions
    sizes = {region.applied_to for region in found if region.applied_to is not None}
    for width, height in sizes if shown.faces else ():
        if abs(width / height / (shown.size[0] / shown.size[1]) - 1) > 0.05:
            raise MediaError(
                "contract",
                f"{where}: its regions are of a picture of {width:g} x {height:g}, not {shown.size[0]} x "
                f"{shown.size[1]}; it is left as it is",
            )


def _foreign(tags: Mapping[str, object]) -> dict[str, object]:
    """What is not ours to change, and the regions of others wherever they stand in the list."""
    kept = {key: value for key, value in tags.items() if not key.startswith((REGIONS, PEOPLE, SUBJECT, MICROSOFT))}
    regions = [member for member in _members(tags, LIST) if MARK not in member]
    return {**kept, LIST: regions} if regions else kept


def _edited(data: bytes, edits: Mapping[str, object]) -> bytes:
    """Removals first: a list that shrinks leaves nothing behind."""
    with opened(data) as image:
        image.modify_xmp({key: None for key, value in edits.items() if value is None})
        image.modify_xmp({key: value for key, value in edits.items() if value is not None})
        return bytes(image.get_bytes())
