from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from f2s_ray.media.degrade import CLEAN, Operator, apply, draw_operator

RESAMPLINGS = ["area", "bilinear", "bicubic"]
STRENGTHS = ["mild", "middle", "strong", "any"]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def flat(level=0.5, side=128):
    return torch.full((3, side, side), level)


def textured(height=128, width=128):
    return (
        torch.rand(3, height // 8 + 1, width // 8 + 1, generator=generator(7))
        .repeat_interleave(8, 1)
        .repeat_interleave(8, 2)[:, :height, :width]
    )


def spread(picture):
    """Standard deviation in pixels of a blob of light: across, down."""
    light = picture.mean(0) / picture.mean(0).sum()
    found = []
    for axis in (0, 1):
        profile = light.sum(axis)
        place = torch.arange(len(profile)).float()
        middle = (profile * place).sum()
        found.append(float((profile * (place - middle) ** 2).sum().sqrt()))
    return tuple(found)


def point_of_light():
    picture = torch.zeros(3, 65, 65)
    picture[:, 32, 32] = 1
    return picture


def test_a_clean_operator_changes_nothing():
    picture = textured()
    assert torch.equal(apply(CLEAN, picture, generator()), picture)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_same_seed_draws_the_same_damage(strength):
    assert draw_operator(generator(3), strength) == draw_operator(generator(3), strength)
    assert draw_operator(generator(3), strength) != draw_operator(generator(4), strength)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_what_is_drawn_lies_in_its_bounds_and_is_never_clean(strength):
    for seed in range(300):
        operator = draw_operator(generator(seed), strength)
        assert operator != CLEAN
        assert 0 <= operator.blur_px[1] <= operator.blur_px[0] <= 2.8
        assert operator.motion_px == 0 or 2 <= operator.motion_px <= 12
        assert 1 <= operator.blur_flatness <= 4
        assert 1 <= operator.downscale <= 3.5
        assert 1 <= operator.second_shrink <= 2
        assert 0 <= operator.blotch <= 0.05
        assert 0 <= operator.noise <= 0.12
        assert 30 <= operator.quality <= 100
        assert 50 <= operator.second_quality <= 100


def test_every_kind_of_damage_is_drawn():
    drawn = [draw_operator(generator(seed)) for seed in range(300)]
    for field in fields(Operator):
        assert len({getattr(operator, field.name) for operator in drawn}) > 1
    assert {operator.shrink_by for operator in drawn} == {"area", "bilinear", "bicubic"}
    assert {operator.grow_by for operator in drawn} == {"area", "bilinear", "bicubic"}


def test_stronger_damage_is_further_from_the_picture():
    picture = textured()
    errors = []
    for strength in ("mild", "middle", "strong"):
        damaged = [apply(draw_operator(generator(seed), strength), picture, generator()) for seed in range(25)]
        errors.append(np.mean([float((one - picture).square().mean()) for one in damaged]))
    assert errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (7, 5), (65, 33)])
def test_any_size_comes_back_in_its_size_and_range(size):
    picture = textured(*size)
    for seed in range(12):
        damaged = apply(draw_operator(generator(seed), "strong"), picture, generator())
        assert damaged.shape == picture.shape
        assert damaged.dtype == torch.float32
        assert torch.isfinite(damaged).all()
        assert damaged.min() >= 0
        assert damaged.max() <= 1


def test_an_operator_repeats_itself_but_for_its_noise():
    operator = Operator(blur_px=(1.0, 1.0), noise=0.03, quality=80)
    first, again, other = (apply(operator, textured(), generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    quiet = replace(operator, noise=0.0)
    assert torch.equal(apply(quiet, textured(), generator(1)), apply(quiet, textured(), generator(2)))


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.5])
def test_blur_has_the_width_it_says(sigma):
    operator = Operator(blur_px=(sigma, sigma))
    assert spread(apply(operator, point_of_light(), generator())) == pytest.approx((sigma, sigma), rel=0.05)
    assert operator.blur_sigma_px == pytest.approx(sigma)


def test_blur_with_two_widths_turns():
    across, down = spread(apply(Operator(blur_px=(2.5, 1.0)), point_of_light(), generator()))
    assert (across, down) == pytest.approx((2.5, 1.0), rel=0.05)
    across, down = spread(apply(Operator(blur_px=(2.5, 1.0), blur_angle=90.0), point_of_light(), generator()))
    assert (across, down) == pytest.approx((1.0, 2.5), rel=0.05)


def test_motion_spreads_light_along_its_stroke_only():
    across, down = spread(apply(Operator(motion_px=12.0), point_of_light(), generator()))
    assert across == pytest.approx(12 / 12**0.5, rel=0.1)
    assert down < 0.1


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.08])
def test_noise_has_the_strength_it_says(sigma):
    noisy = apply(Operator(noise=sigma), flat(), generator())
    assert float((noisy - 0.5).std()) == pytest.approx(sigma, rel=0.03)
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.002)


