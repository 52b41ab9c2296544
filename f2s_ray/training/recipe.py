"""What a training is made of: one YAML file a network, whose numbers make the shipped weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from f2s_ray import config
from f2s_ray.models.fadex import FadexConfig
from f2s_ray.models.mapnet import MapNetConfig
from f2s_ray.models.reference_restorer import ReferenceConfig
from f2s_ray.models.scene_restorer import SceneConfig

__all__ = ["CodeRecipe", "FaceRecipe", "Looks", "Recipe", "SceneRecipe", "Which", "load"]

Which = Literal["face", "code", "scene"]
RECIPES = Path(__file__).parent / "recipes"


class Recipe(BaseModel):
    """What every training has."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: int = Field(ge=1, description="steps of the optimizer")
    batch: int = Field(ge=1, description="patches of 128 x 128 px a step, or as many pixels in other sizes")
    learning_rate: float = Field(gt=0, description="rate between warm-up and cool-down")
    warm_up: int = Field(ge=1, description="steps until the rate is reached")
    cool_down: float = Field(gt=0, le=1, description="last share of the steps, over which the rate falls to nothing")
    average: float = Field(ge=0, lt=1, description="how much of the averaged weights is kept at a step")
    bfloat16: bool = Field(description="run the networks in bfloat16, keep weights in float32")


class Looks(BaseModel):
    """Losses on VGG features; they begin when the pixels are in place, since they cost as much as the network."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    begin: float = Field(ge=0, le=1, description="share of the steps after which these losses count")
    perceptual: float = Field(ge=0, description="weight of the VGG distance")
    adversarial: float = Field(ge=0, description="weight of a critic that tells restored from true features")


class FaceRecipe(Recipe):
    """Training of the reference restorer."""

    sides: tuple[int, ...] = Field(description="side of the aligned faces, px; one after the other")
    strong: float = Field(
        ge=0, le=1, description="share of faces that are damaged strongly, so that references are needed"
    )
    identity: float = Field(ge=0, description="weight of how unlike SFace finds the restored face")
    looks: Looks
    network: ReferenceConfig


class CodeRecipe(Recipe):
    """Training of FaDeX."""

    faces: int = Field(ge=2, description="different faces that each operator damages")
    queue: int = Field(ge=0, description="keys of earlier steps that count as negatives")
    momentum: float = Field(ge=0, lt=1, description="how much of the key encoder is kept at a step")
    values: float = Field(ge=0, description="weight of the error of the named values")
    restored: float = Field(ge=0, le=1, description="share of pairs whose other half is restored instead of true")
    restored_begin: float = Field(ge=0, le=1, description="share of the steps after which such pairs appear")
    network: FadexConfig


class SceneRecipe(Recipe):
    """Training of MapNet and the scene restorer."""

    sides: tuple[int, ...] = Field(description="side of the patches, px; one after the other")
    blind_steps: int = Field(
        ge=0, description="first steps, without a code; from `steps` on: a restorer without a code"
    )
    untold: float = Field(ge=0, le=1, description="share of patches that get the null tokens")
    restored: float = Field(ge=0, le=1, description="share of pairs whose other half is restored instead of true")
    looks: Looks
    mapnet: MapNetConfig
    network: SceneConfig


KINDS: dict[Which, type[Recipe]] = {"face": FaceRecipe, "code": CodeRecipe, "scene": SceneRecipe}


def load(which: Which, source: str | None, overrides: Sequence[str]) -> Recipe:
    """The shipped recipe of a network, or the one in a YAML file, with some values changed.

    Raises: ConfigError with every fault of keys and values.
    """
    return config.read(KINDS[which], RECIPES, source or which, overrides)
