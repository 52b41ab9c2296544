"""Segments and their source to one film: the picture from the segments, all else copied, nothing encoded again."""

import errno
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.container import Flags, InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from f2s_ray.errors import JobError, MediaError
from f2s_ray.media.film.aspect import write_aspect
from f2s_ray.media.film.carry import Carrier, LeftOut, kept_tags, refusal
from f2s_ray.media.film.container import film_stream, open_film
from f2s_ray.media.film.index import FilmIndex
from f2s_ray.media.film.info import FilmInfo
from f2s_ray.media.film.presets import Preset, suffixes_for
from f2s_ray.media.film.restamp import restamped
from f2s_ray.media.film.segments import Segment, check_whole, packets_of, places_of
from f2s_ray.media.ranged import MediaFile

if TYPE_CHECKING:
    from av.container.core import Chapter

__all__ = ["FilmSource", "join_segments", "suffix_for"]

FORMATS = {".mkv": "matroska", ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov"}
PLAIN_TAGS = (
    "title",
    "artist",
    "album_artist",
    "composer",
    "album",
    "date",
    "comment",
    "genre",
    "copyright",
    "grouping",
)
MP4_TAGS = frozenset(
    (*PLAIN_TAGS, "lyrics", "description", "synopsis", "keywords", "creation_time", "location", "timecode")
)


@dataclass(frozen=True)
class FilmSource:
    """A film as it lies there: its file, its header, its stamps."""

    path: MediaFile
    info: FilmInfo
    index: FilmIndex


def suffix_for(source: FilmSource, preset: Preset) -> str:
    """Suffix of the result, with its point: of the first container that the preset allows and that takes all sound and subtitles.

    Where none takes them it is the first that the preset allows. Another suffix of the same container stays as it is.
    """
    suffixes = [f".{each}" for each in suffixes_for(source.info, preset)]
    with open_film(source.path) as given:
        streams = [*given.streams.audio, *given.streams.subtitles]
        fitting = [each for each in suffixes if all(refusal(stream, FORMATS[each]) is None for stream in streams)]
    best, own = (fitting or suffixes)[0], source.path.suffix.lower()
    return own if FORMATS.get(own) == FORMATS[best] else best


def join_segments(segments: Sequence[Segment], source: FilmSource, path: Path) -> tuple[LeftOut, ...]:
    """Write the film: aside first, renamed when whole.

    Every frame gets the stamp that it has in the source; where the container counts coarser, its nearest one.

    Args:
        segments: in order, together all frames of the source.
        source: whose sound, subtitles, chapters, attachments, timecode and tags are copied.
        path: of the result; its suffix (mkv, mp4, mov) chooses the container.

    Returns:
        What could not come along, and why.

    Raises:
        MediaError: ``broken`` for a segment that is not whole or unlike the others; ``unsupported`` for a container
            that does not take the picture.
        JobError: if the disk is full.
        ValueError: if the segments are not the whole film, or the suffix is none of a film.
    """
    check_whole(segments, source.index.frame_count)
    aside = path.with_name(path.name + ".part")
    try:
        left_out = _write(segments, source, aside, FORMATS[path.suffix.lower()])
        aside.rename(path)
    except av.error.FFmpegError as error:
        if error.errno == errno.ENOSPC:
            raise JobError(f"{path}: no space left; free some and run again") from error
        raise MediaError("unsupported", f"{path.name}: {path.suffix} does not take it: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    return left_out


def _write(segments: Sequence[Segment], source: FilmSource, aside: Path, container_format: str) -> tuple[LeftOut, ...]:
    places, depth = places_of(segments)
    stamps = np.append(source.index.pts, source.index.pts[-1] + source.index.durations[-1])
    shift_ticks = max(0, -int(stamps[0]))
    shift = shift_ticks * source.index.time_base
    with (
        open_film(source.path) as given,
        open_film(segments[0].path) as template,
        av.open(
            str(aside), "w", format=container_format, container_options=_options(container_format, given)
        ) as result,
    ):
        result.flags |= Flags.bitexact.value
        carrier = Carrier(source.path, given, result, shift)
        odd_tags = _left_tags(given, container_format)
        for stream in given.streams:
            if stream.index == source.info.video_index:
                video = _add_picture(result, template.streams.video[0], film_stream(given), source)
            else:
                carrier.announce(stream)
        result.metadata.update(kept_tags(given.metadata))
        result.set_chapters(_shifted_chapters(given, shift))
        pictures = restamped(packets_of(segments, video, source.index.time_base), places, stamps + shift_ticks, depth)
        for packet in heapq.merge(pictures, carrier.packets(), key=_moment):
            result.mux(packet)
    if container_format == "matroska" and source.info.sample_aspect_ratio is not None:
        write_aspect(aside, source.info.width_px, source.info.height_px, source.info.sample_aspect_ratio)
    return (*carrier.left_out, *_left_by_container(source, container_format, shift), *odd_tags)


def _options(container_format: str, given: InputContainer) -> dict[str, str]:
    """Nothing is moved in time; flags of tracks stay as they are.

    MP4 has a few tags of its own, beside which its cover lies, or any tags but no cover.
    """
    options = {"avoid_negative_ts": "disabled"}
    if container_format == "matroska":
        return options | {"default_mode": "passthrough"}
    options["movie_timescale"] = "90000"  # of its own it begins streams at whole milliseconds
    return options | ({"movflags": "+use_metadata_tags"} if _odd_tags(given) and not _has_cover(given) else {})


def _odd_tags(given: InputContainer) -> list[str]:
    return sorted(key for key in kept_tags(given.metadata) if key.lower() not in MP4_TAGS)


def _left_tags(given: InputContainer, container_format: str) -> list[LeftOut]:
    if container_format == "matroska" or not _odd_tags(given) or not _has_cover(given):
        return []
    return [LeftOut(f"tags {', '.join(_odd_tags(given))}", f"{container_format} holds them or a cover, not both")]


def _has_cover(given: InputContainer) -> bool:
    return any(stream.disposition & Disposition.attached_pic for stream in given.streams)


def _add_picture(
    result: OutputContainer, template: VideoStream, original: VideoStream, source: FilmSource
) -> VideoStream:
    info = source.info
    video = result.add_stream_from_template(template, opaque=True)
    context = video.codec_context
    context.framerate = info.average_rate or Fraction(0)
    if info.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    context.color_primaries, context.color_trc = info.colour.primaries, info.colour.transfer
    context.colorspace, context.color_range = info.colour.matrix, info.colour.range
    if result.format.name in ("mp4", "mov"):
        codec = context.codec.canonical_name
        context.codec_tag = {"hevc": "hvc1", "prores": template.codec_context.codec_tag}.get(codec, context.codec_tag)
    if info.display_matrix is not None:
        video.set_display_matrix(info.display_matrix)
    video.time_base = source.index.time_base
    video.disposition = original.disposition
    video.metadata.clear()
    video.metadata.update(kept_tags(original.metadata))
    if info.timecode is not None:
        video.metadata.update({"timecode": info.timecode})
    return video


def _moment(packet: Packet) -> float:
    stamp = packet.dts if packet.dts is not None else packet.pts
    return float((stamp or 0) * packet.time_base)


def _shifted_chapters(given: InputContainer, shift: Fraction) -> "list[Chapter]":
    chapters = given.chapters()
    for chapter in chapters:
        ticks = round(shift / (chapter["time_base"] or 1))
        chapter["start"], chapter["end"] = chapter["start"] + ticks, chapter["end"] + ticks
    return chapters


def _left_by_container(source: FilmSource, container_format: str, shift: Fraction) -> list[LeftOut]:
    left_out = []
    if shift:
        left_out.append(
            LeftOut(f"stamps before zero: all streams begin {float(shift):.3f} s later", "no container holds them")
        )
    if container_format == "matroska" and (source.index.time_base / Fraction(1, 1000)).denominator != 1:
        left_out.append(
            LeftOut("stamps finer than a millisecond", "matroska counts milliseconds; each has its nearest")
        )
    if source.index.hidden_count:
        left_out.append(
            LeftOut(f"{source.index.hidden_count} frames that an edit list hides", "only shown frames are restored")
        )
    return left_out
