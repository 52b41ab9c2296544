"""Frames [first, stop) of a film, upright, with exact stamps: from the nearest keyframe, one frame at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import NamedTuple

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from f2s_ray.errors import MediaError
from f2s_ray.media.film.container import film_stream, open_film
from f2s_ray.media.film.index import FilmIndex
from f2s_ray.media.film.info import FilmInfo
from f2s_ray.media.film.pixels import RgbReader
from f2s_ray.media.film.turn import turn_of, upright
from f2s_ray.media.ranged import MediaFile

__all__ = ["FilmFrame", "decode_frames", "read_frames"]

SEEKS = 3
HELD_FRAMES = 32


class FilmFrame(NamedTuple):
    """One frame: its stamp in ticks, ``[h, w, 3]`` upright full-range RGB, whether the decoder mended damage."""

    pts: int
    rgb: np.ndarray
    is_mended: bool


def read_frames(path: MediaFile, info: FilmInfo, index: FilmIndex, first: int, stop: int) -> Iterator[FilmFrame]:
    """Exactly the frames [first, stop) in the order of showing, upright.

    Raises:
        MediaError: ``broken`` for a frame that does not decode, ``size_changes`` for one of another size.
        ValueError: if the interval is not inside the film.
    """
    convert, turn = RgbReader(info), turn_of(info.display_matrix)
    for number, frame in enumerate(decode_frames(path, info, index, first, stop), first):
        yield FilmFrame(int(index.pts[number]), upright(convert(frame), turn), frame.is_corrupt)


def decode_frames(path: MediaFile, info: FilmInfo, index: FilmIndex, first: int, stop: int) -> Iterator[VideoFrame]:
    """The frames [first, stop) as they are stored; raises as ``read_frames``."""
    if not 0 <= first <= stop <= index.frame_count:
        raise ValueError(f"[{first}, {stop}) is not inside [0, {index.frame_count})")
    if first == stop:
        return
    numbers = {int(pts): number for number, pts in enumerate(index.pts[first:stop], first)}
    with ExitStack() as opened:
        if index.has_own_stamps:
            stream, packets = _packets_from(path, index, first, opened)
            frames = _decoded(packets, stream)
            found = ((numbers.get(frame.pts, -1) if frame.pts is not None else -1, frame) for frame in frames)
        else:
            stream, packets = _from_the_start(path, opened)
            found = ((number, frame) for number, frame in enumerate(_decoded(packets, stream)))
        for number, frame in _in_order(found, path.name, index, (first, stop)):
            _check_size(path.name, info, number, frame)
            yield frame


def _packets_from(
    path: MediaFile, index: FilmIndex, first: int, opened: ExitStack
) -> tuple[VideoStream, Iterator[Packet]]:
    """Packets from a keyframe at or before the one that ``first`` needs: a demuxer may land late, so it is tried again."""
    place = int(np.searchsorted(index.keyframes, index.keyframe_before(first)))
    for earlier in range(place, max(0, place - SEEKS), -1):
        container = opened.enter_context(open_film(path))
        stream = film_stream(container)
        depth = stream.codec_context.reorder_depth
        try:
            container.seek(int(index.pts[index.keyframes[earlier]]), stream=stream)
        except av.error.FFmpegError:
            break
        # A flush makes the decoder forget how far frames are out of order; it would drop or swap some.
        stream.codec_context.reorder_depth = depth
        packets = container.demux(stream)
        key = next((packet for packet in packets if packet.is_keyframe and packet.pts is not None), None)
        if key is not None and (key.pts or 0) <= index.pts[first]:
            return stream, chain([key], packets)
    return _from_the_start(path, opened)


def _from_the_start(path: MediaFile, opened: ExitStack) -> tuple[VideoStream, Iterator[Packet]]:
    container = opened.enter_context(open_film(path))
    stream = film_stream(container)
    return stream, container.demux(stream)


def _decoded(packets: Iterator[Packet], stream: VideoStream) -> Iterator[VideoFrame]:
    """All frames that decode; what does not is left out here, and missed where its frame is wanted."""
    try:
        for packet in packets:
            try:
                yield from stream.decode(packet)
            except av.error.InvalidDataError:
                continue
    except av.error.FFmpegError:
        return


def _in_order(
    found: Iterator[tuple[int, VideoFrame]], name: str, index: FilmIndex, interval: tuple[int, int]
) -> Iterator[tuple[int, VideoFrame]]:
    """The wanted frames, each once, none missing; a few that come early are held."""
    wanted, stop = interval
    held: dict[int, VideoFrame] = {}
    for number, frame in found:
        if wanted <= number < stop:
            held[number] = frame
        while wanted in held:
            yield wanted, held.pop(wanted)
            wanted += 1
        if wanted == stop:
            return
        if len(held) > HELD_FRAMES:
            break
    at_seconds = float(index.pts[wanted] * index.time_base)
    raise MediaError("broken", f"{name}: frame {wanted} at {at_seconds:.3f} s does not decode; find a whole copy")


def _check_size(name: str, info: FilmInfo, number: int, frame: VideoFrame) -> None:
    if (frame.width, frame.height) != (info.width_px, info.height_px):
        raise MediaError(
            "size_changes",
            f"{name}: frame {number} is {frame.width} x {frame.height} px, the film began with "
            f"{info.width_px} x {info.height_px}; cut it there and restore the parts",
        )
