"""A film to its FilmInfo: headers and one frame, since the turn of a film is told by frames only."""

import struct
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.sidedata.sidedata import SideData, Type
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from f2s_ray.errors import MediaError
from f2s_ray.media.film.container import MOST_PIXELS, film_stream, open_film
from f2s_ray.media.film.info import Attachment, Chapter, Colour, FilmInfo, FilmLimits, StreamInfo
from f2s_ray.media.film.turn import Matrix
from f2s_ray.media.memory import bounded
from f2s_ray.media.ranged import MediaFile

__all__ = ["probe_film"]

FIELD_ORDERS = ("unknown", "progressive", "tt", "bb", "tb", "bt")
FIRST_PACKETS = 200
_MOST_BYTES = 2 << 30  # a frame, and those that its decoder holds beside it, on as many threads as there are


def probe_film(path: MediaFile, limits: FilmLimits) -> FilmInfo:
    """Recognise a film by its content.

    Raises:
        MediaError: ``empty`` (no frame), ``broken``, ``truncated``, ``too_large``, ``unsupported``, ``unreadable``,
            ``not_a_file`` or ``no_video``.
    """
    with open_film(path, int(min(limits.max_megapixels * 2e6, MOST_PIXELS))) as container:
        if len(container.streams) > limits.max_streams:
            raise MediaError(
                "too_large", f"{path.name}: {len(container.streams)} streams; the limit is {limits.max_streams}"
            )
        stream = film_stream(container)
        _check_size(path.name, (stream.width, stream.height), limits)
        depth = stream.codec_context.reorder_depth
        with bounded(_MOST_BYTES):
            frame = _first_frame(container, stream)
        _check_size(path.name, (frame.width, frame.height), limits)  # a header may say less, or nothing
        return _film_info(container, stream, depth, frame)


def _check_size(name: str, size: tuple[int, int], limits: FilmLimits) -> None:
    width, height = size
    megapixels = width * height / 1e6
    if megapixels > limits.max_megapixels:
        raise MediaError(
            "too_large",
            f"{name}: frames of {width} x {height} px, {megapixels:.1f} megapixels; "
            f"the limit is {limits.max_megapixels:g}, raise max_megapixels if memory allows",
        )


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame:
    name = Path(container.name).name
    found = False
    with suppress(av.error.FFmpegError):
        for packet in islice(container.demux(stream), FIRST_PACKETS):
            found |= packet.size > 0
            with suppress(av.error.InvalidDataError):  # a recording may begin in the middle of a group of pictures
                for frame in packet.decode():
                    return frame
    if not found:
        raise MediaError("empty", f"{name}: has a picture stream with no frame in it; find a whole copy")
    raise MediaError("broken", f"{name}: none of its first {FIRST_PACKETS} packets can be decoded; find a whole copy")


def _film_info(container: InputContainer, stream: VideoStream, reorder_depth: int, frame: VideoFrame) -> FilmInfo:
    context = stream.codec_context
    parts = [part for part in frame.format.components if not part.is_alpha]
    return FilmInfo(
        container=container.format.name,
        streams=tuple(_stream_info(each) for each in container.streams),
        video_index=stream.index,
        width_px=frame.width,
        height_px=frame.height,
        display_matrix=_display_matrix(frame),
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        average_rate=stream.average_rate or None,
        real_rate=stream.base_rate or None,
        pixel_format=frame.format.name,
        bit_depth=max(part.bits for part in parts),
        has_alpha=len(parts) < len(frame.format.components),
        reorder_depth=reorder_depth,
        colour=Colour(context.color_primaries, context.color_trc, context.colorspace, context.color_range),
        field_order=FIELD_ORDERS[context.field_order],
        duration_seconds=None if container.duration is None else Fraction(container.duration, av.time_base),
        timecode=_timecode(container, stream),
        chapters=tuple(_chapters(container)),
        attachments=tuple(
            Attachment(a.name or "", a.mimetype or "", len(a.data)) for a in container.streams.attachments
        ),
        metadata=tuple(sorted(container.metadata.items())),
    )


def _stream_info(stream: Stream) -> StreamInfo:
    context = stream.codec_context
    return StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=_codec_of(stream),
        time_base=stream.time_base,
        start=stream.start_time,
        duration=stream.duration,
        language=stream.language,
        disposition=int(stream.disposition),
        has_extradata=bool(context is not None and context.extradata_size) or stream.type == "attachment",
        metadata=tuple(sorted(stream.metadata.items())),
    )


def _codec_of(stream: Stream) -> str:
    """The codec, not the decoder: ``av1`` for a stream that libdav1d reads."""
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return stream.name or "" if stream.type == "data" else ""


def _display_matrix(frame: VideoFrame) -> Matrix | None:
    sides = cast(Mapping[Type, SideData], frame.side_data)
    return struct.unpack("=9i", bytes(sides[Type.DISPLAYMATRIX])) if Type.DISPLAYMATRIX in sides else None


def _timecode(container: InputContainer, stream: VideoStream) -> str | None:
    for tags in (stream.metadata, *(each.metadata for each in container.streams.data), container.metadata):
        for key, value in tags.items():
            if key.lower() == "timecode":
                return value
    return None


def _chapters(container: InputContainer) -> list[Chapter]:
    return [
        Chapter(chapter["start"] * base, chapter["end"] * base, tuple(sorted(chapter["metadata"].items())))
        for chapter in container.chapters()
        if (base := chapter["time_base"]) is not None
    ]
