import pytest
import torch
import torch.nn.functional as F

from f2s_ray.media.degrade import Operator, apply
from f2s_ray.models.quality import Measures, measure


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def scene(height=256, width=256):
    """Rectangles with sharp edges and calm areas, in colours."""
    picture = torch.full((3, height, width), 0.5)
    for top, left, tall, wide, *colour in torch.rand(40, 7, generator=generator(5)).tolist():
        y, x = int(top * height), int(left * width)
        picture[:, y : y + 16 + int(60 * tall), x : x + 16 + int(60 * wide)] = torch.tensor(colour)[:, None, None]
    return picture


def damaged(picture, **damage):
    return apply(Operator(**damage), picture, generator())


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.06])
def test_noise_on_a_flat_picture_is_measured(sigma):
    noisy = damaged(torch.full((3, 256, 256), 0.5), noise=sigma, noise_is_grey=True)
    assert measure(noisy).noise == pytest.approx(sigma, rel=0.2)


def test_noise_is_measured_between_edges_too():
    for sigma in (0.02, 0.05):
        noisy = damaged(scene(), noise=sigma, noise_is_grey=True)
        assert measure(noisy).noise == pytest.approx(sigma, rel=0.35)


def test_more_noise_measures_as_more():
    levels = [measure(damaged(scene(), noise=sigma)).noise for sigma in (0.0, 0.01, 0.03, 0.06, 0.12)]
    assert levels == sorted(levels)
    assert levels[0] < 0.002


def test_blur_measures_as_less_sharp():
    levels = [measure(damaged(scene(), blur_px=(sigma, sigma))).sharpness for sigma in (0.0, 0.7, 1.2, 2.0, 3.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 0.9
    assert levels[-1] < 0.5


def test_noise_does_not_pass_for_sharpness():
    blurred = damaged(scene(), blur_px=(2.5, 2.5))
    noisy = damaged(scene(), blur_px=(2.5, 2.5), second_noise=0.03, second_blur_px=0.0)
    assert measure(noisy).sharpness < measure(blurred).sharpness + 0.1


def test_stronger_jpeg_measures_as_blockier():
    base = damaged(scene(), blur_px=(1.5, 1.5), noise=0.02)
    levels = [measure(damaged(base, quality=quality)).blockiness for quality in (95, 50, 20)]
    assert levels == sorted(levels)
    assert levels[-1] > levels[0] + 0.1
    assert levels[-1] > measure(base).blockiness + 0.1


@pytest.mark.parametrize(("down", "right"), [(1, 0), (3, 5), (7, 7)])
def test_the_offset_of_the_grid_does_not_matter(down, right):
    picture = damaged(damaged(scene(), blur_px=(1.5, 1.5), noise=0.02), quality=20)
    moved = picture[:, down:, right:]
    assert measure(moved).blockiness == pytest.approx(measure(picture).blockiness, abs=0.08)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_picture_has_nothing_to_measure(level):
    assert measure(torch.full((3, 64, 80), level)) == Measures(0.0, 0.0, 0.0)


@pytest.mark.parametrize("size", [(1, 1), (31, 200), (200, 31)])
def test_a_tiny_picture_measures_as_zero(size):
    assert measure(torch.rand(3, *size, generator=generator())) == Measures(0.0, 0.0, 0.0)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (40, 700)])
def test_odd_sizes_measure_within_bounds(size):
    found = measure(torch.rand(3, *size, generator=generator()))
    assert found.noise > 0.05
    assert 0 <= found.sharpness <= 1
    assert 0 <= found.blockiness <= 1


def test_a_large_picture_is_measured_in_its_middle():
    picture = torch.full((3, 64, 2304), 0.5)
    picture[:, :, :300] = torch.rand(3, 64, 300, generator=generator())
    picture[:, :, -300:] = torch.rand(3, 64, 300, generator=generator())
    assert measure(picture) == Measures(0.0, 0.0, 0.0)


def test_a_ramp_is_neither_noise_nor_blocks():
    ramp = F.interpolate(torch.tensor([[[[0.0, 1.0]]]]), size=(128, 128), mode="bilinear", align_corners=True)
    found = measure(ramp[0].expand(3, -1, -1))
    assert found.noise < 1e-4
    assert found.blockiness < 0.01
