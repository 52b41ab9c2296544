from dataclasses import astuple, fields

import pytest
import torch
import torch.nn.functional as F

from f2s_ray.media.degrade import CLEAN, Operator
from f2s_ray.models.fadex import VALUES
from f2s_ray.training.batches import Draw, Restoring, face_batch, pair_batch, scene_batch, value_targets
from tests.training.made import flat, textured

MAKERS = {
    "face": lambda pictures, draw: face_batch(pictures, 3, 96, draw),
    "pair": lambda pictures, draw: pair_batch(pictures, 4, 2, draw),
    "scene": lambda pictures, draw: scene_batch(pictures, 4, 64, draw),
}


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(astuple(first), astuple(second), strict=True))


@pytest.mark.parametrize("kind", MAKERS)
def test_a_batch_comes_from_its_seed_alone(kind):
    make = MAKERS[kind]
    torch.manual_seed(1)
    first = make(textured(), Draw(5))
    torch.manual_seed(2)
    assert equal(first, make(textured(), Draw(5)))
    assert not equal(first, make(textured(), Draw(6)))


@pytest.mark.parametrize("kind", MAKERS)
def test_all_pixels_lie_between_0_and_1(kind):
    for seed in range(4):
        batch = MAKERS[kind](textured(), Draw(seed))
        for field in fields(batch):
            tensor = getattr(batch, field.name)
            assert torch.isfinite(tensor.float()).all()
            if field.name not in ("groups", "values"):
                assert tensor.min() >= 0
                assert tensor.max() <= 1


def test_faces_come_with_references_and_their_mask():
    batches = [face_batch(textured(), 4, 96, Draw(seed)) for seed in range(4)]
    masks = torch.cat([batch.reference_mask for batch in batches])
    references = torch.cat([batch.references for batch in batches])
    assert batches[0].damaged.shape == batches[0].clean.shape == (4, 3, 96, 96)
    assert references.shape == (16, 3, 3, 128, 128)
    assert {0.0} < {float(value) for value in masks.sum(1)}
    there = references.flatten(2).abs().amax(2) > 0
    assert torch.equal(there, masks.bool())


def test_damage_is_the_only_difference_between_the_halves():
    batch = face_batch(flat(), 8, 96, Draw(0))
    grey = torch.full_like(batch.clean, 128 / 255)
    assert torch.allclose(batch.clean, grey, atol=1e-3)
    assert (batch.damaged - grey).abs().amax((1, 2, 3)).max() > 0.02


def test_a_group_shares_one_operator():
    batch = pair_batch(textured(), 5, 3, Draw(3))
    assert batch.groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert batch.damaged.shape == batch.other.shape == (15, 3, 128, 128)
    for group in range(5):
        assert len(torch.unique(batch.values[batch.groups == group], dim=0)) == 1


def test_noise_differs_inside_a_group():
    batch = pair_batch(flat(), 12, 2, Draw(1))
    for first, second in batch.damaged.unflatten(0, (12, 2)):
        if first.std() > 0.02:
            assert not torch.equal(first, second)
    assert (batch.damaged.std((1, 2, 3)) > 0.02).any()


def test_every_fourth_group_differs_in_one_value_only():
    for seed in range(6):
        values = pair_batch(flat(), 8, 1, Draw(seed)).values
        for group in (3, 7):
            assert int((values[group] != values[group - 1]).sum()) <= 1


def test_scene_and_face_are_damaged_by_one_operator():
    pictures = flat()
    loud = 0
    for seed in range(4):
        batch = scene_batch(pictures, 6, 128, Draw(seed))
        assert batch.has_face.tolist() == [1.0] * 6
        scene = (batch.damaged - batch.clean).std((1, 2, 3))
        face = (batch.face_damaged - batch.face_other).std((1, 2, 3))
        assert torch.allclose(scene, face, rtol=0.35, atol=0.004)
        loud += int((scene > 0.02).sum())
    assert loud > 4


def test_a_picture_without_a_face_says_so():
    batch = scene_batch(textured(), 12, 64, Draw(2))
    without = batch.has_face == 0
    assert 0 < int(without.sum()) < 12
    assert not batch.face_damaged[without].any()
    assert not batch.face_other[without].any()
    assert batch.face_other[~without].flatten(1).any(1).all()


def test_targets_are_the_operators_values_on_their_scales():
    operator = Operator(blur_px=(1.5, 1.5), noise=0.05, quality=60, shrink=2.0)
    scales = torch.tensor([scale for _, scale in VALUES])
    assert torch.allclose(value_targets(operator) * scales, torch.tensor([1.5, 0.05, 60.0, 1.0]))
    assert torch.equal(value_targets(CLEAN), torch.tensor([0.0, 0.0, 1.0, 0.0]))


def test_a_restored_half_goes_the_way_of_the_product():
    class Brighter(torch.nn.Module):
        def forward(self, face, references, mask):
            assert references.shape[1] == mask.shape[1] == 0
            return face * 0.5

    plain = pair_batch(textured(), 4, 2, Draw(5))
    made = pair_batch(textured(), 4, 2, Draw(5), Restoring(Brighter(), 1.0))
    assert torch.equal(plain.groups, made.groups)
    assert made.other.shape == plain.other.shape
    assert all(not torch.allclose(one, two, atol=1e-2) for one, two in zip(made.other, plain.other, strict=True))
    tones = [F.avg_pool2d(made.damaged - made.other, 64).abs().mean(), (made.damaged - made.other).abs().mean()]
    assert tones[0] < 0.5 * tones[1]  # the low frequencies are those of the damaged picture
