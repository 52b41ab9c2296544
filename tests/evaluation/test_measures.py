import math

import numpy as np
import pytest

from f2s_ray.evaluation.measures import PSNR_CAP, interval, mean, psnr, ssim
from tests.evaluation.made import texture


def noisy(rgb, sigma):
    chance = np.random.default_rng(1).normal(0, sigma, rgb.shape)
    return (rgb + chance).clip(0, 255).round().astype(np.uint8)


def test_equal_pictures_have_the_highest_figures():
    assert psnr(texture(64, 64), texture(64, 64)) == PSNR_CAP
    assert ssim(texture(64, 64), texture(64, 64)) == pytest.approx(1)


def test_a_step_of_one_everywhere_is_48_decibels():
    flat = np.full((32, 32, 3), 100, np.uint8)
    assert psnr(flat + 1, flat) == pytest.approx(20 * math.log10(255))


def test_more_damage_is_worse_in_both():
    truth = texture(96, 96)
    versions = [noisy(truth, sigma) for sigma in (2, 8, 32)]
    for measure in (psnr, ssim):
        found = [measure(version, truth) for version in versions]
        assert found == sorted(found, reverse=True)


def test_an_interval_holds_the_mean_and_is_the_same_each_time():
    values = np.random.default_rng(2).normal(3, 1, 200).tolist()
    low, high = interval(values)
    assert low < mean(values) < high
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(200), rel=0.2)
    assert interval(values) == (low, high)


def test_nothing_has_no_mean():
    assert math.isnan(mean([]))
    assert all(math.isnan(value) for value in interval([]))
