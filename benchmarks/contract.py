"""What films keep: real and made ones, restored, and each compared with its source as `ffprobe` would compare them.

INPUT's films and the made ones (uneven stamps, 29.97, turned, odd, 10 bit, edit lists, 5.1 and subtitles ...) go the way of
`f2s restore`; then frames, stamps, duration and streams of source and result stand side by side. Made films show the number of
each frame, so a frame in another's place is seen. Prints Markdown tables; OUT keeps the films.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, RestoredMedia, RestoredSegment

from benchmarks.archives import restore
from benchmarks.pictures import data_folder
from f2s_ray.evaluation.tables import table
from f2s_ray.media.film.compare import compare_films
from f2s_ray.media.film.index import FilmIndex
from f2s_ray.media.film.info import FilmInfo, FilmLimits
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import read_frames
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.stages.workbench import FilmConfig, RestoreConfig
from tests.media.film.films import FILMS, make_film, number_of, numbered

INTERLACED_SIZE = (720, 576)
LIMITS = FilmLimits(max_megapixels=float("inf"))


def make_films(folder: Path) -> None:
    """Those of the tests, and the ones that are broken or refused on purpose."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, settings in FILMS.items():
        make_film(folder / name, **settings)
    make_film(folder / "interlaced.mkv", count=24, show=_two_fields, size=INTERLACED_SIZE, options={"flags": "+ildct"})
    whole = make_film(folder / "whole.mp4", count=100).read_bytes()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    (folder / "whole.mp4").unlink()
    _without_frames(folder / "none.mkv")
    parts = [make_film(folder / f"part{n}.ts", size=size) for n, size in enumerate([(96, 64), (128, 96)])]
    (folder / "two-sizes.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


def _two_fields(number: int, width: int, height: int) -> np.ndarray:
    """A bar that moves on between the fields."""
    frame = numbered(number, width, height)
    for field in (0, 1):
        left = 40 + 12 * (2 * number + field)
        frame[height // 2 + field :: 2, left : left + 60] = 250
    return frame


def _without_frames(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        container.start_encoding()


def rows(source: Path, output: Path, catalog: Catalog) -> Iterator[list[str]]:
    """One line a film."""
    media = {item.path: item for item in catalog.rows(MediaItem)}
    results = {one.media_id: one for one in catalog.rows(RestoredMedia)}
    failures = {one.path: one for one in catalog.attempts() if one.status != "done"}
    spent: dict[str, float] = {}
    for segment in catalog.rows(RestoredSegment):
        spent[segment.media_id] = spent.get(segment.media_id, 0.0) + segment.seconds
    for path in sorted(str(one.relative_to(source)) for one in source.rglob("*") if one.is_file()):
        item = media.get(path)
        result = results.get(item.media_id) if item else None
        if item is None or result is None:
            failure = failures[path]
            yield [path, f"refused at {failure.step}: {failure.error_kind}", *[""] * 6]
            continue
        pair = (source / path, output / result.path)
        differences = compare_films(*pair)
        infos, indices = [probe_film(one, LIMITS) for one in pair], [scan_packets(one) for one in pair]
        off = [1000 * one for one in _off(*indices)]
        sound = _sound(infos, indices)
        said = [word for word in result.changed if not word.startswith("IPTC")]
        yield [
            path,
            f"{infos[0].video.codec} to {infos[1].video.codec}, {pair[1].suffix[1:]}",
            f"{indices[0].frame_count} / {indices[1].frame_count}" + (", in order" if _is_numbered(path, pair[1]) else ""),
            f"{off[0]:.2f}",
            f"{off[1]:.2f}",
            "" if sound is None else f"{1000 * sound:.2f}",
            "; ".join([*(one.what for one in differences), *said]) or "none",
            f"{spent[item.media_id] / indices[0].frame_count:.2f}",
        ]  # fmt: skip


def _off(source: FilmIndex, result: FilmIndex) -> tuple[float, float]:
    """Seconds: the largest step of a stamp from the source's, and of the duration."""
    one, other = ((index.pts - index.pts[0]) * float(index.time_base) for index in (source, result))
    lengths = [float(index.stop_seconds - index.start_seconds) for index in (source, result)]
    return float(np.abs(one - other).max()), abs(lengths[0] - lengths[1])


def _sound(infos: list[FilmInfo], indices: list[FilmIndex]) -> float | None:
    """Seconds by which sound lies otherwise to the picture, the worst of all streams at begin and end."""
    found = []
    for number in range(sum(one.kind == "audio" for one in infos[0].streams)):
        places = []
        for info, index in zip(infos, indices, strict=True):
            stream = [one for one in info.streams if one.kind == "audio"][number]
            scan = index.streams[stream.index]
            places.append(
                [
                    float((scan.start_seconds or 0) - index.start_seconds),
                    float((scan.stop_seconds or 0) - index.start_seconds),
                ]
            )
        found.append(float(np.abs(np.array(places[0]) - np.array(places[1])).max()))
    return max(found, default=None)


def _is_numbered(path: str, result: Path) -> bool:
    """Whether a made film's result shows the numbers of its frames one after the other."""
    if Path(path).name not in FILMS:
        return False
    info, index = probe_film(result, LIMITS), scan_packets(result)
    shown = [number_of(one.rgb) for one in read_frames(result, info, index, 0, index.frame_count)]
    return shown == list(range(shown[0], shown[0] + len(shown)))


def main() -> None:
    """Restore, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("bench-out/contract"))
    parser.add_argument("--preset", default="h264")
    parser.add_argument("--made-only", action="store_true")
    parser.add_argument("--weights", type=Path)
    words = parser.parse_args()
    source, output = words.out / "films", words.out / words.preset
    make_films(source / "made")
    if not words.made_only:
        shutil.copytree(data_folder() / "eval" / "video", source / "real", dirs_exist_ok=True)
    how = RestoreConfig(film=FilmConfig(preset=words.preset))
    catalog = restore(source.resolve(), output.resolve(), words.weights, how)
    head = [
        "film",
        "codec, container",
        "frames, source / result",
        "stamps off, ms",
        "duration off, ms",
        "sound off, ms",
        "differences, and what the row says",
        "s a frame",
    ]
    print(table(head, list(rows(source, output, catalog))))


if __name__ == "__main__":
    main()
