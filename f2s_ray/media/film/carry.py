"""Streams of the source into a result, packet by packet as they are; what a container cannot hold is named."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import AttachmentStream, Discard, Disposition, Stream

from f2s_ray.media.film.container import open_film
from f2s_ray.media.ranged import MediaFile

__all__ = ["Carrier", "LeftOut", "kept_tags", "refusal"]

# Words about the old file, not about the film.
FILE_TAGS = ("encoder", "duration", "vendor_id", "major_brand", "minor_version", "compatible_brands")
STATISTICS = ("bps", "number_of_frames", "number_of_bytes")
STALE_TAGS = frozenset((*FILE_TAGS, *STATISTICS))
# Matroska writes the silence before these begins as a delay of the codec; of others it cannot hold what lies before zero.
DELAYED = ("aac", "opus")


@dataclass(frozen=True)
class LeftOut:
    """Something of the source that is not in the result, or not as it was: what, and why."""

    what: str
    why: str


def refusal(stream: Stream, container_format: str) -> str | None:
    """Why a container does not take a stream; None where it does. Found by writing a header into memory."""
    try:
        with av.open(io.BytesIO(), "w", format=container_format) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (ValueError, av.error.FFmpegError) as error:
        return " ".join(str(error).split())[:120]
    return None


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags that still hold for the result.

    >>> kept_tags({"title": "Summer 1976", "ENCODER": "Lavf", "DURATION-eng": "00:01:00.0"})
    {'title': 'Summer 1976'}
    """
    return {key: value for key, value in tags.items() if not _is_stale(key.lower())}


def _is_stale(key: str) -> bool:
    """Matroska's writers add a language to statistics: ``BPS-eng``."""
    return key.split("-")[0] in STALE_TAGS or key.startswith("_statistics")


class Carrier:
    """Everything of a source but its picture: announced to a result first, then given as packets."""

    def __init__(
        self, file: MediaFile, source: InputContainer, result: OutputContainer, shift_seconds: Fraction
    ) -> None:
        self._file, self._source = file, source
        self._result = result
        self._shift_seconds = shift_seconds
        self._is_matroska = result.format.name == "matroska"
        self._streams: dict[int, Stream] = {}
        self.left_out: list[LeftOut] = []

    def announce(self, stream: Stream) -> None:
        """Make room for one stream of the source, or note why there is none."""
        name = f"stream {stream.index} ({stream.type}, {_codec_name(stream)})"
        if isinstance(stream, AttachmentStream):
            self._attach(stream, name)
        elif stream.type == "data" and (stream.discard == Discard.all or "timecode" in stream.metadata):
            return  # chapters and timecode go their own way; the muxer writes these tracks anew
        elif stream.disposition & Disposition.attached_pic and self._is_matroska:
            self._attach_cover(stream)
        elif (reason := refusal(stream, self._result.format.name)) is not None:
            self.left_out.append(LeftOut(name, f"{self._result.format.name} does not hold it: {reason}"))
        else:
            self._add(stream)

    def packets(self) -> Iterator[Packet]:
        """All packets of the announced streams, in the order of the source, belonging to the result."""
        try:
            for packet in self._source.demux():
                target = self._streams.get(packet.stream_index)
                if packet.size == 0 or target is None or self._is_before_zero(packet):
                    continue
                _shift(packet, self._shift_seconds)
                packet.stream = target
                yield packet
        except av.error.FFmpegError as error:
            self.left_out.append(LeftOut("the other streams from there on", f"reading stops: {error.strerror}"))

    def _add(self, stream: Stream) -> None:
        target = self._result.add_stream_from_template(stream, opaque=True)
        target.disposition = stream.disposition
        target.metadata.clear()
        target.metadata.update(kept_tags(stream.metadata))
        self._streams[stream.index] = target

    def _attach(self, stream: AttachmentStream, name: str) -> None:
        if self._is_matroska:
            self._result.add_attachment(
                stream.name or "attachment", stream.mimetype or "application/octet-stream", stream.data
            )
        else:
            self.left_out.append(LeftOut(name, f"{self._result.format.name} holds no attachments"))

    def _attach_cover(self, stream: Stream) -> None:
        kind = "png" if _codec_name(stream) == "png" else "jpeg"
        with open_film(self._file) as again:
            again.streams[stream.index].discard = Discard.default
            packet = next((each for each in again.demux(again.streams[stream.index]) if each.size), None)
        if packet is not None:
            name = stream.metadata.get("filename", f"cover.{kind.replace('jpeg', 'jpg')}")
            self._result.add_attachment(name, f"image/{kind}", bytes(packet))

    def _is_before_zero(self, packet: Packet) -> bool:
        """What an edit list hides before the beginning is not carried where it could not be hidden again."""
        if not self._is_matroska or not packet.is_discard or _codec_name(packet.stream) in DELAYED:
            return False
        return packet.pts is not None and packet.pts + (packet.duration or 0) <= 0


def _codec_name(stream: Stream) -> str:
    context = stream.codec_context
    return context.codec.canonical_name if context is not None else getattr(stream, "name", None) or "unknown codec"


def _shift(packet: Packet, seconds: Fraction) -> None:
    ticks = round(seconds / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
