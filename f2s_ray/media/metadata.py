"""Metadata of the source into the result, with a note of what was done; and what of it was lost."""

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from f2s_ray.media import bmff, tiff
from f2s_ray.media.exiv2 import Tags, opened, read_tags
from f2s_ray.media.guard import guarded
from f2s_ray.media.headers import READERS, open_pillow
from f2s_ray.media.photo import Limits, PhotoInfo
from f2s_ray.media.regions import FaceRegion, region_edits
from f2s_ray.media.signatures import recognise
from f2s_ray.media.tag_sets import ORPHANS, RAW_GROUPS, RAW_KEPT, STRUCTURE

__all__ = ["Carried", "Provenance", "carry", "finish"]

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
ANY_SIZE = Limits(max_megapixels=float("inf"), max_pages=1 << 30)


@dataclass(frozen=True)
class Provenance:
    """What was done: software, the networks as name@digest, the day as YYYY-MM-DD, and the faces."""

    software: str
    version: str
    models: tuple[str, ...]
    date: str
    faces: tuple[FaceRegion, ...] = ()


@dataclass(frozen=True)
class Carried:
    """What was kept, and what could not be, each with its reason."""

    carried_over: tuple[str, ...]
    changed: tuple[str, ...]


def carry(source: Path, target: Path, note: Provenance) -> Carried:
    """Put EXIF, IPTC and XMP of the source into the target and note what was done.

    Done again it gives the same bytes, and with other names those that it would have given with them at once.

    The orientation becomes 1, sizes and stored regions follow the upright picture, an old thumbnail is renewed in a
    JPEG and removed elsewhere. ICC profile and resolution are the encoder's work. The source is only read.

    Raises:
        MediaError: ``metadata`` where the target's tags cannot be written.
    """
    original, encoded = source.read_bytes(), target.read_bytes()
    before, after = recognise(original[:1024], source.name), recognise(encoded[:1024], target.name)
    tags = read_tags(original)
    with guarded(target.name):
        source_header = READERS[before](original, ANY_SIZE)
        header = READERS[after](encoded, ANY_SIZE)
        carrier = _carrier(original, tags, before)
        carrier = _edited(carrier, note, (header.width_px, header.height_px), _orientation(tags, before))
        target.write_bytes(_put(carrier, encoded, after, renew="Exif.Thumbnail.Compression" in tags.exif))
    return Carried(tuple(_kept(tags, source_header)), tuple(_lost(tags, original, before)))


def finish(target: Path, source: Path) -> None:
    """Give the result the file times of the source."""
    times = source.stat()
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def _kept(tags: Tags, header: PhotoInfo) -> list[str]:
    found = {
        "exif": tags.exif,
        "iptc": tags.iptc,
        "xmp": tags.xmp,
        "icc": header.has_icc,
        "alpha": header.has_alpha,
        "capture time": "Exif.Photo.DateTimeOriginal" in tags.exif,
    }
    return [name for name, there in found.items() if there]


def _lost(tags: Tags, original: bytes, fmt: str) -> list[str]:
    lost = [f"metadata: damaged in the source, not carried over ({tags.trouble})"] if tags.trouble else []
    if tags.bad_xmp:
        lost.append("xmp: empty or damaged in the source, not carried over")
    if "Exif.Thumbnail.Compression" in tags.exif and fmt != "TIFF":
        lost.append("thumbnail: showed the old picture, renewed or removed")
    if b"http://ns.adobe.com/xmp/extension/" in original:
        lost.append("xmp: its extended part is not carried over")
    if any(ORPHANS.match(key) for key in tags.xmp):
        lost.append("xmp: notes about embedded pictures that are no longer there are removed")
    return lost


def _orientation(tags: Tags, fmt: str) -> int:
    value = tags.exif.get("Exif.Image.Orientation", "1")
    return int(value) if fmt in ("JPEG", "PNG", "WEBP", "TIFF") and value in tuple("12345678") else 1


def _carrier(original: bytes, tags: Tags, fmt: str) -> bytes:
    """A small PNG that bears the source's tags, without those of its pixels and of other pictures inside."""
    blank = io.BytesIO()
    Image.new("L", (1, 1)).save(blank, "PNG")
    if tags.trouble is not None:
        return blank.getvalue()
    with opened(original) as image, opened(blank.getvalue()) as carrier:
        xmp = bool(tags.xmp)
        image.copy_to_another_image(carrier, exif=True, iptc=True, xmp=xmp, comment=False, icc=False, thumbnail=False)
        keys = carrier.read_exif(encoding="latin-1")
        carrier.clear_thumbnail()
        carrier.modify_exif({key: None for key in keys if _is_layout(key, fmt)})
        return bytes(carrier.get_bytes())


