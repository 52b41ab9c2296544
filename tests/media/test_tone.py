import pytest
import torch

from f2s_ray.media.tiles import blend, tile_grid
from f2s_ray.media.tone import is_grey, keep_tone, low_pass

STEP_OF_8_BITS = 1 / 255


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def sky(height=400, width=600):
    """A gradient that a screen can just show, a little bluer towards the top."""
    rise = torch.linspace(0.45, 0.65, height)[:, None].expand(-1, width)
    return torch.stack([rise, rise + 0.05, rise + 0.1])


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (3, 5), (200, 130)])
def test_an_even_picture_is_all_low(size):
    even = torch.full((3, *size), 0.375)
    assert torch.allclose(low_pass(even), even, atol=1e-6)


def test_the_low_frequencies_are_those_of_a_blur_of_18_px():
    dot = torch.zeros(1, 201, 201)
    dot[0, 100, 100] = 1
    spread = low_pass(dot)[0]
    place = torch.arange(201.0) - 100
    assert float(spread.sum()) == pytest.approx(1, abs=1e-4)
    assert float((spread.sum(0) * place**2).sum().sqrt()) == pytest.approx(18.5, abs=0.1)
    assert spread[100, :38].max() == 0


def test_what_did_not_change_keeps_every_bit():
    picture = torch.rand(3, 70, 90, generator=torch.Generator().manual_seed(1))
    assert torch.equal(keep_tone(picture, picture), picture)


def test_noise_that_was_removed_stays_removed():
    clean = sky()
    kept = keep_tone((clean + 0.08 * noise(3, 400, 600)).clamp(0, 1), clean)
    assert float((kept - clean).std()) < 0.03 * 0.08


def test_a_sharpened_edge_stays_sharp():
    edge = torch.zeros(1, 60, 200)
    edge[..., 100:] = 1
    soft = torch.sigmoid((torch.arange(200.0) - 99.5) / 2).expand(1, 60, -1)
    kept = keep_tone(soft, edge)
    assert float((kept - edge).abs().max()) < 0.05
    assert float((soft - edge).abs().max()) > 0.4


def test_tiles_that_differ_in_tone_leave_no_seam():
    """Each tile gets a tone of its own, as a network that looks at one tile alone may give it."""
    clean = sky()
    damaged = (clean + 0.04 * noise(3, 400, 600)).clamp(0, 1)
    grid = tile_grid(400, 600, 256, 64)
    offsets = 0.05 * noise(len(grid), 3, 1, 1, seed=2)
    seen = [one.crop(clean) + offset for one, offset in zip(grid, offsets, strict=True)]
    fixed = blend(grid, [keep_tone(one.crop(damaged), part) for one, part in zip(grid, seen, strict=True)], 64)
    left = blend(grid, seen, 64)
    assert (left - clean).abs().max() > 10 * STEP_OF_8_BITS
    inner = (slice(None), slice(20, -20), slice(20, -20))
    assert (fixed - clean)[inner].abs().max() < STEP_OF_8_BITS
    assert (fixed - clean).mean().abs() < 0.05 * STEP_OF_8_BITS


def test_a_picture_stays_in_range():
    kept = keep_tone(torch.ones(3, 40, 40), torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(3)))
    assert kept.min() >= 0
    assert kept.max() <= 1


def test_grey_is_grey_to_the_last_bit():
    grey = torch.rand(1, 8, 9, generator=torch.Generator().manual_seed(4)).expand(3, -1, -1)
    assert is_grey(grey)
    tinted = grey.clone()
    tinted[2, 0, 0] += 1e-6
    assert not is_grey(tinted)
