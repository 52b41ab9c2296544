import pytest
import torch

from f2s_ray.models.mapnet import TOKENS
from tests.models.tiny import TRUNK, made

PICTURE = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))


def tokens(seed=0):
    return torch.randn(2, TOKENS, TRUNK.token_width, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def network():
    return made("scene_restorer")


def test_untrained_it_gives_the_picture_back_exactly():
    network = made("scene_restorer", trained=False)
    assert torch.equal(network(PICTURE, tokens()), PICTURE)
    assert torch.equal(network(PICTURE, None), PICTURE)


def test_blind_is_the_learned_null_tokens(network):
    null = network.null.expand(2, -1, -1)
    assert torch.equal(network(PICTURE, None), network(PICTURE, null))


def test_another_code_is_another_result(network):
    first, second = network(PICTURE, tokens(1)), network(PICTURE, tokens(2))
    assert first.shape == PICTURE.shape
    assert (first - second).abs().max() > 1e-4


def test_pictures_of_a_batch_do_not_see_each_others_codes(network):
    both = network(PICTURE, tokens())
    assert torch.allclose(both[1:], network(PICTURE[1:], tokens()[1:]), atol=1e-5)


def test_each_picture_is_restored_the_same_way_twice(network):
    assert torch.equal(network(PICTURE, tokens()), network(PICTURE, tokens()))
