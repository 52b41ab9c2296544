import pytest
import torch
import torch.nn.functional as F

from f2s_ray.evaluation.measures import PSNR_CAP
from f2s_ray.evaluation.meters import FIRST, METRICS, SECOND, Meters
from f2s_ray.evaluation.pictures import to_tensor
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder


@pytest.fixture(scope="module")
def meters():
    return Meters(FaceEmbedder())


@pytest.fixture(scope="module")
def portrait(data):
    import numpy as np
    from PIL import Image

    rgb = to_tensor(np.asarray(Image.open(data / "one/woman.png")))
    (face,) = [found for found in FaceDetector().detect(rgb) if found.short_side_px > 60]
    return rgb, np.array(face.landmarks).reshape(5, 2)


def blurred(rgb, factor):
    small = F.avg_pool2d(rgb[None], factor)
    return F.interpolate(small, size=rgb.shape[1:], mode="bicubic")[0].clamp(0, 1)


def figures(meters, results, truth, landmarks):
    pixels, likeness = meters.pixels(results, truth), meters.likeness(results, truth, [landmarks])
    return {name: pixels[name] | likeness[name] for name in results}


def test_a_picture_is_like_itself(meters, portrait):
    rgb, landmarks = portrait
    found = figures(meters, {"same": rgb}, rgb, landmarks)["same"]
    expected = {"PSNR": PSNR_CAP, "SSIM": 1, "VGG": 0, FIRST: 1, SECOND: 1}
    for name in expected.keys() - meters.missing.keys():
        assert found[name] == pytest.approx(expected[name], abs=1e-6), name


def test_the_more_is_lost_the_worse_is_every_figure(meters, portrait):
    rgb, landmarks = portrait
    rows = figures(meters, {str(factor): blurred(rgb, factor) for factor in (2, 4, 8)}, rgb, landmarks).values()
    for name in set(METRICS) - {"NIQE"} - meters.missing.keys():
        found = [row[name] for row in rows]
        assert found == sorted(found, reverse=name != "VGG"), name


def test_nobody_has_no_likeness(meters, portrait):
    assert meters.likeness({"same": portrait[0]}, portrait[0], []) == {"same": {FIRST: None, SECOND: None}}


def test_what_cannot_be_had_has_a_reason_that_names_the_way_out(tmp_path, monkeypatch):
    embedder = FaceEmbedder()
    monkeypatch.setenv("F2S_CACHE", str(tmp_path))
    meters = Meters(embedder)
    assert {"VGG", "NIQE", SECOND} == meters.missing.keys()
    assert all("f2s weights pull" in why or "pip install" in why for why in meters.missing.values())
    found = meters.pixels({"black": torch.zeros(3, 32, 32)}, torch.zeros(3, 32, 32))["black"]
    assert found["VGG"] is None
    assert found["NIQE"] is None
