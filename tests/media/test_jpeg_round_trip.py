import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from f2s_ray.media.jpeg_round_trip import jpeg_round_trip

QUALITIES = [1, 20, 50, 75, 89, 90, 95, 100]
PARTS = {  # rows, columns of a portrait
    "multiples of 16": (slice(0, 256), slice(96, 352)),
    "multiples of 8 only": (slice(30, 30 + 136), slice(150, 150 + 152)),
    "odd": (slice(30, 30 + 131), slice(150, 150 + 157)),
    "one row": (slice(100, 101), slice(150, 200)),
    "one block, not full": (slice(100, 107), slice(150, 155)),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def as_tensor(picture):
    return torch.tensor(picture).permute(2, 0, 1).float() / 255


def as_stored(rgb):
    return (rgb * 255).round().byte().permute(1, 2, 0).numpy()


def by_pillow(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling="4:2:0" if quality < 90 else "4:4:4")
    return np.asarray(Image.open(file))


def by_opencv(picture, quality):
    kind = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if quality < 90 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, kind]
    return cv2.imdecode(cv2.imencode(".jpg", picture[..., ::-1], options)[1], cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize("encoder", [by_pillow, by_opencv])
@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("part", PARTS)
def test_a_photo_comes_back_as_from_a_real_encoder(part, quality, encoder):
    picture = np.ascontiguousarray(data.astronaut()[PARTS[part]])
    assert np.array_equal(as_stored(jpeg_round_trip(as_tensor(picture), quality)), encoder(picture, quality))


@pytest.mark.parametrize("quality", QUALITIES)
def test_even_noise_and_pure_colours_come_back_as_from_a_real_encoder(quality):
    picture = np.random.default_rng(0).choice(np.array([0, 128, 255], np.uint8), (67, 75, 3))
    assert np.array_equal(as_stored(jpeg_round_trip(as_tensor(picture), quality)), by_pillow(picture, quality))


def test_the_result_has_steps_of_8_bits_inside_the_range():
    found = jpeg_round_trip(3 * torch.rand(3, 40, 40, generator=generator()) - 1, 60)
    assert found.dtype == torch.float32
    assert torch.equal(found, (found * 255).round() / 255)
    assert found.min() == 0
    assert found.max() == 1


def test_what_is_outside_the_range_is_clipped_first():
    wild = 3 * torch.rand(3, 40, 40, generator=generator()) - 1
    assert torch.equal(jpeg_round_trip(wild, 60), jpeg_round_trip(wild.clamp(0, 1), 60))


def test_the_picture_itself_is_left_alone():
    picture = as_tensor(data.astronaut()[:64, :64])
    before = picture.clone()
    jpeg_round_trip(picture, 30)
    assert torch.equal(picture, before)


def test_autocast_changes_nothing():
    picture = as_tensor(data.astronaut()[:64, :64])
    with torch.autocast("cpu", torch.bfloat16):
        inside = jpeg_round_trip(picture, 70)
    assert torch.equal(inside, jpeg_round_trip(picture, 70))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("quality", QUALITIES)
def test_a_gpu_gives_the_same_bits(quality):
    picture = as_tensor(data.astronaut()[:131, :157])
    assert torch.equal(jpeg_round_trip(picture.cuda(), quality).cpu(), jpeg_round_trip(picture, quality))
