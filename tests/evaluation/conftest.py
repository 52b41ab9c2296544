import pytest

pytest.importorskip("scipy", reason="needs f2s-ray[evaluate]")

from f2s_ray.models import weights
from tests.evaluation.made import sharp_pictures


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return sharp_pictures(tmp_path_factory.mktemp("sharp"))


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """A cache that holds what restoring needs and nothing for measuring: the heavy metrics are left out, and quick."""
    folder = tmp_path_factory.mktemp("cache")
    for name in (weights.FACE_DETECTOR, weights.FACE_EMBEDDER):
        (folder / weights.registry()[name].file).symlink_to(weights.path(name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("F2S_CACHE", str(folder))
        yield
