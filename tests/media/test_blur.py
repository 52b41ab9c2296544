import pytest
import torch
import torch.nn.functional as F

from f2s_ray.media.blur import blurred, gaussian_kernel, motion_kernel


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def width(kernel):
    """Standard deviation in pixels: across, down."""
    place = torch.arange(len(kernel)) - len(kernel) // 2
    return tuple(float((kernel.sum(axis) * place**2).sum().sqrt()) for axis in (0, 1))


@pytest.mark.parametrize("flatness", [1.0, 1.5, 2.5, 4.0])
@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.8])
def test_a_kernel_has_the_width_it_says_however_flat(sigma, flatness):
    kernel = gaussian_kernel((sigma, sigma), flatness=flatness)
    assert float(kernel.sum()) == pytest.approx(1)
    assert width(kernel) == pytest.approx((sigma, sigma), rel=0.05)


def test_a_flat_kernel_is_an_even_disc():
    kernel = gaussian_kernel((2.8, 2.8), flatness=4.0)
    middle = len(kernel) // 2
    assert float(kernel[middle, middle + 3] / kernel[middle, middle]) > 0.95
    assert float(kernel[middle, middle + 7] / kernel[middle, middle]) < 0.01


def test_two_widths_turn_from_across_to_down():
    leaning = gaussian_kernel((2.5, 1.0), 45.0)
    place = torch.arange(len(leaning)).float() - len(leaning) // 2
    assert float((leaning * place[:, None] * place).sum()) == pytest.approx((2.5**2 - 1) / 2, rel=0.05)


def test_what_would_change_nothing_is_no_kernel():
    picture = torch.rand(3, 9, 9, generator=generator())
    assert gaussian_kernel((0.05, 0.0)) is None
    assert motion_kernel(0.9, 30.0) is None
    assert blurred(picture, None) is picture


def test_a_stroke_is_as_long_as_it_says_and_leans_as_it_says():
    assert width(motion_kernel(12.0, 0.0)) == pytest.approx((12 / 12**0.5, 0), rel=0.1)
    assert width(motion_kernel(12.0, 90.0)) == pytest.approx((0, 12 / 12**0.5), rel=0.1, abs=1e-6)


@pytest.mark.parametrize("size", [(40, 57), (33, 20)])
def test_blurring_is_the_convolution_of_the_mirrored_picture(size):
    picture = torch.rand(3, *size, generator=generator())
    kernel = gaussian_kernel((2.0, 1.0), 30.0)
    radius = len(kernel) // 2
    mirrored = F.pad(picture[None], (radius,) * 4, mode="reflect")
    expected = F.conv2d(mirrored, kernel.expand(3, 1, *kernel.shape), groups=3)[0]
    assert torch.allclose(blurred(picture, kernel), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (3, 5), (9, 400)])
def test_an_even_picture_stays_even_however_small(size):
    even = torch.full((3, *size), 0.3)
    assert torch.allclose(blurred(even, gaussian_kernel((2.8, 2.0), 20.0)), even, atol=1e-6)
