"""f2s train: sharp pictures of people in, weights of one network out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from f2s_ray.cli.text import print_line
from f2s_ray.errors import ConfigError

__all__ = ["train"]


class Network(StrEnum):
    """What can be trained."""

    FACE = "face"
    CODE = "code"
    SCENE = "scene"


def train(
    which: Annotated[Network, typer.Argument(metavar="face|code|scene", help="Which network.")],
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Folders with sharp pictures of people.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where weights and the unfinished training lie.")],
    start: Annotated[Path | None, typer.Option(metavar="DIR", help="Begin with the weights in this folder.")] = None,
    config: Annotated[
        str | None, typer.Option("-c", "--config", metavar="FILE", help="A recipe; none: that of the shipped weights.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A value of the recipe, e.g. steps=2000.")
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="CPU threads.")] = 2,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write for TensorBoard, too.")] = False,
) -> int:
    """Train a network on sharp pictures; a stopped training continues.

    face: the reference restorer. code: the reader of the damage; needs the face restorer in --out.
    scene: the scene restorer; needs both others in --out.
    """
    if missing := [str(folder) for folder in (*data, *([start] if start else [])) if not folder.is_dir()]:
        raise ConfigError(f"{', '.join(missing)} is not a folder; give folders with sharp pictures of people")
    import torch

    from f2s_ray.training import recipe
    from f2s_ray.training.log import Log
    from f2s_ray.training.run import run_recipe

    torch.set_num_threads(threads)
    chosen = recipe.load(which.value, config, changes or [])
    run_recipe(which.value, chosen, data, out, Log(out / which.value, print_line, tensorboard=tensorboard), start)
    return 0
