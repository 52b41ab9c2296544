"""Two films to the list of their differences: the proof that a restored film lost nothing."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from f2s_ray.media.film.index import FilmIndex, StreamScan
from f2s_ray.media.film.info import FilmInfo, FilmLimits, StreamInfo
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.film.turn import turn_of
from f2s_ray.media.ranged import MediaFile

__all__ = ["Difference", "compare_films"]

MILLISECOND = Fraction(1, 1000)
Row = tuple[str, object, object]
CARRIED = ("video", "audio", "subtitle")


@dataclass(frozen=True)
class Difference:
    """What differs, and how it is in source and result, in words."""

    what: str
    source: str
    result: str


def compare_films(source: MediaFile, result: MediaFile) -> list[Difference]:
    """All that differs between a film and its restored twin; an empty list is the proof that nothing was lost.

    Stamps count as equal if they differ by no more than half a tick of the coarser of the two containers. All moments
    are relative to the first frame, and so is the offset of every other stream. Where one of the films does not say how
    long its last frame lasts, durations may differ by two frames. Codec, container and what follows from them (bit
    rate, profile, file tags) are not compared.

    Raises:
        MediaError: if one of them cannot be read.
    """
    limits = FilmLimits(max_megapixels=float("inf"))
    infos = probe_film(source, limits), probe_film(result, limits)
    indices = scan_packets(source), scan_packets(result)
    return [*_of_picture(*infos), *_of_stamps(*indices), *_of_streams(infos, indices), *_of_extras(*infos)]


def _differences(rows: list[Row]) -> list[Difference]:
    return [Difference(what, str(before), str(after)) for what, before, after in rows if before != after]


def _of_picture(source: FilmInfo, result: FilmInfo) -> list[Difference]:
    square = Fraction(1)
    return _differences(
        [
            ("frame size", (source.width_px, source.height_px), (result.width_px, result.height_px)),
            ("rotation", turn_of(source.display_matrix), turn_of(result.display_matrix)),
            ("sample aspect", source.sample_aspect_ratio or square, result.sample_aspect_ratio or square),
            ("bit depth", source.bit_depth, result.bit_depth),
            ("pixel format", source.pixel_format.replace("yuvj", "yuv"), result.pixel_format.replace("yuvj", "yuv")),
            ("colour primaries", source.colour.primaries, result.colour.primaries),
            ("colour transfer", source.colour.transfer, result.colour.transfer),
            ("colour matrix", source.colour.matrix, result.colour.matrix),
            ("colour range", _is_full(source), _is_full(result)),
            ("transparency", source.has_alpha, result.has_alpha),
        ]
    )


def _is_full(info: FilmInfo) -> str:
    return "full" if info.colour.range == 2 or info.pixel_format.startswith("yuvj") else "limited"


def _of_stamps(source: FilmIndex, result: FilmIndex) -> list[Difference]:
    if source.frame_count != result.frame_count:
        return [Difference("frames", str(source.frame_count), str(result.frame_count))]
    tolerance = float(max(source.time_base, result.time_base)) / 2 + 1e-9
    moments = [(index.pts - index.pts[0]) * float(index.time_base) for index in (source, result)]
    # The first stamps are rounded too, so a difference of two of them may be off by twice as much.
    off = np.abs(moments[0] - moments[1])
    found = []
    if off.max() > 2 * tolerance:
        first = int(np.flatnonzero(off > 2 * tolerance)[0])
        found.append(Difference(f"stamp of frame {first}", f"{moments[0][first]:.6f} s", f"{moments[1][first]:.6f} s"))
    lengths = [float(index.stop_seconds - index.start_seconds) for index in (source, result)]
    if not (source.is_end_said and result.is_end_said):
        tolerance = max(tolerance, *(float(index.durations[-1] * index.time_base) for index in (source, result)))
    if abs(lengths[0] - lengths[1]) > 2 * tolerance:
        found.append(Difference("duration of the picture", f"{lengths[0]:.6f} s", f"{lengths[1]:.6f} s"))
    return found


def _of_streams(infos: tuple[FilmInfo, FilmInfo], indices: tuple[FilmIndex, FilmIndex]) -> list[Difference]:
    rows: list[Row] = []
    carried = [[each for each in info.streams if each.kind in CARRIED and not _is_cover(each)] for info in infos]
    for kind in CARRIED:
        streams = [[each for each in side if each.kind == kind] for side in carried]
        rows.append((f"{kind} streams", len(streams[0]), len(streams[1])))
        for number, (one, other) in enumerate(zip(*streams, strict=False)):
            name, count = f"{kind} {number}", len(streams[0])
            rows.append((f"{name} language", _language(one), _language(other)))
            rows.append((f"{name} disposition", _disposition(one, count), _disposition(other, count)))
            if kind != "video":
                rows += _of_copy(name, (one, other), indices)
    return _differences(rows)


def _of_copy(name: str, pair: tuple[StreamInfo, ...], indices: tuple[FilmIndex, ...]) -> list[Row]:
    """A copied stream: codec, packets and bytes as they were, and as far from the first frame as they were."""
    scans = [index.streams[each.index] for each, index in zip(pair, indices, strict=True)]
    rows: list[Row] = [
        (f"{name} codec", pair[0].codec, pair[1].codec),
        (f"{name} packets", scans[0].packet_count, scans[1].packet_count),
        (f"{name} bytes", (scans[0].byte_count, scans[0].payload_crc), (scans[1].byte_count, scans[1].payload_crc)),
    ]
    offsets = [_offset(scan, index) for scan, index in zip(scans, indices, strict=True)]
    ticks = [each.time_base or MILLISECOND for each in pair] + [index.time_base for index in indices]
    if abs(offsets[0] - offsets[1]) > 2 * max(ticks):
        rows.append((f"{name} offset to the picture", f"{float(offsets[0]):.6f} s", f"{float(offsets[1]):.6f} s"))
    return rows


def _offset(scan: StreamScan, index: FilmIndex) -> Fraction:
    """From the first frame to the first packet; an empty stream begins with the film."""
    return Fraction(0) if scan.start_seconds is None else scan.start_seconds - index.start_seconds


def _language(stream: StreamInfo) -> str:
    """Containers say ``und`` for what others leave open."""
    return stream.language or "und"


def _disposition(stream: StreamInfo, count: int) -> int:
    """Whether the only stream of its kind is the default one says nothing, and MP4 always says so."""
    return stream.disposition & ~1 if count == 1 else stream.disposition


def _is_cover(stream: StreamInfo) -> bool:
    return bool(stream.disposition & 0x400)


def _of_extras(source: FilmInfo, result: FilmInfo) -> list[Difference]:
    return _differences(
        [
            ("chapters", _chapters(source), _chapters(result)),
            ("timecode", source.timecode, result.timecode),
            ("attached files", _files(source), _files(result)),
        ]
    )


def _chapters(info: FilmInfo) -> list[tuple[str, int, int]]:
    """Title, start and stop in milliseconds: what every container holds."""
    moments = ((each, round(each.start_seconds * 1000), round(each.stop_seconds * 1000)) for each in info.chapters)
    return [(dict(each.metadata).get("title", ""), start, stop) for each, start, stop in moments]


def _files(info: FilmInfo) -> list[str]:
    """Attachments by name; a cover counts as one, however the container holds it."""
    covers = ["cover" for each in info.streams if _is_cover(each)]
    return sorted(Counter([*(each.name for each in info.attachments), *covers]).elements())
