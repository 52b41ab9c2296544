"""Named faces as regions of the Metadata Working Group, in Exiv2's names for XMP."""

import re
from dataclasses import dataclass

__all__ = ["FaceRegion", "region_edits"]

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
        edits |= _face(f"{LIST}[{index}]", face, size)
    return edits


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


def _face(prefix: str, face: FaceRegion, size: tuple[int, int]) -> dict[str, object]:
    x0, y0, x1, y1 = face.box_px
    area = f"{prefix}/mwg-rs:Area"
    return {
        prefix: 'type="Struct"',
        f"{prefix}/mwg-rs:Name": face.name,
        f"{prefix}/mwg-rs:Type": "Face",
        area: 'type="Struct"',
        f"{area}/stArea:x": f"{(x0 + x1) / 2 / size[0]:.6f}",
        f"{area}/stArea:y": f"{(y0 + y1) / 2 / size[1]:.6f}",
        f"{area}/stArea:w": f"{(x1 - x0) / size[0]:.6f}",
        f"{area}/stArea:h": f"{(y1 - y0) / size[1]:.6f}",
        f"{area}/stArea:unit": "normalized",
    }
