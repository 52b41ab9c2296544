import torch

from f2s_ray.evaluation.classical import filtered
from f2s_ray.evaluation.pictures import to_tensor
from tests.evaluation.made import texture


def test_noise_becomes_less():
    truth = to_tensor(texture(128, 128))
    noisy = (truth + 0.08 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    assert (filtered(noisy) - truth).square().mean() < 0.8 * (noisy - truth).square().mean()


def test_a_blurred_edge_becomes_steeper():
    edge = torch.sigmoid((torch.arange(96) - 48.0) / 3).expand(3, 64, 96)
    assert filtered(edge).diff(dim=2).max() > 1.002 * edge.diff(dim=2).max()


def test_a_flat_picture_stays_as_it_is():
    flat = torch.full((3, 64, 64), 100 / 255)
    assert torch.allclose(filtered(flat), flat, atol=1e-6)
