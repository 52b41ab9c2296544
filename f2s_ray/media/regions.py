"""Named faces as regions of the Metadata Working Group, in Exiv2's names for XMP."""

import re
from dataclasses import dataclass

__all__ = ["Area", "FaceRegion", "region_edits", "region_keys", "stored_area", "turned", "xmp_text"]

REGIONS = "Xmp.mwg-rs.Regions"
LIST = f"{REGIONS}/mwg-rs:RegionList"
Area = tuple[float, float, float, float]


@dataclass(frozen=True)
class FaceRegion:
    """A face in the upright picture: who, and x0 y0 x1 y1 in pixels. A face without a name makes no region."""

    name: str | None
    box_px: tuple[float, float, float, float]


def region_edits(
    xmp: dict[str, object], faces: tuple[FaceRegion, ...], size: tuple[int, int], orientation: int
) -> dict[str, object]:
    """What to write so that the stored regions turn with the picture and the named faces are added, each name once.

    Args:
        xmp: the source's XMP.
        faces: the faces to add.
        size: width and height of the upright picture in pixels.
        orientation: EXIF orientation of the source, 1..8.
    """
    edits: dict[str, object] = {}
    stored = _indices(xmp)
    for index in stored:
        edits |= _turned_area(xmp, f"{LIST}[{index}]/mwg-rs:Area/stArea", orientation)
    known = {str(xmp.get(f"{LIST}[{index}]/mwg-rs:Name")) for index in stored}
    added = [face for face in faces if face.name is not None and face.name not in known]
    if not stored and not added:
        return {}
    edits |= {REGIONS: 'type="Struct"'} if REGIONS not in xmp else {}
    dimensions = f"{REGIONS}/mwg-rs:AppliedToDimensions"
    edits |= {dimensions: 'type="Struct"'} if dimensions not in xmp else {}
    edits |= {f"{dimensions}/stDim:w": size[0], f"{dimensions}/stDim:h": size[1], f"{dimensions}/stDim:unit": "pixel"}
    edits |= {LIST: 'type="Bag"'} if LIST not in xmp else {}
    for index, face in enumerate(added, start=max(stored, default=0) + 1):
        area = _area(face.box_px, size)
        edits |= region_keys(f"{LIST}[{index}]", str(face.name), area)
    return edits


def stored_area(box_px: tuple[float, float, float, float], size: tuple[int, int], orientation: int) -> Area:
    """Centre and size of a box in the upright picture, as fractions of the picture as it is stored.

    The Metadata Working Group's regions, Microsoft's and Picasa's are all about the stored picture, before its EXIF
    orientation is applied.

    >>> stored_area((75, 20, 100, 60), (100, 80), 6)
    (0.5, 0.125, 0.5, 0.25)
    """
    return turned(_area(box_px, size), {6: 8, 8: 6}.get(orientation, orientation))


def xmp_text(text: str) -> str:
    """A text as a value for Exiv2, which takes one that begins with ``type=`` for a structure: it gets a blank in front."""
    return f" {text}" if text.startswith("type=") else text


def turned(area: Area, orientation: int) -> Area:
    """Centre and size, as fractions, of an area after the picture is set upright.

    >>> turned((0.25, 0.1, 0.2, 0.1), 6)
    (0.9, 0.25, 0.1, 0.2)
    """
    x, y, width, height = area
    if orientation >= 5:
        x, y, width, height = y, x, height, width
    if orientation in (3, 4, 7, 8):
        y = 1 - y
    if orientation in (2, 3, 6, 7):
        x = 1 - x
    return x, y, width, height


def _indices(xmp: dict[str, object]) -> list[int]:
    found = {int(match[1]) for key in xmp if (match := re.match(re.escape(LIST) + r"\[(\d+)\]", key))}
    return sorted(found)


def _turned_area(xmp: dict[str, object], prefix: str, orientation: int) -> dict[str, object]:
    try:
        x, y, width, height = (float(str(xmp[f"{prefix}:{part}"])) for part in "xywh")
    except (KeyError, ValueError):
        return {}
    parts = zip("xywh", turned((x, y, width, height), orientation), strict=True)
    return {f"{prefix}:{part}": f"{value:.6f}" for part, value in parts} if orientation != 1 else {}


def _area(box_px: tuple[float, float, float, float], size: tuple[int, int]) -> Area:
    """Centre and size as fractions of the part of a box that lies in the picture."""
    x0, x1 = (min(max(box_px[at] / size[0], 0.0), 1.0) for at in (0, 2))
    y0, y1 = (min(max(box_px[at] / size[1], 0.0), 1.0) for at in (1, 3))
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def region_keys(prefix: str, name: str, area: Area) -> dict[str, object]:
    """One region of the list in Exiv2's names."""
    place = f"{prefix}/mwg-rs:Area"
    return {
        prefix: 'type="Struct"',
        f"{prefix}/mwg-rs:Name": xmp_text(name),
        f"{prefix}/mwg-rs:Type": "Face",
        place: 'type="Struct"',
        **{f"{place}/stArea:{part}": f"{value:.6f}" for part, value in zip("xywh", area, strict=True)},
        f"{place}/stArea:unit": "normalized",
    }
