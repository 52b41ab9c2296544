from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.media.tiles import Tile, blend, tile_grid

sides = st.integers(1, 300)


@settings(max_examples=40, deadline=None)
@given(sides, sides, st.integers(16, 96), st.data())
def test_tiles_cover_the_picture_and_overlap(height: int, width: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, (tile - 1) // 2))
    grid = tile_grid(height, width, tile, overlap)
    seen = torch.zeros(height, width)
    for one in grid:
        assert 0 <= one.y0 < one.y1 <= height
        assert 0 <= one.x0 < one.x1 <= width
        assert max(one.y1 - one.y0, one.x1 - one.x0) <= tile
        one.crop(seen[None]).add_(1)
    assert seen.min() >= 1
    columns = sorted({(one.x0, one.x1) for one in grid})
    assert all(left[1] - right[0] >= overlap for left, right in pairwise(columns))


@settings(max_examples=20, deadline=None)
@given(st.integers(20, 200), st.integers(20, 200), st.integers(16, 64), st.data())
def test_tiles_of_a_picture_blend_to_the_picture(height: int, width: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, (tile - 1) // 2))
    image = torch.rand(2, height, width, generator=torch.Generator().manual_seed(height * width))
    grid = tile_grid(height, width, tile, overlap)
    torch.testing.assert_close(blend(grid, (one.crop(image) for one in grid), overlap), image, rtol=0, atol=1e-6)


def test_a_small_picture_is_one_tile() -> None:
    assert tile_grid(64, 48, 64, 16) == [Tile(0, 0, 64, 48)]


def test_a_step_between_two_tiles_becomes_a_slope() -> None:
    grid = tile_grid(16, 112, 64, 16)
    joined = blend(grid, [torch.full((1, 16, 64), float(index)) for index in range(len(grid))], 16)
    assert joined.diff(dim=2).abs().max() < 0.15
    assert (joined[..., :48] == 0).all()
    torch.testing.assert_close(joined[..., 64:], torch.ones(1, 16, 48))


def test_too_much_overlap_is_refused() -> None:
    with pytest.raises(ValueError, match="must be below 32"):
        tile_grid(100, 100, 64, 32)


def test_no_tiles_make_no_picture() -> None:
    with pytest.raises(ValueError, match="no tiles"):
        blend([], [], 4)


def test_a_tile_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        blend(tile_grid(64, 200, 64, 16), [torch.zeros(1, 64, 64)], 16)


def test_a_network_that_sees_some_pixels_around_gives_the_same_in_tiles() -> None:
    """The rim of a tile, where the network had to guess what lies beyond, does not reach the result."""

    def restored(image: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(F.pad(image[None], (4, 4, 4, 4)), 9, stride=1)[0]

    image = torch.rand(3, 150, 310, generator=torch.Generator().manual_seed(5))
    grid = tile_grid(150, 310, 96, 40)
    assert len(grid) == 10
    tiled = blend(grid, (restored(one.crop(image)) for one in grid), 40)
    torch.testing.assert_close(tiled, restored(image), rtol=0, atol=1e-6)
