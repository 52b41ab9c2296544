import numpy as np
import pytest
import torch

from f2s_ray.models.windows import continued, drift_of, face_windows, reflected


def test_a_small_face_has_one_window_on_the_grid():
    (window,) = face_windows(np.array([101.0, 95.0]), 120.0, 96, (300, 400))
    assert (window.x0, window.y0, window.x1, window.y1) == (48, 40, 144, 136)


@pytest.mark.parametrize("centre", [(0.0, 0.0), (500.0, 300.0), (250.0, -40.0), (10.0, 299.0)])
@pytest.mark.parametrize("native_px", [160.0, 900.0])
def test_windows_lie_inside_the_picture(centre, native_px):
    for window in face_windows(np.array(centre), native_px, 128, (300, 500)):
        assert 0 <= window.x0 <= window.x1 - 128 == window.x0
        assert window.x1 <= 500
        assert 0 <= window.y0 <= window.y1 - 128 == window.y0
        assert window.y1 <= 300
        assert window.x0 % 8 == window.y0 % 8 == 0


def test_the_four_windows_of_a_large_face_lie_within_its_middle_half():
    windows = face_windows(np.array([1000.0, 1000.0]), 800.0, 128, (2000, 2000))
    assert [(window.x0, window.y0) for window in windows] == [(800, 800), (1072, 800), (800, 1072), (1072, 1072)]


def test_a_small_window_is_repeated():
    window = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(0))
    whole = continued(window)
    assert whole.shape == (3, 128, 128)
    assert torch.equal(whole[:, 48:96, :48], window)
    assert torch.equal(whole[:, :48, 96:], window[..., :32])


def test_noise_is_hardly_a_drift_but_a_tone_is():
    even = torch.full((3, 128, 128), 0.5)
    noise = 0.08 * torch.randn(even.shape, generator=torch.Generator().manual_seed(0))
    assert drift_of(even, even + noise) < 0.01
    assert drift_of(even, even - 0.05) == pytest.approx(0.05, abs=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 1), (3, 2), (17, 20)])
def test_any_picture_is_continued_as_far_as_is_asked(size):
    x = torch.rand(3, *size, generator=torch.Generator().manual_seed(1))
    whole = reflected(x, 13, 30)
    assert whole.shape == (3, size[0] + 13, size[1] + 30)
    assert torch.equal(whole[:, : size[0], : size[1]], x)
    assert set(whole[0].unique().tolist()) == set(x[0].unique().tolist())


@pytest.mark.parametrize("grid", [(0, 0), (3, 5), (7, 7)])
@pytest.mark.parametrize("centre", [(0.0, 0.0), (150.0, 130.0), (399.0, 299.0)])
def test_windows_lie_on_the_grid_wherever_it_begins(grid, centre):
    for tile in face_windows(np.array(centre), 300.0, 128, (300, 400), grid):
        assert (tile.y0 % 8, tile.x0 % 8) == grid
        assert tile.y1 <= 300
        assert tile.x1 <= 400


def test_a_window_as_large_as_the_picture_need_not_lie_on_the_grid():
    assert [(tile.y0, tile.x0) for tile in face_windows(np.array([64, 64]), 100.0, 128, (128, 128), (3, 5))] == [(0, 0)]
