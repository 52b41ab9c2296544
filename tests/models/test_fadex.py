import math

import cv2
import pytest
import torch
import torch.nn.functional as F

from f2s_ray.media.blur import blurred, gaussian_kernel
from f2s_ray.media.degrade import CLEAN, Operator
from f2s_ray.models.fadex import FLOOR, VALUES, Spectrum, supcon_loss, values_from
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
    assert features.shape == (2, CONFIGS["fadex"].map_width, side // 8, side // 8)
    assert signature.shape == (2, CONFIGS["fadex"].signature)
    assert values.shape == (2, len(VALUES))
    assert torch.allclose(signature.norm(dim=1), torch.ones(2), atol=1e-5)


def test_which_half_is_damaged_matters(network):
    restored, degraded = pair()
    _, there, _ = network(restored, degraded)
    _, back, _ = network(degraded, restored)
    assert (there - back).abs().max() > 1e-3


def test_the_spectrum_tells_noise_by_its_energy_and_a_flat_block_by_its_silence(network):
    restored = torch.full((1, 3, 64, 64), 0.5)
    noise = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    weak, strong = (network.spectrum(restored, restored + sigma * noise)[:, 65:128].mean() for sigma in (0.3, 0.6))
    assert float(strong - weak) == pytest.approx(math.log(2) / 2, abs=0.03)
    silent = network.spectrum(restored, restored)
    assert torch.allclose(silent[:, 1:64], torch.tensor(math.log(FLOOR) / 2 + 2), atol=1e-2)
    assert (silent[:, 0] > silent[:, 1]).all()


def test_the_spectrum_is_the_cosine_transform():
    block = torch.rand(8, 8, generator=torch.Generator().manual_seed(0))
    restored = block.expand(1, 3, 8, 8)
    found = Spectrum()(restored, restored)[0, :64].reshape(8, 8)
    known = torch.from_numpy(cv2.dct(block.numpy())).abs()
    assert torch.allclose(found, (known + FLOOR).log() / 2 + 2, atol=1e-3)


def transfer(restored, degraded):
    """Gain, coherence and rest in 8 rings of frequency."""
    spectrum = Spectrum()
    found = spectrum.ringed(spectrum(restored, degraded))
    assert (found == found[..., :1, :1]).all()
    return found[0, :, 0, 0].reshape(3, 8)


def waves(sigma=0.2, seed=0):
    return sigma * torch.randn(1, 1, 256, 256, generator=torch.Generator().manual_seed(seed)).expand(-1, 3, -1, -1)


def test_what_is_halved_has_half_the_gain_and_no_rest():
    gain, coherence, rest = transfer(waves(), 0.5 * waves())
    assert torch.allclose(gain, torch.full((8,), 0.5), atol=1e-3)
    assert torch.allclose(coherence, torch.ones(8), atol=1e-3)
    assert torch.allclose(rest, torch.full((8,), math.log(FLOOR) / 2 + 2), atol=0.02)


def test_noise_of_its_own_strength_is_rest_and_lowers_the_coherence_alone():
    gain, coherence, rest = transfer(waves(), waves() + waves(seed=1))
    assert torch.allclose(gain, torch.ones(8), atol=0.05)
    assert torch.allclose(coherence, torch.full((8,), 0.5**0.5), atol=0.05)
    assert torch.allclose(rest, torch.full((8,), math.log(0.2 + FLOOR) / 2 + 2), atol=0.05)


def test_blur_takes_the_high_frequencies():
    blurry = blurred(waves()[0], gaussian_kernel((1.0, 1.0)))[None]
    gain, _, _ = transfer(waves(), blurry)
    assert (gain.diff() < 0).all()
    assert gain[0] > 0.6  # blocks cut waves off, so some leak
    assert gain[-1] < 0.1


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


def within_batch(vectors, groups, **how):
    return supcon_loss(vectors, groups, vectors, groups, **how)


def test_the_loss_is_smaller_where_groups_lie_together():
    vectors = grouped()
    assert within_batch(vectors, GROUPS) < within_batch(vectors[[0, 3, 1, 4, 2, 5]], GROUPS) - 1


def test_the_loss_of_two_opposite_groups_is_known():
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    loss = within_batch(vectors, torch.tensor([0, 0, 1, 1]), temperature=0.5)
    assert float(loss) == pytest.approx(math.log(1 + 2 * math.exp(-4)), rel=1e-4)


def test_keys_of_a_queue_are_negatives():
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    keys = torch.cat([vectors, torch.tensor([[0.0, 1.0], [-1.0, 0.0]])])
    loss = supcon_loss(vectors, torch.tensor([7, 7]), keys, torch.tensor([7, 7, 2, 3]), temperature=0.5)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-2) + math.exp(-4)), rel=1e-4)


def test_the_loss_does_not_depend_on_the_order():
    vectors, order = grouped(), [5, 2, 0, 3, 1, 4]
    assert torch.allclose(within_batch(vectors, GROUPS), within_batch(vectors[order], GROUPS[order]))
