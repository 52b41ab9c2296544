import pytest
import torch

from f2s_ray.models import weights
from f2s_ray.models.vgg import VggDistance


@pytest.fixture(scope="module")
def distance():
    weights.pull([weights.VGG])
    return VggDistance()


def picture(seed=0):
    coarse = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(96, 80), mode="bicubic").clamp(0, 1)


def test_a_picture_is_at_no_distance_from_itself(distance):
    assert float(distance(picture(), picture())) == 0


def test_the_distance_is_symmetric_and_between_0_and_2(distance):
    there, back = distance(picture(0), picture(1)), distance(picture(1), picture(0))
    assert torch.allclose(there, back)
    assert 0 < float(there) < 2


def test_more_noise_is_farther(distance):
    noise = torch.randn(1, 3, 96, 80, generator=torch.Generator().manual_seed(2))
    apart = [float(distance(picture(), picture() + sigma * noise)) for sigma in (0.01, 0.03, 0.1)]
    assert apart == sorted(apart)
    assert apart[0] < 0.5 * apart[2]


def test_it_looks_as_a_person_does_and_not_pixel_by_pixel(distance):
    brighter = (picture() * 0.9 + 0.05).clamp(0, 1)
    error = (brighter - picture()).square().mean().sqrt()
    noisy = picture() + error * torch.randn(1, 3, 96, 80, generator=torch.Generator().manual_seed(2))
    assert float(distance(picture(), brighter)) < 0.5 * float(distance(picture(), noisy))


def test_a_gradient_reaches_the_picture_and_not_the_network(distance):
    x = picture(1).requires_grad_()
    distance(x, picture()).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(not parameter.requires_grad for parameter in distance.parameters())


def test_fewer_blocks_are_the_first_ones(distance):
    short = VggDistance(2)
    for one, other in zip(short.features(picture()), distance.features(picture()), strict=False):
        assert torch.equal(one, other)
