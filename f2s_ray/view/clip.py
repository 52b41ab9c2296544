"""A film and its result to pictures of both, side by side: single moments, and a short clip for the page.

::

    +--------+--+--------+
    | source |  | result |    each half at most 360 px long, four white px between them
    +--------+--+--------+
"""

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import Flags
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from f2s_ray.errors import MediaError
from f2s_ray.media.film.info import FilmInfo
from f2s_ray.media.film.pixels import EXACT, RgbReader
from f2s_ray.media.film.presets import X264_SAME_BYTES
from f2s_ray.media.film.turn import turn_of, upright
from f2s_ray.media.film.urgency import open_encoder
from f2s_ray.stages.films import Film, stored_frames

__all__ = ["ENCODERS", "Clip", "half_size", "make_clip", "paired"]

_HALF_PX = 360
_LEAST_PX = 16  # encoders refuse less
_DIVIDER_PX = 4
_MOST_FRAMES = 90
_HD_MATRIX, _LIMITED_RANGE = 1, 1
# The first that is installed writes the clip; the caps on the rate keep three seconds near 300 kB at worst.
ENCODERS = {
    "libx264": {
        "crf": "24",
        "profile": "main",
        "bf": "0",
        "maxrate": "700k",
        "bufsize": "400k",
        "x264-params": X264_SAME_BYTES,
    },
    "libsvtav1": {"crf": "32", "preset": "8", "svtav1-params": "mbr=700:lp=1"},
}


@dataclass(frozen=True)
class Clip:
    """A short film inside the page; ``start_seconds`` and ``stop_seconds`` are those of the source."""

    uri: str
    width_px: int
    height_px: int
    start_seconds: float
    stop_seconds: float


def paired(source: Film, result: Film, number: int) -> Image.Image | None:
    """A frame of both side by side; None when it does not decode."""
    try:
        return Image.fromarray(next(_pairs(source, result, range(number, number + 1))))
    except (MediaError, ValueError):
        return None


def make_clip(source: Film, result: Film, span: tuple[float, float], encoder: str | None = None) -> Clip | None:
    """The frames that begin in [start, stop) seconds, at most 30 a second, paired by their numbers, without sound.

    One pair is held at a time. Frames are stamped as in the source, and as shown: upright, with square pixels.

    Args:
        source: as it came.
        result: as it was restored; every frame has the number that it has in the source.
        span: begin and end; the clip has at least the frame that is shown at the begin.
        encoder: one of ``ENCODERS``; None for the first that is installed.

    Returns:
        The clip; None when a film does not decode there, or nothing here encodes it.
    """
    name = encoder or next((each for each in ENCODERS if each in av.codecs_available), None)
    if name is None:
        return None
    numbers = _numbers(source, span)
    with tempfile.TemporaryDirectory(prefix="f2s-clip-") as folder:
        path = Path(folder) / "clip.mp4"
        try:
            size = _write(_pairs(source, result, numbers), source, numbers, name, path)
        except (MediaError, ValueError):
            return None
        encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    begin, stop = (float(source.index.begin_seconds(number)) for number in (numbers.start, numbers.stop))
    return Clip(f"data:video/mp4;base64,{encoded}", *size, begin, stop)


def half_size(info: FilmInfo) -> tuple[int, int]:
    """Even width and height of an upright half, with square pixels; never more than the film has."""
    aspect = info.sample_aspect_ratio or Fraction(1)
    shown = (info.width_px * max(aspect, Fraction(1)), info.height_px / min(aspect, Fraction(1)))
    scale = min(Fraction(1), _HALF_PX / max(shown))
    width, height = (max(_LEAST_PX, 2 * round(side * scale / 2)) for side in shown)
    return (height, width) if info.turned else (width, height)


def _numbers(film: Film, span: tuple[float, float]) -> range:
    """The numbers of the frames of a span; of many every second, third ..."""
    moments = film.index.pts * float(film.index.time_base)
    first, stop = (int(np.searchsorted(moments, moment - 1e-6)) for moment in span)
    first = min(first, film.index.frame_count - 1)
    stop = max(stop, first + 1)
    return range(first, stop, -(-(stop - first) // _MOST_FRAMES))


def _pairs(source: Film, result: Film, numbers: range) -> Iterator[np.ndarray]:
    """``[h, w, 3]`` uint8, one a number."""
    size = half_size(source.info)
    divider = np.full((size[1], _DIVIDER_PX, 3), 255, np.uint8)
    for left, right in zip(_halves(source, numbers, size), _halves(result, numbers, size), strict=True):
        yield np.concatenate([left, divider, right], axis=1)


def _halves(film: Film, numbers: range, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames of one film in an upright size; what lies between them is decoded, not converted."""
    convert = RgbReader(film.info, size[::-1] if film.info.turned else size)
    turn = turn_of(film.info.display_matrix)
    for frame in islice(stored_frames(film, numbers.start, numbers.stop), 0, None, numbers.step):
        yield upright(convert(frame), turn)


def _write(pairs: Iterator[np.ndarray], source: Film, numbers: range, encoder: str, path: Path) -> tuple[int, int]:
    """An MP4 whose table stands at its begin; returns width and height."""
    index, reformatter = source.index, VideoReformatter()
    rate = (source.info.average_rate or Fraction(25)) / numbers.step
    width, height = half_size(source.info)
    size = (2 * width + _DIVIDER_PX, height)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.flags |= Flags.bitexact.value
        stream = cast(VideoStream, container.add_stream(encoder, rate=rate, options=dict(ENCODERS[encoder])))
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = *size, "yuv420p"
        context.time_base = index.time_base
        context.thread_count = 1  # another number of threads writes other bytes
        context.color_primaries = context.color_trc = context.colorspace = _HD_MATRIX
        context.color_range = _LIMITED_RANGE
        open_encoder(context)
        for number, pair in zip(numbers, pairs, strict=True):
            frame = reformatter.reformat(
                VideoFrame.from_ndarray(pair, "rgb24"),
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                interpolation=EXACT,
                threads=1,
            )
            frame.pts, frame.time_base = int(index.pts[number] - index.pts[numbers[0]]), index.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return size
