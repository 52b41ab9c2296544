"""Frames of two fields to whole frames, as many as there were: FFmpeg's bwdif, which looks at the frames before and after."""

from collections.abc import Iterable, Iterator
from typing import Literal

import av
from av.filter import Graph
from av.video.frame import VideoFrame

__all__ = ["CONTEXT_FRAMES", "FieldOrder", "deinterlaced"]

FieldOrder = Literal["tff", "bff"]
CONTEXT_FRAMES = 2  # before and after a frame, that decide what it becomes


def deinterlaced(frames: Iterable[VideoFrame], order: FieldOrder) -> Iterator[VideoFrame]:
    """One frame for each, at the moment of its first field; ``order`` says whether the top or the bottom one comes first."""
    graph: Graph | None = None
    for number, frame in enumerate(frames):
        if graph is None:
            graph = _graph(frame, order)
        frame.pts = number
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _graph(frame: VideoFrame, order: FieldOrder) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    weave = graph.add("bwdif", f"mode=send_frame:parity={order}:deint=all")
    sink = graph.add("buffersink")
    source.link_to(weave)
    weave.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if isinstance(frame, VideoFrame):
            yield frame
