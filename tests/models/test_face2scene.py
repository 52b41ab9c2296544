import numpy as np
import pytest
import torch
import torch.nn.functional as F

from f2s_ray.errors import JobError
from f2s_ray.media.geometry import TEMPLATE, align_matrix, warp
from f2s_ray.media.tone import keep_tone
from f2s_ray.models import face2scene, networks
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig, Pair, digests
from f2s_ray.models.fadex import Fadex
from f2s_ray.models.votes import LocalCode
from tests.models.tiny import CONFIGS, made, save_all


def picture(height, width, seed=0):
    coarse = torch.rand(1, 3, height // 12 + 2, width // 12 + 2, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)[0]


def face_at(left, top, side):
    return TEMPLATE * side + np.array([left, top])


def noisy(rgb, strength, seed=0):
    chance = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(seed + 100))
    return (rgb + strength * chance).clamp(0, 1)


def blurred(rgb):
    return F.avg_pool2d(F.pad(rgb[None], (4, 4, 4, 4), mode="reflect"), 9, stride=1)[0]


def pair(noise, weight=1.0, seed=0):
    """A window and its damage: noise of this strength."""
    restored = picture(128, 128, seed)
    chance = torch.randn(3, 128, 128, generator=torch.Generator().manual_seed(seed + 100))
    return Pair((restored + noise * chance)[None], restored[None], weight)


@pytest.fixture(scope="module")
def discerning(tmp_path_factory):
    """Small networks whose FaDeX tells noise from blur: its middle lies between the two, as training would put it.

    Their face restorer leaves faces as they are.
    """
    folder = tmp_path_factory.mktemp("discerning")
    save_all(folder)
    fadex = made("fadex")
    assert isinstance(fadex, Fadex)
    windows = [picture(128, 128, seed) for seed in range(6)]
    damaged = torch.stack([noisy(one, 0.1, i) for i, one in enumerate(windows)] + [blurred(one) for one in windows])
    energy = fadex.uncentred(damaged, damaged).mean((2, 3))
    fadex.centre.running_mean.copy_(energy.mean(0))
    fadex.centre.running_var.copy_(energy.var(0).clamp(min=1e-3))
    for layer in fadex.head:
        if isinstance(layer, torch.nn.Linear):
            layer.bias.zero_()
    networks.save("fadex", CONFIGS["fadex"], fadex, folder / "fadex.safetensors")
    faces = made("reference_restorer", trained=False)
    networks.save("reference_restorer", CONFIGS["reference_restorer"], faces, folder / "reference_restorer.safetensors")
    return Face2Scene(Face2SceneConfig(weights=str(folder), threads=1))


def told_by(model, rgb, *places):
    """The code of a picture with faces at these corners, each 100 px."""
    faces = (model.restore_face(rgb, face_at(left, top, 100), []) for left, top in places)
    return model.read_code([model.pair(rgb, face, 1.0) for face in faces])


@pytest.fixture(scope="module")
def model(tiny_weights):
    return Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1))


@pytest.fixture
def any_restorer(monkeypatch):
    """Faces are paired with what the face restorer made of them, however little that is."""
    monkeypatch.setattr(face2scene, "LEFT_SHARE", 0.0)


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
    assert (whole - flat).abs().mean() > 0.005
    steps = cut.diff(dim=2).abs().mean((0, 1))
    assert steps[[65, 127, 131, 193]].max() < 2 * steps.mean()  # where tiles begin and end


def test_the_same_picture_is_restored_to_the_same_bits(tiny_weights, model):
    again = Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1))
    rgb = picture(50, 70)
    assert torch.equal(model.restore_scene(rgb, None), again.restore_scene(rgb, None))


def test_tiles_in_batches_are_those_one_by_one(tiny_weights, model):
    rgb = picture(300, 420)
    one, four = (
        Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1, tile_px=128, overlap_px=32, tile_batch=count))
        for count in (1, 4)
    )
    code = model.read_code([pair(0.1)]).pooled
    assert torch.allclose(one.restore_scene(rgb, code), four.restore_scene(rgb, code), atol=1e-5)


def test_the_tones_of_a_picture_stay(model):
    """A network with an effect of its own moves fine detail only."""
    rgb = picture(200, 260)
    change = model.restore_scene(rgb, None) - rgb
    assert change.abs().mean() > 0.01
    assert F.avg_pool2d(change, 64).abs().max() < 0.3 * change.abs().mean()


