"""What FaDeX tells of the damage: does its signature follow the operator or the face, and are its named values true?

Every case's largest face is damaged by every operator; both halves of a pair are tried: the true face, and what the product restores.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from f2s_ray.evaluation.cases import Case, sample
from f2s_ray.evaluation.measures import mean
from f2s_ray.evaluation.product import Product, true_pair
from f2s_ray.media.degrade import Operator, draw_operator
from f2s_ray.models.fadex import VALUES

__all__ = ["HALVES", "OPERATOR_COUNT", "code_rows", "cosines", "errors", "operators"]

OPERATOR_COUNT = 8
HALVES = ("true face", "restored face")
Reading = Mapping[str, Any]


def operators(seed: int) -> list[Operator]:
    """Eight operators of any strength."""
    generator = torch.Generator().manual_seed(seed)
    return [draw_operator(generator) for _ in range(OPERATOR_COUNT)]


def code_rows(case: Case, drawn: Sequence[Operator], product: Product) -> dict[str, list[dict[str, Any]]]:
    """For each half the readings of the largest face: operator, signature, values; none where a pair was not to be trusted."""
    rows: dict[str, list[dict[str, Any]]] = {half: [] for half in HALVES}
    if not case.faces:
        return rows
    largest = case.faces[0]
    references = product.references(largest.references)
    for index, operator in enumerate(drawn):
        this = sample(case, "middle", operator)
        restored = product.model.restore_face(this.damaged, largest.landmarks, references)
        pairs = dict(zip(HALVES, (true_pair(this), product.model.pair(this.damaged, restored, 1.0)), strict=True))
        for half, pair in pairs.items():
            code = product.model.read_code([pair] if pair else [])
            if code is not None:
                rows[half].append({"operator": index, "signature": code.signature.tolist(), "values": code.values})
    return rows


def cosines(faces: Sequence[Sequence[Reading]]) -> dict[str, float]:
    """Mean cosine of signatures, of each face's readings: one operator on different faces, different operators on one face."""
    rows = [(face, reading["operator"], reading["signature"]) for face, some in enumerate(faces) for reading in some]
    if not rows:
        return {"same operator, other face": float("nan"), "other operator, same face": float("nan")}
    vectors = np.array([signature for _, _, signature in rows])
    face_of, operator_of = (np.array([row[place] for row in rows]) for place in (0, 1))
    table = vectors @ vectors.T
    same_face, same_operator = (values[:, None] == values[None, :] for values in (face_of, operator_of))
    return {
        "same operator, other face": mean(table[same_operator & ~same_face].tolist()),
        "other operator, same face": mean(table[~same_operator & same_face].tolist()),
    }


def errors(faces: Sequence[Sequence[Reading]], drawn: Sequence[Operator]) -> dict[str, tuple[float, float]]:
    """For each value the mean absolute error, and that of always saying the mean of the operators."""
    told = [_truth(operator) for operator in drawn]
    readings = [reading for some in faces for reading in some]
    result = {}
    for name, _ in VALUES:
        middle = mean([row[name] for row in told])
        off = mean([abs(reading["values"][name] - told[reading["operator"]][name]) for reading in readings])
        result[name] = off, mean([abs(told[reading["operator"]][name] - middle) for reading in readings])
    return result


def _truth(operator: Operator) -> dict[str, float]:
    """The operator's values under the names that FaDeX gives them."""
    told = (operator.blur_sigma_px, operator.noise_sigma, operator.jpeg_quality, operator.downscale)
    return {name: value for (name, _), value in zip(VALUES, told, strict=True)}
