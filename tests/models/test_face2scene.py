import numpy as np
import pytest
import torch
import torch.nn.functional as F

from f2s_ray.errors import JobError
from f2s_ray.media.geometry import TEMPLATE, align_matrix, warp
from f2s_ray.models import networks
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig, Pair, digests
from tests.models.tiny import save_all


def picture(height, width, seed=0):
    coarse = torch.rand(1, 3, height // 12 + 2, width // 12 + 2, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)[0]


def face_at(left, top, side):
    return TEMPLATE * side + np.array([left, top])


def pair(noise, weight=1.0, seed=0):
    """A window and its damage: noise of this strength."""
    restored = picture(128, 128, seed)
    chance = torch.randn(3, 128, 128, generator=torch.Generator().manual_seed(seed + 100))
    return Pair(restored + noise * chance, restored, weight)


@pytest.fixture(scope="module")
def model(tiny_weights):
    return Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1))


# The scene


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (17, 33), (48, 64), (130, 7)])
def test_a_picture_of_any_size_keeps_its_size(model, size):
    restored = model.restore_scene(picture(*size), None)
    assert restored.shape == (3, *size)
    assert torch.isfinite(restored).all()
    assert restored.min() >= 0
    assert restored.max() <= 1


def test_a_code_steers_the_scene(model):
    code = model.read_code([pair(0.1)])
    rgb = picture(64, 64)
    blind, told = model.restore_scene(rgb, None), model.restore_scene(rgb, code.pooled)
    assert (blind - told).abs().max() > 1e-5


def test_tiles_lose_nothing_of_a_picture(tmp_path):
    save_all(tmp_path, trained=False)
    tiled = Face2Scene(Face2SceneConfig(weights=str(tmp_path), threads=1, tile_px=128, overlap_px=32))
    rgb = picture(300, 190)
    assert torch.allclose(tiled.restore_scene(rgb, None), rgb, atol=1e-6)


def test_a_flat_picture_looks_alike_whole_and_in_tiles(tiny_weights, model):
    tiled = Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1, tile_px=128, overlap_px=32))
    flat = torch.full((3, 200, 260), 0.4)
    whole, cut = model.restore_scene(flat, None), tiled.restore_scene(flat, None)
    assert (whole - flat).abs().mean() > 0.01
    assert (whole - cut).abs().mean() < 0.5 * (whole - flat).abs().mean()
    steps = cut.diff(dim=2).abs().mean((0, 1))
    assert steps[[65, 127, 131, 193]].max() < 2 * steps.mean()  # where tiles begin and end


def test_the_same_picture_is_restored_to_the_same_bits(tiny_weights, model):
    again = Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1))
    rgb = picture(50, 70)
    assert torch.equal(model.restore_scene(rgb, None), again.restore_scene(rgb, None))


# One face


def test_a_reference_is_aligned_to_128_px(model):
    rgb = picture(150, 150)
    aligned = model.align_reference(rgb, face_at(10, 12, 128))
    assert aligned.shape == (3, 128, 128)
    assert torch.allclose(aligned, rgb[:, 12:140, 10:138], atol=1e-3)


@pytest.mark.parametrize(("side", "expected"), [(20, 64), (64, 64), (100, 96), (150, 144), (384, 384), (700, 384)])
def test_a_face_is_restored_at_its_own_scale_within_limits(model, side, expected):
    face = model.restore_face(picture(90, 90), face_at(5, 5, side), [])
    assert face.before.shape == face.after.shape == (3, expected, expected)
    assert face.native_px == pytest.approx(side)


def test_references_reach_the_face(model):
    rgb, landmarks = picture(100, 100), face_at(10, 10, 80)
    reference = picture(128, 128, seed=4)
    alone, helped = model.restore_face(rgb, landmarks, []), model.restore_face(rgb, landmarks, [reference])
    assert torch.equal(alone.before, helped.before)
    assert not torch.equal(alone.after, helped.after)


def test_the_order_of_references_does_not_matter(model):
    rgb, landmarks = picture(100, 100), face_at(10, 10, 80)
    references = [picture(128, 128, seed) for seed in (4, 5, 6)]
    there = model.restore_face(rgb, landmarks, references).after
    back = model.restore_face(rgb, landmarks, references[::-1]).after
    assert torch.allclose(there, back, atol=1e-5)


@pytest.mark.parametrize(("left", "top"), [(-40, -30), (70, 60), (-30, 50)])
def test_a_face_across_the_border_is_restored_and_paired(model, left, top):
    rgb = picture(100, 120)
    face = model.restore_face(rgb, face_at(left, top, 90), [])
    assert torch.isfinite(face.after).all()
    found = model.pair(rgb, face, 0.9)
    assert torch.isfinite(found.degraded).all()
    assert torch.isfinite(found.restored).all()


# The pair


def test_the_degraded_half_is_cut_without_resampling(model):
    rgb = picture(200, 220)
    found = model.pair(rgb, model.restore_face(rgb, face_at(40, 30, 90), []), 0.9)
    length = int(0.8 * 90)
    windows = rgb.unfold(1, length, 1).unfold(2, length, 1)
    exact = (windows == found.degraded[:, None, None, :length, :length]).all(0).all(-1).all(-1)
    assert exact.any()
    assert found.degraded.shape == found.restored.shape == (3, 128, 128)


