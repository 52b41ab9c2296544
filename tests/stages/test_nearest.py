"""The nearest other identity, wherever it is looked for."""

import numpy as np
import pytest

from f2s_ray.stages import nearest as module
from f2s_ray.stages.nearest import nearest_others


def units(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def by_hand(means, may_be):
    cosines = means @ means.T
    np.fill_diagonal(cosines, -np.inf)
    cosines[:, ~may_be] = -np.inf
    return cosines.argmax(axis=1)


def nobody(count):
    return np.full(count, -1), np.zeros(count, dtype=bool)


def test_it_is_the_one_of_the_largest_cosine_that_may_be():
    means, may_be = units(50), np.arange(50) % 3 > 0
    assert nearest_others(means, may_be, *nobody(50)).tolist() == by_hand(means, may_be).tolist()


def test_of_one_and_of_those_who_may_not_be_there_is_none():
    assert nearest_others(units(1), np.array([True]), *nobody(1)).tolist() == [-1]
    assert nearest_others(units(3), np.zeros(3, dtype=bool), *nobody(3)).tolist() == [-1, -1, -1]
    assert nearest_others(units(2), np.array([True, False]), *nobody(2)).tolist() == [-1, 0]


@pytest.mark.parametrize("changed", [[], [7], [0, 7, 49]])
def test_looking_only_where_something_changed_finds_the_same(changed, monkeypatch):
    before_means, may_be = units(50), np.ones(50, dtype=bool)
    before = by_hand(before_means, may_be)
    means = before_means.copy()
    means[changed] = units(len(changed), seed=1)
    is_same = np.ones(50, dtype=bool)
    is_same[changed] = False
    whole = nearest_others(means, may_be, before, is_same)
    monkeypatch.setattr(module, "EXACT_ROWS", 10)
    assert nearest_others(means, may_be, before, is_same).tolist() == whole.tolist()


def test_an_index_of_many_finds_nearly_all(monkeypatch):
    means, may_be = units(3000), np.ones(3000, dtype=bool)
    exact = nearest_others(means, may_be, *nobody(3000))
    monkeypatch.setattr(module, "EXACT_ROWS", 1000)
    monkeypatch.setattr(module, "FEW_ROWS", 10)
    assert (nearest_others(means, may_be, *nobody(3000)) == exact).mean() > 0.9
