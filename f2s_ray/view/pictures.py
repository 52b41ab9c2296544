"""A picture file, or a frame of a film, to small upright JPEG data URIs: 8-bit RGB, alpha over white, colour profiles ignored."""

import base64
import io
import math
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pillow_heif
from f2s_catalog.records import Box
from PIL import Image, ImageOps, TiffImagePlugin

from f2s_ray.errors import MediaError
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.pixels import RgbReader
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.film.turn import turn_of, upright
from f2s_ray.media.ranged import MediaFile
from f2s_ray.stages.films import Film, stored_frames

__all__ = ["FACE_MARGIN", "Inline", "cut_face", "cut_square", "inline", "load", "load_frame", "open_reel"]

_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF")
FACE_MARGIN = 1.5
"""Side of the cut, in longer sides of the face box: hair and chin are inside."""
_JPEG_QUALITY = 82
_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 0x0102

Image.init()  # a list of formats finds only those that are registered by now
pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Inline:
    """A picture inside the page."""

    uri: str
    width_px: int
    height_px: int


def load(path: Path, *, raw: bool = False, scale: float = 1.0) -> Image.Image | None:
    """Decode the first page, upright, as 8-bit RGB; None when the file is gone or cannot be read any more.

    Args:
        path: the file.
        raw: develop it; what Pillow finds in a RAW file is only its preview.
        scale: least scale that is needed, 0..1; a JPEG is then decoded at the next larger one, which is quick.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for decode in (_with_rawpy,) if raw else (partial(_with_pillow, scale=scale), _with_tifffile):
            try:
                return decode(path)
            except Exception:  # noqa: BLE001 - third-party decoders raise anything; the page shows a placeholder
                continue
    return None


def open_reel(path: MediaFile, scan: str) -> Film | None:
    """A film by its file and how it was scanned; None when it is gone or cannot be read any more."""
    try:
        return Film(path, probe_film(path, FilmLimits()), scan_packets(path), scan)
    except MediaError:
        return None


def load_frame(film: Film, number: int) -> Image.Image | None:
    """A frame of a film, upright, as 8-bit RGB; None when it does not decode."""
    try:
        (frame,) = stored_frames(film, number, number + 1)
        return Image.fromarray(_eight_bits(upright(RgbReader(film.info)(frame), turn_of(film.info.display_matrix))))
    except (MediaError, ValueError):
        return None


def inline(image: Image.Image, long_side_px: int) -> Inline:
    """A JPEG data URI, its long side at most ``long_side_px``."""
    small = image.copy()
    small.thumbnail((long_side_px, long_side_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Inline(f"data:image/jpeg;base64,{encoded}", small.width, small.height)


def cut_face(image: Image.Image, box_px: Box, frame_px: tuple[int, int], side_px: int) -> Image.Image:
    """A square of ``side_px`` around a face, never beyond the picture.

    Args:
        image: the picture, perhaps of another size than the frame.
        box_px: the face in the frame.
        frame_px: width and height of the frame that the box was measured in.
        side_px: side of the result.
    """
    scale_x, scale_y = image.width / frame_px[0], image.height / frame_px[1]
    x0, y0, x1, y1 = box_px[0] * scale_x, box_px[1] * scale_y, box_px[2] * scale_x, box_px[3] * scale_y
    side = min(FACE_MARGIN * max(x1 - x0, y1 - y0, 1.0), image.width, image.height)
    left, top = _inside((x0 + x1) / 2, (y0 + y1) / 2, side, image)
    box = (left, top, left + side, top + side)
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS, box=box)


def cut_square(
    image: Image.Image, focus_px: tuple[float, float], frame_px: tuple[int, int], side_px: int
) -> Image.Image:
    """A square of untouched pixels around a point of the frame; smaller where the picture is."""
    side = min(side_px, image.width, image.height)
    centre_x, centre_y = focus_px[0] * image.width / frame_px[0], focus_px[1] * image.height / frame_px[1]
    left, top = (round(edge) for edge in _inside(centre_x, centre_y, side, image))
    return image.crop((left, top, left + side, top + side))


def _inside(centre_x: float, centre_y: float, side: float, image: Image.Image) -> tuple[float, float]:
    """Left and top of a square that is moved as little as needed to lie in the picture."""
    left = min(max(centre_x - side / 2, 0.0), image.width - side)
    top = min(max(centre_y - side / 2, 0.0), image.height - side)
    return left, top


def _with_pillow(path: Path, scale: float = 1.0) -> Image.Image:
    """All but TIFF deeper than 8 bits and RAW."""
    with Image.open(path, formats=_FORMATS) as opened:
        if isinstance(opened, TiffImagePlugin.TiffImageFile) and max(opened.tag_v2.get(_BITS_PER_SAMPLE, (1,))) > 8:
            raise ValueError("Pillow reads the planes of a deep TIFF as if they were 8-bit")
        if scale < 1.0:
            opened.draft(None, (math.ceil(opened.width * scale), math.ceil(opened.height * scale)))
        opened.load()
        return _rgb(ImageOps.exif_transpose(opened))


def _with_tifffile(path: Path) -> Image.Image:
    """TIFF of any depth."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        pixels = page.asarray()
        if pixels.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
            pixels = np.moveaxis(pixels, 0, -1)
        orientation = page.tags.valueof(_ORIENTATION, default=1)
        inks = page.photometric == tifffile.PHOTOMETRIC.SEPARATED
        dark = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    planes = [Image.fromarray(plane) for plane in np.moveaxis(np.atleast_3d(_eight_bits(pixels)), -1, 0)]
    colours = planes[:3] if len(planes) > 2 else planes[:1] * 3
    image = Image.merge("CMYK", planes[:4]) if inks else Image.merge("RGB", colours)
    image = ImageOps.invert(image) if dark else image
    image.getexif()[_ORIENTATION] = int(orientation)
    return ImageOps.exif_transpose(image).convert("RGB")


def _with_rawpy(path: Path) -> Image.Image:
    """RAW and DNG, developed as the camera would."""
    import rawpy

    with rawpy.imread(str(path)) as raw:
        return Image.fromarray(raw.postprocess())


def _rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB of any mode of Pillow's."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image.convert("RGB")


def _eight_bits(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Samples of any type on the 0..255 scale; floats are 0..1, Pillow's 32-bit integers hold 16-bit samples."""
    values = pixels.astype(np.float64)
    if pixels.dtype.kind == "f":
        values *= 255
    elif pixels.dtype.itemsize > 1:
        values /= 257
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
