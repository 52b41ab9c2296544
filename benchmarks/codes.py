"""What FaDeX tells about the damage: does its signature follow the operator or the face, and are its named values true?

Every face is damaged by every operator. Prints Markdown tables and writes OUT/codes.json.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.archives import config_for
from benchmarks.faces import Scene, product_pair, scene_of, true_pair
from benchmarks.measures import mean, table
from benchmarks.pictures import selection, to_tensor
from f2s_ray.media.degrade import Operator, apply, draw_operator
from f2s_ray.models.face2scene import Code, Face2Scene, Pair, digests
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.fadex import VALUES

OPERATORS = 8
SEED = 77


@dataclass(frozen=True)
class Reading:
    """What was read from one face under one operator."""

    face: int
    operator: int
    code: Code


def truth(operator: Operator) -> dict[str, float]:
    """The operator's values under the names that FaDeX gives them."""
    told = (operator.blur_sigma_px, operator.noise_sigma, operator.jpeg_quality, operator.downscale)
    return {name: value for (name, _), value in zip(VALUES, told, strict=True)}


def damaged_scenes(scene: Scene, operators: Sequence[Operator]) -> list[Scene]:
    """The same picture under each operator, stored in 8 bits."""
    made = []
    for index, operator in enumerate(operators):
        rgb = apply(operator, scene.clean, torch.Generator().manual_seed(index))
        stored = (rgb * 255).round().byte().permute(1, 2, 0).numpy()
        made.append(Scene(scene.name, operator, scene.clean, to_tensor(stored), scene.landmarks))
    return made


def cosines(readings: Sequence[Reading]) -> dict[str, float]:
    """Mean cosine: same operator on different faces, different operators on one face."""
    vectors = np.stack([reading.code.signature.numpy() for reading in readings])
    faces = np.array([reading.face for reading in readings])
    operators = np.array([reading.operator for reading in readings])
    table_of = vectors @ vectors.T
    same_face, same_operator = (values[:, None] == values[None, :] for values in (faces, operators))
    return {
        "same operator, other face": mean(table_of[same_operator & ~same_face].tolist()),
        "other operator, same face": mean(table_of[~same_operator & same_face].tolist()),
    }


def errors(readings: Sequence[Reading], operators: Sequence[Operator]) -> dict[str, tuple[float, float]]:
    """For each value the mean absolute error, and that of always saying the operators' mean."""
    told = [truth(operator) for operator in operators]
    result = {}
    for name, _ in VALUES:
        middle = mean([row[name] for row in told])
        off = mean([abs(reading.code.values[name] - told[reading.operator][name]) for reading in readings])
        result[name] = off, mean([abs(told[reading.operator][name] - middle) for reading in readings])
    return result


def read(model: Face2Scene, pair: Pair | None, face: int, operator: int) -> list[Reading]:
    """One reading, or none where the pair was not to be trusted."""
    code = model.read_code([pair] if pair else [])
    return [Reading(face, operator, code)] if code else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three pictures of each set")
    parser.add_argument("--validation", action="store_true", help="24 pictures of train, to choose settings on")
    parser.add_argument("--weights", type=Path, help="folder of the four networks; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="where the JSON goes")
    words = parser.parse_args()
    config = config_for(words.weights).model
    model, detector = Face2Scene(config), FaceDetector()
    generator = torch.Generator().manual_seed(SEED)
    operators = [draw_operator(generator) for _ in range(OPERATORS)]
    pictures = selection(validation=words.validation, quick=words.quick)
    scenes = [scene for picture in pictures if (scene := scene_of(picture, "mild", detector))]
    readings: dict[str, list[Reading]] = {"true face": [], "restored face": []}
    for face, scene in enumerate(scenes):
        for number, damaged in enumerate(damaged_scenes(scene, operators)):
            readings["true face"] += read(model, true_pair(model, damaged), face, number)
            readings["restored face"] += read(model, product_pair(model, damaged), face, number)
    _report(readings, operators, words.out, {"weights": digests(config), "faces": len(scenes)})


def _report(
    readings: dict[str, list[Reading]], operators: Sequence[Operator], out: Path, facts: dict[str, object]
) -> None:
    close = {half: cosines(some) for half, some in readings.items()}
    off = {half: errors(some, operators) for half, some in readings.items()}
    out.mkdir(parents=True, exist_ok=True)
    (out / "codes.json").write_text(json.dumps({**facts, "cosines": close, "errors": off}, indent=1))
    columns = list(next(iter(close.values())))
    lines = [[half, str(len(readings[half])), *(f"{row[name]:.3f}" for name in columns)] for half, row in close.items()]
    print(table(["other half of the pair", "readings", *(f"cosine, {name}" for name in columns)], lines))
    lines = [[half, *(f"{own:.3f} ({dull:.3f})" for own, dull in row.values())] for half, row in off.items()]
    print(f"\n{table(['mean absolute error (of a constant)', *(name for name, _ in VALUES)], lines)}")


if __name__ == "__main__":
    main()
