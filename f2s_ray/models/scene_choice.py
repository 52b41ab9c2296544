"""Which scene restorer a user chose: its network and the names of all networks, both sizes behind one call."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Literal, Protocol, Self, cast

import torch
from f2s_catalog.ids import file_digest
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from torch import Tensor, nn

from f2s_ray.errors import JobError
from f2s_ray.models import networks
from f2s_ray.models.full_base import ADAPTERS, WAYS, base_digest, base_folder
from f2s_ray.models.mapnet import MapNet
from f2s_ray.models.scene_restorer import SceneRestorer

__all__ = ["SceneChoice", "SceneNetwork", "digests", "load_scene", "weights_folder"]

OWN = ("reference_restorer", "fadex", "mapnet")


class SceneNetwork(Protocol):
    """A picture whose sides are multiples of ``stride``, and tokens or ``None`` (blind), to a restored picture, not clamped."""

    stride: int
    null: nn.Parameter

    def __call__(
        self, picture: Float[Tensor, "b 3 h w"], tokens: Float[Tensor, "b 21 d"] | None
    ) -> Float[Tensor, "b 3 h w"]:
        """Whole tiles only."""
        ...


class SceneChoice(BaseModel):
    """Which networks, and where the scene restorer computes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    weights: str | None = Field(None, description="a folder with the four networks; null: the shipped ones")
    size: Literal["compact", "full"] = Field(
        "compact", description="compact runs anywhere; full is SD-Turbo with adapters, and wants a GPU"
    )
    base: str | None = Field(
        None, min_length=1, description="full only: SD-Turbo as a diffusers folder, s3://BUCKET/FOLDER or a hub id"
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="where the scene restorer computes; decides the last bit")

    @model_validator(mode="after")
    def _full_is_whole(self) -> Self:
        if self.size == "full" and self.base is None:
            raise PydanticCustomError("no_base", f"full needs SD-Turbo; set {WAYS}")
        if self.size == "full" and self.weights is None:
            raise PydanticCustomError("no_weights", "full ships no networks; set model.weights to the folder of yours")
        if self.size == "compact" and self.base is not None:
            raise PydanticCustomError("needless_base", "compact has no base; leave base out or set model.size=full")
        return self


def weights_folder(choice: SceneChoice) -> Path | None:
    """The folder of the networks, ``None`` for the shipped ones."""
    return None if choice.weights is None else Path(choice.weights)


def digests(choice: SceneChoice) -> dict[str, str]:
    """``name@digest`` of each network, without loading them; for the full size the base too.

    Raises:
        ConfigError: the base is no folder, bucket or hub id.
        JobError: a network is missing, or the base cannot be had.
    """
    kinds = (*OWN, "scene_restorer" if choice.size == "compact" else ADAPTERS)
    files = {kind: networks.existing(kind, weights_folder(choice)) for kind in kinds}
    found = {kind: f"{kind}@{file_digest(file)[:12]}" for kind, file in files.items()}
    if choice.base is not None:
        found["base"] = f"base@{base_digest(base_folder(choice.base))[:12]}"
    return found


def load_scene(choice: SceneChoice, mapnet: MapNet) -> SceneNetwork:
    """The network, frozen, on its device; ``mapnet`` is whose tokens it will see.

    Raises:
        ConfigError: the base is no folder, bucket or hub id.
        JobError: the device or a network is missing, or tokens and network do not fit.
    """
    if choice.device == "cuda" and not torch.cuda.is_available():
        raise JobError(
            "model.device=cuda, but torch finds no CUDA device here; mend its driver or set model.device=cpu"
        )
    folder = weights_folder(choice)
    if choice.base is None:
        scene: SceneNetwork = _compact(folder, choice.device)
    else:
        from f2s_ray.models import full_scene  # with diffusers, which takes seconds

        scene = full_scene.load(folder, base_folder(choice.base), choice.device)
    if mapnet.token_width != scene.null.shape[-1]:
        raise JobError(
            f"mapnet makes tokens of {mapnet.token_width} numbers, the {choice.size} scene restorer reads "
            f"{scene.null.shape[-1]}; put networks that were trained together into {choice.weights}"
        )
    return scene


@cache
def _compact(folder: Path | None, device: str) -> SceneRestorer:
    """A copy of its own: what others loaded stays where it is."""
    return deepcopy(cast(SceneRestorer, networks.load("scene_restorer", folder))).to(device)
