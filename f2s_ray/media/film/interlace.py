"""Decoded frames to the way they were scanned, by measurement: tags of old films are often wrong.

FFmpeg's ``idet`` weighs, where something moves, whether a line fits better to its neighbours of the same frame or of
the frames before and after. Lines that were doubled look like fields to it, so frames of such lines are told apart first;
so does what falls or rises by a line a frame, so a frame whose lines do not swing to and fro where it moves is not believed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

__all__ = ["Scan", "measure_scan"]

INTERLACED_SHARE = 0.2
# Lines are doubled where those of a pair differ by less than so much of what pairs differ by
DOUBLED_SHARE = 0.5
# How the bend of a line goes with that of its neighbours: -1 in a comb, -0.67 in noise; of idet's errors -0.26 and more
# (discs that fall, two films), of slow fields -0.36 and less but where they move straight up or down
LEAST_SWING = -0.3
LEAST_STEP, LEAST_MOVING = 6, 50


@dataclass(frozen=True)
class Scan:
    """How many frames look how; where nothing moves a frame says nothing.

    ``top_first`` and ``bottom_first`` are frames of two fields each, by which field is the earlier.
    """

    progressive: int
    top_first: int
    bottom_first: int
    undetermined: int

    @property
    def interlaced_fraction(self) -> float:
        """Of the frames that say something; 0 where none does."""
        told = self.progressive + self.top_first + self.bottom_first
        return (self.top_first + self.bottom_first) / told if told else 0.0

    @property
    def verdict(self) -> Literal["progressive", "tff", "bff", "unknown"]:
        """Interlaced from a fifth of the frames on: telecine combs two of five."""
        if not self.progressive + self.top_first + self.bottom_first:
            return "unknown"
        if self.interlaced_fraction < INTERLACED_SHARE:
            return "progressive"
        return "tff" if self.top_first >= self.bottom_first else "bff"


def measure_scan(frames: Iterable[VideoFrame]) -> Scan:
    """Count what consecutive stored frames look like; at least three are needed for an answer."""
    graph: Graph | None = None
    looks = _Looks()
    counts = {"progressive": 0, "tff": 0, "bff": 0, "undetermined": 0}
    for number, frame in enumerate(frames):
        if _has_doubled_lines(frame):
            counts["progressive"] += 1
            continue
        if graph is None:
            graph = _graph(frame)
        frame.pts = number
        graph.push(frame)
        _count(graph, looks, counts)
    if graph is not None:
        graph.push(None)
        _count(graph, looks, counts)
    return Scan(counts["progressive"], counts["tff"], counts["bff"], counts["undetermined"])


def _has_doubled_lines(frame: VideoFrame) -> bool:
    """Whether each line stands there twice, as in old video that was made higher."""
    grey = frame.reformat(format="gray").to_ndarray().astype(np.int16)
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    inside, between = sorted([float(steps[0::2].mean()), float(steps[1::2].mean())])
    return inside < DOUBLED_SHARE * between


def _graph(frame: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    measure, sink = graph.add("idet"), graph.add("buffersink")
    source.link_to(measure)
    measure.link_to(sink)
    graph.configure()
    return graph


class _Looks:
    """Frame after frame, whether what moves in it can be a comb."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def may_be_comb(self, frame: VideoFrame) -> bool:
        """Look where the frame differs from the one before; where too little does, it may."""
        grey = frame.reformat(format="gray").to_ndarray().astype(np.float32)
        before, self._before = self._before, grey
        if before is None:
            return True
        step = np.abs(grey - before)
        moves = (step > max(LEAST_STEP, 3 * float(np.median(step))))[2:-2]
        if np.count_nonzero(moves) < LEAST_MOVING:
            return True
        bend = grey[:-2] - 2 * grey[1:-1] + grey[2:]
        beside = (bend[:-2] + bend[2:])[moves] / 2
        middle = bend[1:-1][moves]
        return bool((middle * beside).sum() < LEAST_SWING * (middle**2).sum())


def _count(graph: Graph, looks: _Looks, counts: dict[str, int]) -> None:
    while True:
        try:
            measured = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        kind = measured.metadata["lavfi.idet.multiple.current_frame"]
        may_be_comb = looks.may_be_comb(measured)
        counts["progressive" if kind in ("tff", "bff") and not may_be_comb else kind] += 1
