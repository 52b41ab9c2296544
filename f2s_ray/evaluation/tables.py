"""Figures to Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from f2s_ray.evaluation.codes import HALVES
from f2s_ray.evaluation.likeness import FACES_AT, MIN_FACE_PX, VARIANTS
from f2s_ray.evaluation.meters import FIRST, METRICS, SECOND
from f2s_ray.evaluation.methods import FILTER, NULL, OURS, SCENE
from f2s_ray.evaluation.summary import ALL, ORDER

__all__ = ["report", "table"]

DIGITS = {"PSNR": 2, "SSIM": 4, "VGG": 4, "NIQE": 2, FIRST: 3, SECOND: 3}
WITH_INTERVAL = ("PSNR", "VGG")
NOTHING = "–"
Figures = Mapping[str, Any]


def table(title: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [title, ["---"] * len(title), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def report(figures: Figures, missing: Mapping[str, str]) -> str:
    """All tables, and a line for each metric that could not be had."""
    parts = [
        "## Methods",
        _methods(figures["means"]),
        "## Paired differences",
        _differences(figures["differences"]),
        "## Sets apart (PSNR / VGG)",
        _sets(figures["means"]),
    ]
    if figures["undamaged"]:
        parts += ["## Undamaged pictures against themselves (PSNR, dB)", _undamaged(figures["undamaged"])]
    parts += [
        f"## Faces of {MIN_FACE_PX:.0f} px and more with references, {FACES_AT} damage",
        *_faces(figures["faces"]),
    ]
    parts += ["## The gate: accepted faces that are nearer to somebody else", _gate(figures["gate"])]
    parts += ["## The code", *_codes(figures)]
    parts += [f"{name}: not measured: {why}" for name, why in missing.items()]
    return "\n\n".join(parts)


def _methods(means: Sequence[Figures]) -> str:
    rows = [
        [group["strength"], method, str(found["pictures"]), *(_cell(found[name], name) for name in METRICS)]
        for group in means
        if group["set"] == ALL
        for method, found in group["methods"].items()
    ]
    return table(["strength", "method", "pictures", *METRICS], rows)


def _cell(spread: Figures, name: str) -> str:
    if spread["mean"] is None:
        return NOTHING
    low, high = spread["interval"]
    text = f"{spread['mean']:.{DIGITS[name]}f}"
    return f"{text} [{low:.{DIGITS[name]}f}, {high:.{DIGITS[name]}f}]" if name in WITH_INTERVAL else text


def _differences(rows: Sequence[Figures]) -> str:
    lines = [
        [row["strength"], row["what"], str(row["pictures"]), _signed(row["dB"], 2), _signed(row["VGG %"], 1)]
        for row in rows
    ]
    return table(["strength", "difference", "pictures", "dB [95 %]", "VGG distance, % [95 %]"], lines)


def _signed(spread: Figures, digits: int) -> str:
    if spread["mean"] is None:
        return NOTHING
    low, high = spread["interval"]
    return f"{spread['mean']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def _sets(means: Sequence[Figures]) -> str:
    shown = [method for method in ORDER if any(method in group["methods"] for group in means)]
    rows = [
        [group["strength"], group["set"], *(_pair(group["methods"].get(method)) for method in shown)]
        for group in means
        if group["set"] != ALL
    ]
    return table(["strength", "set", *shown], rows)


def _pair(found: Figures | None) -> str:
    if found is None:
        return NOTHING
    psnr, vgg = found["PSNR"]["mean"], found["VGG"]["mean"]
    return f"{psnr:.2f} / {NOTHING if vgg is None else f'{vgg:.4f}'}"


def _undamaged(rows: Sequence[Figures]) -> str:
    methods = (FILTER, NULL, SCENE, OURS)
    lines = [
        [
            row["set"],
            str(row["pictures"]),
            *(f"{row[method]['min']:.2f} / {row[method]['mean']:.2f}" for method in methods),
        ]
        for row in rows
    ]
    return table(["set", "pictures", *(f"{method}, min / mean" for method in methods)], lines)


def _faces(faces: Figures) -> list[str]:
    rows = [
        [name, str(faces["count"]), *(_likeness(faces["variants"][name][variant]) for variant in VARIANTS)]
        for name in (FIRST, SECOND)
    ]
    apart = [[row["embedder"], row["what"], _signed(row, 3)] for row in faces["differences"]]
    return [
        table(["likeness", "faces", *VARIANTS], rows),
        table(["likeness", "paired difference", "mean [95 %]"], apart),
    ]


def _likeness(spread: Figures) -> str:
    if spread["mean"] is None:
        return NOTHING
    low, high = spread["interval"]
    return f"{spread['mean']:.3f} [{low:.3f}, {high:.3f}]"


def _gate(rows: Sequence[Figures]) -> str:
    counts = ("accepted", "nearer to another before", "nearer to another after", "gone over")
    lines = [
        [
            row["strength"],
            row["embedder"],
            "/".join(str(row["decisions"].get(word, 0)) for word in ("restored", "blended", "kept")),
            *(str(row[name]) for name in counts),
        ]
        for row in rows
    ]
    return table(["strength", "likeness", "restored/blended/kept", *counts], lines)


def _codes(figures: Figures) -> list[str]:
    close, off = figures["cosines"], figures["errors"]
    columns = [name for name in close[HALVES[0]] if name != "readings"]
    lines = [[half, str(close[half]["readings"]), *(_plain(close[half][name]) for name in columns)] for half in HALVES]
    errors = [[half, *(f"{_plain(own)} ({_plain(dull)})" for own, dull in off[half].values())] for half in HALVES]
    return [
        table(["other half of the pair", "readings", *(f"cosine, {name}" for name in columns)], lines),
        table(["mean absolute error (of a constant)", *off[HALVES[0]]], errors),
    ]


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"
