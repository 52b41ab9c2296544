"""Photos of known people to how well they are told apart: python -m benchmarks.identities [DATA].

DATA is the folder that holds ``eval/gov_cc0`` and ``eval/azure_mit``; default: F2S_SHARED_DATA, or ``shared/data``
beside the repository.

gov_cc0: ``identities.json`` names faces by file and box (fractions of the upright picture). A detection is a labelled
face when their boxes overlap by an IoU of at least 0.4. All faces are clustered, the labelled ones are scored: only
people seen twice are labelled.

azure_mit: labels are read from file names: ``Family1-Dad2.jpg`` is ``Family1-Dad``, ``man3-person-group.jpg`` ``man``,
and ``child1-person-group.jpg`` shows the girl of ``Family1-Daughter1.jpg`` again. The largest face of such a picture is
that person; the other pictures (``detection1.jpg``, ``extra-woman-image.jpg``) are clustered along and not scored.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from f2s_ray.models.clustering import cluster
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.face_quality import measure_quality

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
SAME_BOX_IOU = 0.4
SAME_PERSON = {"child": "Family1-Daughter"}
Box = Sequence[float]


@dataclass(frozen=True)
class Found:
    """A detected face; its box as fractions of the picture."""

    picture: str
    box: Box
    quality: float
    embedding: np.ndarray


@dataclass(frozen=True)
class Score:
    """How well a clustering agrees with the labels; all 0..1."""

    precision: float
    recall: float
    bcubed_precision: float
    bcubed_recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of pairwise precision and recall."""
        return harmonic(self.precision, self.recall)

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        return harmonic(self.bcubed_precision, self.bcubed_recall)


def harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def faces_below(root: Path) -> list[Found]:
    detector, embedder = FaceDetector(), FaceEmbedder()
    found = []
    for file in sorted(file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES):
        picture = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
        rgb = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255.0
        name = file.relative_to(root).as_posix()
        found += [_found(name, rgb, face, embedder) for face in detector.detect(rgb)]
    return found


def _found(name: str, rgb: torch.Tensor, face: Detection, embedder: FaceEmbedder) -> Found:
    height, width = rgb.shape[1:]
    box = [face.box[0] / width, face.box[1] / height, face.box[2] / width, face.box[3] / height]
    return Found(name, box, measure_quality(rgb, face).quality, embedder.embed(rgb, face.landmarks))


def gov_labels(root: Path, found: Sequence[Found]) -> tuple[dict[int, str], int]:
    """Label of each detection that meets a labelled box, and how many boxes are labelled."""
    boxes = list(_labelled_boxes(json.loads((root / "identities.json").read_text(encoding="utf-8"))))
    labels: dict[int, str] = {}
    for identity, picture, box in boxes:
        near = [(iou(face.box, box), -i) for i, face in enumerate(found) if face.picture == picture]
        best, index = max(near, default=(0.0, 0))
        if best >= SAME_BOX_IOU:
            labels[-index] = identity
    return labels, len(boxes)


def _labelled_boxes(identities: Mapping[str, list[dict]]) -> Iterator[tuple[str, str, Box]]:
    for identity, rows in identities.items():
        for row in rows:
            yield identity, row["file"], row["box"]


def family_labels(root: Path, found: Sequence[Found]) -> tuple[dict[int, str], int]:
    """Label of the largest face of each single person's picture, and how many such pictures there are."""
    names = {file.name: _person(file.stem) for file in root.iterdir() if _person(file.stem)}
    labels: dict[int, str] = {}
    for picture, person in names.items():
        inside = [(area(face.box), i) for i, face in enumerate(found) if face.picture == picture]
        if inside:
            labels[max(inside)[1]] = person
    return labels, len(names)


def _person(stem: str) -> str:
    person = re.fullmatch(r"(Family\d+-[A-Za-z]+?)\d+|([a-z]+)\d+-person-group", stem)
    name = (person.group(1) or person.group(2)) if person else ""
    return SAME_PERSON.get(name, name)


def area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def iou(a: Box, b: Box) -> float:
    common = area([max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])])
    return common / (area(a) + area(b) - common) if common else 0.0


def score(groups: Sequence[int], labels: Sequence[str]) -> Score:
    """Pairwise and B-cubed agreement of two partitions of the same faces."""
    together = np.equal.outer(np.array(groups), np.array(groups))
    same = np.equal.outer(np.array(labels), np.array(labels))
    pairs = np.triu_indices(len(labels), 1)
    both = together & same
    return Score(
        precision=float(both[pairs].sum() / max(together[pairs].sum(), 1)),
        recall=float(both[pairs].sum() / max(same[pairs].sum(), 1)),
        bcubed_precision=float((both.sum(axis=1) / together.sum(axis=1)).mean()),
        bcubed_recall=float((both.sum(axis=1) / same.sum(axis=1)).mean()),
    )


def main(data: Path) -> None:
    row = "{:<10} {:>6} {:>9} {:>6} {:>7} | {:>6} {:>6} {:>6} | {:>6} {:>6} {:>6}"
    print(row.format("set", "faces", "labelled", "found", "groups", "pair P", "R", "F1", "B3 P", "R", "F1"))
    for name, read_labels in (("gov_cc0", gov_labels), ("azure_mit", family_labels)):
        root = data / "eval" / name
        found = faces_below(root)
        groups = cluster(
            np.stack([face.embedding for face in found]),
            np.array([face.quality for face in found]),
            np.stack([np.arange(len(found)), np.unique([face.picture for face in found], return_inverse=True)[1]], 1),
            np.full(len(found), -1),
        )
        labels, labelled = read_labels(root, found)
        got = score([int(groups[i]) for i in labels], list(labels.values()))
        pairwise = [f"{value:.3f}" for value in (got.precision, got.recall, got.f1)]
        bcubed = [f"{value:.3f}" for value in (got.bcubed_precision, got.bcubed_recall, got.bcubed_f1)]
        print(row.format(name, len(found), labelled, len(labels), int(groups.max()) + 1, *pairwise, *bcubed))


if __name__ == "__main__":
    torch.set_num_threads(1)
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.environ.get("F2S_SHARED_DATA", beside)))
