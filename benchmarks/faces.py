"""A tested picture to what the models take: its true faces, and pairs of degraded and true or restored window."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from torch import Tensor

from benchmarks.pictures import Picture, damage, operator_of, read, to_tensor
from f2s_ray.media.degrade import Operator, Strength
from f2s_ray.media.geometry import native_side
from f2s_ray.models.face2scene import Face2Scene, Pair
from f2s_ray.models.face_detector import FaceDetector

__all__ = ["Scene", "product_pair", "scene_of", "true_pair"]

MIN_SIDE_PX, MAX_SIDE_PX = 48.0, 384.0


@dataclass(frozen=True)
class Scene:
    """A picture before and after one damage, and the landmarks [5, 2] of its largest face, found in the true picture."""

    name: str
    operator: Operator
    clean: Float[Tensor, "3 h w"]
    damaged: Float[Tensor, "3 h w"]
    landmarks: np.ndarray


def scene_of(picture: Picture, level: Strength, detector: FaceDetector) -> Scene | None:
    """The scene; None when the picture has no face whose aligned square is 48 to 384 px, the sizes that pairs are made of."""
    clean = read(picture)
    rgb = to_tensor(clean)
    found = [np.array(face.landmarks).reshape(5, 2) for face in detector.detect(rgb)]
    usable = [landmarks for landmarks in found if MIN_SIDE_PX <= native_side(landmarks) <= MAX_SIDE_PX]
    if not usable:
        return None
    damaged = to_tensor(damage(picture, clean, level))
    return Scene(picture.name, operator_of(picture, level), rgb, damaged, max(usable, key=native_side))


def product_pair(model: Face2Scene, scene: Scene) -> Pair | None:
    """What the product reads: the face restored from the damaged picture, without references."""
    return model.pair(scene.damaged, model.restore_face(scene.damaged, scene.landmarks, ()), 1.0)


def true_pair(model: Face2Scene, scene: Scene) -> Pair | None:
    """The same window with the true face as its restored half."""
    damaged, clean = (_window(model, rgb, scene.landmarks) for rgb in (scene.damaged, scene.clean))
    return None if damaged is None or clean is None else Pair(damaged, clean, 1.0)


def _window(model: Face2Scene, rgb: Tensor, landmarks: np.ndarray) -> Tensor | None:
    """The untouched half of a pair: a face that does not change cannot drift."""
    face = model.restore_face(rgb, landmarks, ())
    pair = model.pair(rgb, replace(face, after=face.before), 1.0)
    return None if pair is None else pair.degraded