def test_a_network_that_gives_no_numbers_is_the_jobs_trouble(tmp_path):
    save_all(tmp_path)
    broken = made("scene_restorer")
    broken.prompt.fill_(torch.nan)
    networks.save("scene_restorer", CONFIGS["scene_restorer"], broken, tmp_path / "scene_restorer.safetensors")
    with pytest.raises(JobError, match="no numbers"):
        Face2Scene(Face2SceneConfig(weights=str(tmp_path), threads=1)).restore_scene(picture(64, 64), None)


@pytest.mark.parametrize("tile_px", [128, 512])
def test_a_grey_picture_stays_exactly_grey(tiny_weights, tile_px):
    model = Face2Scene(Face2SceneConfig(weights=str(tiny_weights), threads=1, tile_px=tile_px, overlap_px=32))
    rgb = picture(200, 230)[:1].expand(3, -1, -1)
    for restored in (
        model.restore_scene(rgb, None),
        model.restore_face(rgb, face_at(20, 30, 150), [rgb[:, :128, :128]]).after,
    ):
        assert torch.equal(restored[0], restored[1])
        assert torch.equal(restored[0], restored[2])
    assert (model.restore_scene(rgb, None) - rgb).abs().mean() > 1e-3


# Damage that is not the same everywhere


def test_a_picture_damaged_in_two_ways_has_two_regions(discerning, any_restorer):
    clean = picture(300, 560)
    rgb = torch.cat([noisy(clean, 0.1)[..., :280], blurred(clean)[..., 280:]], 2)
    code = told_by(discerning, rgb, (60, 90), (400, 90))
    assert len(code.regions) == 2
    assert code.agreement < 0.3
    left, right = (region.local for region in code.regions)
    assert (left.x, right.x) == (pytest.approx(110 / 560, abs=0.02), pytest.approx(450 / 560, abs=0.02))
    assert left.y == pytest.approx(140 / 300, abs=0.02)
    assert (left.pooled - right.pooled).abs().max() > 0.1
    assert torch.allclose(code.pooled, (left.pooled + right.pooled) / 2, atol=0.2 * float(code.pooled.abs().max()))


@pytest.mark.parametrize("damage", [lambda rgb: noisy(rgb, 0.1), blurred])
def test_a_picture_damaged_in_one_way_has_one_code(discerning, any_restorer, damage):
    code = told_by(discerning, damage(picture(300, 560)), (60, 90), (400, 90))
    assert code.regions == ()
    assert code.voters == (0, 1)
    assert code.agreement > 0.8


def test_the_two_halves_are_restored_by_their_own_codes(discerning, any_restorer):
    rgb = picture(260, 700)
    codes = [
        discerning.read_code([one]).pooled for one in (pair(0.1), Pair(*(blurred(picture(128, 128))[None],) * 2, 1.0))
    ]
    left, right = LocalCode(0.1, 0.5, codes[0]), LocalCode(0.9, 0.5, codes[1])
    both = discerning.restore_scene(rgb, (codes[0] + codes[1]) / 2, [left, right])
    alone = [
        discerning.restore_scene(rgb, None, [LocalCode(place.x, 0.5, code) for place in (left, right)])
        for code in codes
    ]
    parts = (slice(None), slice(None), slice(0, 120)), (slice(None), slice(None), slice(-120, None))
    for part, own, other in ((parts[0], *alone), (parts[1], *alone[::-1])):
        assert (both - own)[part].abs().mean() < 0.2 * (both - other)[part].abs().mean()
    assert (alone[0] - alone[1]).abs().mean() > 1e-4


def test_regions_of_one_code_change_nothing_but_the_tiles(model):
    rgb, code = picture(120, 100), model.read_code([pair(0.1)]).pooled
    regions = [LocalCode(0.2, 0.5, code), LocalCode(0.8, 0.5, code)]
    assert torch.allclose(model.restore_scene(rgb, code), model.restore_scene(rgb, code, regions), atol=1e-5)


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
    length = int(0.8 * 90) // 8 * 8
    windows = rgb.unfold(1, length, 1).unfold(2, length, 1)
    exact = (windows == found.degraded[0][:, None, None, :length, :length]).all(0).all(-1).all(-1)
    assert exact.any()
    assert found.degraded.shape == found.restored.shape == (1, 3, 128, 128)


def test_the_window_lies_on_the_face(model):
    rgb = picture(200, 220)
    found = model.pair(rgb, model.restore_face(rgb, face_at(40, 30, 90), []), 0.9)
    assert torch.equal(found.degraded[0, :, :72, :72], rgb[:, 32 : 32 + 72, 48 : 48 + 72])
    assert (found.x, found.y) == (pytest.approx(85 / 220), pytest.approx(75 / 200))


