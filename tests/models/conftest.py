from pathlib import Path

import insightface
import numpy as np
import pytest
import torch
from PIL import Image

from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder


@pytest.fixture(scope="session")
def six_people():
    """A picture of six people that insightface ships; rgb 0..1."""
    file = Path(insightface.__file__).parent / "data" / "images" / "t1.jpg"
    return torch.from_numpy(np.array(Image.open(file).convert("RGB"))).permute(2, 0, 1).float() / 255.0


@pytest.fixture(scope="session")
def detector():
    return FaceDetector()


@pytest.fixture(scope="session")
def embedder():
    return FaceEmbedder()
