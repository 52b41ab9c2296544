"""Restored and true face to how far apart SFace sees them: a loss that keeps a restored face the person's own.

SFace is read from its ONNX file, a chain of layers without branches, so gradients can pass. Its judgement of what it has trained
proves little; the second embedder of ``f2s evaluate`` had no part here.
"""

from collections.abc import Callable
from functools import partial

import onnx
import torch
import torch.nn.functional as F
from jaxtyping import Float
from onnx import numpy_helper
from torch import Tensor

from f2s_ray.errors import JobError
from f2s_ray.models import weights

__all__ = ["IdentityDistance"]

CROP_PX = 112
# Where ArcFace's own square begins and ends on our template, which is 1.3 times wider: x, y.
BEGIN, END = (0.1154, 0.0385), (0.8846, 0.8077)
Layer = Callable[[Tensor], Tensor]


class IdentityDistance:
    """Frozen SFace as a distance: 0 for the same face, about 1 for two people, at most 2."""

    def __init__(self) -> None:
        """Raises: JobError when SFace is not there."""
        graph = onnx.load(str(weights.path(weights.FACE_EMBEDDER))).graph
        self._nodes = list(graph.node)
        self._stored = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}

    def __call__(self, face: Float[Tensor, "b 3 s s"], other: Float[Tensor, "b 3 s s"]) -> Float[Tensor, " b"]:
        """1 - cosine of aligned faces in 0..1; differentiable."""
        return 1 - F.cosine_similarity(self.embed(face), self.embed(other))

    def embed(self, face: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b d"]:
        """Vectors, not of unit length."""
        side = face.shape[-1]
        (x0, y0), (x1, y1) = ([round(side * value) for value in corner] for corner in (BEGIN, END))
        x = F.interpolate(face[..., y0:y1, x0:x1], size=(CROP_PX, CROP_PX), mode="bilinear", antialias=True)
        x = 255 * x.float()
        with torch.autocast(x.device.type, enabled=False):
            for node in self._nodes:
                x = _layer(node, self._on(x.device))(x)
        return x

    def _on(self, device: torch.device) -> dict[str, Tensor]:
        """The constants by name, on the device where the faces are."""
        self._stored = {name: value.to(device) for name, value in self._stored.items()}
        return self._stored


def _layer(node: onnx.NodeProto, stored: dict[str, Tensor]) -> Layer:
    """One step of the chain; ``stored`` are its constants by name.

    Raises: JobError for a kind of layer that SFace does not have.
    """
    given = [stored[name] for name in node.input if name in stored]
    say = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    match node.op_type:
        case "Sub":
            return partial(_minus, given[0])
        case "Mul":
            return partial(torch.mul, given[0])
        case "Conv":
            return partial(_convolved, given, tuple(say["strides"]), tuple(say["pads"][:2]), say["group"])
        case "BatchNormalization":
            return partial(_normalised, given, say["epsilon"])
        case "PRelu":
            return partial(F.prelu, weight=given[0].flatten())
        case "Gemm":
            return partial(F.linear, weight=given[0], bias=given[1])
        case "Flatten":
            return partial(torch.flatten, start_dim=1)
        case "Dropout":
            return torch.Tensor.float
    raise JobError(f"{weights.FACE_EMBEDDER} has a layer {node.op_type}; put the right file there: f2s weights pull")


def _minus(value: Tensor, x: Tensor) -> Tensor:
    return x - value


def _convolved(
    given: list[Tensor], stride: tuple[int, ...], padding: tuple[int, ...], groups: int, x: Tensor
) -> Tensor:
    return F.conv2d(x, given[0], given[1] if len(given) > 1 else None, stride, padding, groups=groups)


def _normalised(given: list[Tensor], epsilon: float, x: Tensor) -> Tensor:
    scale, shift, mean, variance = given
    return F.batch_norm(x, mean, variance, scale, shift, eps=epsilon)
