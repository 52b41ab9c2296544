import pytest
import torch
import torch.nn.functional as F

from f2s_ray.models.reference_restorer import REFERENCE_PX, ReferenceRestorer
from tests.models.tiny import CONFIGS, made


@pytest.fixture(scope="module")
def network():
    return made("reference_restorer")


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


FACE = random(1, 3, 64, 64)
REFERENCES = random(1, 3, 3, REFERENCE_PX, REFERENCE_PX, seed=1)
ALL = torch.ones(1, 3)


def test_untrained_it_gives_the_face_back_exactly():
    network = made("reference_restorer", trained=False)
    assert isinstance(network, ReferenceRestorer)
    assert torch.equal(network(FACE, REFERENCES, ALL), FACE)


@pytest.mark.parametrize("side", [64, 96, 160])
def test_faces_of_several_sides_keep_their_side(network, side):
    faces = random(2, 3, side, side)
    assert network(faces, REFERENCES.expand(2, -1, -1, -1, -1), ALL.expand(2, -1)).shape == faces.shape


def test_references_have_an_effect(network):
    with_them = network(FACE, REFERENCES, ALL)
    alone = network(FACE, REFERENCES[:, :0], ALL[:, :0])
    assert (with_them - alone).abs().max() > 1e-4


def test_a_masked_reference_changes_nothing(network):
    mask = torch.tensor([[1.0, 0.0, 1.0]])
    other = REFERENCES.clone()
    other[:, 1] = random(3, REFERENCE_PX, REFERENCE_PX, seed=9)
    masked = network(FACE, REFERENCES, mask)
    assert torch.allclose(masked, network(FACE, other, mask), atol=1e-6)
    assert torch.allclose(masked, network(FACE, REFERENCES[:, [0, 2]], ALL[:, :2]), atol=1e-5)


def test_all_references_masked_is_a_face_alone(network):
    masked = network(FACE, REFERENCES, torch.zeros(1, 3))
    assert torch.allclose(masked, network(FACE, REFERENCES[:, :0], ALL[:, :0]), atol=1e-5)


def test_the_order_of_references_changes_nothing(network):
    assert torch.allclose(network(FACE, REFERENCES, ALL), network(FACE, REFERENCES[:, [2, 0, 1]], ALL), atol=1e-5)


def test_faces_of_a_batch_do_not_see_each_others_references(network):
    faces = FACE.expand(2, -1, -1, -1)
    references = torch.cat([REFERENCES, random(1, 3, 3, REFERENCE_PX, REFERENCE_PX, seed=5)])
    together = network(faces, references, ALL.expand(2, -1))
    assert torch.allclose(together[:1], network(FACE, REFERENCES, ALL), atol=1e-5)


def test_a_reference_becomes_64_tokens_that_know_their_place(network):
    width = CONFIGS["reference_restorer"].trunk.token_width
    flat = torch.full((1, 3, REFERENCE_PX, REFERENCE_PX), 0.5)
    tokens = network.encoder(flat)
    assert tokens.shape == (1, 64, width)
    inner = tokens[0].reshape(8, 8, width)[2:6, 2:6].flatten(0, 1)
    assert len(torch.unique(inner, dim=0)) == 16


def test_what_a_reference_shows_is_learned_within_a_few_steps():
    network = made("reference_restorer", trained=False).requires_grad_(True)
    generator = torch.Generator().manual_seed(2)
    true = F.interpolate(torch.rand(6, 3, 8, 8, generator=generator), size=REFERENCE_PX, mode="bicubic").clamp(0, 1)
    small = F.interpolate(true, size=64, mode="bilinear", antialias=True)
    noisy = (small + 0.3 * torch.randn(small.shape, generator=generator)).clamp(0, 1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)

    def error(references):
        return (network(noisy, references[:, None], torch.ones(6, 1)) - small).abs().mean()

    for _ in range(80):
        optimizer.zero_grad()
        error(true).backward()
        optimizer.step()
    assert error(true) < 0.975 * error(true.roll(1, 0))
