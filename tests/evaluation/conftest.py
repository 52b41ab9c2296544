import pytest

pytest.importorskip("scipy", reason="needs f2s-ray[evaluate]")

from tests.evaluation.made import sharp_pictures


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return sharp_pictures(tmp_path_factory.mktemp("sharp"))
