"""A film as it was beside worse twins of it, compressed or restored: `python -m benchmarks.twins PRISTINE TWIN` and more.

Prints, for each twin, means over all frames: PSNR, SSIM and VGG distance to the film as it was, the likeness of its faces, and how much
of the film's own change from frame to frame it has (below 1 it smears, above it flickers) and how that is correlated.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from f2s_ray.evaluation.meters import FIRST, Meters
from f2s_ray.evaluation.pictures import to_tensor
from f2s_ray.evaluation.tables import table
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import read_frames
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig

PIXELS = ("PSNR", "SSIM", "VGG")


def rows(pristine: Path, twins: list[Path]) -> Iterator[list[str]]:
    """One line for the film itself, then one a twin."""
    meters, detector = Meters(FaceEmbedder(FaceEmbedderConfig())), FaceDetector()
    truth = _frames(pristine)
    landmarks = [
        [np.array(face.landmarks).reshape(5, 2) for face in detector.detect(to_tensor(frame))] for frame in truth
    ]
    moves = np.diff(np.stack(truth).astype(np.float32), axis=0)
    for path in (pristine, *twins):
        frames = _frames(path)
        if len(frames) != len(truth):
            raise SystemExit(f"{path.name} has {len(frames)} frames, {pristine.name} has {len(truth)}")
        figures: dict[str, list[float]] = {name: [] for name in (*PIXELS, FIRST)}
        for frame, true, points in zip(frames, truth, landmarks, strict=True):
            pair = {path.name: to_tensor(frame)}, to_tensor(true)
            found = meters.pixels(*pair)[path.name] | meters.likeness(*pair, points)[path.name]
            for name, values in figures.items():
                if (value := found[name]) is not None:
                    values.append(value)
        own = np.diff(np.stack(frames).astype(np.float32), axis=0)
        share, fit = np.abs(own).mean() / np.abs(moves).mean(), np.corrcoef(own.ravel(), moves.ravel())[0, 1]
        means = [float(np.mean(values)) if values else float("nan") for values in figures.values()]
        digits = (2, 3, 4, 3)
        texts = [f"{value:.{places}f}" for value, places in zip(means, digits, strict=True)]
        yield [path.name, str(path.stat().st_size // 1024), *texts, f"{share:.2f}", f"{fit:.2f}"]


def _frames(path: Path) -> list[np.ndarray]:
    """All frames, [h, w, 3] uint8."""
    info, index = probe_film(path, FilmLimits()), scan_packets(path)
    return [np.ascontiguousarray(one.rgb) for one in read_frames(path, info, index, 0, index.frame_count)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pristine", type=Path)
    parser.add_argument("twins", type=Path, nargs="+")
    words = parser.parse_args()
    head = ["film", "KiB", *PIXELS, FIRST, "change", "its correlation"]
    print(table(head, list(rows(words.pristine, words.twins))))


if __name__ == "__main__":
    main()
