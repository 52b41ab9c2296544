"""Pictures of known people to faces with embeddings and, where it is known, whose they are.

gov_cc0: ``identities.json`` names faces by file and box (fractions of the upright picture). A detection is a labelled
face when their boxes overlap by an IoU of at least 0.4. All faces are clustered, the labelled ones are scored: only
people seen twice are labelled.

azure_mit: labels are read from file names: ``Family1-Dad2.jpg`` is ``Family1-Dad``, ``man3-person-group.jpg`` ``man``,
and ``child1-person-group.jpg`` shows the girl of ``Family1-Daughter1.jpg`` again. The largest face of such a picture is
that person; the other pictures (``detection1.jpg``, ``extra-woman-image.jpg``) are clustered along and not scored.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from f2s_ray.media.degrade import apply, draw_operator
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.face_quality import measure_quality

__all__ = ["VARIANT_MARK", "Found", "faces_below", "family_labels", "gov_labels", "variants_below"]

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
SAME_BOX_IOU = 0.4
SAME_PERSON = {"child": "Family1-Daughter"}
VARIANTS = 3
VARIANT_MARK = "#"
VARIANT_FACE_PX = (24, 96)
Box = Sequence[float]


@dataclass(frozen=True)
class Found:
    """A detected face; its box as fractions of the picture."""

    picture: str
    box: Box
    quality: float
    embedding: np.ndarray


def faces_below(root: Path) -> list[Found]:
    detector, embedder = FaceDetector(), FaceEmbedder()
    found = []
    for file in _pictures(root):
        rgb = _read(file)
        name = file.relative_to(root).as_posix()
        found += [_found(name, rgb, face, embedder) for face in detector.detect(rgb)]
    return found


def variants_below(root: Path, seed: int = 0) -> list[Found]:
    """The largest face of each portrait and of made variants of it: smaller, damaged, some mirrored."""
    detector, embedder = FaceDetector(), FaceEmbedder()
    generator = torch.Generator().manual_seed(seed)
    found = []
    for file in _pictures(root):
        rgb = _read(file)
        face = _largest(detector.detect(rgb))
        if face is not None:
            made = [_variant(rgb, face, generator) for _ in range(VARIANTS)]
            seen = [(some, _largest(detector.detect(some))) for some in (rgb, *made)]
            names = [f"{file.name}{VARIANT_MARK}{number}" for number in range(len(seen))]
            found += [_found(name, some, its, embedder) for name, (some, its) in zip(names, seen, strict=True) if its]
    return found


def _variant(rgb: Tensor, face: Detection, generator: torch.Generator) -> Tensor:
    low, high = VARIANT_FACE_PX
    px = low * (high / low) ** float(torch.rand(1, generator=generator))
    factor = min(1.0, px / (face.box[2] - face.box[0]))
    small = torch.nn.functional.interpolate(rgb[None], scale_factor=factor, mode="bilinear", antialias=True)[0]
    small = small.flip(2) if torch.rand(1, generator=generator) < 0.5 else small
    return apply(draw_operator(generator), small.clamp(0, 1), generator).clamp(0, 1)


def _largest(faces: Sequence[Detection]) -> Detection | None:
    return max(faces, key=lambda face: area(face.box), default=None)


def _pictures(root: Path) -> list[Path]:
    return sorted(file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES)


def _read(file: Path) -> Tensor:
    picture = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255.0


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
