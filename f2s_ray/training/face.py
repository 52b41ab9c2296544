"""Training of the reference restorer: damaged faces and references, some of them wrong, to the true faces."""

import torch
from torch import Tensor

from f2s_ray.models import networks
from f2s_ray.models.reference_restorer import ReferenceRestorer
from f2s_ray.training.batches import Draw, FaceBatch, face_batch
from f2s_ray.training.identity import IdentityDistance
from f2s_ray.training.looks import Appearance, restoration_loss
from f2s_ray.training.losses import gain
from f2s_ray.training.recipe import FaceRecipe
from f2s_ray.training.task import CHECK_COUNT, CHECK_SEED, Data, Task, strip
from f2s_ray.training.trainer import CHECKPOINT, load_average

__all__ = ["FaceTask"]

CHECK_SIDE = 128


class FaceTask(Task[tuple[FaceBatch, Draw]]):
    """The restorer; begins with what the scene restorer's trunk knows of damage, where there is one."""

    def __init__(self, recipe: FaceRecipe, data: Data) -> None:
        super().__init__()
        self._recipe, self._data = recipe, data
        self.network = ReferenceRestorer(recipe.network)
        if data.start is not None:
            networks.fill(self.network, "reference_restorer", data.start)
        elif (data.out / "scene" / CHECKPOINT).exists():
            load_average(self.network.trunk, data.out / "scene" / CHECKPOINT, "scene.trunk.")
        self.looks = Appearance(recipe.looks)
        self._identity = IdentityDistance()

    def batch(self, step: int) -> tuple[FaceBatch, Draw]:
        """Faces with references, and the rest of the step's chance."""
        draw, recipe = Draw(step, self._data.device), self._recipe
        side = recipe.sides[step % len(recipe.sides)]
        count = max(1, recipe.batch * 128 * 128 // (side * side))
        return face_batch(self._data.learn, count, side, draw, recipe.strong), draw

    def loss(self, step: int, batch: tuple[FaceBatch, Draw]) -> tuple[Tensor, dict[str, float]]:
        """Pixels, likeness of half of the faces (it costs as much as the network), and in the last part of the training looks."""
        faces, draw = batch
        recipe, half = self._recipe, (len(faces.clean) + 1) // 2
        result = self.network(faces.damaged, faces.references, faces.reference_mask).float()
        looks = self.looks if self.looks.counts(step / recipe.steps) else None
        value, figures = restoration_loss(result, faces.damaged, faces.clean, looks, draw.generator)
        if not recipe.identity:
            return value, figures
        unlike = self._identity(result[:half], faces.clean[:half]).mean()
        return value + recipe.identity * unlike, figures | {"unlike": float(unlike.detach())}

    def check(self) -> tuple[dict[str, float], Tensor | None]:
        """Strongly damaged faces with their references, with those of others, and without."""
        draw = Draw(CHECK_SEED, self._data.device)
        batch = face_batch(self._data.held, CHECK_COUNT, CHECK_SIDE, draw, 1.0)
        result = self.network(batch.damaged, batch.references, batch.reference_mask).float()
        wrong = self.network(batch.damaged, batch.references.roll(1, 0), batch.reference_mask.roll(1, 0)).float()
        alone = self.network(batch.damaged, batch.references, torch.zeros_like(batch.reference_mask)).float()
        versions = {"": result, "_alone": alone, "_wrong": wrong, "_input": batch.damaged}
        unlike = {
            f"held_out_unlike{name}": float(self._identity(x, batch.clean).mean()) for name, x in versions.items()
        }
        figures, picture = strip(batch.damaged, result, batch.clean)
        return figures | {"held_out_gain_alone": gain(alone, batch.damaged, batch.clean)} | unlike, picture

    def save(self) -> None:
        """``reference_restorer.safetensors``."""
        path = self._data.out / "reference_restorer.safetensors"
        networks.save("reference_restorer", self._recipe.network, self.network, path)
