import pytest
import torch

from f2s_ray.models.restorer import STRIDE, Codec, OneStepRestorer
from tests.models.tiny import TRUNK, made


@pytest.fixture(scope="module")
def untrained():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return OneStepRestorer(TRUNK).eval().requires_grad_(False)


def picture(height, width, count=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (32, 64), (112, 48)])
def test_an_untrained_restorer_gives_the_picture_back_exactly(untrained, height, width):
    x = picture(height, width, 2)
    tokens = torch.randn(2, 5, TRUNK.token_width, generator=torch.Generator().manual_seed(2))
    assert torch.equal(untrained(x, tokens), x)
    assert torch.equal(untrained(x, tokens, torch.ones(2, 5)), x)


def test_the_codec_halves_and_quarters_the_side():
    codec = Codec(TRUNK)
    summary = torch.zeros(1, TRUNK.token_width)
    latent, skip = codec.encode(picture(32, 48), summary)
    assert latent.shape == (1, TRUNK.latent_width, 8, 12)
    assert skip.shape == (1, TRUNK.codec_width, 16, 24)
    assert codec.decode(latent, skip, summary, None).shape == (1, 3, 32, 48)


def test_the_stride_is_the_smallest_side(untrained):
    tokens = torch.zeros(1, 1, TRUNK.token_width)
    assert untrained(picture(STRIDE, STRIDE), tokens).shape == (1, 3, STRIDE, STRIDE)


def test_an_untrained_codec_keeps_the_signal_alive():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        latent, _ = Codec(TRUNK).encode(picture(64, 64), torch.zeros(1, TRUNK.token_width))
    assert 0.1 < float(latent.detach().std()) < 100


def test_the_condition_steers_the_full_detail_path_too():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        codec = Codec(TRUNK)
        torch.nn.init.normal_(codec.to_change.weight, std=0.1)
        torch.nn.init.normal_(codec.up[1].steer.weight, std=0.1)
    latent, skip = codec.encode(picture(32, 32), torch.zeros(1, TRUNK.token_width))
    one, other = (codec.decode(latent, skip, torch.full((1, TRUNK.token_width), value), None) for value in (0.0, 0.5))
    assert (one - other).abs().max() > 1e-3


def test_tokens_that_do_not_count_change_nothing():
    network = made("reference_restorer").trunk
    x, tokens = picture(32, 32), torch.randn(1, 4, TRUNK.token_width, generator=torch.Generator().manual_seed(3))
    mask = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    other = tokens.clone()
    other[:, 2:] += 3
    assert torch.allclose(network(x, tokens, mask), network(x, other, mask), atol=1e-6)
    assert not torch.allclose(network(x, tokens, mask), network(x, other), atol=1e-6)


def test_a_hint_sees_the_decoder_and_adds_to_it():
    network = made("scene_restorer").trunk
    x, tokens = picture(32, 32), torch.zeros(1, 1, TRUNK.token_width)
    seen = []
    same = network(x, tokens, hint=lambda features: seen.append(features.shape) or torch.zeros_like(features))
    other = network(x, tokens, hint=torch.ones_like)
    assert seen == [(1, TRUNK.codec_width, 16, 16)]
    assert torch.equal(same, network(x, tokens))
    assert (other - same).abs().max() > 1e-4