def test_the_window_lies_on_the_face(model):
    rgb = picture(200, 220)
    found = model.pair(rgb, model.restore_face(rgb, face_at(40, 30, 90), []), 0.9)
    assert torch.equal(found.degraded[:, :72, :72], rgb[:, 39 : 39 + 72, 49 : 49 + 72])


def test_a_small_window_is_continued_by_reflection(model):
    rgb = picture(200, 220)
    found = model.pair(rgb, model.restore_face(rgb, face_at(40, 30, 90), []), 0.9)
    assert torch.equal(found.degraded[:, :, 72:128], found.degraded[:, :, 15:71].flip(2))


@pytest.mark.parametrize(("side", "weight"), [(50, 0.9 * 50 / 128), (200, 0.9)])
def test_larger_faces_weigh_more(model, side, weight):
    rgb = picture(220, 220)
    assert model.pair(rgb, model.restore_face(rgb, face_at(5, 5, side), []), 0.9).weight == pytest.approx(weight)


def test_a_face_too_small_to_read_gives_no_pair(model):
    rgb = picture(100, 100)
    assert model.pair(rgb, model.restore_face(rgb, face_at(30, 30, 36), []), 0.9) is None


def test_a_picture_too_small_to_read_gives_no_pair(model):
    rgb = picture(20, 100)
    assert model.pair(rgb, model.restore_face(rgb, face_at(0, 0, 90), []), 0.9) is None


def test_a_face_that_became_another_picture_gives_no_pair(model):
    rgb = picture(150, 150)
    face = model.restore_face(rgb, face_at(20, 20, 100), [])
    drifted = type(face)(face.before, 1 - face.before, face.matrix, face.native_px)
    assert model.pair(rgb, drifted, 0.9) is None


def test_the_middle_of_a_huge_face_is_paired_at_its_own_scale(model):
    rgb = picture(480, 480)
    found = model.pair(rgb, model.restore_face(rgb, face_at(-10, -10, 500), []), 0.9)
    assert found.restored.shape == (3, 128, 128)
    assert torch.equal(found.degraded, rgb[:, 176:304, 176:304])


# The vote


def test_nobody_votes_without_a_pair(model):
    assert model.read_code([]) is None


def test_one_face_speaks_for_itself(model):
    code = model.read_code([pair(0.05)])
    assert code.voters == (0,)
    assert code.agreement == pytest.approx(1, abs=1e-5)
    assert code.pooled.shape[0] == 21
    assert float(code.signature.norm()) == pytest.approx(1, abs=1e-5)
    assert set(code.values) == {"blur_sigma_px", "noise_sigma", "jpeg_quality", "downscale"}


def test_the_order_of_faces_does_not_matter(model):
    pairs = [pair(0.05, 1.0, 0), pair(0.06, 0.5, 1), pair(0.04, 0.7, 2)]
    there, back = model.read_code(pairs), model.read_code(pairs[::-1])
    assert len(there.voters) == len(back.voters)
    assert torch.allclose(there.pooled, back.pooled, atol=1e-5)
    assert torch.allclose(there.signature, back.signature, atol=1e-5)
    assert there.values == pytest.approx(back.values, abs=1e-5)
    assert there.agreement == pytest.approx(back.agreement, abs=1e-5)


def test_faces_count_by_their_weight(model):
    first, second = pair(0.05, 3.0, 0), pair(0.055, 1.0, 1)
    both = model.read_code([first, second])
    assert both.voters == (0, 1)
    expected = 0.75 * model.read_code([first]).pooled + 0.25 * model.read_code([second]).pooled
    assert torch.allclose(both.pooled, expected, atol=1e-5)


def test_a_face_with_another_damage_is_outvoted(model):
    alike = [pair(0.08, 1.0, seed) for seed in (0, 1, 2)]
    stranger = Pair(torch.zeros(3, 128, 128), torch.ones(3, 128, 128), 1.0)
    code = model.read_code([stranger, *alike])
    assert code.voters == (1, 2, 3)
    assert torch.allclose(code.pooled, model.read_code(alike).pooled, atol=1e-5)


# The files


def test_each_network_is_named_by_its_digest(tiny_weights, model):
    names = digests(Face2SceneConfig(weights=str(tiny_weights)))
    assert set(names) == set(networks.KINDS)
    assert all(name.startswith(f"{kind}@") and len(name) == len(kind) + 13 for kind, name in names.items())
    assert model.name.startswith("face2scene-compact@")


@pytest.mark.parametrize("missing", sorted(networks.KINDS))
def test_a_missing_network_is_the_jobs_trouble(tmp_path, missing):
    save_all(tmp_path)
    (tmp_path / f"{missing}.safetensors").unlink()
    config = Face2SceneConfig(weights=str(tmp_path))
    with pytest.raises(JobError, match=f"{missing}.safetensors is missing"):
        digests(config)
    with pytest.raises(JobError, match=f"{missing}.safetensors is missing"):
        Face2Scene(config)


def test_what_was_aligned_is_what_the_matrix_says(model):
    rgb, landmarks = picture(150, 150), face_at(20, 20, 100)
    face = model.restore_face(rgb, landmarks, [])
    assert np.allclose(face.matrix, align_matrix(landmarks, 96))
    assert torch.equal(face.before, warp(rgb, face.matrix, 96, 96))
