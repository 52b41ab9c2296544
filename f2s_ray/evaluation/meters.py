"""A result beside the truth to all numbers; what cannot be measured here has a reason instead of a number."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import JobError
from f2s_ray.evaluation.measures import psnr, ssim
from f2s_ray.evaluation.pictures import stored, to_tensor
from f2s_ray.models.face_embedder import FaceEmbedder

__all__ = ["FIRST", "METRICS", "SECOND", "Embedder", "Meters"]

FIRST = "SFace"
SECOND = "dlib"
METRICS = ("PSNR", "SSIM", "VGG", "NIQE", FIRST, SECOND)
T = TypeVar("T")
Picture = Float[Tensor, "3 h w"]
Figures = dict[str, float | None]


class Embedder:
    """Faces to vectors and two vectors to a likeness, 1 for the same vector."""

    def __init__(
        self, vector: Callable[[Picture, Picture, np.ndarray], np.ndarray], likeness: Callable[..., float]
    ) -> None:
        self.vector, self.likeness = vector, likeness


class Meters:
    """Every metric that can be had; ``missing`` says why the others cannot."""

    def __init__(self, embedder: FaceEmbedder) -> None:
        self.missing: dict[str, str] = {}
        self._vgg = self._optional("VGG", _vgg)
        self._niqe = self._optional("NIQE", _niqe)
        self.embedders = {FIRST: _first(embedder)}
        second = self._optional(SECOND, _second)
        if second is not None:
            self.embedders[SECOND] = second

    def pixels(self, results: Mapping[str, Picture], truth: Picture) -> dict[str, Figures]:
        """PSNR in dB, SSIM, VGG distance and NIQE of each 8-bit result; None where one does not apply or cannot be had."""
        true = stored(truth)
        distance = self._vgg(to_tensor(true)) if self._vgg else None
        found: dict[str, Figures] = {}
        for name, result in results.items():
            shown = stored(result)
            niqe = self._niqe(shown) if self._niqe else float("nan")
            found[name] = {
                "PSNR": psnr(shown, true),
                "SSIM": ssim(shown, true),
                "VGG": distance(to_tensor(shown)) if distance else None,
                "NIQE": None if np.isnan(niqe) else niqe,
            }
        return found

    def likeness(
        self, results: Mapping[str, Picture], truth: Picture, landmarks: Sequence[np.ndarray]
    ) -> dict[str, Figures]:
        """Mean likeness of the faces with these landmarks [5, 2] to the true ones, in each embedder; None without faces."""
        found: dict[str, Figures] = {name: dict.fromkeys((FIRST, SECOND)) for name in results}
        for kind, embedder in self.embedders.items() if landmarks else ():
            true = [embedder.vector(truth, truth, points) for points in landmarks]
            for name, result in results.items():
                shown = [embedder.vector(result, truth, points) for points in landmarks]
                found[name][kind] = float(np.mean([embedder.likeness(a, b) for a, b in zip(shown, true, strict=True)]))
        return found

    def _optional(self, name: str, load: Callable[[], T]) -> T | None:
        try:
            return load()
        except ModuleNotFoundError as error:
            self.missing[name] = f"{error.name} is not installed; pip install 'f2s-ray[evaluate]'"
        except JobError as error:
            self.missing[name] = str(error)
        return None


def _vgg() -> Callable[[Picture], Callable[[Picture], float]]:
    """From the truth to the distance of a result to it: the truth is looked at once."""
    from f2s_ray.models.vgg import VggDistance, apart

    network = VggDistance().eval()

    @torch.inference_mode()
    def to(truth: Picture) -> Callable[[Picture], float]:
        true = network.features(truth[None])
        return torch.inference_mode()(lambda result: float(apart(network.features(result[None]), true)[0]))

    return to


def _niqe() -> Callable[[np.ndarray], float]:
    from f2s_ray.evaluation.niqe import Niqe

    return Niqe()


def _first(embedder: FaceEmbedder) -> Embedder:
    """SFace; its likeness is the cosine."""

    def vector(picture: Picture, _: Picture, landmarks: np.ndarray) -> np.ndarray:
        return embedder.embed(picture, landmarks.flatten().tolist())

    return Embedder(vector, lambda a, b: float(a @ b))


def _second() -> Embedder:
    """The ResNet of dlib; its likeness is one less the distance of the vectors."""
    from f2s_ray.evaluation.second_embedder import SecondEmbedder

    network = SecondEmbedder()

    def vector(picture: Picture, truth: Picture, landmarks: np.ndarray) -> np.ndarray:
        return network.embed(picture, network.place(truth, landmarks.flatten().tolist()))

    return Embedder(vector, lambda a, b: 1 - float(np.linalg.norm(a - b)))
