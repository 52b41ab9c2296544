"""The header of each format to what it says about the pixels; none is decoded."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pillow_heif
import rawpy
from PIL import Image, UnidentifiedImageError

from f2s_ray.errors import MediaError
from f2s_ray.media import jpeg, png, tiff
from f2s_ray.media.photo import Colour, Limits, PhotoInfo

__all__ = ["READERS", "open_pillow"]

PILLOW_FORMATS = {"JPEG": ["JPEG"], "PNG": ["PNG"], "WEBP": ["WEBP"], "AVIF": ["AVIF"]}
MODES: dict[str, Colour] = {"1": "grey", "L": "grey", "LA": "grey", "I;16": "grey", "P": "palette", "CMYK": "cmyk"}
# Pillow's own limit is a guess about all programs; here Limits.max_megapixels is checked before the first pixel.
Image.MAX_IMAGE_PIXELS = None


def open_pillow(data: bytes, fmt: str) -> Image.Image:
    """Pillow, with the decoder of one format alone. Raises ``MediaError`` where it does not accept the header."""
    try:
        return Image.open(io.BytesIO(data), formats=PILLOW_FORMATS[fmt])
    except UnidentifiedImageError as error:
        raise MediaError("broken", f"no {fmt} decoder accepts its header; find a whole copy") from error


def _jpeg(data: bytes, limits: Limits) -> PhotoInfo:
    jpeg.refuse_endless(data)
    bits, process = jpeg.precision_and_process(data)
    if bits != 8 or process > 0xC2:
        kind = "lossless" if process == 0xC3 else f"process {process - 0xC0}"
        raise MediaError("unsupported", f"JPEG with {bits} bits, {kind}; save it as 8-bit JPEG or 16-bit TIFF")
    image = open_pillow(data, "JPEG")
    xmp = image.info.get("xmp", b"")
    companions: tuple[str, ...] = (
        ("a gain map or further pictures",) if image.format == "MPO" or b"hdr-gain-map" in xmp else ()
    )
    if b"MotionPhoto" in xmp or b"MicroVideo" in xmp:
        companions += ("the clip of a motion photo",)
    return replace(_from_pillow(image, "JPEG", 8), companions=companions)


def _png(data: bytes, limits: Limits) -> PhotoInfo:
    names = {kind for kind, _ in png.chunks(data)}
    if b"acTL" in names:
        raise MediaError("animated", "animated PNG is refused: all frames but one would be lost")
    image = open_pillow(data, "PNG")
    info = _from_pillow(image, "PNG", data[24])
    colour: Colour = "palette" if data[25] == 3 else "grey" if data[25] in (0, 4) else "rgb"
    depth = 8 if colour == "palette" else data[24]
    return replace(info, colour=colour, bit_depth=depth, has_alpha=data[25] in (4, 6) or b"tRNS" in names)


def _webp(data: bytes, limits: Limits) -> PhotoInfo:
    image = open_pillow(data, "WEBP")
    if getattr(image, "n_frames", 1) > 1:
        raise MediaError("animated", "animated WebP is refused: all frames but one would be lost")
    return _from_pillow(image, "WEBP", 8)


def _refuse_large(data: bytes, limits: Limits) -> None:
    """Before any library sees it: the sizes that the property boxes of a HEIF or AVIF declare."""
    head = data[: max(data.find(b"mdat"), 0) or len(data)]
    at = head.find(b"ispe")
    while at >= 0:
        width, height = (int.from_bytes(head[at + skip : at + skip + 4], "big") for skip in (8, 12))
        if width * height > limits.max_megapixels * 1e6:
            raise MediaError(
                "too_large",
                f"{width} x {height} px; the limit is {limits.max_megapixels:g} megapixels, raise max_megapixels",
            )
        at = head.find(b"ispe", at + 4)


def _avif(data: bytes, limits: Limits) -> PhotoInfo:
    _refuse_large(data, limits)
    image = open_pillow(data, "AVIF")
    if getattr(image, "n_frames", 1) > 1:
        raise MediaError("animated", "AVIF sequence is refused: all frames but one would be lost")
    return replace(_from_pillow(image, "AVIF", _av1_depth(data)), orientation=_oriented(image))


def _av1_depth(data: bytes) -> int:
    """Bits per sample from the AV1 configuration box: high_bitdepth and twelve_bit of its third byte."""
    at = data.find(b"av1C")
    flags = data[at + 6] if at >= 0 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _oriented(image: Image.Image) -> int:
    value = image.getexif().get(274, 1)
    return value if value in range(1, 9) else 1


def _heif(data: bytes, limits: Limits) -> PhotoInfo:
    _refuse_large(data, limits)
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    if len(file) > 1:
        raise MediaError("animated", f"HEIF with {len(file)} pictures is refused: all but one would be lost")
    width, height = file.size
    companions = tuple(
        name for name, key in (("a depth map", "depth_images"), ("auxiliary pictures", "aux")) if file.info.get(key)
    )
    return PhotoInfo(
        format="HEIF",
        width_px=width,
        height_px=height,
        orientation=1,
        page_count=1,
        bit_depth=file.info["bit_depth"],
        colour="grey" if file.mode.startswith(("L", "I")) else "rgb",
        has_alpha="A" in file.mode,
        has_icc=bool(file.info.get("icc_profile")),
        megapixels=width * height / 1e6,
        companions=companions,
        **_UNKNOWN,
    )


def _tiff(data: bytes, limits: Limits) -> PhotoInfo:
    if tiff.is_dng(data):
        return _raw(data, limits)
    pages = tiff.headers(data, limits.max_pages)
    first = pages[0]
    width, height = first.width_px, first.height_px
    if first.orientation >= 5:
        width, height = height, width
    return PhotoInfo(
        format="TIFF",
        width_px=width,
        height_px=height,
        orientation=first.orientation,
        page_count=len(pages),
        bit_depth=max(page.bit_depth for page in pages),
        colour=first.colour,
        has_alpha=any(page.has_alpha for page in pages),
        has_icc=any(page.has_icc for page in pages),
        megapixels=sum(page.width_px * page.height_px for page in pages) / 1e6,
        **_UNKNOWN,
    )


def _raw(data: bytes, limits: Limits) -> PhotoInfo:
    with rawpy.imread(io.BytesIO(data)) as raw:
        width, height = raw.sizes.width, raw.sizes.height
        if raw.sizes.flip in (5, 6):
            width, height = height, width
    return PhotoInfo(
        format="RAW",
        width_px=width,
        height_px=height,
        orientation=1,
        page_count=1,
        bit_depth=16,
        colour="rgb",
        has_alpha=False,
        has_icc=False,
        megapixels=width * height / 1e6,
        **_UNKNOWN,
    )


def _from_pillow(image: Image.Image, fmt: str, bit_depth: int) -> PhotoInfo:
    width, height = image.size
    return PhotoInfo(
        format=fmt,
        width_px=width,
        height_px=height,
        orientation=1,
        page_count=1,
        bit_depth=bit_depth,
        colour=MODES.get(image.mode, "rgb"),
        has_alpha=image.mode in ("RGBA", "LA", "PA"),
        has_icc=bool(image.info.get("icc_profile")),
        megapixels=width * height / 1e6,
        **_UNKNOWN,
    )


_UNKNOWN: dict[str, Any] = {
    "has_exif": False,
    "has_xmp": False,
    "has_iptc": False,
    "captured_at": None,
    "camera": None,
    "content_digest": "",
    "byte_count": 0,
}
READERS: dict[str, Callable[[bytes, Limits], PhotoInfo]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "AVIF": _avif,
    "HEIF": _heif,
    "TIFF": _tiff,
    "RAW": _raw,
}
