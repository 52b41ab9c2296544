"""A face in a picture to a vector of a network that had no part in training, choosing or gating: dlib's ResNet."""

from collections.abc import Sequence

import dlib
import numpy as np
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.geometry import native_side
from f2s_ray.models import weights
from f2s_ray.models.face_detector import to_bgr

__all__ = ["SecondEmbedder"]

CHIP_PX, CHIP_PADDING = 150, 0.25
# Side of the square in which dlib's own detector finds a face against the side of our aligned one, both around the mean of the
# landmarks: the median of 76 faces of train/gov_cc0. With it a vector is 0.04 from that of dlib's own square.
BOX_SIDE = 0.59


class SecondEmbedder:
    """dlib's five landmarks and ResNet, on the CPU."""

    def __init__(self) -> None:
        self._landmarks = dlib.shape_predictor(str(weights.path(weights.SECOND_LANDMARKS)))
        self._net = dlib.face_recognition_model_v1(str(weights.path(weights.SECOND_EMBEDDER)))

    def place(self, truth: Float[Tensor, "3 h w"], landmarks: Sequence[float]) -> object:
        """Where a face is cut out, found in the picture that is true; the same place is then cut out of each version of it."""
        points = np.asarray(landmarks, dtype=np.float64).reshape(5, 2)
        side = native_side(points) * BOX_SIDE
        x, y = points.mean(0)
        box = dlib.rectangle(*(round(value) for value in (x - side / 2, y - side / 2, x + side / 2, y + side / 2)))
        return self._landmarks(_rgb(truth), box)

    def embed(self, rgb: Float[Tensor, "3 h w"], place: object) -> Float[np.ndarray, "128"]:
        """The vector; two of one person are closer than about 0.6."""
        chip = dlib.get_face_chip(_rgb(rgb), place, CHIP_PX, CHIP_PADDING)
        return np.array(self._net.compute_face_descriptor(chip), dtype=np.float64)


def _rgb(rgb: Float[Tensor, "3 h w"]) -> np.ndarray:
    """[h, w, 3] uint8."""
    return np.ascontiguousarray(to_bgr(rgb)[:, :, ::-1])
