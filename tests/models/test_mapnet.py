import pytest
import torch
import torch.nn.functional as F

from f2s_ray.models.mapnet import TOKENS
from tests.models.tiny import CONFIGS, made

WIDTH = CONFIGS["mapnet"].map_width


@pytest.fixture(scope="module")
def network():
    return made("mapnet")


@pytest.fixture(scope="module")
def local():
    """Attention switched off: a place of the map shows in its own cell only."""
    network = made("mapnet")
    network.attention.out.weight.zero_()
    network.attention.out.bias.zero_()
    return network


def features(count=1, side=8, seed=0):
    return torch.randn(count, WIDTH, side, side, generator=torch.Generator().manual_seed(seed))


def test_a_map_becomes_21_tokens_of_the_restorers_width(network):
    pooled = network.pool(features(3))
    assert pooled.shape == (3, 21, CONFIGS["mapnet"].width)
    assert network.project(pooled).shape == (3, TOKENS, CONFIGS["mapnet"].token_width)


def test_a_larger_map_becomes_21_tokens_too(network):
    assert network.pool(features(side=16)).shape[1] == 21


def test_the_grids_come_as_4x4_then_2x2_then_1x1(network):
    pooled = network.pool(features())[0]
    fine = pooled[:16].T.unflatten(1, (4, 4))
    assert torch.allclose(pooled[16:20].T.unflatten(1, (2, 2)), F.adaptive_avg_pool2d(fine, 2), atol=1e-5)
    assert torch.allclose(pooled[20], fine.mean((1, 2)), atol=1e-5)


def test_each_grid_goes_row_by_row(local):
    quiet = torch.zeros(1, WIDTH, 8, 8)
    top_right = quiet.clone()
    top_right[:, :, 0, 7] = 5.0
    moved = (local.pool(top_right) - local.pool(quiet))[0].abs().amax(1)
    assert (moved > 1e-4).nonzero().flatten().tolist() == [3, 17, 20]


def test_attention_sees_the_whole_map(network):
    first = features()
    second = first.clone()
    second[:, :, 0, 7] += 5.0
    moved = (network.pool(second) - network.pool(first))[0].abs().amax(1)
    assert (moved[:16] > 1e-6).all()


def test_the_order_of_faces_changes_nothing(network):
    faces = features(4)
    order = [2, 0, 3, 1]
    assert torch.allclose(network.pool(faces[order]), network.pool(faces)[order], atol=1e-6)


def test_the_projector_tells_the_grids_apart(network):
    same = torch.ones(1, TOKENS, CONFIGS["mapnet"].width)
    tokens = network.project(same)[0]
    assert len(torch.unique(tokens, dim=0)) == 3
    assert torch.equal(tokens[0], tokens[15])
    assert torch.equal(tokens[16], tokens[19])


def test_tokens_have_the_size_of_layer_norm(network):
    tokens = network.project(network.pool(features()))
    assert torch.allclose(tokens.mean(-1), torch.zeros(1, TOKENS), atol=1e-5)
    assert torch.allclose(tokens.std(-1, unbiased=False), torch.ones(1, TOKENS), atol=0.01)
