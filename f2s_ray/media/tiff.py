"""TIFF pages to samples and back: any page count, 1 to 16 bits, grey, RGB, palette, CMYK, alpha."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
import tifffile
from tifffile import PHOTOMETRIC as P

from f2s_ray.errors import MediaError
from f2s_ray.media import jpeg
from f2s_ray.media.photo import Colour

__all__ = ["PageHeader", "PageTags", "append", "first_page", "headers", "is_dng", "page_tags", "read", "write"]

COLOURS: dict[int, Colour] = {
    P.MINISBLACK: "grey",
    P.MINISWHITE: "grey",
    P.RGB: "rgb",
    P.YCBCR: "rgb",
    P.PALETTE: "palette",
    P.SEPARATED: "cmyk",
}
SAMPLES = {"grey": 1, "palette": 1, "rgb": 3, "cmyk": 4}
JPEG_COMPRESSIONS = (6, 7, 33007)
# None, CCITT, LZW, deflate, PackBits, LZMA, Zstandard: they fill a strip and no more. What is a picture of its own inside a
# strip says its own size, which can be any; of those only JPEG is read, after its size was looked at.
COMPRESSIONS = frozenset((1, 2, 3, 4, 5, 8, 32773, 32946, 34925, 50000, *JPEG_COMPRESSIONS))
DNG_VERSION = 50706
# What it would log about a foreign file is either raised here or does not matter.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True)
class PageHeader:
    """One page as its tags describe it; sizes as stored, not upright."""

    width_px: int
    height_px: int
    bit_depth: int
    colour: Colour
    has_alpha: bool
    orientation: int
    has_icc: bool


@dataclass(frozen=True)
class PageTags:
    """What a page carries besides its pixels; the resolution is that of the upright page."""

    resolution: tuple[float, float] | None = None
    resolution_unit: int = 2
    icc: bytes | None = None
    description: str | None = None
    name: str | None = None
    alpha_kind: int = 2


def is_dng(data: bytes) -> bool:
    """The file is a DNG, whatever its name: it holds a sensor's values, not a picture."""
    with _opened(data) as file:
        return any(DNG_VERSION in page.tags for page in _pages(file, 1))


def headers(data: bytes, max_pages: int) -> list[PageHeader]:
    """All pages' headers; no pixel is decoded.

    Raises:
        MediaError: ``broken`` or ``unsupported``, or ``too_large`` for too many pages.
    """
    with _opened(data) as file:
        pages = _pages(file, max_pages + 1)
        if len(pages) > max_pages:
            raise MediaError("too_large", f"TIFF has more than {max_pages} pages; split it or raise max_pages")
        if not pages:
            raise MediaError("broken", "TIFF holds no page; find a whole copy")
        return [_header(page) for page in pages]


def read(data: bytes) -> Iterator[tuple[np.ndarray, np.ndarray | None, int]]:
    """Each page's colours ``[h, w(, 3 or 4)]``, its alpha ``[h, w]`` or None, and the greatest value a sample can have.

    White is great and no ink is nought; a palette is looked up. Raises ``MediaError`` as ``headers`` does.
    """
    with _opened(data) as file:
        for page in _pages(file):
            header = _header(page)
            _refuse_short(page, len(data))
            _refuse_other_frames(page, data)
            samples = page.asarray(maxworkers=1)
            if page.planarconfig == 2 and samples.ndim == 3:
                samples = samples.transpose(1, 2, 0)
            if samples.shape[:2] != (header.height_px, header.width_px):
                raise MediaError("unsupported", f"TIFF page of shape {samples.shape} is no picture")
            yield _colours(page, header, samples)


def page_tags(data: bytes) -> list[PageTags]:
    """What each page carries besides its pixels, in order."""
    with _opened(data) as file:
        return [_tags_of(page) for page in _pages(file)]


def write(pages: Iterator[tuple[np.ndarray, Colour, PageTags]]) -> bytes:
    """A TIFF, deflated with prediction, lossless; samples ``[h, w, c]`` of uint8 or uint16."""
    target = io.BytesIO()
    with tifffile.TiffWriter(target) as writer:
        for samples, colour, tags in pages:
            _write_page(writer, samples, colour, tags)
    return target.getvalue()


def first_page(whole: bytes) -> bytes:
    """Page one of a TIFF made by ``write``, alone."""
    with _opened(whole) as file:
        page = _pages(file)[0]
        samples = page.asarray()
        return write(
            iter([(samples[..., None] if samples.ndim == 2 else samples, _header(page).colour, _tags_of(page))])
        )


def append(first: bytes, whole: bytes) -> bytes:
    """Page one from ``first``, all others from ``whole``, a TIFF made by ``write``."""
    target = io.BytesIO(first)
    with _opened(whole) as file, tifffile.TiffWriter(target, append=True) as writer:
        for page in _pages(file)[1:]:
            samples = page.asarray()
            _write_page(
                writer, samples[..., None] if samples.ndim == 2 else samples, _header(page).colour, _tags_of(page)
            )
    return target.getvalue()


def _pages(file: tifffile.TiffFile, most: int | None = None) -> list[tifffile.TiffPage]:
    """The first pages; tifffile reads each IFD only as it comes to it, so a hostile chain is not followed."""
    return [page for page in islice(file.pages, most) if isinstance(page, tifffile.TiffPage)]