def test_shot_noise_is_as_told_at_mid_grey_and_grows_with_light():
    operator = Operator(noise=0.03, signal_dependent=1.0)
    dark, middle, light = (float(apply(operator, flat(level), generator()).std()) for level in (0.2, 0.5, 0.8))
    assert dark < middle < light
    assert middle == pytest.approx(operator.noise_sigma, rel=0.03)


def test_grey_noise_is_the_same_in_all_channels():
    noisy = apply(Operator(noise=0.03, noise_is_grey=True), flat(), generator())
    assert torch.equal(noisy[0], noisy[1])
    assert torch.equal(noisy[1], noisy[2])


def test_grainy_noise_keeps_its_strength_and_ties_neighbours():
    fine = apply(Operator(noise=0.03), flat(), generator())[0] - 0.5
    grainy = apply(Operator(noise=0.03, noise_grain_px=0.9), flat(), generator())[0] - 0.5
    assert float(grainy.std()) == pytest.approx(0.03, rel=0.1)

    def tie(noise):
        return float((noise[:, 1:] * noise[:, :-1]).mean() / noise.square().mean())

    assert abs(tie(fine)) < 0.05
    assert tie(grainy) > 0.3


def test_blotches_are_noise_in_the_colours_alone():
    damaged = apply(Operator(blotch=0.04, blotch_px=1.5), flat(side=256), generator()) - 0.5
    assert float(damaged.square().mean().sqrt()) == pytest.approx(0.04, rel=0.1)
    assert float(damaged.mean(0).abs().max()) < 1e-6
    assert float((damaged[:, :, 1:] * damaged[:, :, :-1]).mean() / damaged.square().mean()) > 0.7


def test_a_lower_quality_is_a_larger_error():
    errors = [
        float((apply(Operator(quality=quality), textured(), generator()) - textured()).square().mean())
        for quality in (95, 70, 40, 15)
    ]
    assert errors == sorted(errors)
    assert errors[0] < errors[-1]


def test_blur_and_shrinking_leave_a_flat_picture_as_it_is():
    for by in RESAMPLINGS:
        operator = Operator(
            blur_px=(2.0, 1.0),
            blur_flatness=3.0,
            motion_px=5.0,
            shrink=2.5,
            shrink_by=by,
            grow_by=by,
            second_blur_px=0.7,
            second_shrink=1.5,
        )
        assert torch.allclose(apply(operator, flat(0.3), generator()), flat(0.3), atol=1e-5)


@pytest.mark.parametrize("shrink_by", RESAMPLINGS)
@pytest.mark.parametrize("grow_by", RESAMPLINGS)
def test_a_shrunk_picture_stays_in_its_place_and_loses_what_is_fine(shrink_by, grow_by):
    ramp = torch.linspace(0.2, 0.8, 128).expand(3, 128, 128)
    fine = ramp + 0.2 * (torch.arange(128) % 2 - 0.5)
    damaged = apply(Operator(shrink=2.0, shrink_by=shrink_by, grow_by=grow_by), fine, generator())
    assert torch.allclose(damaged[:, 8:-8, 8:-8], ramp[:, 8:-8, 8:-8], atol=0.03)


def test_the_second_pass_shrinks_too():
    for operator in (Operator(shrink=1.8), Operator(second_shrink=1.8)):
        assert operator.downscale == 1.8
        blob = apply(operator, point_of_light(), generator())
        assert float(blob.max()) < 0.6
    assert Operator(shrink=2.5, second_shrink=1.5).downscale == 2.5


def test_the_two_passes_add_up():
    operator = Operator(
        blur_px=(3.0, 3.0), second_blur_px=4.0, noise=0.03, second_noise=0.04, quality=80, second_quality=60
    )
    assert operator.blur_sigma_px == pytest.approx(5.0)
    assert operator.noise_sigma == pytest.approx(0.05)
    assert operator.jpeg_quality == 60


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_damages_as_a_cpu_does_but_for_the_noise():
    quiet = Operator(
        blur_px=(1.5, 1.0), motion_px=4.0, shrink=1.7, second_blur_px=0.5, second_shrink=1.2, shrink_by="bicubic"
    )
    there = apply(quiet, textured().cuda(), torch.Generator("cuda").manual_seed(0))
    assert there.is_cuda
    assert torch.allclose(there.cpu(), apply(quiet, textured(), generator()), atol=1e-4)
    for seed in range(20):
        operator = draw_operator(generator(seed))
        first, again = (apply(operator, textured().cuda(), torch.Generator("cuda").manual_seed(5)) for _ in range(2))
        assert torch.equal(first, again)
        assert float((first - textured().cuda()).abs().mean()) > 0
