"""Where the blocks begin, on real photographs stored by our own JPEG and then cropped."""

import pytest
import torch
from skimage import data

from f2s_ray.media.degrade import Operator, apply
from f2s_ray.media.jpeg_grid import jpeg_grid

PHOTOS = {name: torch.tensor(getattr(data, name)()).permute(2, 0, 1).float() / 255 for name in ("astronaut", "coffee")}


def stored(name, **damage):
    return apply(Operator(**damage), PHOTOS[name], torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("crop", [(0, 0), (3, 5), (7, 1), (0, 4)])
@pytest.mark.parametrize("quality", [50, 75])
def test_blocks_are_found_wherever_the_picture_was_cropped(name, crop, quality):
    seen = stored(name, quality=quality, noise=0.02)[:, crop[0] :, crop[1] :]
    assert jpeg_grid(seen) == (-crop[0] % 8, -crop[1] % 8)


def test_where_no_blocks_are_seen_they_begin_at_the_corner():
    assert jpeg_grid(torch.full((3, 200, 200), 0.5)) == (0, 0)
    assert jpeg_grid(stored("astronaut", noise=0.06)[:, 3:, 5:]) == (0, 0)


def test_a_picture_of_few_blocks_tells_nothing():
    assert jpeg_grid(stored("astronaut", quality=50)[:, 3:60, 5:60]) == (0, 0)
