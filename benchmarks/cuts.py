"""Cut detection on made films whose cuts are known, ours beside a library's, and what both find in real films.

Prints Markdown tables; the films are made of pictures that no number was chosen on.
"""

import argparse
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector, ThresholdDetector

from benchmarks.made_films import KINDS, Change, load_pictures, make_film
from benchmarks.pictures import data_folder
from f2s_ray.errors import ConfigError
from f2s_ray.evaluation.tables import table
from f2s_ray.media.cuts import find_shots

TOLERANCE_FRAMES = 1
# Two detectors of the library may name the same change twice.
SAME_CHANGE_FRAMES = 8
LONG_SIDE_PX = 192
Finder = Callable[[Iterable[np.ndarray]], list[int]]


@dataclass
class Score:
    """Changes found and true, found and not true, true and not found; processor seconds and frames."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    seconds: float = 0.0
    frames: int = 0

    def add(self, found: Sequence[int], changes: Sequence[Change]) -> None:
        """Count one film; a change may be found once."""
        left = list(changes)
        for frame in found:
            near = [one for one in left if one.first - TOLERANCE_FRAMES <= frame <= one.last + TOLERANCE_FRAMES]
            if near:
                left.remove(near[0])
            self.right += bool(near)
            self.wrong += not near
        self.missed += len(left)

    def words(self) -> str:
        """Precision, recall, F1."""
        precision = self.right / max(self.right + self.wrong, 1)
        recall = self.right / max(self.right + self.missed, 1)
        f1 = 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)
        return f"{precision:.2f} / {recall:.2f} / **{f1:.3f}**"


def ours(frames: Iterable[np.ndarray]) -> list[int]:
    return [shot.first_frame for shot in find_shots(frames)][1:]


def adaptive(frames: Iterable[np.ndarray]) -> list[int]:
    return _library(frames, [AdaptiveDetector(), ThresholdDetector()])


def content(frames: Iterable[np.ndarray]) -> list[int]:
    return _library(frames, [ContentDetector(), ThresholdDetector()])


def _library(frames: Iterable[np.ndarray], detectors: Sequence[ContentDetector | ThresholdDetector]) -> list[int]:
    """What PySceneDetect's detectors find together, fed frame by frame."""
    found: list[int] = []
    now = FrameTimecode(0, 25.0)
    for index, frame in enumerate(frames):
        now = FrameTimecode(index, 25.0)
        bgr = np.ascontiguousarray(frame[..., ::-1])
        found += [cut.frame_num for detector in detectors for cut in detector.process_frame(now, bgr)]
    found += [cut.frame_num for detector in detectors for cut in detector.post_process(now)]
    apart: list[int] = []
    for frame_number in sorted(found):
        if frame_number and (not apart or frame_number - apart[-1] > SAME_CHANGE_FRAMES):
            apart.append(frame_number)
    return apart


FINDERS: dict[str, Finder] = {"ours": ours, "adaptive + threshold": adaptive, "content + threshold": content}


def made_table(data: Path | None, films: int) -> str:
    """Precision / recall / F1 by kind of film."""
    stock = load_pictures(data)
    rows = []
    for name, kind in KINDS.items():
        scores = {finder: Score() for finder in FINDERS}
        changes = 0
        for number in range(films):
            film = make_film(kind, stock, zlib.crc32(f"{name} {number}".encode()))
            changes += len(film.changes)
            for finder, find in FINDERS.items():
                begin = time.process_time()
                found = find(film.frames)
                scores[finder].seconds += time.process_time() - begin
                scores[finder].frames += len(film.frames)
                scores[finder].add(found, film.changes)
        cost = " / ".join(f"{1e3 * score.seconds / score.frames:.1f}" for score in scores.values())
        rows.append([name, str(changes), *(score.words() for score in scores.values()), cost])
        print(".", end="", flush=True)
    print()
    return table(["kind", "changes", *FINDERS, "ms a frame"], rows)


def real_table(folder: Path) -> str:
    """What each finds in the films of a folder."""
    rows = []
    for path in sorted(folder.iterdir()):
        frames = list(_decode(path))
        rows.append([path.name, str(len(frames)), *(str(find(frames) or "none") for find in FINDERS.values())])
    return table(["film", "frames", *FINDERS], rows)


def _decode(path: Path) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            scale = min(1.0, LONG_SIDE_PX / max(frame.width, frame.height))
            size = (round(frame.width * scale), round(frame.height * scale))
            yield cv2.resize(frame.to_ndarray(format="rgb24"), size, interpolation=cv2.INTER_AREA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=3, help="films of each kind, of eight shots each")
    films = parser.parse_args().films
    try:
        data: Path | None = data_folder()
    except ConfigError:
        data = None
    print(made_table(data, films))
    if data:
        print(f"\n{real_table(data / 'eval' / 'video')}")


if __name__ == "__main__":
    main()