def test_the_tones_of_a_pair_are_those_of_the_picture(model):
    rgb = picture(200, 220)
    face = model.restore_face(rgb, face_at(40, 30, 90), [])
    darker = type(face)(face.before, face.before - 0.03, face.matrix, face.native_px)
    found = model.pair(rgb, darker, 0.9)
    assert float((found.restored - found.degraded).mean().abs()) < 0.002


def test_a_pair_weighs_less_the_more_its_tones_drifted(model, any_restorer):
    rgb = picture(200, 220) * 0.5 + 0.25
    face = model.restore_face(rgb, face_at(40, 30, 90), [])
    weights = [
        model.pair(rgb, type(face)(face.before, face.before - drift, face.matrix, face.native_px), 0.9).weight
        for drift in (0.0, 0.02, 0.04)
    ]
    assert weights == pytest.approx([0.9, 0.9 * 0.75, 0.9 * 0.5], abs=0.02)


def test_a_face_that_was_left_damaged_is_paired_with_the_restored_scene(model):
    rgb, landmarks = picture(280, 300), face_at(40, 30, 170)
    face = model.restore_face(rgb, landmarks, [])
    restored = type(face)(
        face.before, (face.before + 0.3 * (0.5 - face.before)).clamp(0, 1), face.matrix, face.native_px
    )
    left = type(face)(face.before, face.before, face.matrix, face.native_px)
    bold, timid = (model.pair(rgb, one, 0.9) for one in (restored, left))
    assert torch.equal(bold.degraded, timid.degraded)
    assert (timid.restored - timid.degraded).abs().max() > 0.01
    window = next(iter(timid.degraded))
    assert torch.allclose(timid.restored[0], keep_tone(window, model.restore_scene(window, None)), atol=0.02)
    assert (bold.restored - timid.restored).abs().max() > 0.05


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


@pytest.mark.parametrize("side", [300, 700, 2000])
def test_a_large_face_is_paired_at_four_places_at_its_own_scale(model, side):
    noise = 0.02 * torch.randn(3, side + 60, side + 60, generator=torch.Generator().manual_seed(1))
    rgb = picture(side + 60, side + 60) + noise  # without it the made texture is as regular as a grid
    found = model.pair(rgb, model.restore_face(rgb, face_at(30, 30, side), []), 0.9)
    assert found.restored.shape == found.degraded.shape == (4, 3, 128, 128)
    middle, reach = 30 + side // 2, max(side // 2, 192)
    low, high = (middle - reach // 2) // 8 * 8, (middle + reach // 2 - 128) // 8 * 8
    for window, (top, left) in zip(found.degraded, [(low, low), (low, high), (high, low), (high, high)], strict=True):
        assert torch.equal(window, rgb[:, top : top + 128, left : left + 128])


def test_a_large_face_has_one_voice(model):
    one = pair(0.05)
    four = Pair(one.degraded.repeat(4, 1, 1, 1), one.restored.repeat(4, 1, 1, 1), 1.0)
    several = model.read_code([four, pair(0.055, seed=1)])
    assert several.voters == (0, 1)
    assert torch.allclose(several.pooled, model.read_code([one, pair(0.055, seed=1)]).pooled, atol=1e-5)


@pytest.mark.parametrize("degrees", [90, 180])
def test_a_turned_face_is_restored_as_an_upright_one(model, degrees):
    rgb, landmarks = picture(160, 160), face_at(30, 30, 96)
    turned = rgb.rot90(degrees // 90, (1, 2))
    back = np.array([[0, 1], [-1, 0]]) if degrees == 90 else -np.eye(2)
    there = (landmarks - 79.5) @ back.T + 79.5
    upright, other = model.restore_face(rgb, landmarks, []), model.restore_face(turned, there, [])
    assert torch.allclose(upright.after, other.after, atol=1e-3)


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


def test_a_face_with_another_damage_is_outvoted(discerning):
    alike = [Pair(*(noisy(picture(128, 128, seed), 0.1, seed)[None],) * 2, 1.0) for seed in (0, 1, 2)]
    stranger = Pair(*(blurred(picture(128, 128))[None],) * 2, 1.0)
    code = discerning.read_code([stranger, *alike])
    assert code.voters == (1, 2, 3)
    assert torch.allclose(code.pooled, discerning.read_code(alike).pooled, atol=1e-5)


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
