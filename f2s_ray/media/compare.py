"""Metadata of source and result side by side: every loss that is not an allowed change."""

import io
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pillow_heif

from f2s_ray.media import png, tiff
from f2s_ray.media.exiv2 import Tags, read_tags
from f2s_ray.media.guard import guarded
from f2s_ray.media.headers import open_pillow
from f2s_ray.media.signatures import recognise
from f2s_ray.media.tag_sets import ORPHANS, RAW_KEPT, STRUCTURE

__all__ = ["compare"]

# Compared group by group; a maker note is one opaque block, its offsets move.
EXIF_GROUPS = ("Exif.Image.", "Exif.Photo.", "Exif.GPSInfo.", "Exif.Iop.")
EXIF_ALLOWED = STRUCTURE | {
    "Exif.Image.Orientation",
    "Exif.Image.ProcessingSoftware",
    "Exif.Image.InterColorProfile",
    "Exif.Image.XResolution",
    "Exif.Image.YResolution",
    "Exif.Photo.PixelXDimension",
    "Exif.Photo.PixelYDimension",
    "Exif.Photo.InteroperabilityTag",
}
XMP_ALLOWED = re.compile(
    r"Xmp\.(tiff\.(Orientation|ImageWidth|ImageLength)|exif\.Pixel[XY]Dimension|iptcExt\.DigitalSourceType|xmpMM\.History|mwg-rs\.)"
)


def compare(source: Path, target: Path) -> list[str]:
    """Each tag that was lost or altered and may not be, in words; empty when all is well.

    Allowed: orientation, sizes, resolution swapped with the sides, thumbnail, maker note offsets, the layout of the
    pixels, the note of what was done. Where the source's tags are damaged only profile and resolution count.
    """
    original, result = source.read_bytes(), target.read_bytes()
    before, after = recognise(original[:1024], source.name), recognise(result[:1024], target.name)
    old, new = read_tags(original), read_tags(result)
    losses = [f"metadata of the result: {new.trouble}"] if new.trouble else []
    if old.trouble is None:
        losses += _exif(old, new, before) + _differ("iptc", old.iptc, new.iptc) + _xmp(old, new)
    with guarded(target.name):
        if before != "RAW":
            losses += ["icc: the profile is not the source's"] if _icc(original, before) != _icc(result, after) else []
            losses += _resolution(original, result, before)
    return losses


def _exif(old: Tags, new: Tags, fmt: str) -> list[str]:
    wanted = {
        key: value
        for key, value in old.exif.items()
        if key.startswith(EXIF_GROUPS) and key not in EXIF_ALLOWED and not (fmt == "RAW" and _is_developing(key))
    }
    note = wanted.pop("Exif.Photo.MakerNote", None)
    lost = ["Exif.Photo.MakerNote: lost"] if note is not None and "Exif.Photo.MakerNote" not in new.exif else []
    sides = ("Exif.Image.XResolution", "Exif.Image.YResolution")
    old_sides, new_sides = ([_numbers(tags.exif.get(key, "")) for key in sides] for tags in (old, new))
    if any(old_sides) and new_sides not in (old_sides, old_sides[::-1]):
        lost.append(f"Exif.Image.XResolution: {old_sides} became {new_sides}")
    return lost + _differ("", wanted, new.exif)


def _is_developing(key: str) -> bool:
    return (key.startswith("Exif.Image.") and key not in RAW_KEPT) or key == "Exif.Photo.MakerNote"


def _xmp(old: Tags, new: Tags) -> list[str]:
    wanted = {key: value for key, value in old.xmp.items() if not XMP_ALLOWED.match(key) and not ORPHANS.match(key)}
    return _differ("", wanted, new.xmp)


def _differ(title: str, wanted: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    differences = []
    for key, value in wanted.items():
        if key not in found:
            differences.append(f"{title} {key}: lost".strip())
        elif found[key] != value and _numbers(found[key]) != _numbers(value):
            differences.append(f"{title} {key}: {str(value)[:60]!r} became {str(found[key])[:60]!r}".strip())
    return differences


def _numbers(value: object) -> object:
    """``300/1`` and ``600/2`` are one number; what is no list of fractions stays as it is."""
    try:
        return [Fraction(word) for word in str(value).split()]
    except (ValueError, ZeroDivisionError):
        return value


def _icc(data: bytes, fmt: str) -> list[bytes | None]:
    if fmt == "TIFF":
        return [tags.icc for tags in tiff.page_tags(data)]
    if fmt == "HEIF":
        return [pillow_heif.open_heif(io.BytesIO(data)).info.get("icc_profile")]
    return [open_pillow(data, fmt).info.get("icc_profile") or None]


def _resolution(original: bytes, result: bytes, fmt: str) -> list[str]:
    old, new = _sides(original, fmt), _sides(result, fmt)
    same = len(old) == len(new) and all(abs(a - b) <= 0.51 for a, b in zip(old, new, strict=True))
    return [] if same or not old else [f"resolution: {old} became {new}"]


def _sides(data: bytes, fmt: str) -> list[float]:
    """Stored dots per unit, each page's two in order of size: turning a picture swaps them."""
    if fmt == "TIFF":
        return [side for tags in tiff.page_tags(data) for side in sorted(tags.resolution or (0, 0))]
    if fmt == "PNG":
        found = [content for kind, content in png.chunks(data) if kind == b"pHYs"]
        return sorted(float(int.from_bytes(content[at : at + 4], "big")) for content in found for at in (0, 4))
    if fmt == "JPEG":
        info = open_pillow(data, fmt).info
        return sorted(float(side) for side in info["dpi"]) if info.get("jfif_unit") else []
    return []
