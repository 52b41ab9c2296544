"""The loss sees people as the embedder of the product does, and gradients pass."""

import numpy as np
import pytest
import torch

from f2s_ray.media.geometry import align_matrix, warp
from f2s_ray.training.identity import IdentityDistance

SIDE = 160


@pytest.fixture(scope="module")
def faces(six_people, detector):
    return detector.detect(six_people)


@pytest.fixture(scope="module")
def aligned(six_people, faces):
    points = [np.array(face.landmarks).reshape(5, 2) for face in faces]
    return torch.stack([warp(six_people, align_matrix(one, SIDE), SIDE, SIDE) for one in points])


def test_it_finds_the_vectors_of_the_product(six_people, faces, embedder, aligned):
    found = torch.nn.functional.normalize(IdentityDistance().embed(aligned)).numpy()
    known = np.stack([embedder.embed(six_people, face.landmarks) for face in faces])
    assert np.diag(found @ known.T).min() > 0.9


def test_other_people_are_further_than_a_worse_picture_of_the_same(aligned):
    distance = IdentityDistance()
    blurred = torch.nn.functional.avg_pool2d(aligned, 5, 1, 2)
    assert distance(aligned, aligned).max() < 1e-5
    assert (distance(blurred, aligned) < distance(aligned.roll(1, 0), aligned)).all()


def test_following_the_gradient_makes_a_face_more_like_another(aligned):
    distance = IdentityDistance()
    face = aligned[:1].clone().requires_grad_()
    before = distance(face, aligned[1:2]).sum()
    before.backward()
    step = 0.01 * face.grad / face.grad.abs().max()
    assert distance(face.detach() - step, aligned[1:2]).sum() < before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_it_works_where_the_faces_are(aligned):
    here, there = (IdentityDistance()(one, one.flip(0)) for one in (aligned, aligned.cuda()))
    assert torch.allclose(here, there.cpu(), atol=1e-3)
