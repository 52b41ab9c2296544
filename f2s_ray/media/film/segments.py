"""Encoded stretches of a film, checked to be whole and alike, as one row of packets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from f2s_ray.errors import MediaError
from f2s_ray.media.film.container import open_film
from f2s_ray.media.film.restamp import ranks, reorder_depth

__all__ = ["Segment", "check_whole", "packets_of", "places_of"]


@dataclass(frozen=True)
class Segment:
    """The frames [first, stop) of a film, encoded."""

    path: Path
    first: int
    stop: int


def check_whole(segments: Sequence[Segment], frame_count: int) -> None:
    """Raises: ValueError if the segments do not follow each other from the first frame to the last."""
    borders = [0, *(segment.stop for segment in segments)]
    starts = [*(segment.first for segment in segments), frame_count]
    if borders != starts:
        raise ValueError(f"segments end at {borders[1:]} and begin at {starts[:-1]}, the film has {frame_count} frames")


def places_of(segments: Sequence[Segment]) -> tuple[np.ndarray, int]:
    """For every packet in the order of decoding, the number of its frame; and how far decoding runs ahead.

    Raises:
        MediaError: ``broken`` for a segment that is not whole, or was encoded otherwise than the others.
    """
    places, depth, headers = [], 0, set()
    for segment in segments:
        with open_film(segment.path) as container:
            stream = container.streams.video[0]
            headers.add((stream.codec_context.name, bytes(stream.codec_context.extradata or b"")))
            inside = ranks(_stamps(segment, container))
        places.append(segment.first + inside)
        depth = max(depth, reorder_depth(inside))
    if len(headers) > 1:
        raise MediaError(
            "broken",
            f"{segments[0].path.name}: was encoded otherwise than the other segments; delete them and run again",
        )
    return np.concatenate(places), depth


def packets_of(segments: Sequence[Segment], video: VideoStream, time_base: Fraction) -> Iterator[Packet]:
    """All packets in the order of decoding, as those of ``video``, whose stamps are still to be set."""
    for segment in segments:
        with open_film(segment.path) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.size:
                    packet.stream = video
                    packet.time_base = time_base
                    yield packet


def _stamps(segment: Segment, container: InputContainer) -> list[int]:
    stamps: list[int] = []
    count, begins_with_key = segment.stop - segment.first, False
    try:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                begins_with_key |= packet.is_keyframe and not stamps
                stamps.append(packet.pts or 0)
    except av.error.FFmpegError as error:
        raise MediaError("broken", f"{segment.path.name}: {error.strerror}; delete it and run again") from error
    if len(stamps) != count or not begins_with_key:
        raise MediaError(
            "broken", f"{segment.path.name}: holds {len(stamps)} of {count} frames; delete it and run again"
        )
    return stamps
