"""A picture's XMP to the named faces in it: from a sidecar's bytes, or from the picture's own.

Exiv2's toolkit reads it. A sidecar passes ``plain_xml`` first; of a packet inside a picture Exiv2 itself refuses a
DOCTYPE and great depth before its toolkit sees it.
"""

from f2s_ray.errors import MediaError
from f2s_ray.media.exiv2 import opened, read_tags
from f2s_ray.media.named_regions import Found, regions_of
from f2s_ray.media.xml_gate import plain_xml

__all__ = ["embedded_faces", "sidecar_faces", "sidecar_tags", "stored_orientation"]

EXTENSION = "Xmp.photoshop.SidecarForExtension"


def sidecar_tags(data: bytes, where: str) -> dict[str, object]:
    """The tags of a sidecar by Exiv2's names.

    Args:
        data: its bytes.
        where: what to call it in errors.

    Raises:
        MediaError: ``too_large``, ``entities``, ``broken``.
    """
    plain = plain_xml(data, where)
    try:
        with opened(plain) as image:
            tags = dict(image.read_xmp(encoding="utf-8"))
    except MediaError as error:
        raise MediaError("broken", f"{where}: no XMP ({error.message})") from error
    if not tags:
        raise MediaError("broken", f"{where}: no tag of XMP can be read; write the sidecar again")
    return tags


def sidecar_faces(data: bytes, where: str, suffix: str | None = None, *, is_shared: bool = False) -> Found:
    """The named faces of a sidecar.

    Args:
        data: its bytes.
        where: what to call it in troubles.
        suffix: ending of the picture, where the sidecar's name leaves that open; one that is for another has none.
        is_shared: the name fits several pictures; then the sidecar has to say which it is for.
    """
    try:
        tags = sidecar_tags(data, where)
    except MediaError as error:
        return Found((), (error.message,))
    meant = tags.get(EXTENSION)
    if suffix is not None and isinstance(meant, str) and meant.lower() != suffix.lower().lstrip("."):
        return Found()
    if is_shared and not isinstance(meant, str):
        return Found((), (f"{where}: it could be of several pictures; name it like one of them, as in a.jpg.xmp",))
    return regions_of(tags, where)


def embedded_faces(data: bytes, where: str) -> Found:
    """The named faces in a picture's own XMP; an empty packet has none, a damaged one is a trouble."""
    try:
        with opened(data) as image:
            tags = dict(image.read_xmp(encoding="utf-8"))
            software = str(image.read_exif(encoding="latin-1").get("Exif.Image.Software", ""))
            raw = "" if tags else image.read_raw_xmp(encoding="latin-1").strip()
        if raw:
            plain_xml(raw.encode("latin-1"), where)
        return regions_of(tags, where, software)
    except MediaError as error:
        return Found((), (error.message if where in error.message else f"{where}: {error.message}",))


def stored_orientation(data: bytes) -> int:
    """EXIF orientation of a file that its decoder turns by itself, as of a RAW; 1 where it says none."""
    value = read_tags(data).exif.get("Exif.Image.Orientation", "1")
    return int(value) if value in tuple("12345678") else 1
