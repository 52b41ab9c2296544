"""XMP tags to named faces: regions of the Metadata Working Group, and those of Microsoft.

digiKam writes both, Lightroom and Picasa from 3.9 on the first, Windows Photo Gallery the second. All of them mean the
stored picture, before its orientation is applied.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from f2s_ray.errors import MediaError
from f2s_ray.media.regions import Area

__all__ = ["Found", "NamedRegion", "checked_area", "clean_name", "overlap", "regions_of", "same_name"]

MAX_NAME = 200
MAX_REGIONS = 1000
MIN_SIDE, MAX_SIDE = 1e-4, 1.5
PROGRAMS = {
    "picasa": "Picasa",
    "lightroom": "Lightroom",
    "digikam": "digiKam",
    "darktable": "darktable",
    "windows": "Windows Photo Gallery",
    "f2s_ray": "f2s_ray",
}
_MWG = re.compile(r"Xmp\.mwg-rs\.Regions/mwg-rs:RegionList\[(\d{1,9})\]/mwg-rs:(Name|Type|Area/stArea:([xywh]|unit))")
_MICROSOFT = re.compile(r"Xmp\.MP\.RegionInfo/MPRI:Regions\[(\d{1,9})\]/MPReg:(PersonDisplayName|Rectangle)")
_SIZE = "Xmp.mwg-rs.Regions/mwg-rs:AppliedToDimensions/stDim:"


@dataclass(frozen=True)
class NamedRegion:
    """A face with a name as a program wrote it.

    Args:
        name: who, cleaned.
        area: centre and size as fractions of the width and height of the picture.
        applied_to: width and height of the picture that is meant, where that is said.
        program: who wrote it, as far as known.
    """

    name: str
    area: Area
    applied_to: tuple[float, float] | None
    program: str


@dataclass(frozen=True)
class Found:
    """Named faces, and one line for each thing that could not be read."""

    regions: tuple[NamedRegion, ...] = ()
    troubles: tuple[str, ...] = ()


def regions_of(xmp: Mapping[str, object], where: str, software: str = "") -> Found:
    """The named faces in the tags of one file; what Microsoft's regions say again is left out.

    Args:
        xmp: the tags by Exiv2's names.
        where: what to call the file in troubles.
        software: what EXIF calls the program that wrote the file.
    """
    program = _program(xmp, software)
    found: list[NamedRegion] = []
    troubles: list[str] = []
    entries = [*_mwg(xmp), *_microsoft(xmp)]
    if len(entries) > MAX_REGIONS:
        return Found((), (f"{where}: {len(entries)} regions, at most {MAX_REGIONS} are read",))
    for written, numbers, applied_to in entries:
        try:
            name = clean_name(written)
            if name:
                region = NamedRegion(name, checked_area(numbers, name), applied_to, program)
                if not any(region.name == other.name and overlap(region.area, other.area) > 0.8 for other in found):
                    found.append(region)
        except MediaError as error:
            troubles.append(f"{where}: {error.message}")
    return Found(tuple(found), tuple(troubles))


def clean_name(text: str) -> str:
    r"""A name on one line: composed letters, no control characters, single blanks; empty where nothing is left.

    Raises:
        MediaError: ``name`` when it is longer than any name.

    >>> clean_name(" Ann\n\x07Lee ")
    'Ann Lee'
    """
    if len(text) > 4 * MAX_NAME:
        raise MediaError("name", f"a name of {len(text)} characters, at most {MAX_NAME} are taken")
    marks = "\u200c\u200d"
    kept = "".join(
        char if char in marks or not unicodedata.category(char).startswith("C") else " "
        for char in unicodedata.normalize("NFC", text)
    )
    name = " ".join(kept.split()).strip(marks)
    if len(name) > MAX_NAME:
        raise MediaError("name", f"a name of {len(name)} characters, at most {MAX_NAME} are taken")
    return name


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, but for small and capital letters and blanks."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def checked_area(numbers: tuple[str, str, str, str] | Area, name: str) -> Area:
    """Centre and size of what of an area lies in the picture.

    Raises:
        MediaError: ``region`` when nothing does, or the numbers are none.
    """
    try:
        x, y, width, height = (float(number) for number in numbers)
    except ValueError as error:
        raise MediaError("region", f"the region of {name} has no numbers") from error
    good = all(map(math.isfinite, (x, y, width, height)))
    if (
        not good
        or not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE)
        or not (0 <= x <= 1 and 0 <= y <= 1)
    ):
        raise MediaError("region", f"the region of {name} is not in the picture")
    x0, x1 = max(x - width / 2, 0.0), min(x + width / 2, 1.0)
    y0, y1 = max(y - height / 2, 0.0), min(y + height / 2, 1.0)
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def overlap(one: Area, other: Area) -> float:
    """What two areas share over what they cover together, 0..1.

    >>> overlap((0.5, 0.5, 0.5, 0.5), (0.75, 0.5, 0.5, 0.5))
    0.3333333333333333
    """
    sides = [
        min(one[at] + one[at + 2] / 2, other[at] + other[at + 2] / 2)
        - max(one[at] - one[at + 2] / 2, other[at] - other[at + 2] / 2)
        for at in (0, 1)
    ]
    if min(sides) <= 0:
        return 0.0
    both = sides[0] * sides[1]
    return both / (one[2] * one[3] + other[2] * other[3] - both)


Entry = tuple[str, tuple[str, str, str, str], tuple[float, float] | None]


def _mwg(xmp: Mapping[str, object]) -> list[Entry]:
    """Faces only: a pet, a focus point and a bar code are regions, too."""
    applied_to = _applied_to(xmp)
    return [
        (tags["Name"], tuple(tags.get(f"Area/stArea:{part}", "") for part in "xywh"), applied_to)  # type: ignore[misc]
        for tags in _grouped(xmp, _MWG)
        if "Name" in tags
        and tags.get("Type", "Face") == "Face"
        and tags.get("Area/stArea:unit", "normalized") == "normalized"
    ]


def _microsoft(xmp: Mapping[str, object]) -> list[Entry]:
    """Left, top, width and height in one text; a person of the whole picture has no rectangle, or one of zeros."""
    entries: list[Entry] = []
    for tags in _grouped(xmp, _MICROSOFT):
        parts = [part.strip() for part in tags.get("Rectangle", "").split(",")]
        if "PersonDisplayName" not in tags or tags.get("Rectangle", "").strip(" ,.0") == "":
            continue
        try:
            left, top, width, height = map(float, parts)
            centre = (str(left + width / 2), str(top + height / 2), str(width), str(height))
        except ValueError:
            centre = ("", "", "", "")
        entries.append((tags["PersonDisplayName"], centre, None))
    return entries


def _grouped(xmp: Mapping[str, object], pattern: re.Pattern[str]) -> list[dict[str, str]]:
    """The tags of each member of a list, in its order."""
    members: dict[int, dict[str, str]] = {}
    for key, value in xmp.items():
        if (match := pattern.fullmatch(key)) and isinstance(value, str):
            members.setdefault(int(match[1]), {})[match[2]] = value
    return [members[index] for index in sorted(members)]


def _applied_to(xmp: Mapping[str, object]) -> tuple[float, float] | None:
    try:
        width, height = float(str(xmp[f"{_SIZE}w"])), float(str(xmp[f"{_SIZE}h"]))
    except (KeyError, ValueError):
        return None
    good = math.isfinite(width) and math.isfinite(height) and min(width, height) >= 1
    return (width, height) if good else None


def _program(xmp: Mapping[str, object], software: str) -> str:
    words = f"{xmp.get('Xmp.xmp.CreatorTool', '')} {software}".lower()
    if any(key.startswith("Xmp.digiKam.") for key in xmp):
        return "digiKam"
    named = next((name for word, name in PROGRAMS.items() if word in words), None)
    if named is None and any(key.startswith("Xmp.MicrosoftPhoto.") for key in xmp):
        return "Windows Photo Gallery"
    return named or "XMP"
