"""f2s train: sharp pictures of people in, weights of one network out."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f2s_ray.cli.text import print_line
from f2s_ray.errors import ConfigError

if TYPE_CHECKING:
    from f2s_ray.training.recipes import Which

__all__ = ["code", "face", "scene"]

Data = Annotated[list[Path], typer.Argument(metavar="DATA...", help="Folders with sharp pictures of people.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the weights and the unfinished training lie.")]
Steps = Annotated[int | None, typer.Option("--steps", metavar="N", min=1, help="Steps; none: those of the recipe.")]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", min=1, help="Pictures a step; none: the recipe's.")]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, help="CPU threads.")]


def face(data: Data, out: Out, steps: Steps = None, batch: Batch = None, threads: Threads = 2) -> int:
    """Train the face restorer. A stopped training continues."""
    return _train("face", data, out, steps, batch, threads)


def code(data: Data, out: Out, steps: Steps = None, batch: Batch = None, threads: Threads = 2) -> int:
    """Train the reader of the damage; needs the face restorer in --out. A stopped training continues."""
    return _train("code", data, out, steps, batch, threads)


def scene(data: Data, out: Out, steps: Steps = None, batch: Batch = None, threads: Threads = 2) -> int:
    """Train the scene restorer; needs both others in --out. A stopped training continues."""
    return _train("scene", data, out, steps, batch, threads)


def _train(which: "Which", data: list[Path], out: Path, steps: int | None, batch: int | None, threads: int) -> int:
    """Run a recipe with what the user changed of it."""
    if missing := [str(folder) for folder in data if not folder.is_dir()]:
        raise ConfigError(f"DATA {', '.join(missing)} is not a folder; give folders with sharp pictures of people")
    from f2s_ray.training.recipes import RECIPES, run_recipe

    changes: dict[str, Any] = {name: value for name, value in (("steps", steps), ("batch", batch)) if value is not None}
    run_recipe(which, data, out, replace(RECIPES[which], **changes), print_line, threads)
    return 0
