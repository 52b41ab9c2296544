"""Faces a second of the step that finds them: python -m benchmarks.face_speed FOLDER [--pictures N] [--repeat N].

Pictures of the training set that are listed and probed; then `detect` on the local engine, with its ledger, its rows and the measures of
quality, against a bare loop that decodes the same pictures and asks the same two networks. By turns; faces a second of the clock.
"""

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Face, MediaItem, Source

from benchmarks.lines import compared, parser_of, report
from benchmarks.pictures import training_pictures
from f2s_ray.engines import local
from f2s_ray.flows.photo import PhotoConfig, index_flow
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.photos import MEASURING_THREADS, open_photo


def bare(source: Path, catalog: Catalog) -> float:
    """Faces a second of the two networks and the decoders."""
    torch.set_num_threads(MEASURING_THREADS)
    media, inputs, detector, embedder = catalog.rows(MediaItem), Inputs(str(source)), FaceDetector(), FaceEmbedder()
    begin, count = time.perf_counter(), 0
    for one in media:
        rgb = open_photo(inputs, one).pages[0].rgb
        for found in detector.detect(rgb):
            embedder.embed(rgb, found.landmarks)
            count += 1
    return count / (time.perf_counter() - begin)


def engine(source: Path, probed: Path, output: Path) -> float:
    """Faces a second of the step."""
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(probed, output)
    catalog, flow = Catalog(output), index_flow(PhotoConfig(), source, output)
    begin = time.perf_counter()
    local.run(flow[-1:], catalog, "benchmark")
    return len(catalog.rows(Face)) / (time.perf_counter() - begin)


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=3)
    parser.add_argument("--pictures", type=int, default=200)
    asked = parser.parse_args(words)
    source, probed = asked.folder / "in", asked.folder / "probed"
    shutil.rmtree(asked.folder, ignore_errors=True)
    training_pictures(source, asked.pictures)
    catalog = Catalog(probed)
    local.run(index_flow(PhotoConfig(), source, probed)[:-1], catalog, "benchmark")
    pairs = [(engine(source, probed, asked.folder / "out"), bare(source, catalog)) for _ in range(asked.repeat)]
    ours, that = zip(*pairs, strict=True)
    count = len(catalog.rows(Source))
    what = f"faces found and measured, {count} pictures"
    report([compared(what, ours, "decoders and networks in a loop", that, "faces/s", "0.95 or more")], asked.keep)


if __name__ == "__main__":
    main(sys.argv[1:])
