import math

import numpy as np
import pytest
import torch

from f2s_ray.media.geometry import (
    TEMPLATE,
    align_matrix,
    feather_mask,
    is_alignable,
    native_side,
    paste_back,
    warp,
)
from f2s_ray.models.face_quality import HEAD_MM


def smooth(height, width, shift=0.0):
    y, x = torch.meshgrid(torch.arange(height).float(), torch.arange(width).float(), indexing="ij")
    waves = [torch.sin(x / 9 + y / 14 + shift), torch.cos(x / 12 - shift), torch.sin(y / 8 + 2 * shift)]
    return 0.5 + 0.3 * torch.stack(waves)


def turned(side, degrees, left, top):
    """Landmarks of an upright face of ``side`` pixels, turned and moved."""
    turn = math.radians(degrees)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return (TEMPLATE - 0.5) * side @ matrix.T + 0.5 * side + np.array([left, top])


def moved(matrix, landmarks):
    return landmarks @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize(("side", "degrees"), [(40, 0), (96, 25), (300, -70), (128, 180)])
def test_a_similar_face_lands_on_the_template(side, degrees):
    landmarks = turned(side, degrees, 31.5, -7)
    assert np.allclose(moved(align_matrix(landmarks, 112), landmarks), TEMPLATE * 112)


@pytest.mark.parametrize(("side", "degrees"), [(40, 0), (96, 25), (300, -70)])
def test_the_native_side_is_the_faces_own_size(side, degrees):
    assert native_side(turned(side, degrees, 5, 8)) == pytest.approx(side)


def test_alignment_never_mirrors():
    mirrored = TEMPLATE * [-100, 100]
    assert np.linalg.det(align_matrix(mirrored, 100)[:, :2]) > 0


def test_warping_by_whole_pixels_moves_the_picture():
    picture = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    out = warp(picture, np.array([[1.0, 0, -4], [0, 1, -2]]), 18, 26)
    assert torch.allclose(out, picture[:, 2:, 4:], atol=1e-4)


def test_a_fine_pattern_is_averaged_when_it_shrinks():
    board = ((torch.arange(64)[:, None] + torch.arange(64)) % 2).float().expand(3, -1, -1)
    out = warp(board, np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]]), 16, 16)
    assert torch.allclose(out, torch.full_like(out, 0.5), atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 33), (33, 1), (5, 7)])
@pytest.mark.parametrize("far", [0.0, 3.0, 1000.0, -1e5])
def test_reflection_goes_on_for_ever_without_a_hole(size, far):
    picture = torch.full((3, *size), 0.25)
    out = warp(picture, np.array([[1.5, 0.2, far], [-0.2, 1.5, far]]), 24, 24)
    assert torch.allclose(out, torch.full_like(out, 0.25), atol=1e-5)


@pytest.mark.parametrize(("side", "degrees"), [(96, 0), (96, 30), (70, -15), (140, 80)])
def test_what_is_aligned_and_pasted_back_lies_where_it_was(side, degrees):
    bad, good = smooth(200, 220), smooth(200, 220, shift=0.3)
    matrix = align_matrix(turned(side, degrees, 50, 40), 96)
    change = warp(good, matrix, 96, 96) - warp(bad, matrix, 96, 96)
    result = paste_back(bad, change, matrix, torch.ones(1, 96, 96))
    inverse = np.linalg.inv(matrix[:, :2])
    x, y = np.round(inverse @ (np.full(2, 47.5) - matrix[:, 2])).astype(int)
    reach = side // 4
    middle = (slice(None), slice(y - reach, y + reach), slice(x - reach, x + reach))
    assert (result[middle] - good[middle]).abs().max() < 0.01
    assert (bad[middle] - good[middle]).abs().max() > 0.05


def test_outside_the_face_nothing_changes():
    picture = torch.rand(3, 120, 120, generator=torch.Generator().manual_seed(1))
    matrix = align_matrix(turned(40, 0, 30, 30), 64)
    result = paste_back(picture, torch.full((3, 64, 64), 0.5), matrix, feather_mask(64))
    changed = (result != picture).any(0).nonzero()
    assert changed.min() >= 28
    assert changed.max() <= 72


@pytest.mark.parametrize("degrees", [0, 17, 90])
@pytest.mark.parametrize("side", [30, 64, 200])
def test_a_change_of_zero_gives_the_picture_back_exactly(side, degrees):
    picture = torch.rand(3, 90, 110, generator=torch.Generator().manual_seed(2))
    matrix = align_matrix(turned(side, degrees, 11.3, 6.7), 64)
    assert torch.equal(paste_back(picture, torch.zeros(3, 64, 64), matrix, feather_mask(64)), picture)


