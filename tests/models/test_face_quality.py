import itertools

import cv2
import numpy as np
import pytest
import torch
from skimage.data import astronaut

from f2s_ray.models.face_quality import blockiness, measure_quality, noise_sigma, sharpness, yaw_degrees

HEAD = np.array([[-31, 0, 0], [31, 0, 0], [0, 36, 34], [-25, 66, 10], [25, 66, 10]], dtype=np.float64)


@pytest.fixture(scope="module")
def portrait(detector):
    """The public-domain astronaut, and her face."""
    rgb = torch.from_numpy(astronaut()).permute(2, 0, 1).float() / 255.0
    return rgb, max(detector.detect(rgb), key=lambda face: face.score)


@pytest.fixture(scope="module")
def grey(portrait):
    rgb, face = portrait
    x0, y0, x1, y1 = (int(value) for value in face.box)
    return rgb[:, y0:y1, x0:x1].mean(dim=0).double().numpy()


def blurred(picture, sigma):
    return picture if sigma == 0 else cv2.GaussianBlur(picture, (0, 0), sigma)


def noisy(picture, sigma, seed=0):
    return picture + np.random.default_rng(seed).normal(0, sigma, picture.shape)


def damaged(rgb, damage):
    picture = np.ascontiguousarray(rgb.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.clip(damage(picture), 0, 1).astype(np.float32)).permute(2, 0, 1)


def as_jpeg(picture, quality):
    levels = (picture * 255).round().astype(np.uint8)
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED) / 255.0


def test_more_blur_is_less_sharp(grey):
    values = [sharpness(blurred(grey, sigma)) for sigma in (0, 0.7, 1, 1.5, 2, 3, 5)]
    assert all(more > less for more, less in itertools.pairwise(values))
    assert values[0] > 0.5
    assert values[-1] < 0.2


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("blur", [0, 2])
def test_noise_does_not_look_sharp(grey, sigma, blur):
    assert sharpness(noisy(blurred(grey, blur), sigma)) == pytest.approx(sharpness(blurred(grey, blur)), abs=0.08)


@pytest.mark.parametrize("sigma", [0.02, 0.1])
def test_pure_noise_is_not_sharp(sigma):
    assert sharpness(noisy(np.full((100, 100), 0.5), sigma)) < 0.2


def test_less_contrast_is_not_less_sharp(grey):
    assert sharpness(0.3 + 0.3 * grey) == pytest.approx(sharpness(grey), abs=0.02)


def test_a_flat_picture_has_no_sharpness():
    assert sharpness(np.full((60, 60), 0.4)) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (2, 2), (30, 1)])
def test_the_smallest_faces_are_measured_without_an_error(shape):
    picture = np.random.default_rng(0).random(shape)
    assert 0.0 <= sharpness(picture) <= 1.0
    assert 0.0 <= blockiness(picture) <= 1.0


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1])
def test_known_noise_is_measured(grey, sigma):
    assert noise_sigma(noisy(grey, sigma)) == pytest.approx(sigma, rel=0.1, abs=0.006)


def test_stronger_compression_shows_more_blocks(grey):
    values = [blockiness(as_jpeg(grey, quality)) for quality in (100, 40, 20, 8)]
    assert values == sorted(values)
    assert values[0] < 0.25
    assert values[-1] > 0.6


def test_blocks_are_seen_wherever_the_grid_starts(grey):
    blocky = as_jpeg(grey, 10)
    assert min(blockiness(blocky[dy:, dx:]) for dy in (0, 3, 5) for dx in (0, 2, 7)) > 0.5


@pytest.mark.parametrize("yaw", [-60, -30, -10, 0, 10, 30, 60])
@pytest.mark.parametrize("roll", [-25, 0, 25])
def test_the_turn_of_a_known_head_is_measured_whatever_its_tilt(yaw, roll):
    turn, tilt = np.radians(yaw), np.radians(roll)
    turned = HEAD @ np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]).T
    flat = turned[:, :2] @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    assert yaw_degrees((flat * 1.7 + (300, 200)).reshape(-1).tolist()) == pytest.approx(yaw, abs=0.01)


def test_a_mirrored_face_turns_the_other_way(portrait):
    _, face = portrait
    points = np.array(face.landmarks).reshape(5, 2)
    mirrored = (points * (-1, 1))[[1, 0, 2, 4, 3]]
    assert yaw_degrees(mirrored.reshape(-1).tolist()) == pytest.approx(-yaw_degrees(face.landmarks))


def test_every_damage_lowers_quality_and_more_of_it_lowers_it_more(portrait):
    rgb, face = portrait
    clean = measure_quality(rgb, face).quality
    damages = {
        "blur": [lambda p, s=s: blurred(p, s) for s in (1, 2, 4)],
        "noise": [lambda p, s=s: noisy(p, s) for s in (0.03, 0.1, 0.2)],
        "compression": [lambda p, q=q: as_jpeg(p, q) for q in (40, 20, 8)],
    }
    for kind, strengths in damages.items():
        values = [clean] + [measure_quality(damaged(rgb, damage), face).quality for damage in strengths]
        assert all(more > less for more, less in itertools.pairwise(values)), (kind, values)


def test_a_smaller_face_is_worth_less(portrait, detector):
    rgb, face = portrait
    small = torch.nn.functional.interpolate(rgb[None], scale_factor=0.4, mode="bicubic", antialias=True)[0].clamp(0, 1)
    (again,) = [found for found in detector.detect(small) if found.score > 0.8]
    assert measure_quality(small, again).quality < measure_quality(rgb, face).quality
