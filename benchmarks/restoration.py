"""How much better damaged pictures get on the way of `f2s restore`, and how much undamaged ones suffer.

Prints Markdown tables and writes OUT/restoration.json.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import DegradationCode, MediaItem, RestoredMedia, RestoredSegment
from PIL import Image

from benchmarks.archives import TESTED, build, config_for, restore, tested_path
from benchmarks.measures import face_similarity, interval, mean, psnr, ssim, table
from benchmarks.pictures import STRENGTHS, Picture, read, references_of, selection, to_tensor
from f2s_ray.models.face2scene import digests
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder

FACE_PX = 24
GATES = ("restored", "blended", "kept")
ORIGINS = ("face", "borrowed", "blind")


@dataclass(frozen=True)
class Row:
    """One picture at one strength; ``restored`` is false when no result came, and the input stands in for it."""

    strength: str
    dataset: str
    name: str
    restored: bool
    psnr_before: float
    psnr_after: float
    ssim_before: float
    ssim_after: float
    origin: str
    gates: tuple[str, ...]
    faces_before: tuple[float, ...]
    faces_after: tuple[float, ...]

    @property
    def gain(self) -> float:
        """PSNR of the result less that of the input, dB."""
        return self.psnr_after - self.psnr_before


class Faces:
    """Similarity to the true faces; loads detector and embedder once."""

    def __init__(self) -> None:
        self._detector, self._embedder = FaceDetector(), FaceEmbedder()

    def __call__(self, truth: np.ndarray, *pictures: np.ndarray) -> list[tuple[float, ...]]:
        """For each picture the cosines of the faces that ``truth`` shows at 24 px or more."""
        found = self._detector.detect(to_tensor(truth))
        large = [f for f in found if min(f.box[2] - f.box[0], f.box[3] - f.box[1]) >= FACE_PX]
        return [tuple(face_similarity(self._embedder, picture, truth, large)) for picture in pictures]


def measure(strength: str, tested: Sequence[Picture], archive: Path, catalog: Catalog, faces: Faces) -> list[Row]:
    """Read the results back and compare them with the undamaged pictures."""
    paths = {media.media_id: media.path for media in catalog.rows(MediaItem)}
    results = {paths[row.media_id]: catalog.root / row.path for row in catalog.rows(RestoredMedia)}
    gates = {paths[row.media_id]: row.gates for row in catalog.rows(RestoredSegment)}
    origins = {paths[row.shot_id.rsplit("/", 1)[0]]: str(row.origin) for row in catalog.rows(DegradationCode)}
    rows = []
    for picture in tested:
        path = tested_path(picture)
        truth, before = read(picture), _pixels(archive / path)
        after = _pixels(results[path]) if path in results else before
        similar_before, similar_after = faces(truth, before, after)
        rows.append(
            Row(
                strength=strength,
                dataset=picture.dataset,
                name=picture.name,
                restored=path in results,
                psnr_before=psnr(before, truth),
                psnr_after=psnr(after, truth),
                ssim_before=ssim(before, truth),
                ssim_after=ssim(after, truth),
                origin=origins.get(path, "none"),
                gates=tuple(gate.decision for gate in gates.get(path, ())),
                faces_before=similar_before,
                faces_after=similar_after,
            )
        )
    return rows


def quality_table(rows: Sequence[Row]) -> str:
    """Damaged pictures: one line a strength and set."""
    title = ["strength", "set", "pictures", "PSNR in", "PSNR out", "gain dB [95 %]", "SSIM in", "SSIM out", "better"]
    lines = []
    for group, some in _groups([row for row in rows if row.strength != "none"]).items():
        gains = [row.gain for row in some]
        low, high = interval(gains)
        lines.append(
            [
                *group,
                str(len(some)),
                f"{mean([row.psnr_before for row in some]):.2f}",
                f"{mean([row.psnr_after for row in some]):.2f}",
                f"{mean(gains):+.2f} [{low:+.2f}, {high:+.2f}]",
                f"{mean([row.ssim_before for row in some]):.4f}",
                f"{mean([row.ssim_after for row in some]):.4f}",
                f"{mean([gain > 0 for gain in gains]):.0%}",
            ]
        )
    return table(title, lines)


def undamaged_table(rows: Sequence[Row]) -> str:
    """Undamaged pictures against themselves."""
    title = ["undamaged", "pictures", "PSNR min", "PSNR mean", "SSIM min"]
    lines = []
    for (_, dataset), some in _groups([row for row in rows if row.strength == "none"]).items():
        decibels = [row.psnr_after for row in some]
        worst = min(row.ssim_after for row in some)
        lines.append([dataset, str(len(some)), f"{min(decibels):.2f}", f"{mean(decibels):.2f}", f"{worst:.4f}"])
    return table(title, lines)


def choices_table(rows: Sequence[Row]) -> str:
    """Where codes came from, what the gate let through, and whom the faces resemble."""
    title = ["strength", "set", "codes face/borrowed/blind", "faces restored/blended/kept", "SFace in", "SFace out"]
    lines = []
    for group, some in _groups(rows).items():
        origins = Counter(row.origin for row in some)
        gates = Counter(gate for row in some for gate in row.gates)
        before = [value for row in some for value in row.faces_before]
        after = [value for row in some for value in row.faces_after]
        counts = ["/".join(str(count[name]) for name in names) for count, names in ((origins, ORIGINS), (gates, GATES))]
        lines.append([*group, *counts, f"{mean(before):.3f}", f"{mean(after):.3f}"])
    return table(title, lines)


def _groups(rows: Sequence[Row]) -> Mapping[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for strength in dict.fromkeys(row.strength for row in rows):
        some = [row for row in rows if row.strength == strength]
        for dataset in dict.fromkeys(row.dataset for row in some):
            groups[strength, dataset] = [row for row in some if row.dataset == dataset]
        groups[strength, "all"] = some
    return groups


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as stored:
        return np.asarray(stored.convert("RGB"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three pictures of each set")
    parser.add_argument("--validation", action="store_true", help="24 pictures of train, to choose settings on")
    parser.add_argument("--strength", nargs="+", choices=STRENGTHS, default=list(STRENGTHS))
    parser.add_argument("--weights", type=Path, help="folder of the four networks; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="archives, results and JSON")
    words = parser.parse_args()
    tested = selection(validation=words.validation, quick=words.quick)
    out: Path = words.out.resolve() / f"restoration-{'validation' if words.validation else 'eval'}-{len(tested)}"
    references, faces = references_of(tested), Faces()
    rows: list[Row] = []
    for strength in words.strength:
        archive = out / strength / "archive"
        build(archive, tested, references, STRENGTHS[strength])
        catalog = restore(archive, out / strength / "restored", words.weights, only=f"{TESTED}/")
        rows += measure(strength, tested, archive, catalog, faces)
    facts = {"weights": digests(config_for(words.weights).model), "references": len(references)}
    (out / "restoration.json").write_text(json.dumps({**facts, "rows": [asdict(row) for row in rows]}, indent=1))
    print("\n\n".join([quality_table(rows), undamaged_table(rows), choices_table(rows)]))
    print(
        f"\n{len(rows)} results, {sum(not row.restored for row in rows)} missing; {len(references)} references; {facts}"
    )


if __name__ == "__main__":
    main()
