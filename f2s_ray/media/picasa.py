"""The bytes of a ``.picasa.ini`` to faces and contacts: what Picasa knows of the pictures of one folder.

::

    [Contacts2]
    d04ca592f8868c2=Ann Lee;;
    [a.jpg]
    faces=rect64(3f845bcb59418507),d04ca592f8868c2;rect64(9bff22f6ad443ebb),ffffffffffffffff

``rect64`` holds left, top, right and bottom in 65536ths of the stored picture, four hexadecimal digits each, without the
zeros in front; a contact of only ``f`` is somebody unknown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from f2s_ray.errors import MediaError
from f2s_ray.media.named_regions import MAX_REGIONS, Found, NamedRegion, checked_area, clean_name

__all__ = ["NAMES", "PicasaFolder", "named_faces", "read_picasa"]

NAMES = (".picasa.ini", "Picasa.ini")
MAX_BYTES = 16 << 20
MAX_LINE = 1 << 20
_FACE = re.compile(r"rect64\(([0-9a-fA-F]+)\),([0-9a-fA-F]+)")
_UNKNOWN = re.compile("f+")


@dataclass(frozen=True)
class PicasaFolder:
    """Contacts by id, and what stands behind ``faces=`` by the name of the picture in small letters."""

    contacts: dict[str, str] = field(default_factory=dict)
    faces: dict[str, str] = field(default_factory=dict)


def read_picasa(data: bytes, where: str) -> PicasaFolder:
    """What one file tells; lines that say nothing of faces are passed over.

    Raises:
        MediaError: ``too_large``; ``broken`` when it is no text.
    """
    if len(data) > MAX_BYTES:
        raise MediaError("too_large", f"{where}: {len(data)} bytes, at most {MAX_BYTES} are read")
    text = _decoded(data)
    if "\0" in text:
        raise MediaError("broken", f"{where}: no text; Picasa writes it again when the folder is opened there")
    folder = PicasaFolder()
    section = ""
    for line in re.split(r"[\r\n]+", text):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        key, equals, value = line.partition("=")
        if not equals or len(line) > MAX_LINE:
            continue
        if section == "Contacts2":
            folder.contacts[key.strip().lower().lstrip("0")] = value.split(";")[0]
        elif key.strip().lower() == "faces":
            folder.faces[section.casefold()] = value
    return folder


def named_faces(folder: PicasaFolder, filename: str, contacts: Mapping[str, str], where: str) -> Found:
    """The named faces of one picture.

    Args:
        folder: what the file beside the picture tells.
        filename: of the picture, without its folder.
        contacts: names that other folders tell, for ids that this one does not know.
        where: what to call the file in troubles.
    """
    regions: list[NamedRegion] = []
    troubles: list[str] = []
    for rectangle, contact in _FACE.findall(folder.faces.get(filename.casefold(), ""))[:MAX_REGIONS]:
        known = contact.lower().lstrip("0")
        written = folder.contacts.get(known, contacts.get(known))
        if _UNKNOWN.fullmatch(known) or written is None:
            continue
        try:
            if name := clean_name(written):
                regions.append(NamedRegion(name, _area(rectangle, name), None, "Picasa"))
        except MediaError as error:
            troubles.append(f"{where}: {filename}: {error.message}")
    return Found(tuple(regions), tuple(troubles))


def _area(digits: str, name: str) -> tuple[float, float, float, float]:
    if len(digits) > 16:
        raise MediaError("region", f"the region of {name} is no rect64")
    padded = digits.zfill(16)
    left, top, right, bottom = (int(padded[at : at + 4], 16) / 65536 for at in range(0, 16, 4))
    return checked_area(((left + right) / 2, (top + bottom) / 2, right - left, bottom - top), name)


def _decoded(data: bytes) -> str:
    """UTF-8, which Picasa writes; UTF-16 by its mark; else the Western Windows letters of its first versions."""
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
