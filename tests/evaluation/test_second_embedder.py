import numpy as np
import pytest
from PIL import Image

from f2s_ray.evaluation.pictures import to_tensor
from f2s_ray.models import weights
from f2s_ray.models.face_detector import FaceDetector

pytest.importorskip("dlib", reason="needs f2s-ray[evaluate]")
SAME_PERSON = 0.6


@pytest.fixture(scope="module")
def vectors(data):
    from f2s_ray.evaluation.second_embedder import SecondEmbedder

    weights.pull([weights.SECOND_LANDMARKS, weights.SECOND_EMBEDDER])
    network = SecondEmbedder()
    detector, found = FaceDetector(), {}
    for name in ("one/woman.png", "two/woman again.png", "two/man.png"):
        rgb = to_tensor(np.asarray(Image.open(data / name)))
        face = max(detector.detect(rgb), key=lambda face: face.short_side_px)
        found[name] = network.embed(rgb, network.place(rgb, face.landmarks))
    return found


def test_one_person_in_two_shots_is_near_and_another_is_far(vectors):
    woman, again, man = vectors.values()
    assert np.linalg.norm(woman - again) < SAME_PERSON < np.linalg.norm(woman - man)
    assert woman.shape == (128,)
