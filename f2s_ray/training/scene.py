"""Training of the scene restorer and of MapNet, which tells it what a frozen FaDeX read from the face of the same picture."""

from dataclasses import dataclass

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


class SceneTask(Task["_Shown"]):
    """MapNet and the scene restorer, trained together."""

    def __init__(self, recipe: SceneRecipe, data: Data) -> None:
        super().__init__()
        self._recipe, self._data = recipe, data
        self.mapnet, self.scene = MapNet(recipe.mapnet), SceneRestorer(recipe.network)
        if data.start is not None:
            networks.fill(self.mapnet, "mapnet", data.start)
            networks.fill(self.scene, "scene_restorer", data.start)
        self.looks = Appearance(recipe.looks)

    def batch(self, step: int) -> "_Shown":
        """Patches, and what FaDeX reads from the faces of their pictures."""
        draw, recipe = Draw(SEED + step, self._data.device), self._recipe
        side = recipe.sides[step % len(recipe.sides)]
        count, blind = max(1, recipe.batch * 128 * 128 // (side * side)), step < recipe.blind_steps
        scenes = scene_batch(self._data.learn, count, side, draw, self._restoring(recipe.restored, blind=blind))
        told = torch.rand(count, generator=draw.generator) >= recipe.untold
        return self._shown(scenes, told, draw, blind=blind)

    def loss(self, step: int, batch: "_Shown") -> tuple[Tensor, dict[str, float]]:
        """Pixels, and in the last part of the training looks."""
        scenes = batch.scenes
        result = self.scene(scenes.damaged, self._tokens(batch)).float()
        looks = self.looks if self.looks.counts(step / self._recipe.steps) else None
        return restoration_loss(result, scenes.damaged, scenes.clean, looks, batch.draw.generator)

    def check(self) -> tuple[dict[str, float], Tensor | None]:
        """Held-out patches, told the code of their faces as the product reads it, and told nothing."""
        draw = Draw(CHECK_SEED, self._data.device)
        blind = self._recipe.blind_steps >= self._recipe.steps
        batch = scene_batch(self._data.held, CHECK_COUNT, CHECK_SIDE, draw, self._restoring(1.0, blind=blind))
        tokens = self._tokens(self._shown(batch, torch.ones(CHECK_COUNT, dtype=torch.bool), draw, blind=blind))
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

    def _shown(self, scenes: SceneBatch, told: Tensor, draw: Draw, *, blind: bool) -> "_Shown":
        told = scenes.has_face.bool() & told.to(scenes.has_face.device)
        if blind:
            return _Shown(scenes, None, told, draw)
        fadex = networks.load("fadex", self._data.out).to(self._data.device)
        features, _, _ = fadex(scenes.face_other, scenes.face_damaged)
        return _Shown(scenes, features.float(), told, draw)

    def _tokens(self, batch: "_Shown") -> Tensor:
        """21 tokens for every patch: read from its face where it has one and is told, else the null tokens."""
        null = self.scene.null.expand(len(batch.scenes.damaged), -1, -1)
        if batch.features is None:
            return null
        tokens = self.mapnet.project(self.mapnet.pool(batch.features))
        return torch.where(batch.told[:, None, None], tokens, null)


@dataclass(frozen=True)
class _Shown:
    """Patches, FaDeX's map of each one's face (None: nobody is told), which are told, and the rest of the step's chance."""

    scenes: SceneBatch
    features: Tensor | None
    told: Tensor
    draw: Draw
