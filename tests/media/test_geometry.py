import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.media.geometry import TEMPLATE, feather, inverted, paste_back, similarity_from_landmarks, warp


def smooth(height: int, width: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(height) / 1.0, torch.arange(width) / 1.0, indexing="ij")
    return torch.stack(
        [0.5 + 0.4 * torch.sin(x / 11), 0.5 + 0.4 * torch.cos(y / 13), 0.5 + 0.3 * torch.sin((x + y) / 17)]
    )


def landmarks_at(centre: tuple[float, float], side: float, degrees: float) -> torch.Tensor:
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    return (TEMPLATE - 0.5) * side @ turn.T + torch.tensor(centre, dtype=torch.float64)


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(-10 * ((one - other) ** 2).mean().clamp(min=1e-12).log10())


poses = st.tuples(st.floats(60, 140), st.floats(60, 140), st.floats(40, 120), st.floats(-180, 180))


@settings(max_examples=20, deadline=None)
@given(poses, st.sampled_from([64, 112, 256, 512]))
def test_landmarks_come_to_the_template(pose: tuple[float, float, float, float], size: int) -> None:
    points = landmarks_at(pose[:2], pose[2], pose[3])
    matrix = similarity_from_landmarks(points, size)
    found = torch.cat([points, torch.ones(5, 1, dtype=torch.float64)], 1) @ matrix.T
    torch.testing.assert_close((found + 0.5) / size, TEMPLATE, rtol=0, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(poses, st.sampled_from([64, 128, 256]))
def test_a_face_pasted_back_unchanged_leaves_the_picture_as_it_is(
    pose: tuple[float, float, float, float], size: int
) -> None:
    image = smooth(200, 200)
    matrix = similarity_from_landmarks(landmarks_at(pose[:2], pose[2], pose[3]), size)
    assert torch.equal(paste_back(image, warp(image, matrix, (size, size)), matrix, feather(size)), image)


@settings(max_examples=10, deadline=None)
@given(poses, st.sampled_from([64, 128, 256]))
def test_a_new_face_arrives_where_it_was_cut(pose: tuple[float, float, float, float], size: int) -> None:
    image, other = smooth(200, 200), 1 - smooth(200, 200).flip(0)
    matrix = similarity_from_landmarks(landmarks_at(pose[:2], pose[2], pose[3]), size)
    pasted = paste_back(image, warp(other, matrix, (size, size)), matrix, torch.ones(1, size, size))
    corners = torch.cat([(TEMPLATE * size - 0.5), torch.ones(5, 1, dtype=torch.float64)], 1) @ inverted(matrix).T
    for x, y in corners.round().int().tolist():
        if 3 < x < 196 and 3 < y < 196:
            assert (pasted[:, y, x] - other[:, y, x]).abs().max() < 0.04


def test_beyond_the_face_nothing_changes() -> None:
    image = smooth(160, 160)
    matrix = similarity_from_landmarks(landmarks_at((80, 80), 60, 0), 128)
    pasted = paste_back(image, torch.zeros(3, 128, 128), matrix, feather(128))
    assert torch.equal(pasted[:, :45], image[:, :45])
    assert torch.equal(pasted[:, :, 115:], image[:, :, 115:])
    assert pasted[:, 80, 80].max() < 0.01


def test_a_face_outside_the_picture_changes_nothing() -> None:
    image = smooth(40, 40)
    matrix = similarity_from_landmarks(landmarks_at((400, 400), 60, 0), 64)
    assert torch.equal(paste_back(image, torch.rand(3, 64, 64), matrix, feather(64)), image)


def test_shrinking_does_not_alias() -> None:
    stripes = (torch.arange(512) % 2).float().expand(3, 512, 512)
    matrix = similarity_from_landmarks(landmarks_at((256, 256), 480, 0), 64)
    small = warp(stripes, matrix, (64, 64))
    assert (small[:, 4:-4, 4:-4] - 0.5).abs().max() < 0.05


def test_warp_there_and_back_is_near_the_picture() -> None:
    image = smooth(200, 200)
    matrix = similarity_from_landmarks(landmarks_at((100, 100), 90, 20), 192)
    again = warp(warp(image, matrix, (192, 192)), inverted(matrix), (200, 200))
    assert psnr(again[:, 85:115, 85:115], image[:, 85:115, 85:115]) > 50


def test_one_point_is_no_face() -> None:
    with pytest.raises(ValueError, match="one point"):
        similarity_from_landmarks(torch.ones(5, 2), 64)
