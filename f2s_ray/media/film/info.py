"""What a film's header says: its streams, its picture, its chapters and attachments."""

from dataclasses import dataclass
from fractions import Fraction

from f2s_ray.media.film.turn import Matrix, turn_of

__all__ = ["Attachment", "Chapter", "Colour", "FilmInfo", "FilmLimits", "StreamInfo"]


@dataclass(frozen=True)
class FilmLimits:
    """What is refused before a film is read: ``max_megapixels`` of one frame, ``max_streams`` of the file."""

    max_megapixels: float = 80.0
    max_streams: int = 200


@dataclass(frozen=True)
class StreamInfo:
    """One stream as it is tagged; ``start`` and ``duration`` in ticks of ``time_base``, None where not said.

    ``kind`` is video, audio, subtitle, data, attachment or unknown; ``codec`` is empty where nobody knows it.
    """

    index: int
    kind: str
    codec: str
    time_base: Fraction | None
    start: int | None
    duration: int | None
    language: str | None
    disposition: int
    has_extradata: bool
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Colour:
    """Colour tags as the numbers of H.273; 2 is unspecified. ``range`` is 0 unspecified, 1 limited, 2 full."""

    primaries: int
    transfer: int
    matrix: int
    range: int


@dataclass(frozen=True)
class Chapter:
    """A named stretch [start_seconds, stop_seconds)."""

    start_seconds: Fraction
    stop_seconds: Fraction
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Attachment:
    """A file that lies in the film: a font, a cover."""

    name: str
    mimetype: str
    byte_count: int


@dataclass(frozen=True)
class FilmInfo:
    """A film by its header and its first frame.

    Width and height are those of the stored frame; ``upright_width_px`` and ``upright_height_px`` are as it is shown.
    ``display_matrix`` holds nine numbers of the container, None where there are none. ``sample_aspect_ratio`` is the
    width of a stored pixel over its height, None where not said. ``real_rate`` is the demuxer's guess of the
    least common rate of all stamps. ``field_order`` is as tagged: progressive, tt, bb, tb, bt or unknown.
    ``duration_seconds`` is the container's word, None where it says nothing.
    """

    container: str
    streams: tuple[StreamInfo, ...]
    video_index: int
    width_px: int
    height_px: int
    display_matrix: Matrix | None
    sample_aspect_ratio: Fraction | None
    average_rate: Fraction | None
    real_rate: Fraction | None
    pixel_format: str
    bit_depth: int
    has_alpha: bool
    reorder_depth: int
    colour: Colour
    field_order: str
    duration_seconds: Fraction | None
    timecode: str | None
    chapters: tuple[Chapter, ...]
    attachments: tuple[Attachment, ...]
    metadata: tuple[tuple[str, str], ...]

    @property
    def video(self) -> StreamInfo:
        """The stream that is restored."""
        return self.streams[self.video_index]

    @property
    def turned(self) -> bool:
        """Whether width and height change places when the film is shown."""
        return turn_of(self.display_matrix).quarter_turns % 2 == 1

    @property
    def upright_width_px(self) -> int:
        """Width of a frame as it is shown, in stored pixels."""
        return self.height_px if self.turned else self.width_px

    @property
    def upright_height_px(self) -> int:
        """Height of a frame as it is shown, in stored pixels."""
        return self.width_px if self.turned else self.height_px