def _refuse_short(page: tifffile.TiffPage, size: int) -> None:
    """Strips that are missing would come back as black."""
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if count == 0 or start + count > size:
            raise MediaError("truncated", f"TIFF strip at byte {start} with {count} bytes is not in the file of {size}")


def _refuse_other_frames(page: tifffile.TiffPage, data: bytes) -> None:
    """A JPEG that is larger than its strip or tile would be decoded whole, and then cut."""
    if int(page.compression) not in JPEG_COMPRESSIONS:
        return
    rows, columns = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    strips = (data[start : start + count] for start, count in zip(page.dataoffsets, page.databytecounts, strict=False))
    for strip in (page.jpegheader or b"", *strips):
        jpeg.refuse_endless(strip)
        found = jpeg.frame_size(strip)
        if found and found[0] * found[1] > _whole_blocks(rows) * _whole_blocks(columns):
            raise MediaError(
                "broken",
                f"TIFF strip of {columns} x {rows} px holds a JPEG of {found[1]} x {found[0]} px; save it again",
            )


def _whole_blocks(length_px: int) -> int:
    return (length_px + 15) // 16 * 16


def _write_page(writer: tifffile.TiffWriter, samples: np.ndarray, colour: Colour, tags: PageTags) -> None:
    extra = samples.shape[2] - SAMPLES[colour]
    writer.write(
        samples if samples.shape[2] > 1 else samples[..., 0],
        photometric={"grey": "minisblack", "rgb": "rgb", "cmyk": "separated"}[colour],
        planarconfig="contig" if samples.shape[2] > 1 else None,
        extrasamples=[tags.alpha_kind] * extra,
        compression="adobe_deflate",
        predictor=True,
        resolution=tags.resolution,
        resolutionunit=tags.resolution_unit if tags.resolution else None,
        iccprofile=tags.icc,
        description=tags.description,
        extratags=[(285, "s", 0, tags.name, True)] if tags.name else [],
        metadata=None,
        software=False,
        maxworkers=1,
    )


def _header(page: tifffile.TiffPage) -> PageHeader:
    try:
        colour = COLOURS.get(int(page.photometric))
    except ValueError:
        colour = None
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    if colour is None or page.sampleformat not in (1, 4) or bits not in (1, 2, 4, 8, 10, 12, 14, 16):
        raise MediaError(
            "unsupported",
            f"TIFF page with photometric {page.photometric!s}, {bits} bits, sample format {page.sampleformat}; "
            "save it as 8- or 16-bit RGB",
        )
    if int(page.compression) not in COMPRESSIONS:
        raise MediaError(
            "unsupported",
            f"TIFF page with compression {getattr(page.compression, 'name', page.compression)}; save it with LZW, deflate or none",
        )
    extra = page.samplesperpixel - SAMPLES[colour]
    if extra not in (0, 1) or page.imagedepth != 1:
        raise MediaError(
            "unsupported", f"TIFF page with {page.samplesperpixel} samples a pixel; save it as RGB, RGBA or CMYK"
        )
    orientation = page.tags.valueof(274, default=1)
    return PageHeader(
        width_px=page.imagewidth,
        height_px=page.imagelength,
        bit_depth=bits,
        colour=colour,
        has_alpha=extra == 1,
        orientation=orientation if orientation in range(1, 9) else 1,
        has_icc=34675 in page.tags,
    )


def _colours(
    page: tifffile.TiffPage, header: PageHeader, samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None, int]:
    maximum = (1 << header.bit_depth) - 1
    if header.colour == "palette":
        table = page.colormap
        if table is None:
            raise MediaError("broken", "TIFF page with a palette that is not there; find a whole copy")
        return table.transpose(1, 0)[np.minimum(samples, table.shape[1] - 1)], None, 65535
    alpha = samples[..., -1] if header.has_alpha else None
    colours = samples[..., :-1] if header.has_alpha else samples
    if colours.dtype == np.bool_:
        colours = colours.astype(np.uint8)
    if int(page.photometric) == P.MINISWHITE:
        colours = maximum - colours
    if int(page.photometric) == P.YCBCR and int(page.compression) not in JPEG_COMPRESSIONS:
        raise MediaError("unsupported", "TIFF page in YCbCr without JPEG compression; save it as RGB")
    return (colours[..., 0] if colours.ndim == 3 and colours.shape[2] == 1 else colours), alpha, maximum


def _tags_of(page: tifffile.TiffPage) -> PageTags:
    resolution = None
    x, y = page.tags.valueof(282), page.tags.valueof(283)
    if x and y and x[1] and y[1]:
        resolution = (x[0] / x[1], y[0] / y[1])
        if page.tags.valueof(274, default=1) in (5, 6, 7, 8):
            resolution = resolution[::-1]
    description, name = page.tags.valueof(270), page.tags.valueof(285)
    return PageTags(
        resolution=resolution,
        resolution_unit=int(page.tags.valueof(296, default=2)),
        icc=page.tags.valueof(34675),
        description=description if isinstance(description, str) and description.isascii() else None,
        name=name if isinstance(name, str) and name.isascii() else None,
        alpha_kind=int(page.extrasamples[0]) if page.extrasamples else 2,
    )


@contextmanager
def _opened(data: bytes) -> Iterator[tifffile.TiffFile]:
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            yield file
    except (MediaError, MemoryError):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:160]
        raise MediaError("broken", f"TIFF cannot be read: {text}; find a whole copy") from error
