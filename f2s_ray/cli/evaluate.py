"""f2s evaluate: sharp pictures in, how well each method brings them back after damage out."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from f2s_ray.cli.options import JsonOption
from f2s_ray.cli.text import print_line, readable
from f2s_ray.errors import ConfigError

__all__ = ["evaluate"]

Data = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA...", help="Folders with sharp pictures; the folders in one DATA, or several DATA, are sets."
    ),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Figures, contact sheets, and what a broken run goes on from.")
]
Pictures = Annotated[int, typer.Option("--pictures", metavar="N", min=1, help="How many are measured.")]
Side = Annotated[
    int, typer.Option("--side", metavar="PX", min=64, max=2048, help="Longest side of the window that is measured.")
]
Strength = Annotated[
    list[str] | None,
    typer.Option("--strength", metavar="NAME", help="mild, middle, strong or none; may be repeated. None given: all."),
]
Weights = Annotated[Path | None, typer.Option("--weights", metavar="DIR", help="The networks; none: the shipped ones.")]
Blind = Annotated[
    Path | None,
    typer.Option(
        "--blind", metavar="DIR", help="Holds a scene_restorer.safetensors trained without a code, to compare with."
    ),
]
PeerFile = Annotated[
    Path | None,
    typer.Option("--peer", metavar="FILE", help="Real-ESRGAN x4plus as .safetensors, to compare with; slow on a CPU."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Decides which pictures, and how each is damaged.")]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, max=64, help="CPU threads of the networks.")]

QUIET_SECONDS = 10.0


def evaluate(
    data: Data,
    out: Out = Path("f2s-evaluation"),
    pictures: Pictures = 40,
    side: Side = 320,
    strength: Strength = None,
    weights: Weights = None,
    blind: Blind = None,
    peer: PeerFile = None,
    seed: Seed = 1,
    threads: Threads = 2,
    as_json: JsonOption = False,
) -> int:
    """Damage sharp pictures, restore them by several methods, and compare with the truth: a table, JSON, contact sheets."""
    from f2s_ray.evaluation.cases import STRENGTHS
    from f2s_ray.evaluation.run import Settings, evaluate

    names = tuple(dict.fromkeys(strength or ("mild", "middle", "strong", "none")))
    if unknown := [name for name in names if name not in STRENGTHS]:
        raise ConfigError(f"--strength {unknown[0]} is not known; there are {', '.join(STRENGTHS)}")
    settings = Settings(tuple(data), out, pictures, side, names, weights, blind, peer, seed, threads)
    with _Line() as say:
        everything, tables = evaluate(settings, say)
    print_line(json.dumps(everything, allow_nan=False) if as_json else tables)
    return 0


class _Line:
    """One line on standard error that says how far it is; where that is no terminal, a new line now and then."""

    def __enter__(self) -> "_Line":
        self._live, self._said = sys.stderr.isatty(), time.monotonic()
        return self

    def __call__(self, text: str) -> None:
        text = readable(text)[:100]
        if self._live:
            sys.stderr.write(f"\r{text:<100}")
        elif time.monotonic() - self._said > QUIET_SECONDS:
            sys.stderr.write(f"{text}\n")
            self._said = time.monotonic()
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._live:
            sys.stderr.write("\r" + " " * 100 + "\r")
