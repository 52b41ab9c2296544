import math

import pytest
import torch
import torch.nn.functional as F

from f2s_ray.media.degrade import CLEAN, Operator
from f2s_ray.models.fadex import VALUES, supcon_loss, values_from
from f2s_ray.training.batches import value_targets
from tests.models.tiny import CONFIGS, made

GROUPS = torch.tensor([0, 0, 0, 1, 1, 1])


def pair(count=2, side=128):
    generator = torch.Generator().manual_seed(0)
    restored = torch.rand(count, 3, side, side, generator=generator)
    return restored, (restored + 0.05 * torch.randn(restored.shape, generator=generator)).clamp(0, 1)


def grouped():
    """Six unit vectors, three about each of two directions."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.eye(8)[[0, 0, 0, 1, 1, 1]]
    return F.normalize(centres + 0.1 * torch.randn(6, 8, generator=generator), dim=1)


@pytest.fixture(scope="module")
def network():
    return made("fadex")


@pytest.mark.parametrize("side", [64, 128])
def test_a_pair_becomes_a_map_a_signature_and_values(network, side):
    features, signature, values = network(*pair(side=side))
    assert features.shape == (2, CONFIGS["fadex"].widths[-1], side // 16, side // 16)
    assert signature.shape == (2, CONFIGS["fadex"].signature)
    assert values.shape == (2, len(VALUES))
    assert torch.allclose(signature.norm(dim=1), torch.ones(2), atol=1e-5)


def test_which_half_is_damaged_matters(network):
    restored, degraded = pair()
    _, there, _ = network(restored, degraded)
    _, back, _ = network(degraded, restored)
    assert (there - back).abs().max() > 1e-3


def test_the_energy_of_noise_reaches_the_map(network):
    restored, degraded = pair()
    weak, _, _ = network(restored, restored + 0.2 * (degraded - restored))
    strong, _, _ = network(restored, degraded)
    nothing, _, _ = network(restored, restored)
    assert (strong - nothing).norm() > 2 * (weak - nothing).norm()


@pytest.mark.parametrize(
    "operator",
    [CLEAN, Operator(blur_px=(1.5, 1.5), noise=0.05, quality=60, shrink=2.0), Operator(motion_px=9, second_noise=0.01)],
)
def test_values_say_what_the_targets_taught(operator):
    said = values_from(value_targets(operator))
    assert said == pytest.approx(
        {
            "blur_sigma_px": operator.blur_sigma_px,
            "noise_sigma": operator.noise_sigma,
            "jpeg_quality": operator.jpeg_quality,
            "downscale": operator.downscale,
        },
        rel=1e-5,
    )


def test_values_stay_possible():
    low, high = values_from(torch.full((4,), -2.0)), values_from(torch.full((4,), 2.0))
    assert low == {"blur_sigma_px": 0.0, "noise_sigma": 0.0, "jpeg_quality": 1.0, "downscale": 1.0}
    assert high["jpeg_quality"] == 100.0


def test_the_loss_is_smaller_where_groups_lie_together():
    vectors = grouped()
    assert supcon_loss(vectors, GROUPS) < supcon_loss(vectors[[0, 3, 1, 4, 2, 5]], GROUPS) - 1


def test_the_loss_of_two_opposite_groups_is_known():
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    loss = supcon_loss(vectors, torch.tensor([0, 0, 1, 1]), temperature=0.5)
    assert float(loss) == pytest.approx(math.log(1 + 2 * math.exp(-4)), rel=1e-4)


def test_the_loss_does_not_depend_on_the_order():
    vectors, order = grouped(), [5, 2, 0, 3, 1, 4]
    assert torch.allclose(supcon_loss(vectors, GROUPS), supcon_loss(vectors[order], GROUPS[order]))
