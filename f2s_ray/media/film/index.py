"""The stamps of a film: every frame in the order it is shown, and where decoding may begin."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

__all__ = ["FilmIndex", "StreamScan"]


@dataclass(frozen=True)
class StreamScan:
    """What passed by of one stream: packets, bytes, first and last moment in seconds, a CRC-32 over the payload."""

    index: int
    packet_count: int
    byte_count: int
    start_seconds: Fraction | None
    stop_seconds: Fraction | None
    payload_crc: int


@dataclass(frozen=True)
class FilmIndex:
    """Every shown frame of a film, by its packets alone.

    Attributes:
        time_base: seconds of a tick.
        pts: stamp of each frame in ticks, in the order of showing, never falling; may be negative.
        durations: how long each frame is shown, in ticks: to the next frame; the last as its packet says, or as long
            as the one before it.
        is_end_said: whether the last frame's duration is in the file. MP4 keeps the steps of decoding; what that says of
            a frame that is decoded before others and shown last is not its duration.
        keyframes: numbers of the frames at which decoding may begin, never falling.
        is_closed: for each keyframe, whether no frame that comes after it in the file is shown before it.
        has_own_stamps: whether every packet has a stamp of its own. Where False, stamps come from the order of
            decoding, and reading counts frames from the start of the film.
        hidden_count: frames in the file that are not shown (an edit list hides them).
        damage: what is wrong with the file, in words; None where nothing is.
        is_truncated: whether the file ends before what its header promises.
        streams: what passed by of each stream, by index.
    """

    time_base: Fraction
    pts: np.ndarray
    durations: np.ndarray
    is_end_said: bool
    keyframes: np.ndarray
    is_closed: np.ndarray
    has_own_stamps: bool
    hidden_count: int
    damage: str | None
    is_truncated: bool
    streams: tuple[StreamScan, ...]

    @property
    def frame_count(self) -> int:
        """How many frames are shown."""
        return len(self.pts)

    @property
    def start_seconds(self) -> Fraction:
        """When the first frame is shown."""
        return int(self.pts[0]) * self.time_base

    @property
    def stop_seconds(self) -> Fraction:
        """When the last frame ends."""
        return int(self.pts[-1] + self.durations[-1]) * self.time_base

    def begin_seconds(self, number: int) -> Fraction:
        """When frame ``number`` is shown; for the number after the last frame, when that ends."""
        return int(self.pts[number]) * self.time_base if number < self.frame_count else self.stop_seconds

    @property
    def is_variable(self) -> bool:
        """Whether the frames keep no common step: some stamp is off the even grid by more than a tick."""
        count = self.frame_count
        if count < 3:
            return False
        even = self.pts[0] + np.arange(count) * ((self.pts[-1] - self.pts[0]) / (count - 1))
        return bool(np.abs(self.pts - even).max() > 1.0)

    def keyframe_before(self, number: int) -> int:
        """The nearest keyframe (frame number) from which frame ``number`` can be decoded."""
        return int(self.keyframes[max(0, int(np.searchsorted(self.keyframes, number, side="right")) - 1)])
