"""Measured rows to means, paired differences and counts, each with its 95 % bootstrap interval."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from f2s_ray.evaluation.codes import HALVES, cosines, errors
from f2s_ray.evaluation.likeness import VARIANTS
from f2s_ray.evaluation.measures import RESAMPLES, interval, mean
from f2s_ray.evaluation.meters import FIRST, METRICS, SECOND
from f2s_ray.evaluation.methods import BLIND, FILTER, INPUT, NULL, OTHER, OURS, PEER, SCENE, SWAPPED, TRUE
from f2s_ray.media.degrade import Operator

__all__ = ["ALL", "COMPARISONS", "ORDER", "summarise"]

ALL = "all"
ORDER = (INPUT, FILTER, PEER, BLIND, NULL, SWAPPED, OTHER, TRUE, SCENE, OURS)
COMPARISONS = (
    *((OURS, other) for other in (INPUT, FILTER, PEER, NULL, BLIND, SWAPPED)),
    *((SCENE, other) for other in (NULL, BLIND, SWAPPED)),
    *((TRUE, other) for other in (NULL, BLIND, SWAPPED, OTHER)),
)
FACE_COMPARISONS = ((VARIANTS[1], VARIANTS[0]), (VARIANTS[3], VARIANTS[1]), (VARIANTS[3], VARIANTS[2]))
ACCEPTED = ("restored", "blended")
Row = Mapping[str, Any]
Figures = dict[str, Any]


def summarise(rows: Sequence[Row], codes: Sequence[Row], drawn: Sequence[Operator]) -> Figures:
    """All tables as plain values; numbers that cannot be had are null."""
    groups = _groups(rows)
    faces = [face for row in rows for face in row["faces"]]
    read = {half: [row[half] for row in codes] for half in HALVES}
    return {
        "means": [{**_where(key), "methods": _means(some)} for key, some in groups.items()],
        "differences": [
            {"strength": strength, "what": f"{one} - {other}", **_difference(some, one, other)}
            for (strength, dataset), some in groups.items()
            for one, other in COMPARISONS
            if dataset == ALL and strength != "none" and any({one, other} <= row["methods"].keys() for row in some)
        ],
        "undamaged": [_undamaged(name, some) for (strength, name), some in groups.items() if strength == "none"],
        "faces": _faces(faces),
        "gate": [_gate(strength, name, rows) for strength in _strengths(rows) for name in (FIRST, SECOND)],
        "cosines": {half: {"readings": sum(map(len, some)), **_plain(cosines(some))} for half, some in read.items()},
        "errors": {
            half: {name: [_number(v) for v in pair] for name, pair in errors(some, drawn).items()}
            for half, some in read.items()
        },
    }


def _strengths(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["strength"] for row in rows))


def _groups(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by strength and set, all sets together first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for strength in _strengths(rows):
        some = [row for row in rows if row["strength"] == strength]
        groups[strength, ALL] = some
        for dataset in sorted({row["set"] for row in some}):
            groups[strength, dataset] = [row for row in some if row["set"] == dataset]
    return groups


def _where(key: tuple[str, str]) -> dict[str, str]:
    return {"strength": key[0], "set": key[1]}


def _means(some: Sequence[Row]) -> dict[str, Figures]:
    found = {}
    for method in ORDER:
        rows = [row["methods"][method] for row in some if method in row["methods"]]
        if rows:
            found[method] = {"pictures": len(rows), **{name: _spread([row[name] for row in rows]) for name in METRICS}}
    return found


def _spread(values: Sequence[float | None]) -> Figures:
    """Mean and interval of what was measured."""
    known = [value for value in values if value is not None]
    return {
        "count": len(known),
        "mean": _number(mean(known)),
        "interval": [_number(value) for value in interval(known)],
    }


def _difference(some: Sequence[Row], one: str, other: str) -> Figures:
    """Over pictures that have both: PSNR in dB, and VGG distance in percent of that of ``other`` (negative is better)."""
    both = [row["methods"] for row in some if {one, other} <= row["methods"].keys()]
    decibels = [methods[one]["PSNR"] - methods[other]["PSNR"] for methods in both]
    pairs = [(methods[one]["VGG"], methods[other]["VGG"]) for methods in both if methods[one]["VGG"] is not None]
    return {"pictures": len(both), "dB": _spread(decibels), "VGG %": _ratio(pairs)}


def _ratio(pairs: Sequence[tuple[float, float]]) -> Figures:
    """By how many percent the first mean differs from the second; pairs are drawn together."""
    if not pairs or not any(second for _, second in pairs):
        return {"count": 0, "mean": None, "interval": [None, None]}
    values = np.asarray(pairs)
    drawn = values[np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))].mean(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanpercentile(100 * (drawn[:, 0] / drawn[:, 1] - 1), [2.5, 97.5])
    first, second = values.mean(0)
    return {"count": len(pairs), "mean": 100 * (first / second - 1), "interval": [_number(low), _number(high)]}


def _undamaged(name: str, some: Sequence[Row]) -> Figures:
    """How far from itself an undamaged picture ends."""
    found: Figures = {"set": name, "pictures": len(some)}
    for method in (FILTER, NULL, SCENE, OURS):
        decibels = [row["methods"][method]["PSNR"] for row in some]
        found[method] = {"min": min(decibels), "mean": mean(decibels)}
    return found


def _faces(faces: Sequence[Row]) -> Figures:
    found: Figures = {"count": len(faces), "variants": {}, "differences": []}
    for name in (FIRST, SECOND):
        values = {variant: [face["likeness"][variant][name] for face in faces] for variant in VARIANTS}
        found["variants"][name] = {variant: _spread(some) for variant, some in values.items()}
        for one, other in FACE_COMPARISONS:
            pairs = zip(values[one], values[other], strict=True)
            apart = [a - b for a, b in pairs if a is not None and b is not None]
            found["differences"].append({"embedder": name, "what": f"{one} - {other}", **_spread(apart)})
    return found


def _gate(strength: str, name: str, rows: Sequence[Row]) -> Figures:
    """What the gate decided, and how many faces it accepted are nearer to another identity than to their own."""
    gates = [gate for row in rows if row["strength"] == strength for gate in row["gates"]]
    accepted = [gate[name] for gate in gates if gate["decision"] in ACCEPTED and gate.get(name)]
    before = [near["other_before"] > near["own_before"] for near in accepted]
    after = [near["other_after"] > near["own_after"] for near in accepted]
    return {
        "strength": strength,
        "embedder": name,
        "decisions": dict(Counter(gate["decision"] for gate in gates)),
        "accepted": len(accepted),
        "nearer to another before": sum(before),
        "nearer to another after": sum(after),
        "gone over": sum(late and not early for early, late in zip(before, after, strict=True)),
    }


def _plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in figures.items()}


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if np.isfinite(value) else None
