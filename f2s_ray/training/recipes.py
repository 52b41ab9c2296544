"""The recipes of the shipped weights: face (reference restorer), code (FaDeX), scene (MapNet and scene restorer).

They build on each other: the scene's blind phase, the face restorer from its trunk, FaDeX that knows what the face restorer leaves, and
the rest of the scene, which reads a frozen FaDeX. So run scene, face, code, scene: the first stops where it needs the other two.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from f2s_ray.errors import ConfigError
from f2s_ray.models import networks
from f2s_ray.models.fadex import Fadex, FadexConfig, supcon_loss
from f2s_ray.models.mapnet import MapNet, MapNetConfig
from f2s_ray.models.reference_restorer import ReferenceConfig, ReferenceRestorer
from f2s_ray.models.restorer import TrunkConfig
from f2s_ray.models.scene_restorer import SceneConfig, SceneRestorer
from f2s_ray.training.batches import PAIR_PX, Draw, PairBatch, SceneBatch, face_batch, pair_batch, scene_batch
from f2s_ray.training.pictures import Pictures, load_pictures
from f2s_ray.training.trainer import CHECKPOINT, Plan, load_average, train

__all__ = ["RECIPES", "Recipe", "Shapes", "Which", "run_recipe"]

Which = Literal["face", "code", "scene"]
RESTORED_SHARE = 0.5  # of the pairs that FaDeX learns from show the restorer's work instead of the truth
NULL_SHARE = 0.15
RECENTRE_BATCHES = 40


class Shapes(BaseModel):
    """Widths of the four networks; the shipped ones are the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    face: ReferenceConfig = ReferenceConfig(trunk=TrunkConfig(summary=True))
    code: FadexConfig = FadexConfig()
    mapnet: MapNetConfig = MapNetConfig()
    scene: SceneConfig = SceneConfig(trunk=TrunkConfig(summary=True))


SHIPPED = Shapes()


@dataclass(frozen=True)
class Recipe:
    """Steps, batch, rate and widths of one training.

    For ``blind_steps`` the scene restorer sees null tokens: the trunk first learns to restore at all, while the networks
    that read the code may still be in training.
    """

    steps: int
    batch: int
    learning_rate: float
    blind_steps: int = 0
    shapes: Shapes = SHIPPED


RECIPES: dict[Which, Recipe] = {
    "face": Recipe(steps=700, batch=6, learning_rate=5e-4),
    "code": Recipe(steps=600, batch=36, learning_rate=1e-3),
    "scene": Recipe(steps=4000, batch=6, learning_rate=5e-4, blind_steps=2750),
}


