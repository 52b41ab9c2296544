import math

import pytest

from f2s_ray.evaluation.codes import OPERATOR_COUNT, cosines, errors, operators
from f2s_ray.media.degrade import Operator


def reading(operator, signature, **values):
    known = {"blur_sigma_px": 0.0, "noise_sigma": 0.0, "jpeg_quality": 100.0, "downscale": 1.0}
    return {"operator": operator, "signature": signature, "values": {**known, **values}}


def test_operators_are_the_same_for_a_seed():
    assert operators(3) == operators(3) != operators(4)
    assert len(set(operators(3))) == OPERATOR_COUNT


def test_a_signature_that_follows_the_operator_is_told_from_one_that_follows_the_face():
    by_operator = [[reading(0, [1, 0]), reading(1, [0, 1])], [reading(0, [1, 0]), reading(1, [0, 1])]]
    by_face = [[reading(0, [1, 0]), reading(1, [1, 0])], [reading(0, [0, 1]), reading(1, [0, 1])]]
    assert list(cosines(by_operator).values()) == [1, 0]
    assert list(cosines(by_face).values()) == [0, 1]


def test_the_error_of_a_value_stands_beside_that_of_always_saying_the_mean():
    drawn = [Operator(noise=0.02), Operator(noise=0.06)]
    faces = [[reading(0, [1], noise_sigma=0.03), reading(1, [1], noise_sigma=0.06)]]
    own, dull = errors(faces, drawn)["noise_sigma"]
    assert own == pytest.approx(0.005)
    assert dull == pytest.approx(0.02)


def test_without_readings_there_are_no_numbers():
    assert all(math.isnan(value) for value in cosines([[]]).values())
