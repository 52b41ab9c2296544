"""A film to its FilmIndex: one pass over all packets, nothing is decoded."""

import zlib
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from f2s_ray.errors import MediaError
from f2s_ray.media.film.container import film_stream, open_film
from f2s_ray.media.film.index import FilmIndex, StreamScan
from f2s_ray.media.ranged import MediaFile

__all__ = ["scan_packets"]

# A header may promise a little more than there is (rounding, a last frame held); a cut film lacks more.
PROMISE_SECONDS = Fraction(1, 2)


@dataclass
class _Passing:
    """What is kept of a stream while its packets pass by."""

    packet_count: int = 0
    byte_count: int = 0
    start: int | None = None
    stop: int | None = None
    crc: int = 0

    def add(self, packet: Packet) -> None:
        self.packet_count += 1
        self.byte_count += packet.size
        self.crc = zlib.crc32(packet, self.crc)
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or (packet.is_discard and packet.stream.type == "video"):
            return  # of sound, what is hidden at its beginning is what its decoder needs to start
        stop = stamp + (packet.duration or 0)
        self.start = stamp if self.start is None else min(self.start, stamp)
        self.stop = stop if self.stop is None else max(self.stop, stop)

    def scan(self, stream: Stream) -> StreamScan:
        base = stream.time_base
        start, stop = (None if at is None or base is None else at * base for at in (self.start, self.stop))
        return StreamScan(stream.index, self.packet_count, self.byte_count, start, stop, self.crc)


@dataclass
class _Pictures:
    """The stamps of the pictures, in the order of the file; hidden ones are decoded but not shown."""

    pts: list[int | None] = field(default_factory=list)
    dts: list[int | None] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    are_keys: list[bool] = field(default_factory=list)
    are_hidden: list[bool] = field(default_factory=list)

    def add(self, packet: Packet) -> None:
        if _is_never_shown(packet):
            return
        self.pts.append(packet.pts)
        self.dts.append(packet.dts)
        self.durations.append(packet.duration or 0)
        self.are_keys.append(packet.is_keyframe)
        self.are_hidden.append(packet.is_discard)


def scan_packets(path: MediaFile) -> FilmIndex:
    """Index a film.

    Raises:
        MediaError: ``empty`` where no frame is shown, ``no_stamps`` where packets lack stamps of every kind, and as
            ``open_film`` does.
    """
    with open_film(path) as container:
        stream = film_stream(container)
        passing = [_Passing() for _ in container.streams]
        pictures = _Pictures()
        damage = _pass_by(container, stream, passing, pictures)
        if all(pictures.are_hidden):
            raise MediaError("empty", f"{path.name}: shows no frame; find a whole copy")
        streams = tuple(each.scan(stream) for each, stream in zip(passing, container.streams, strict=True))
        promise = _broken_promise(container, streams)
        return _index(container, stream, pictures, streams, (damage or promise, promise is not None))


def _pass_by(
    container: InputContainer, stream: VideoStream, passing: list[_Passing], pictures: _Pictures
) -> str | None:
    damage = None
    try:
        for packet in container.demux():
            if packet.size == 0:
                continue
            passing[packet.stream_index].add(packet)
            if packet.stream_index == stream.index:
                pictures.add(packet)
            if packet.is_corrupt and damage is None:
                damage = f"a packet at byte {packet.pos} is cut or damaged"
    except av.error.FFmpegError as error:
        return f"reading stops after {len(pictures.pts)} frames: {error.strerror}"
    return damage


def _is_never_shown(packet: Packet) -> bool:
    """VP8 keeps pictures that only others refer to; a bit of the first byte says so."""
    return packet.stream.codec_context.codec.canonical_name == "vp8" and not (bytes(packet)[0] >> 4) & 1


