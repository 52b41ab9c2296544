import os
from pathlib import Path

import pytest

import f2s_ray.engines.ray_settings  # noqa: F401 (before a module of tests imports Ray)
from tests.faults.table import (  # noqa: F401 (hooks)
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A folder with the four networks: real ones, small, the same in each run, and with an effect on pictures."""
    from tests.models.tiny import save_all

    folder = tmp_path_factory.mktemp("tiny_weights")
    save_all(folder)
    return folder


@pytest.fixture(scope="session")
def turbo(tmp_path_factory) -> Path:
    """A diffusers folder of SD-Turbo's shape at small widths."""
    from tests.models.tiny_turbo import save_turbo

    folder = tmp_path_factory.mktemp("turbo")
    save_turbo(folder)
    return folder


@pytest.fixture(scope="session")
def six_people():
    """A picture of six people that insightface ships; rgb 0..1."""
    import insightface
    import numpy as np
    import torch
    from PIL import Image

    file = Path(insightface.__file__).parent / "data" / "images" / "t1.jpg"
    return torch.from_numpy(np.array(Image.open(file).convert("RGB"))).permute(2, 0, 1).float() / 255.0


@pytest.fixture(scope="session")
def detector():
    from f2s_ray.models.face_detector import FaceDetector

    return FaceDetector()


@pytest.fixture(scope="session")
def embedder():
    from f2s_ray.models.face_embedder import FaceEmbedder

    return FaceEmbedder()


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """A real S3 server on loopback."""
    from tests.s3_server import s3_server

    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def variables(s3, monkeypatch):
    """What a user sets to be let in by that server, and nothing else."""
    from f2s_catalog import s3_client

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    s3_client.client.cache_clear()
    yield
    s3_client.client.cache_clear()