def run_recipe(
    which: Which, folders: Sequence[Path], out: Path, recipe: Recipe, log: Callable[[str], None], threads: int = 2
) -> None:
    """Train one network (for scene: two) on the sharp pictures below ``folders``; weights go to ``out``.

    A stopped training continues; ``code`` needs the face restorer's weights in ``out``, ``scene`` needs both.

    Raises: ConfigError when there is no picture, or no face to learn from; JobError when weights are missing.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    pictures = load_pictures(folders, out / "faces.npz")
    log(f"{len(pictures.frames)} pictures, {len(pictures.faces)} faces")
    if not pictures.faces:
        raise ConfigError(f"no face in the {len(pictures.frames)} pictures; give folders with pictures of people")
    {"face": _face, "code": _code, "scene": _scene}[which](pictures, out, recipe, log)


def detail_loss(result: Tensor, clean: Tensor) -> Tensor:
    """Mean absolute error, plus that of the differences between neighbours, which blur would leave."""
    plain = (result - clean).abs().mean()
    across = (result.diff(dim=3) - clean.diff(dim=3)).abs().mean()
    down = (result.diff(dim=2) - clean.diff(dim=2)).abs().mean()
    return plain + 0.5 * (across + down)


def psnr(result: Tensor, clean: Tensor) -> float:
    """Mean over the batch of the peak signal-to-noise ratio, dB."""
    error = (result.detach().float().clamp(0, 1) - clean).square().mean((1, 2, 3)).clamp(min=1e-6)
    return float((-10 * error.log10()).mean())


def gain(result: Tensor, damaged: Tensor, clean: Tensor) -> float:
    """Mean gain in dB over the samples that were damaged at all."""
    hurt = (damaged - clean).square().mean((1, 2, 3)) > 3e-5
    if not hurt.any():
        return 0.0
    return psnr(result[hurt], clean[hurt]) - psnr(damaged[hurt], clean[hurt])


def _face(pictures: Pictures, out: Path, recipe: Recipe, log: Callable[[str], None]) -> None:
    config = recipe.shapes.face
    network = ReferenceRestorer(config)
    if (out / "scene" / CHECKPOINT).exists():  # what the scene restorer knows of damage, a face need not learn again
        load_average(network.trunk, out / "scene" / CHECKPOINT, "scene.trunk.")

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        draw = Draw(step)
        side = (96, 128, 128, 160)[step % 4]
        batch = face_batch(pictures, recipe.batch * 128 * 128 // (side * side), side, draw)
        result = network(batch.damaged, batch.references, batch.reference_mask).float()
        value = detail_loss(result, batch.clean)
        return value, {"loss": float(value.detach()), "gain": gain(result, batch.damaged, batch.clean)}

    train(network, loss, Plan(recipe.steps, recipe.learning_rate), out / "face", log)
    networks.save("reference_restorer", config, network, out / "reference_restorer.safetensors")


def _restored_alone(restorer: nn.Module, damaged: Tensor, share: Tensor, clean: Tensor) -> Tensor:
    """The restored half of the pairs: the truth, or where ``share`` is 1 what the face restorer makes of it."""
    chosen = share.bool()
    if not chosen.any():
        return clean
    result = clean.clone()
    with torch.no_grad():
        nothing = damaged.new_zeros(int(chosen.sum()), 0, 3, 128, 128)
        made = restorer(damaged[chosen], nothing, damaged.new_zeros(nothing.shape[0], 0))
        result[chosen] = made.float().clamp(0, 1)
    return result


def _code(pictures: Pictures, out: Path, recipe: Recipe, log: Callable[[str], None]) -> None:
    config = recipe.shapes.code
    network = Fadex(config)
    restorer = networks.load("reference_restorer", out)

    def pairs(draw: Draw) -> tuple[PairBatch, Tensor]:
        batch = pair_batch(pictures, recipe.batch // 3, 3, draw)
        share = (torch.rand(len(batch.groups), generator=draw.generator) < RESTORED_SHARE).float()
        return batch, _restored_alone(restorer, batch.damaged, share, batch.clean)

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        batch, restored = pairs(Draw(1_000_000 + step))
        _, signatures, values = network(restored, batch.damaged)
        contrast = supcon_loss(signatures.float(), batch.groups)
        told = (values.float() - batch.values).abs().mean()
        cosine = signatures.detach().float() @ signatures.detach().float().T
        same = batch.groups[:, None] == batch.groups[None, :]
        own = torch.eye(len(same), dtype=torch.bool)
        figures = {
            "contrast": float(contrast.detach()),
            "told": float(told.detach()),
            "same": float(cosine[same & ~own].mean()),
            "other": float(cosine[~same].mean()),
        }
        return contrast + 2.0 * told, figures

    train(network, loss, Plan(recipe.steps, recipe.learning_rate, warm_up=30), out / "code", log)
    network.train()
    with torch.no_grad():  # the running means belong to the last weights; these are averaged ones
        for seed in range(RECENTRE_BATCHES):
            batch, restored = pairs(Draw(3_000_000 + seed))
            network(restored, batch.damaged)
    network.eval()
    networks.save("fadex", config, network, out / "fadex.safetensors")


class _Steered(nn.Module):
    """MapNet and the scene restorer, trained together."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        self.mapnet, self.scene = MapNet(shapes.mapnet), SceneRestorer(shapes.scene)


def _scene(pictures: Pictures, out: Path, recipe: Recipe, log: Callable[[str], None]) -> None:
    both = _Steered(recipe.shapes)

    def steer(batch: SceneBatch, step: int, draw: Draw) -> Tensor:
        null = both.scene.null.expand(len(batch.damaged), -1, -1)
        if step < recipe.blind_steps:
            return null
        fadex, restorer = networks.load("fadex", out), networks.load("reference_restorer", out)
        seen = batch.has_face.bool()
        share = (torch.rand(len(seen), generator=draw.generator) < 0.6).float() * batch.has_face
        restored = _restored_alone(restorer, batch.face_damaged, share, batch.face_clean)
        with torch.no_grad():
            features, _, _ = fadex(restored, batch.face_damaged)
        tokens = both.mapnet.project(both.mapnet.pool(features.float()))
        told = seen & (torch.rand(len(seen), generator=draw.generator) >= NULL_SHARE)
        return torch.where(told[:, None, None], tokens, null)

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        draw = Draw(2_000_000 + step)
        batch = scene_batch(pictures, recipe.batch, PAIR_PX, draw)
        result = both.scene(batch.damaged, steer(batch, step, draw)).float()
        value = detail_loss(result, batch.clean)
        return value, {"loss": float(value.detach()), "gain": gain(result, batch.damaged, batch.clean)}

    train(both, loss, Plan(recipe.steps, recipe.learning_rate), out / "scene", log)
    networks.save("mapnet", recipe.shapes.mapnet, both.mapnet, out / "mapnet.safetensors")
    networks.save("scene_restorer", recipe.shapes.scene, both.scene, out / "scene_restorer.safetensors")
