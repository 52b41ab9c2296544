import numpy as np
import pytest
import torch

from f2s_ray.models.cluster_index import SearchLimits, near_pairs


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def people(count, faces_each, cosine=0.6, seed=0):
    rng = np.random.default_rng(seed)
    centres, own = unit(rng.normal(size=(count, 1, 128))), unit(rng.normal(size=(count, faces_each, 128)))
    return unit(np.sqrt(cosine) * centres + np.sqrt(1 - cosine) * own).reshape(-1, 128)


def pairs_of(vectors, queries=None, base=None, floor=0.55, nearest=1000, exact_pairs=1e12, list_pairs=1e12):
    every = np.random.default_rng(0).permutation(len(vectors))
    limits = SearchLimits(floor, nearest, exact_pairs, list_pairs)
    base = every if base is None else base
    low, high = near_pairs(lambda rows: vectors[rows], base if queries is None else queries, base, limits)
    return set(zip(low.tolist(), high.tolist(), strict=True))


def truth(vectors, floor=0.55):
    every = torch.from_numpy(vectors)
    return {(low, high) for low, high in torch.triu(every @ every.T >= floor, 1).nonzero().tolist()}


def test_every_pair_above_the_floor_is_found_once_and_none_below():
    vectors = people(60, 5)
    assert pairs_of(vectors) == truth(vectors)


def test_a_query_finds_its_pairs_only():
    vectors = people(60, 5)
    found = pairs_of(vectors, queries=np.array([7, 200]))
    assert found == {pair for pair in truth(vectors) if 7 in pair or 200 in pair}


def test_queries_need_not_stand_among_those_they_are_compared_with():
    vectors = people(60, 5)
    found = pairs_of(vectors, queries=np.arange(100), base=np.arange(100, 300))
    assert found == {(a, b) for a, b in truth(vectors) if a < 100 <= b}


def test_a_crowded_query_keeps_its_nearest():
    vectors = people(1, 40, cosine=0.8)
    cosines = vectors @ vectors.T - 2 * np.eye(40)
    nearest = {(min(a, b), max(a, b)) for a in range(40) for b in np.argsort(-cosines[a])[:3].tolist()}
    assert pairs_of(vectors, nearest=3) >= nearest
    assert len(pairs_of(vectors, nearest=3)) <= 4 * 40


@pytest.mark.parametrize("queries", [None, np.arange(3000)])
def test_lists_find_nearly_all_pairs_that_one_link_makes_one_person(queries):
    vectors = people(4000, 3)
    wanted = {pair for pair in truth(vectors) if queries is None or min(pair) < 3000}
    share = 0.05 if queries is None else 0.05 * 3000 / 12000
    found = pairs_of(vectors, queries=queries, exact_pairs=0, list_pairs=share * len(vectors) ** 2)
    assert len(found & wanted) / len(wanted) > 0.9
    assert found <= truth(vectors)


def test_more_lists_find_more():
    vectors = people(4000, 3)
    counts = [len(pairs_of(vectors, exact_pairs=0, list_pairs=share * len(vectors) ** 2)) for share in (0.01, 0.1)]
    assert counts[0] < counts[1]


def test_nothing_has_no_pairs():
    vectors = people(3, 3)
    nothing = np.empty(0, dtype=np.int32)
    assert pairs_of(vectors, queries=nothing) == pairs_of(vectors, base=nothing, queries=np.arange(3)) == set()
