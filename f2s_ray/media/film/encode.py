"""Frames of one stretch to a segment: a Matroska file of closed groups of pictures that begins with a keyframe."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import Flags, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from f2s_ray.media.film.info import FilmInfo
from f2s_ray.media.film.pixels import RgbWriter
from f2s_ray.media.film.presets import Preset, pixel_format_for
from f2s_ray.media.film.restamp import ranks, reorder_depth, restamped
from f2s_ray.media.film.turn import stored, turn_of
from f2s_ray.media.film.urgency import open_encoder

__all__ = ["NUMBER_BASE", "encode_segment"]

# Matroska counts whole milliseconds, and two frames may be nearer: a segment numbers its frames, 40 ms each. Joining
# gives every frame its exact stamp.
NUMBER_BASE = Fraction(1, 25)


def encode_segment(
    frames: Iterable[np.ndarray], stamps: Sequence[int], info: FilmInfo, preset: Preset, path: Path
) -> None:
    """Write the frames of one stretch, aside first, renamed when whole.

    Frames are turned back as they lie in the source, so that the source's display matrix holds for the result.

    Args:
        frames: upright ``[h, w, 3]`` RGB: uint8, uint16 or float 0..1.
        stamps: of each frame, in ticks of the source; the encoder shares out its bits by them.
        info: the source.
        preset: how to encode.
        path: of the segment.

    Raises:
        MediaError: ``unsupported`` for a colour matrix that is not known.
        ValueError: if there are no frames, or not one for each stamp.
    """
    if not len(stamps):
        raise ValueError("a segment has at least one frame")
    aside = path.with_name(path.name + ".part")
    try:
        with av.open(str(aside), "w", format="matroska") as container:
            container.flags |= Flags.bitexact.value
            stream = _add_stream(container, info, preset)
            _mux_numbered(container, list(_encoded(frames, stamps, info, stream)))
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)


def _add_stream(container: OutputContainer, info: FilmInfo, preset: Preset) -> VideoStream:
    base = info.video.time_base or NUMBER_BASE
    stream = cast(
        VideoStream, container.add_stream(preset.encoder, rate=info.average_rate or 25, options=dict(preset.options))
    )
    context = stream.codec_context
    context.width, context.height = info.width_px, info.height_px
    context.pix_fmt = pixel_format_for(info, preset)[0]
    context.time_base = base
    context.thread_count = preset.threads
    if info.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    colour = info.colour
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    context.colorspace, context.color_range = colour.matrix, colour.range
    stream.time_base = NUMBER_BASE
    open_encoder(context)
    return stream


def _encoded(
    frames: Iterable[np.ndarray], stamps: Sequence[int], info: FilmInfo, stream: VideoStream
) -> Iterator[Packet]:
    write, turn = RgbWriter(info, stream.codec_context.pix_fmt or ""), turn_of(info.display_matrix)
    for rgb, stamp in zip(frames, stamps, strict=True):
        frame = write(stored(rgb, turn))
        frame.pts, frame.time_base = int(stamp) - int(stamps[0]), stream.codec_context.time_base
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _mux_numbered(container: OutputContainer, packets: list[Packet]) -> None:
    places = ranks([packet.pts or 0 for packet in packets])
    for packet in restamped(packets, places, np.arange(len(packets) + 1), reorder_depth(places)):
        packet.time_base = NUMBER_BASE
        container.mux(packet)
