from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from f2s_ray.models.fadex import values_from
from f2s_ray.models.votes import LocalCode, Readings, code_at, vote

BLURRED, NOISY, BLOCKY = torch.eye(3)
"""Signatures of three damages that have nothing in common."""


def readings(*faces):
    """Faces as (signature, weight, x): each with a map and values of its own, at half the height."""
    signatures = F.normalize(torch.stack([signature for signature, _, _ in faces]), dim=1)
    count = len(faces)
    return Readings(
        pooled=torch.arange(count).float()[:, None, None].expand(-1, 21, 2),
        signatures=signatures,
        values=torch.linspace(0.2, 0.6, count)[:, None].expand(-1, 4),
        weights=torch.tensor([weight for _, weight, _ in faces]),
        places=torch.tensor([[x, 0.5] for _, _, x in faces]),
    )


def leaning(signature, towards, share):
    return signature + share * towards


def test_one_face_is_the_code():
    code = vote(readings((NOISY, 0.4, 0.3)))
    assert (code.voters, code.regions) == ((0,), ())
    assert code.agreement == pytest.approx(1)
    assert torch.equal(code.pooled, torch.zeros(21, 2))


def test_faces_count_by_their_weight():
    told = readings((NOISY, 3.0, 0.2), (leaning(NOISY, BLOCKY, 0.2), 1.0, 0.8))
    code = vote(told)
    assert code.voters == (0, 1)
    assert code.regions == ()
    assert torch.allclose(code.pooled, torch.full((21, 2), 0.25))
    assert code.values == pytest.approx(values_from(0.75 * told.values[0] + 0.25 * told.values[1]))
    assert code.agreement == pytest.approx(1 / 1.04**0.5, abs=1e-5)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]])
def test_the_order_of_faces_does_not_matter(order):
    told = readings(
        (NOISY, 0.9, 0.1), (leaning(NOISY, BLOCKY, 0.3), 0.5, 0.2), (BLURRED, 0.8, 0.7), (BLURRED, 0.4, 0.9)
    )
    there = vote(told)
    back = vote(Readings(*(value[order] for value in vars(told).values())))
    assert sorted(order[i] for i in back.voters) == sorted(there.voters)
    assert torch.allclose(there.pooled, back.pooled, atol=1e-6)
    assert torch.allclose(there.signature, back.signature, atol=1e-6)
    assert there.values == pytest.approx(back.values, abs=1e-5)
    assert there.agreement == pytest.approx(back.agreement, abs=1e-6)
    for one, other in zip(there.regions, back.regions, strict=True):
        assert (one.local.x, one.local.y) == pytest.approx((other.local.x, other.local.y))
        assert torch.allclose(one.local.pooled, other.local.pooled, atol=1e-6)


def test_a_single_face_with_another_damage_is_outvoted():
    told = readings((BLURRED, 1.0, 0.1), (NOISY, 1.0, 0.4), (NOISY, 1.0, 0.6), (NOISY, 1.0, 0.8))
    code = vote(told)
    assert code.voters == (1, 2, 3)
    assert code.regions == ()
    assert torch.allclose(code.pooled, torch.full((21, 2), 2.0))
    assert code.agreement == pytest.approx(1)


def test_a_face_between_two_damages_is_out_when_it_leaves_the_mean():
    aside = NOISY + 2.4 * BLURRED  # cosine 0.38 to the others: it disagrees, but not by as much as another region would
    code = vote(readings((NOISY, 5.0, 0.1), (NOISY, 5.0, 0.4), (aside, 1.0, 0.8)))
    assert code.voters == (0, 1)


def test_two_faces_that_disagree_give_two_regions_and_their_mean():
    code = vote(readings((NOISY, 1.0, 0.8), (BLURRED, 1.0, 0.2)))
    assert [(region.local.x, region.voters) for region in code.regions] == [
        (pytest.approx(0.2), (1,)),
        (pytest.approx(0.8), (0,)),
    ]
    assert torch.allclose(code.regions[0].signature, BLURRED)
    assert torch.allclose(code.regions[0].local.pooled, torch.ones(21, 2))
    assert torch.allclose(code.pooled, torch.full((21, 2), 0.5))
    assert code.agreement == pytest.approx(0)
    assert code.voters == (0, 1)


def test_a_region_lies_where_its_faces_are():
    code = vote(readings((NOISY, 3.0, 0.1), (NOISY, 1.0, 0.3), (BLURRED, 4.0, 0.9)))
    assert [region.local.x for region in code.regions] == pytest.approx([0.15, 0.9])
    assert [region.voters for region in code.regions] == [(0, 1), (2,)]


@pytest.mark.parametrize(("cosine", "regions"), [(0.35, 0), (0.25, 2)])
def test_faces_disagree_below_a_cosine_of_three_tenths(cosine, regions):
    other = cosine * NOISY + (1 - cosine**2) ** 0.5 * BLURRED
    assert len(vote(readings((NOISY, 1.0, 0.2), (other, 1.0, 0.8))).regions) == regions


def test_where_nobody_agrees_and_nobody_weighs_enough_the_heaviest_speaks():
    directions = torch.eye(4)
    told = readings(*((direction, 1.0, 0.5) for direction in directions))
    told = replace(told, weights=torch.tensor([1.0, 1.0, 1.1, 1.0]))
    assert vote(told).voters == (2,)


# A place between regions


@pytest.fixture
def halves():
    return LocalCode(0.25, 0.5, torch.zeros(21, 2)), LocalCode(0.75, 0.5, torch.ones(21, 2))


@pytest.mark.parametrize(("x_px", "expected"), [(100, 0.0), (200, 0.5), (300, 1.0), (0, 0.1)])
def test_a_code_at_a_place_is_that_of_the_nearest_region(halves, x_px, expected):
    code = code_at(halves, x_px, 150, (300, 400))
    assert float(code.mean()) == pytest.approx(expected, abs=1e-3)
    assert code.shape == (21, 2)


def test_distance_is_measured_in_pixels_not_in_fractions():
    across, down = LocalCode(0.25, 0.5, torch.zeros(21, 2)), LocalCode(0.5, 0.0, torch.ones(21, 2))
    assert float(code_at([across, down], 200, 50, (100, 400)).mean()) > 0.7