def _broken_promise(container: InputContainer, streams: tuple[StreamScan, ...]) -> str | None:
    """What a header promises and the file does not hold: of one stream where it says so, else of the whole."""
    for stream, seen in zip(container.streams, streams, strict=True):
        promised = _promised_seconds(stream)
        if stream.type in ("video", "audio") and promised is not None and seen.packet_count:
            found = (seen.stop_seconds or Fraction(0)) - (seen.start_seconds or Fraction(0))
            if promised - found > PROMISE_SECONDS + promised / 100:
                return f"stream {stream.index} promises {float(promised):.2f} s and ends after {float(found):.2f} s"
    stops = [seen.stop_seconds for seen in streams if seen.stop_seconds is not None]
    if container.duration is None or not stops:
        return None
    promised = Fraction(container.duration + max(0, container.start_time or 0), av.time_base)
    if promised - max(stops) > PROMISE_SECONDS + promised / 100:
        return f"the film promises {float(promised):.2f} s and ends at {float(max(stops)):.2f} s"
    return None


def _promised_seconds(stream: Stream) -> Fraction | None:
    """A stream's own duration: the demuxer's number, or the tag that Matroska writers leave."""
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    words = next((value for key, value in stream.metadata.items() if key.upper().startswith("DURATION")), "")
    try:
        hours, minutes, seconds = words.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except ValueError:
        return None


def _index(
    container: InputContainer,
    stream: VideoStream,
    pictures: _Pictures,
    streams: tuple[StreamScan, ...],
    trouble: tuple[str | None, bool],
) -> FilmIndex:
    has_own = _has_own_stamps(container, pictures)
    stamps = pictures.pts if has_own else pictures.dts
    if any(stamp is None for stamp in stamps):
        raise MediaError("no_stamps", f"{container.name}: packets without stamps; copy it into Matroska first")
    in_file = np.array(stamps, np.int64)
    order = np.argsort(in_file, kind="stable")
    shown = order[~np.array(pictures.are_hidden)[order]]
    keys = np.flatnonzero(pictures.are_keys)
    keys = keys[in_file[keys] <= in_file[shown[-1]]] if len(keys) else np.array([0])
    keys = keys[np.argsort(in_file[keys], kind="stable")]
    last = int(shown[-1])
    said = pictures.durations[last] if last == len(order) - 1 or not container.format.name.startswith("mov") else 0
    return FilmIndex(
        time_base=_time_base(stream),
        pts=in_file[shown],
        durations=_durations(in_file[shown], said),
        is_end_said=said > 0,
        keyframes=np.searchsorted(in_file[shown], in_file[keys]),
        is_closed=_is_closed(in_file, keys),
        has_own_stamps=has_own,
        hidden_count=sum(pictures.are_hidden),
        damage=trouble[0],
        is_truncated=trouble[1],
        streams=streams,
    )


def _time_base(stream: VideoStream) -> Fraction:
    if stream.time_base is None:
        raise MediaError("no_stamps", "its picture has no time base; copy it into Matroska first")
    return stream.time_base


def _has_own_stamps(container: InputContainer, pictures: _Pictures) -> bool:
    """AVI keeps no stamps; what the demuxer makes up is wrong as soon as pictures are decoded out of order."""
    if container.format.name == "avi":
        return pictures.pts == pictures.dts
    return None not in pictures.pts and len(set(pictures.pts)) == len(pictures.pts)


def _durations(pts: np.ndarray, last: int) -> np.ndarray:
    """To the next frame; the last as said, else as long as the one before it, at least one tick."""
    steps = np.diff(pts)
    guess = int(steps[-1]) if len(steps) else 1
    return np.append(steps, last or max(1, guess))


def _is_closed(in_file: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Whether nothing that follows a keyframe in the file, up to the next one, is shown before it."""
    stops = np.append(np.sort(keys), len(in_file))
    ends = stops[np.searchsorted(stops, keys, side="right")]
    return np.array([in_file[key:end].min() == in_file[key] for key, end in zip(keys, ends, strict=True)])
