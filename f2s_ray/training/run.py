"""A recipe and folders of sharp pictures to trained weights.

The trainings build on each other: the scene's blind phase, the face restorer from its trunk, FaDeX that knows what the face restorer
leaves, and the rest of the scene, which reads a frozen FaDeX. So run scene, face, code, scene: the first stops where it needs the others.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from f2s_ray.errors import ConfigError
from f2s_ray.training.code import CodeTask
from f2s_ray.training.face import FaceTask
from f2s_ray.training.log import Log
from f2s_ray.training.pictures import load_pictures
from f2s_ray.training.recipe import Recipe, Which
from f2s_ray.training.scene import SceneTask
from f2s_ray.training.task import Data, Task
from f2s_ray.training.trainer import Plan, train

__all__ = ["run_recipe"]

TASKS: dict[Which, Callable[[Any, Data], Task]] = {"face": FaceTask, "code": CodeTask, "scene": SceneTask}


def run_recipe(
    which: Which,
    recipe: Recipe,
    folders: Sequence[Path],
    out: Path,
    log: Log,
    start: Path | None = None,
) -> None:
    """Train one network (for scene: two); weights, checkpoint, log and pictures go to ``out``.

    A stopped training continues; ``code`` needs the face restorer's weights in ``out``, ``scene`` in its second phase needs both.
    With ``start`` a new training begins with the weights in that folder.

    Raises: ConfigError when there is no picture, or no face to learn from; JobError when weights are missing.
    """
    torch.manual_seed(0)
    learn, held = load_pictures(folders, out / "faces.npz").split()
    log.say(f"{len(learn.frames)} pictures with {len(learn.faces)} face(s) to learn from, {len(held.frames)} held out")
    if not learn.faces or not held.faces:
        count = len(learn.frames) + len(held.frames)
        raise ConfigError(f"no face to learn from or to check on in {count} pictures; give more pictures of people")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = TASKS[which](recipe, Data(learn, held, device, out, start)).to(device)
    train(task, Plan.of(recipe), out / which, log)
    task.save()
