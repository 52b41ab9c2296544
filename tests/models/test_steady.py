import numpy as np
import pytest
import torch

from f2s_ray.models.steady import steadied


def texture(height=64, width=96, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)[0]


def flickering(count, amount=0.02):
    """A still picture whose every frame is off by noise that is smooth in space."""
    still = texture()
    return still, [still + amount * (texture(seed=10 + n) - 0.5) for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("reach", [0, 1, 2])
def test_as_many_frames_come_out(count, reach):
    frames = flickering(count)[1]
    assert len(list(steadied(frames, reach))) == count


def test_each_frame_sees_its_neighbours_and_no_others():
    frames = flickering(9)[1]
    found = list(steadied(frames, 2))
    for number, frame in enumerate(found):
        start = max(0, number - 2)
        assert torch.equal(frame, list(steadied(frames[start : number + 3], 2))[number - start])


def test_a_piece_with_its_context_is_as_the_whole():
    frames = flickering(10)[1]
    whole, piece = list(steadied(frames, 2)), list(steadied(frames[2:9], 2))
    assert all(torch.equal(a, b) for a, b in zip(whole[4:7], piece[2:5], strict=True))


@pytest.mark.parametrize("amount", [0.02, 0.08])
def test_what_flickers_is_halved(amount):
    still, frames = flickering(12, amount)
    before = np.mean([float((frame - still).square().mean()) for frame in frames]) ** 0.5
    after = np.mean([float((frame - still).square().mean()) for frame in steadied(frames, 2)]) ** 0.5
    assert after < 0.65 * before  # at both ends there are fewer neighbours


def test_what_moves_is_followed():
    wide = texture(64, 160)
    frames = [wide[..., 4 * n : 4 * n + 96].contiguous() for n in range(5)]
    found = list(steadied(frames, 2))
    inside = (..., slice(12, -12), slice(16, -16))
    assert float((found[2] - frames[2])[inside].abs().mean()) < 0.006


def test_another_picture_does_not_shine_through():
    one, other = texture(seed=1), texture(seed=2)
    found = list(steadied([one, one, other], 1))[1]
    assert float((found - one).abs().mean()) < 0.01
