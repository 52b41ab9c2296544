"""Training of the scene restorer and of MapNet, which tells it what a frozen FaDeX read from the face of the same picture."""

import torch
from torch import Tensor

from f2s_ray.models import networks
from f2s_ray.models.mapnet import MapNet
from f2s_ray.models.scene_restorer import SceneRestorer
from f2s_ray.training.batches import Draw, Restoring, SceneBatch, scene_batch
from f2s_ray.training.looks import Appearance, restoration_loss
from f2s_ray.training.losses import gain
from f2s_ray.training.recipe import SceneRecipe
from f2s_ray.training.task import CHECK_COUNT, CHECK_SEED, Data, Task, strip

__all__ = ["SceneTask"]

SEED = 2_000_000  # seeds of the steps of different trainings do not meet
CHECK_SIDE = 192


class SceneTask(Task):
    """MapNet and the scene restorer, trained together."""

    def __init__(self, recipe: SceneRecipe, data: Data) -> None:
        super().__init__()
        self._recipe, self._data = recipe, data
        self.mapnet, self.scene = MapNet(recipe.mapnet), SceneRestorer(recipe.network)
        if data.start is not None:
            networks.fill(self.mapnet, "mapnet", data.start)
            networks.fill(self.scene, "scene_restorer", data.start)
        self.looks = Appearance(recipe.looks)

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        """Pixels, and in the last part of the training looks."""
        draw, recipe = Draw(SEED + step, self._data.device), self._recipe
        side = recipe.sides[step % len(recipe.sides)]
        count, blind = max(1, recipe.batch * 128 * 128 // (side * side)), step < recipe.blind_steps
        batch = scene_batch(self._data.learn, count, side, draw, self._restoring(recipe.restored, blind=blind))
        told = torch.rand(count, generator=draw.generator) >= recipe.untold
        tokens = self._tokens(batch, told, blind=blind)
        result = self.scene(batch.damaged, tokens).float()
        looks = self.looks if self.looks.counts(step / recipe.steps) else None
        return restoration_loss(result, batch.damaged, batch.clean, looks, draw.generator)

    def check(self) -> tuple[dict[str, float], Tensor | None]:
        """Held-out patches, told the code of their faces as the product reads it, and told nothing."""
        draw = Draw(CHECK_SEED, self._data.device)
        blind = self._recipe.blind_steps >= self._recipe.steps
        batch = scene_batch(self._data.held, CHECK_COUNT, CHECK_SIDE, draw, self._restoring(1.0, blind=blind))
        tokens = self._tokens(batch, torch.ones(CHECK_COUNT, dtype=torch.bool), blind=blind)
        alone = self.scene(batch.damaged, None)
        figures, picture = strip(batch.damaged, self.scene(batch.damaged, tokens), batch.clean)
        return figures | {"held_out_gain_null": gain(alone.float(), batch.damaged, batch.clean)}, picture

    def save(self) -> None:
        """``mapnet.safetensors`` and ``scene_restorer.safetensors``."""
        recipe, out = self._recipe, self._data.out
        networks.save("mapnet", recipe.mapnet, self.mapnet, out / "mapnet.safetensors")
        networks.save("scene_restorer", recipe.network, self.scene, out / "scene_restorer.safetensors")

    def _restoring(self, share: float, *, blind: bool) -> Restoring | None:
        if blind:
            return None
        return Restoring(networks.load("reference_restorer", self._data.out).to(self._data.device), share)

    def _tokens(self, batch: SceneBatch, told: Tensor, *, blind: bool) -> Tensor:
        """21 tokens for every patch: read from its face where it has one and is told, else the null tokens."""
        null = self.scene.null.expand(len(batch.damaged), -1, -1)
        if blind:
            return null
        fadex = networks.load("fadex", self._data.out).to(self._data.device)
        with torch.no_grad():
            features, _, _ = fadex(batch.face_other, batch.face_damaged)
        tokens = self.mapnet.project(self.mapnet.pool(features.float()))
        return torch.where((batch.has_face.bool() & told.to(null.device))[:, None, None], tokens, null)
