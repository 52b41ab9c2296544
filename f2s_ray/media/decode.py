"""A file to upright pages of float pixels, strictly: what a decoder would quietly patch is an error."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import rawpy
import simplejpeg
from torch import Tensor

from f2s_ray.errors import MediaError
from f2s_ray.media import jpeg, png, tiff
from f2s_ray.media.guard import guarded
from f2s_ray.media.headers import open_pillow
from f2s_ray.media.ink import rgb_from_ink
from f2s_ray.media.photo import Limits, Page, Photo, PhotoInfo, tensor_from
from f2s_ray.media.probe import read_bytes

__all__ = ["decode", "upright"]

Samples = tuple[np.ndarray, np.ndarray | None, int, int]
# Memory that decoding may take: each pixel as floats several times over, and what decoders need beside that.
_BYTES_PER_PIXEL = 64
_MORE_BYTES = 1 << 30
# Bytes between two header segments; before a restart (d0-d7) or the end (d9) they would be lost picture data.
JUNK_IN_HEADER = re.compile(r"extraneous bytes before marker 0x(?!d[0-79])")


def decode(path: Path, info: PhotoInfo, limits: Limits) -> Photo:
    """All pages, upright, float32 0..1, RGB as stored (an ICC profile is not applied, it goes along).

    16-bit samples keep their precision, grey is three equal channels, CMYK comes as plain RGB with its ink beside it.

    Raises:
        MediaError: ``changed`` when the file is not the one that was probed, else ``broken`` or ``truncated``: no pixel
            that the decoder had to guess is ever returned.
    """
    data = read_bytes(path, limits)
    if hashlib.sha256(data).hexdigest() != info.content_digest:
        raise MediaError("changed", f"{path.name}: changed since it was probed; run index again")
    with guarded(path.name, _MORE_BYTES + 4 * len(data) + int(info.megapixels * 1e6) * _BYTES_PER_PIXEL):
        pages = tuple(_page(*samples, info) for samples in _READERS[info.format](data, info))
    return Photo(pages, info)


def upright(channels: Tensor, orientation: int) -> Tensor:
    """Turn ``[c, h, w]`` by its EXIF orientation.

    >>> upright(Tensor([[[1, 2], [3, 4]]]), 6).tolist()
    [[[3.0, 1.0], [4.0, 2.0]]]
    """
    if orientation >= 5:
        channels = channels.transpose(1, 2)
    if orientation in (3, 4, 7, 8):
        channels = channels.flip(1)
    if orientation in (2, 3, 6, 7):
        channels = channels.flip(2)
    return channels.contiguous()


def _page(colours: np.ndarray, alpha: np.ndarray | None, maximum: int, orientation: int, info: PhotoInfo) -> Page:
    channels = upright(tensor_from(colours, maximum), orientation)
    depth = 8 if info.colour == "palette" else maximum.bit_length()
    ink = channels if len(channels) == 4 else None
    return Page(
        rgb=rgb_from_ink(ink) if ink is not None else channels.expand(3, -1, -1).contiguous(),
        alpha=None if alpha is None else upright(tensor_from(alpha, maximum), orientation),
        ink=ink,
        is_grey=len(channels) == 1,
        bit_depth=depth,
    )


def _split(samples: np.ndarray, has_alpha: bool) -> tuple[np.ndarray, np.ndarray | None]:
    if not has_alpha:
        return samples, None
    return samples[..., :-1], samples[..., -1]


def _jpeg(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    if info.colour == "cmyk":
        _refuse_patched_ink(data)
        yield np.asarray(open_pillow(data, "JPEG")), None, 255, info.orientation
        return
    space = "GRAY" if info.colour == "grey" else "RGB"
    try:
        samples = simplejpeg.decode_jpeg(data, colorspace=space, strict=True)
    except ValueError as error:
        if not JUNK_IN_HEADER.search(str(error)):
            raise
        samples = simplejpeg.decode_jpeg(jpeg.without_junk(data), colorspace=space, strict=True)
    yield samples[..., 0] if info.colour == "grey" else samples, None, 255, info.orientation


def _refuse_patched_ink(data: bytes) -> None:
    """Pillow knows Adobe's inverted inks, but patches damage; the strict decoder is asked about that alone."""
    try:
        simplejpeg.decode_jpeg(data, colorspace="CMYK", strict=True)
    except ValueError as error:
        if "Corrupt" in str(error) or "Premature" in str(error):
            raise


def _png(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    samples = imagecodecs.png_decode(png.pixels_alone(data))
    colours, alpha = _split(samples, info.has_alpha)
    colours = colours[..., 0] if colours.ndim == 3 and colours.shape[2] == 1 else colours
    yield colours, alpha, np.iinfo(samples.dtype).max, info.orientation


def _webp(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    image = open_pillow(data, "WEBP")
    colours, alpha = _split(np.asarray(image), info.has_alpha)
    yield colours, alpha, 255, info.orientation


def _avif(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    samples = np.asarray(open_pillow(data, "AVIF")) if info.bit_depth == 8 else imagecodecs.avif_decode(data)
    colours, alpha = _split(samples, info.has_alpha)
    yield colours, alpha, (1 << info.bit_depth) - 1, info.orientation


def _heif(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    samples = np.asarray(file[0])
    if info.bit_depth > 8:
        samples = samples >> (16 - info.bit_depth)
    colours, alpha = _split(samples, info.has_alpha)
    yield colours, alpha, (1 << info.bit_depth) - 1, 1


def _tiff(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    orientations = [page.orientation for page in tiff.headers(data, info.page_count)]
    for (colours, alpha, maximum), orientation in zip(tiff.read(data), orientations, strict=True):
        yield colours, alpha, maximum, orientation


def _raw(data: bytes, info: PhotoInfo) -> Iterator[Samples]:
    with rawpy.imread(io.BytesIO(data)) as raw:
        yield raw.postprocess(output_bps=16, use_camera_wb=True), None, 65535, 1


_READERS: dict[str, Callable[[bytes, PhotoInfo], Iterator[Samples]]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "AVIF": _avif,
    "HEIF": _heif,
    "TIFF": _tiff,
    "RAW": _raw,
}
