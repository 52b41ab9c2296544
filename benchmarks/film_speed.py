"""What the way of a film costs beside its networks: python -m benchmarks.film_speed FOLDER [--frames N] [--repeat N].

A 1080p film through all that restoring does with pixels, the networks replaced by nothing, three segments at once as in a worker: decoded,
turned to RGB, turned back and encoded; then the same with steadying. Against the same decoder and the same encoder with the same settings
and nothing between them, by PyAV, whose FFmpeg both use. Frames a second of the clock, by turns; and of each part alone its processor
milliseconds.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import torch

from benchmarks.lines import compared, parser_of, report
from benchmarks.long_films import FULL, make_loop
from f2s_ray.engines.overlap import overlapped
from f2s_ray.evaluation.tables import table
from f2s_ray.media.film.encode import encode_segment
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.pixels import RgbReader, RgbWriter
from f2s_ray.media.film.presets import pixel_format_for, preset_named
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.photo import tensor_from
from f2s_ray.models.steady import steadied
from f2s_ray.stages.films import Film, frames_at, stored_frames
from f2s_ray.stages.workbench import FilmConfig

PRESET = preset_named("h264")
AT_ONCE = 3


def ours(film: Film, target: Path, reach: int) -> None:
    """As `stages/restore_film.py` does, without networks."""
    count, length = film.index.frame_count, FilmConfig().segment_frames
    segments = [range(first, min(count, first + length)) for first in range(0, count, length)]

    def segment(frames: range) -> None:
        near = range(max(0, frames.start - reach), min(count, frames.stop + reach))
        steady = steadied((rgb for _, rgb in frames_at(film, near)), reach)
        wanted = islice(steady, frames.start - near.start, frames.stop - near.start)
        arrays = (frame.permute(1, 2, 0).numpy() for frame in wanted)
        stamps = film.index.pts[frames.start : frames.stop].tolist()
        encode_segment(arrays, stamps, film.info, PRESET, target.with_name(f"{target.stem}-{frames.start}.mkv"))

    for _ in overlapped(segment, segments, AT_ONCE):
        pass


def plain(film: Film, target: Path) -> None:
    """Decoder to encoder."""
    with av.open(str(film.path)) as given, av.open(str(target), "w", format="matroska") as made:
        source = given.streams.video[0]
        source.codec_context.thread_count = 1
        stream = made.add_stream(PRESET.encoder, rate=film.info.average_rate or 25, options=dict(PRESET.options))
        context = stream.codec_context
        context.width, context.height = film.info.width_px, film.info.height_px
        context.pix_fmt, context.thread_count = pixel_format_for(film.info, PRESET)[0], PRESET.threads
        for frame in given.decode(source):
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


def parts(film: Film, count: int) -> list[list[str]]:
    """Processor milliseconds a frame of each part."""
    reader, writer = RgbReader(film.info), RgbWriter(film.info, "yuv420p")
    decoded = list(stored_frames(film, 0, count))
    stored = [reader(frame) for frame in decoded]
    floats = [tensor_from(one, int(np.iinfo(one.dtype).max)) for one in stored]
    ways: dict[str, Callable[[], Iterator[object]]] = {
        "decode": lambda: iter(list(stored_frames(film, 0, count))),
        "to RGB": lambda: (reader(frame) for frame in decoded),
        "to floats": lambda: (tensor_from(one, int(np.iinfo(one.dtype).max)) for one in stored),
        "steady": lambda: steadied(iter(floats), 2),
        "back": lambda: (writer(frame.permute(1, 2, 0).numpy()) for frame in floats),
    }
    found = []
    for name, way in ways.items():
        begin = time.process_time()
        for _ in way():
            pass
        found.append([name, f"{1000 * (time.process_time() - begin) / count:.1f}"])
    return found


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=3)
    parser.add_argument("--frames", type=int, default=200)
    asked = parser.parse_args(words)
    torch.set_num_threads(2)
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = make_loop(asked.folder / "film.mp4", asked.frames // 25, Fraction(25), FULL)
    info, index = probe_film(path, FilmLimits()), scan_packets(path)
    film = Film(path, info, index, "progressive")
    ways: dict[str, Callable[[Path], None]] = {
        "pixels": lambda target: ours(film, target, 0),
        "plain": lambda target: plain(film, target),
        "steadied": lambda target: ours(film, target, 2),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(asked.repeat):
        for name, way in ways.items():
            begin = time.perf_counter()
            way(asked.folder / f"{name}.mkv")
            rates[name].append(index.frame_count / (time.perf_counter() - begin))
    print(table(["processor ms a frame", "1080p"], parts(film, min(40, index.frame_count))))
    report(
        [
            compared(what, rates[name], "decoder and encoder alone", rates["plain"], "frames/s", aim)
            for name, what, aim in (
                ("pixels", "film, 1080p, without networks", "0.9 or more"),
                ("steadied", "the same, steadied", ""),
            )
        ],
        asked.keep,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