@pytest.mark.parametrize(("left", "top"), [(-40, -30), (80, 70), (-60, 20), (-500, 0), (400, 400)])
def test_a_face_across_the_border_stays_a_picture(left, top):
    picture = smooth(90, 100)
    landmarks = turned(80, 10, left, top)
    matrix = align_matrix(landmarks, 64)
    face = warp(picture, matrix, 64, 64)
    result = paste_back(picture, 1 - 2 * face, matrix, feather_mask(64))
    assert torch.isfinite(face).all()
    assert result.shape == picture.shape
    assert result.min() >= 0
    assert result.max() <= 1


def test_a_face_beyond_the_picture_leaves_it_alone():
    picture = smooth(50, 60)
    matrix = align_matrix(turned(80, 0, 500, 500), 64)
    assert torch.equal(paste_back(picture, torch.ones(3, 64, 64), matrix, feather_mask(64)), picture)


def test_pasting_leaves_its_input_alone():
    picture = smooth(90, 100)
    before = picture.clone()
    paste_back(picture, torch.ones(3, 64, 64), align_matrix(turned(60, 0, 10, 10), 64), feather_mask(64))
    assert torch.equal(picture, before)


@pytest.mark.parametrize("side", [16, 97, 384])
def test_the_mask_is_whole_in_the_middle_and_fades_to_nothing(side):
    mask = feather_mask(side)[0]
    assert mask[side // 2, side // 2] == 1
    assert mask[0, 0] == 0
    assert mask[side // 2, 0] < 0.2
    assert torch.allclose(mask, mask.flip(0), atol=1e-4)
    assert torch.equal(mask, mask.T)
    row = mask[side // 2, : side // 2]
    assert (row.diff() >= 0).all()


# Faces of all kinds


@pytest.mark.parametrize("degrees", [0, 45, 180, -90])
@pytest.mark.parametrize("side", [20, 2000])
def test_a_face_of_any_size_and_turn_can_be_aligned(side, degrees):
    assert is_alignable(turned(side, degrees, 7, 9))


@pytest.mark.parametrize(("yaw_degrees", "expected"), [(0, True), (-45, True), (65, True), (90, False), (-90, False)])
def test_a_profile_cannot_be_aligned(yaw_degrees, expected):
    """A head as a turned solid, seen from far away."""
    yaw = math.radians(yaw_degrees)
    landmarks = np.stack([HEAD_MM[:, 0] * math.cos(yaw) + HEAD_MM[:, 2] * math.sin(yaw), HEAD_MM[:, 1]], 1)
    assert is_alignable(landmarks) is expected


@pytest.mark.parametrize(
    "landmarks",
    [
        np.ones((5, 2)),
        np.full((5, 2), np.nan),
        np.array([[0, 0], [1, 1], [2, 2], [3, 3], [4, 4.0]]),
        TEMPLATE[::-1] * 100 * [1, -1],
        TEMPLATE[[0, 3, 2, 4, 1]] * 100,
    ],
)
def test_points_that_are_no_face_cannot_be_aligned(landmarks):
    assert not is_alignable(landmarks)


@pytest.mark.parametrize("side", [30, 64, 384, 2000])
def test_an_even_change_fades_out_without_a_rim(side):
    """No step is larger than a cubic spline along a raised cosine over 0.14 of the face makes, and outside nothing changes."""
    size = side + 40
    picture = torch.full((3, size, size), 0.4)
    matrix = align_matrix(turned(side, 0, 20, 20), min(384, max(64, side)))
    aligned = min(384, max(64, side))
    pasted = paste_back(picture, torch.full((3, aligned, aligned), 0.2), matrix, feather_mask(aligned))[0]
    steps = torch.maximum(pasted.diff(dim=0).abs().max(), pasted.diff(dim=1).abs().max())
    assert float(steps) < 0.2 * 2.3 / (0.14 * side)
    assert float(pasted.max()) == pytest.approx(0.6, abs=3e-3)
    assert float(pasted[0].max()) == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize(("side", "aligned"), [(30, 64), (45, 64), (1000, 200)])
def test_a_face_keeps_its_detail_whatever_the_size_it_was_restored_at(side, aligned):
    """The change is made at another scale; what is finer stays."""
    size = side + 100
    fine = (torch.arange(size)[:, None] + torch.arange(size)) % 2 * 0.2
    picture = smooth(size, size) * 0.5 + fine
    matrix = align_matrix(turned(side, 0, 50, 50), aligned)
    pasted = paste_back(picture, torch.full((3, aligned, aligned), 0.1), matrix, feather_mask(aligned))
    middle = (
        slice(None),
        slice(size // 2 - side // 5, size // 2 + side // 5),
        slice(size // 2 - side // 5, size // 2 + side // 5),
    )
    before, after = (one[middle].diff(dim=2).abs().mean() for one in (picture, pasted))
    assert float(after) == pytest.approx(float(before), rel=5e-3)
