"""Decoded pictures to RGB arrays and back, by the film's own colour matrix and range."""

import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from f2s_ray.errors import MediaError
from f2s_ray.media.film.info import Colour, FilmInfo

__all__ = ["EXACT", "RgbReader", "RgbWriter"]

# Chroma at full resolution, whole rounding, the same bits on every machine.
EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
MATRICES = {1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.ITU601}
MATRICES |= {7: Colorspace.SMPTE240M, 9: Colorspace.BT2020}
UNSPECIFIED = 2
SD_WIDTH_PX, SD_HEIGHT_PX = 1024, 576


class RgbReader:
    """Decoded frames to ``[h, w, 3]``, full range: uint8 for films of 8 bit, uint16 (0..65535) for deeper ones.

    ``size`` (width, height) shrinks on the way, always to 8 bits: quick, for looking at a film, not for restoring it.
    """

    def __init__(self, info: FilmInfo, size: tuple[int, int] | None = None) -> None:
        self._is_deep = info.bit_depth > 8 and not size
        self._size = size
        self._colour = info.colour
        self._matrix = _matrix(info)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """One frame as it is stored, not yet turned upright."""
        full = _is_full(self._colour, frame.format.name)
        width, height = self._size or (frame.width, frame.height)
        turned = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=_rgb_format(frame.format, is_deep=self._is_deep),
            src_colorspace=self._matrix,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA if self._size else EXACT,
            threads=1,
        )
        return np.stack(_colours(turned)).transpose(1, 2, 0)


class RgbWriter:
    """Arrays ``[h, w, 3]`` (uint8, uint16, or float 0..1) to frames of a pixel format, as the encoder wants them."""

    def __init__(self, info: FilmInfo, pixel_format: str) -> None:
        self._format = VideoFormat(pixel_format)
        self._colour = info.colour
        self._full = _is_full(info.colour, info.pixel_format)
        self._matrix = _matrix(info)
        self._reformatter = VideoReformatter()

    def __call__(self, rgb: np.ndarray) -> VideoFrame:
        """One stored frame."""
        height, width, _ = rgb.shape
        frame = VideoFrame(width, height, _rgb_format(self._format, is_deep=rgb.dtype != np.uint8))
        for target, colour in zip(_colours(frame), np.moveaxis(rgb, 2, 0), strict=True):
            if rgb.dtype.kind == "f":
                samples = np.clip(colour, 0, 1)
                samples *= 65535
                np.rint(samples, out=target, casting="unsafe")
            else:
                target[:] = colour
        written = self._reformatter.reformat(
            frame,
            format=self._format.name,
            src_color_range=ColorRange.JPEG,
            dst_colorspace=self._matrix,
            dst_color_range=ColorRange.JPEG if self._full else ColorRange.MPEG,
            interpolation=EXACT,
            threads=1,
        )
        _tag(written, self._colour)
        return written


def _rgb_format(other: VideoFormat, *, is_deep: bool) -> str:
    """The RGB that FFmpeg goes to and from another format by way of.

    Colours that lie apart are three times as quick, and the same samples; but not where the other is RGB of another depth: there
    FFmpeg would lose its white.
    """
    if other.is_rgb and other.components[0].bits not in (8, 16):
        return "rgb48le" if is_deep else "rgb24"
    return "gbrp16le" if is_deep else "gbrp"


def _colours(frame: VideoFrame) -> list[np.ndarray]:
    """Red, green and blue of an RGB frame, ``[h, w]`` each, in its own memory."""
    samples = np.uint8 if frame.format.name in ("gbrp", "rgb24") else np.uint16
    rows = [np.frombuffer(memoryview(plane), samples).reshape(frame.height, -1) for plane in frame.planes]
    if len(rows) == 1:
        return [rows[0][:, colour : 3 * frame.width : 3] for colour in range(3)]
    green, blue, red = (plane[:, : frame.width] for plane in rows)
    return [red, green, blue]


def _tag(target: VideoFrame, colour: Colour) -> None:
    """Set the tags as they are in the source; what it leaves open stays open."""
    target.color_primaries, target.color_trc = colour.primaries, colour.transfer
    target.colorspace, target.color_range = colour.matrix, colour.range


def _is_full(colour: Colour, pixel_format: str) -> bool:
    return colour.range == 2 or (colour.range == 0 and pixel_format.startswith("yuvj"))


def _matrix(info: FilmInfo) -> Colorspace:
    """The matrix as tagged; where nothing is said, by the size, as players do.

    Raises:
        MediaError: ``unsupported`` for a matrix that is not linear in Y, Cb, Cr.
    """
    if VideoFormat(info.pixel_format).is_rgb or info.colour.matrix in (0, UNSPECIFIED):
        small = info.width_px <= SD_WIDTH_PX and info.height_px <= SD_HEIGHT_PX
        return Colorspace.ITU601 if small else Colorspace.ITU709
    if info.colour.matrix not in MATRICES:
        raise MediaError(
            "unsupported", f"colour matrix {info.colour.matrix} of H.273 is not read; convert the film first"
        )
    return MATRICES[info.colour.matrix]