def _is_layout(key: str, fmt: str) -> bool:
    if fmt == "RAW":
        return "MakerNote" in key or not (key in RAW_KEPT or key.startswith(RAW_GROUPS))
    return key.startswith("Exif.Thumbnail.") or (
        fmt == "TIFF" and (key in STRUCTURE or key.startswith(("Exif.Image2.", "Exif.Image3.", "Exif.SubImage")))
    )


def _edited(carrier: bytes, note: Provenance, size: tuple[int, int], orientation: int) -> bytes:
    with opened(carrier) as image:
        exif, xmp = image.read_exif(encoding="latin-1"), image.read_xmp(encoding="utf-8")
        image.modify_exif(_exif_edits(exif, note, size, orientation))
        image.modify_xmp({key: None for key in xmp if ORPHANS.match(key)})
        image.modify_xmp(_xmp_edits(xmp, note, size, orientation))
        return bytes(image.get_bytes())


def _exif_edits(exif: dict[str, str], note: Provenance, size: tuple[int, int], orientation: int) -> dict[str, object]:
    edits: dict[str, object] = {"Exif.Image.ProcessingSoftware": f"{note.software} {note.version}"}
    values = {"Exif.Image.Orientation": 1, "Exif.Photo.PixelXDimension": size[0], "Exif.Photo.PixelYDimension": size[1]}
    edits |= {key: str(value) for key, value in values.items() if key in exif}
    x, y = exif.get("Exif.Image.XResolution"), exif.get("Exif.Image.YResolution")
    if orientation >= 5 and x and y and x != y:
        edits |= {"Exif.Image.XResolution": y, "Exif.Image.YResolution": x}
    return edits


def _xmp_edits(xmp: dict[str, object], note: Provenance, size: tuple[int, int], orientation: int) -> dict[str, object]:
    history = "Xmp.xmpMM.History"
    number = 1 + max(
        (int(found[1]) for key in xmp if (found := re.match(re.escape(history) + r"\[(\d+)\]", key))), default=0
    )
    edits: dict[str, object] = {"Xmp.iptcExt.DigitalSourceType": SOURCE_TYPE}
    edits |= {history: 'type="Seq"'} if history not in xmp else {}
    edits |= {
        f"{history}[{number}]": 'type="Struct"',
        f"{history}[{number}]/stEvt:action": "edited",
        f"{history}[{number}]/stEvt:softwareAgent": f"{note.software} {note.version}",
        f"{history}[{number}]/stEvt:when": note.date,
        f"{history}[{number}]/stEvt:parameters": "restored with " + (", ".join(note.models) or "no network"),
    }
    edits |= {"Xmp.tiff.Orientation": "1"} if "Xmp.tiff.Orientation" in xmp else {}
    sizes = {"tiff.ImageWidth": 0, "tiff.ImageLength": 1, "exif.PixelXDimension": 0, "exif.PixelYDimension": 1}
    edits |= {f"Xmp.{key}": str(size[axis]) for key, axis in sizes.items() if f"Xmp.{key}" in xmp}
    return edits | region_edits(xmp, note.faces, size, orientation)


def _put(carrier: bytes, encoded: bytes, fmt: str, *, renew: bool) -> bytes:
    if fmt in ("HEIF", "AVIF"):
        image = open_pillow(carrier, "PNG")
        exif, xmp = image.info.get("exif"), image.info.get("xmp")
        return bmff.add_metadata(bmff.without_metadata(encoded), exif and exif.removeprefix(b"Exif\0\0"), xmp)
    single = tiff.first_page(encoded) if fmt == "TIFF" else encoded
    with opened(carrier) as tags, opened(single) as image:
        tags.copy_to_another_image(image, exif=True, iptc=True, xmp=True, comment=False, icc=False, thumbnail=False)
        if renew and fmt == "JPEG":
            image.modify_thumbnail(_thumbnail(encoded))
        done = bytes(image.get_bytes())
    return tiff.append(done, encoded) if fmt == "TIFF" else done


def _thumbnail(encoded: bytes) -> bytes:
    image = open_pillow(encoded, "JPEG")
    image.draft("RGB", (320, 320))
    image = image.convert("RGB")
    image.thumbnail((160, 160))
    small = io.BytesIO()
    image.save(small, "JPEG", quality=85)
    return small.getvalue()
