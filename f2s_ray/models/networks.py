"""The four networks by name: their configuration and weights in one safetensors file each, with a digest."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch
from f2s_catalog.ids import file_digest
from pydantic import BaseModel, ValidationError
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from f2s_ray.errors import JobError
from f2s_ray.models import weights
from f2s_ray.models.fadex import Fadex, FadexConfig
from f2s_ray.models.mapnet import MapNet, MapNetConfig
from f2s_ray.models.reference_restorer import ReferenceConfig, ReferenceRestorer
from f2s_ray.models.scene_restorer import SceneConfig, SceneRestorer

__all__ = ["KINDS", "existing", "fill", "label", "load", "read", "save", "write"]

Shape = TypeVar("Shape", bound=BaseModel)

KINDS: dict[str, tuple[type[BaseModel], Callable[..., nn.Module]]] = {
    "reference_restorer": (ReferenceConfig, ReferenceRestorer),
    "fadex": (FadexConfig, Fadex),
    "mapnet": (MapNetConfig, MapNet),
    "scene_restorer": (SceneConfig, SceneRestorer),
}


def save(kind: str, config: BaseModel, network: nn.Module, path: Path) -> None:
    """Write all weights of a network; see ``write``."""
    write(kind, config, network.state_dict(), path)


def write(kind: str, config: BaseModel, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write weights as 16-bit floats with the configuration beside them, and their digest into ``manifest.json``.

    Both are written aside and renamed when whole.
    """
    halves = {name: value.detach().to(torch.float16).contiguous() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    save_file(halves, aside, metadata=label(kind, config))
    aside.replace(path)
    manifest = path.with_name("manifest.json")
    rows = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    rows[kind] = {"file": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path)}
    aside.write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(manifest)


class _Label(BaseModel):
    """What a file says of itself."""

    kind: str = "nothing"
    config: dict[str, object] = {}


def label(kind: str, config: BaseModel) -> dict[str, str]:
    """What a file says of itself, under one key: safetensors writes several in any order, and the digest would change."""
    return {"network": _Label(kind=kind, config=config.model_dump(mode="json")).model_dump_json()}


def existing(kind: str, folder: Path | None) -> Path:
    """The file of a network: in ``folder``, or the shipped one with its digest checked.

    Raises: JobError when it is missing, or a shipped one has the wrong digest.
    """
    if folder is None:
        return weights.path(kind)
    path = folder / f"{kind}.safetensors"
    if not path.is_file():
        raise JobError(f"{path} is missing; `f2s train` makes it, leave model.weights out for the shipped networks")
    return path


@cache
def load(kind: str, folder: Path | None = None) -> nn.Module:
    """The network in float32, frozen.

    Raises: JobError when the file is missing, is not a safetensors file or holds another network.
    """
    path = existing(kind, folder)
    config_type, network_type = KINDS[kind]
    config, tensors = read(kind, config_type, path)
    try:
        network = network_type(config)
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise JobError(f"{path} was made for another version of {kind}; put the right file there") from error
    return network.eval().requires_grad_(False)


def fill(network: nn.Module, kind: str, folder: Path) -> None:
    """Give a network the weights that lie in a folder.

    Raises: JobError when the file is missing or belongs to a network of another shape.
    """
    path = existing(kind, folder)
    _, tensors = read(kind, KINDS[kind][0], path)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise JobError(f"{path} holds a {kind} of another shape; start from weights of the same recipe") from error


def read(kind: str, config_type: type[Shape], path: Path) -> tuple[Shape, dict[str, Tensor]]:
    """What ``write`` wrote: configuration and weights, in float32.

    Raises: JobError when the file is not a safetensors file or holds something else.
    """
    try:
        with safe_open(path, "pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
    except Exception as error:
        raise JobError(f"{path} is not a safetensors file ({error}); put the right file there") from error
    try:
        said = _Label.model_validate_json(metadata.get("network", "{}"))
        if said.kind == kind:
            return config_type.model_validate_json(json.dumps(said.config)), tensors
    except ValidationError as error:
        raise JobError(f"{path} was made for another version of {kind}; put the right file there") from error
    raise JobError(f"{path} holds {said.kind}, not {kind}; put the right file there")
