"""One line of a table of speed: what was measured, against what, and how many times that; and the words of those who measure it."""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from f2s_ray.evaluation.tables import table

__all__ = ["TITLE", "Line", "cells", "compared", "kept_lines", "parser_of", "report"]

TITLE = ["what", "ours", "against", "that", "ratio", "least to most", "aim"]


@dataclass(frozen=True)
class Line:
    """Numbers as people read them, with their unit; ``aim`` is what the ratio, or our number, should be."""

    what: str
    ours: str
    against: str
    that: str
    ratio: str
    spread: str
    aim: str


def compared(what: str, ours: Sequence[float], against: str, that: Sequence[float], unit: str, aim: str) -> Line:
    """Ours over that, measured in pairs: the median ratio, the least and the most."""
    ratios = [one / two for one, two in zip(ours, that, strict=True)]
    return Line(
        what,
        f"{statistics.median(ours):.4g} {unit}",
        against,
        f"{statistics.median(that):.4g} {unit}",
        f"{statistics.median(ratios):.3f}",
        f"{min(ratios):.3f} to {max(ratios):.3f}",
        aim,
    )


def cells(line: Line) -> list[str]:
    """Of a row of a table."""
    return list(asdict(line).values())


def report(lines: Sequence[Line], kept: Path | None = None) -> None:
    """Print them, and add them to a file that keeps them."""
    print(table(TITLE, [cells(line) for line in lines]))
    if kept is not None:
        with kept.open("a") as file:
            file.writelines(json.dumps(asdict(line)) + "\n" for line in lines)


def kept_lines(kept: Path) -> list[Line]:
    """What such a file keeps."""
    return [Line(**json.loads(line)) for line in kept.read_text().splitlines()] if kept.exists() else []


def parser_of(text: str | None, repeat: int) -> argparse.ArgumentParser:
    """A folder to work in, how often it is measured, and where the lines are kept."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=repeat)
    parser.add_argument("--keep", type=Path, help="a file that keeps the lines, too")
    return parser
