"""What length costs: peak memory of a long film beside a short one, and how fast a worker decodes.

A 1080p film is made by looping a real one. The way up to the faces (`f2s index`) runs on it in a process of its own. Pixels are restored
slowly without a GPU, so the whole way of `f2s restore` is taken twice: in 1080p with a frame every five seconds, and in a small picture
with five frames a second. Networks: `--weights`, small ones do, since what the networks take is the same for both lengths. Decoding:
frames [0, n) as a worker reads them, beside a plain loop of PyAV with one thread, by turns. Prints Markdown tables.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.pictures import data_folder
from f2s_ray.evaluation.tables import table
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import decode_frames
from f2s_ray.media.film.scan import scan_packets

FULL, SMALL = (1920, 1080), (96, 54)
WAYS = (("index", FULL, Fraction(25)), ("restore", FULL, Fraction(1, 5)), ("restore", SMALL, Fraction(5)))
LOOP = "sam2_bedroom.mp4"
TURNS = 3


def make_loop(path: Path, seconds: int, rate: Fraction, size: tuple[int, int]) -> Path:
    """The real film in another size, its packets again and again until it is long enough."""
    once = path.with_name("once.mp4")
    frames = min(int(seconds * rate), 200)
    _encode_once(once, frames, rate, size)
    with av.open(str(path), "w") as result:
        target, base = None, 0
        for turn in count():
            with av.open(str(once)) as given:
                stream = given.streams.video[0]
                target = target or result.add_stream_from_template(stream)
                tick = int(1 / (rate * stream.time_base))
                base = turn * frames * tick
                for packet in given.demux(stream):
                    if packet.size:
                        packet.pts, packet.dts = (packet.pts or 0) + base, (packet.dts or 0) + base
                        packet.stream = target
                        result.mux(packet)
            if (turn + 1) * frames >= seconds * rate:
                break
    once.unlink()
    return path


def _encode_once(path: Path, frames: int, rate: Fraction, size: tuple[int, int]) -> None:
    with av.open(str(data_folder() / "eval" / "video" / LOOP)) as given, av.open(str(path), "w") as result:
        stream = result.add_stream(
            "libx264", rate=rate, options={"crf": "20", "bf": "0", "g": "50", "preset": "veryfast"}
        )
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number, frame in enumerate(given.decode(video=0)):
            if number == frames:
                break
            large = cv2.resize(frame.to_ndarray(format="rgb24"), size, interpolation=cv2.INTER_CUBIC)
            made = av.VideoFrame.from_ndarray(large, "rgb24")
            made.pts, made.time_base = number, 1 / rate
            result.mux(stream.encode(made))
        result.mux(stream.encode(None))


def peak_mib(words: list[str]) -> tuple[float, float]:
    """Peak resident memory of a child that runs a module, and its seconds."""
    begin = time.perf_counter()
    child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-m", *words])
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss / 1024, time.perf_counter() - begin


def decoding(path: Path) -> dict[str, float]:
    """Frames a second, the best of some turns: as a worker reads, and the plain loop."""
    info, index = probe_film(path, FilmLimits()), scan_packets(path)
    ways: dict[str, Callable[[], int]] = {
        "worker": lambda: sum(1 for _ in decode_frames(path, info, index, 0, index.frame_count)),
        "plain loop": lambda: _plain(path),
    }
    rates = {name: 0.0 for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            begin = time.process_time()
            frames = way()
            rates[name] = max(rates[name], frames / (time.process_time() - begin))
    return rates


def _plain(path: Path) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return sum(1 for _ in container.decode(video=0))


def main() -> None:
    """Make the films, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("bench-out/long"))
    parser.add_argument("--weights", type=Path, help="default: the shipped ones")
    parser.add_argument("--minutes", type=int, nargs=2, default=(1, 10), metavar=("SHORT", "LONG"))
    words = parser.parse_args()
    rows = []
    for way, size, rate in WAYS:
        peaks = []
        for minutes in words.minutes:
            folder = words.out / f"{way}-{size[1]}-{minutes}"
            (folder / "in").mkdir(parents=True, exist_ok=True)
            film = make_loop(folder / "in" / "film.mp4", 60 * minutes, rate, size)
            command = ["benchmarks.archives", str(folder / "in"), str(folder / "out"), "--only", way]
            peak, seconds = peak_mib([*command, *(["--weights", str(words.weights)] if words.weights else [])])
            peaks.append(peak)
            frames = str(scan_packets(film).frame_count)
            what = f"{minutes} min, {size[0]} x {size[1]}"
            rows.append([way, what, frames, f"{peak:,.0f}", f"{peak / peaks[0]:.3f}", f"{seconds:,.0f}"])
            sys.stderr.write(f"{rows[-1]}\n")
    print(table(["way", "film", "frames", "peak MiB", "ratio", "seconds"], rows), end="\n\n")
    rates = decoding(words.out / f"index-{FULL[1]}-{words.minutes[0]}" / "in" / "film.mp4")
    figures = [f"{rates[name]:.0f}" for name in ("worker", "plain loop")]
    ratio = float(np.divide(rates["worker"], rates["plain loop"]))
    print(
        table(
            ["decoding, frames a processor second", "worker", "plain loop", "ratio"],
            [["1080p H.264", *figures, f"{ratio:.2f}"]],
        )
    )


if __name__ == "__main__":
    main()
