import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.models.clustering import ClusteringConfig, cluster, link_cosine


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def people(count, faces_each, cosine=0.65, dimensions=128, seed=0):
    """Faces of made people: cosine between two faces of one person, about 0 between strangers."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(count, dimensions)))
    own = unit(rng.normal(size=(count, faces_each, dimensions)))
    faces = np.sqrt(cosine) * centres[:, None] + np.sqrt(1 - cosine) * own
    return unit(faces).reshape(-1, dimensions), np.repeat(np.arange(count), faces_each)


def between(cosine, a, seed=99):
    """A unit vector at this cosine to ``a``."""
    rng = np.random.default_rng(seed)
    other = rng.normal(size=a.shape)
    other -= (other @ a) * a
    return (cosine * a + np.sqrt(1 - cosine**2) * unit(other)).astype(np.float32)


def grouped(vectors, quality=0.6, places=(), start=None, config=None):
    """Labels of these faces; new and good ones, seen nowhere, unless told."""
    quality = np.broadcast_to(np.asarray(quality, dtype=np.float64), len(vectors))
    places = np.array(places, dtype=np.int64).reshape(-1, 2)
    start = np.full(len(vectors), -1) if start is None else np.array(start)
    return cluster(vectors, quality, places, start, config)


def rand_score(a, b):
    """Share of pairs of faces on which two clusterings agree, among pairs that either puts together."""
    one, other = np.equal.outer(a, a), np.equal.outer(b, b)
    pairs = np.triu_indices(len(a), 1)
    return (one & other)[pairs].sum() / (one | other)[pairs].sum()


def partition(labels, names):
    groups = {}
    for label, name in zip(labels, names, strict=True):
        groups.setdefault(int(label), set()).add(name)
    return {frozenset(group) for group in groups.values()}


def test_twenty_people_are_twenty_groups():
    vectors, truth = people(20, 5)
    assert partition(grouped(vectors), range(100)) == partition(truth, range(100))


def test_strangers_stay_alone():
    vectors, _ = people(200, 1)
    assert len(set(grouped(vectors))) == 200


def test_no_face_gives_no_label():
    assert grouped(np.empty((0, 128), dtype=np.float32)).tolist() == []


def test_one_face_is_one_person():
    assert grouped(people(1, 1)[0], places=[(0, 7)]).tolist() == [0]


def test_labels_count_up_as_they_first_appear():
    vectors, _truth = people(4, 3)
    order = np.random.default_rng(1).permutation(12)
    labels = grouped(vectors[order], start=[9, -1, 9, 3, *[-1] * 8])
    assert list(dict.fromkeys(labels.tolist())) == list(range(labels.max() + 1))


def test_two_faces_of_one_picture_are_never_one_person():
    vectors, _ = people(1, 2, cosine=0.95)
    assert len(set(grouped(vectors, places=[(0, 5), (1, 5), (1, 8)]))) == 2
    assert len(set(grouped(vectors, places=[(0, 5), (1, 8)]))) == 1


def test_one_picture_keeps_two_people_apart_through_all_their_other_pictures():
    vectors, _ = people(1, 8, cosine=0.8)
    labels = grouped(vectors, places=[(0, 0), (1, 0)])
    assert labels[0] != labels[1]


def test_a_chain_of_lookalikes_does_not_make_two_people_one():
    rng = np.random.default_rng(0)
    first, second = unit(rng.normal(size=(2, 128)))
    second = unit(second - (second @ first) * first)
    steps = np.linspace(0, 0.8 * np.pi, 8)
    chain = np.stack([np.cos(angle) * first + np.sin(angle) * second for angle in steps]).astype(np.float32)
    assert (chain[:-1] * chain[1:]).sum(axis=1).min() > 0.9
    labels = grouped(chain)
    assert labels[0] != labels[-1]


def test_brothers_who_are_alike_in_every_picture_stay_two_people():
    """Between them a cosine of 0.5: above what single strangers reach, below what a person's own faces do."""
    rng = np.random.default_rng(3)
    parents, one, other = unit(rng.normal(size=(3, 128)))
    centres = unit(np.stack([parents + 0.75 * one, parents + 0.75 * other]))
    own = unit(rng.normal(size=(2, 10, 128)))
    vectors = unit(np.sqrt(0.75) * centres[:, None] + np.sqrt(0.25) * own).reshape(20, 128)
    crowd, _ = people(600, 1)
    labels = grouped(np.vstack([vectors, crowd]))
    assert (vectors[:10] @ vectors[10:].T).mean() > 0.4
    assert partition(labels[:20], range(20)) == {frozenset(range(10)), frozenset(range(10, 20))}


def test_a_weak_face_joins_its_person():
    vectors, _ = people(2, 3)
    weak = between(0.6, unit(vectors[:3].mean(axis=0)))
    labels = grouped(np.vstack([vectors, weak]), [0.6] * 6 + [0.05])
    assert labels[6] == labels[0] != labels[3]


def test_of_two_weak_faces_in_one_picture_the_more_alike_joins():
    vectors, _ = people(1, 3)
    middle = unit(vectors.mean(axis=0))
    vectors = np.vstack([vectors, between(0.6, middle, seed=1), between(0.7, middle, seed=2)])
    labels = grouped(vectors, [0.6] * 3 + [0.05] * 2, places=[(3, 0), (4, 0)])
    assert labels[4] == labels[0] != labels[3]


def test_a_weak_face_does_not_join_whom_its_picture_shows_beside_it():
    vectors, _ = people(1, 3)
    weak = between(0.7, unit(vectors.mean(axis=0)))
    labels = grouped(np.vstack([vectors, weak]), [0.6] * 3 + [0.05], places=[(1, 0), (3, 0)])
    assert labels[3] not in labels[:3]


def test_weak_faces_alone_found_nobody():
    vectors, _ = people(1, 5, cosine=0.9)
    assert len(set(grouped(vectors, 0.05))) == 5


def test_a_weak_face_does_not_bridge_two_people():
    vectors, _ = people(2, 3, cosine=0.8)
    middle = unit(vectors.mean(axis=0))
    labels = grouped(np.vstack([vectors, middle]), [0.6] * 6 + [0.05])
    assert labels[0] != labels[3]
    assert labels[6] not in (labels[0], labels[3])


def test_copies_of_one_picture_are_no_more_evidence_than_one():
    rng = np.random.default_rng(0)
    first = unit(rng.normal(size=128))
    lookalike = between(link_cosine(8, ClusteringConfig()) - 0.02, first)
    assert len(set(grouped(np.stack([first] * 4 + [lookalike] * 4)))) == 2


def test_rows_of_one_group_are_never_parted_though_unlike_and_in_one_picture():
    vectors, _ = people(3, 2)
    labels = grouped(vectors, places=[(0, 0), (2, 0)], start=[4, -1, 4, -1, -1, -1])
    assert labels[0] == labels[2]


def test_a_new_face_joins_the_group_that_exists():
    vectors, _ = people(3, 4)
    labels = grouped(vectors, start=[0, 0, 0, -1, 1, 1, 1, -1, 2, 2, 2, -1])
    assert labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_without_new_faces_nothing_moves():
    vectors, _ = people(1, 6, cosine=0.9)
    assert grouped(vectors, start=[5, 5, 1, 1, 8, 8]).tolist() == [0, 0, 1, 1, 2, 2]


def test_two_groups_that_exist_become_one_only_through_new_faces_of_both():
    vectors, _ = people(1, 6, cosine=0.7)
    stranger, _ = people(1, 1, seed=5)
    assert len(set(grouped(np.vstack([vectors, stranger]), start=[0, 0, 0, 1, 1, 1, -1]))) == 3
    assert len(set(grouped(vectors, start=[0, 0, 1, 1, -1, -1]))) == 1


def test_a_place_keeps_groups_that_exist_apart_from_new_faces_for_good():
    vectors, _ = people(1, 6, cosine=0.8)
    labels = grouped(vectors, places=[(0, 0), (2, 0)], start=[0, 0, 1, 1, -1, -1])
    assert labels[0] == labels[1] != labels[2] == labels[3]


def test_who_is_kept_out_by_one_who_is_kept_out_himself_still_joins():
    vectors, _ = people(1, 20, cosine=0.8)
    middle = unit(vectors.mean(axis=0))
    first, second, third = (between(cosine, middle, seed=seed) for seed, cosine in enumerate((0.80, 0.76, 0.72)))
    # The second stands in a picture with the first and in another with the third.
    places = [(20, 0), (21, 0), (21, 1), (22, 1)]
    labels = grouped(np.vstack([vectors, first, second, third]), places=places, start=[0] * 20 + [-1] * 3)
    assert labels[20] == labels[22] == labels[0] != labels[21]


def test_joining_new_faces_parts_no_group_and_a_clean_archive_comes_out_as_at_once():
    vectors, truth = people(30, 8)
    before = np.random.default_rng(0).random(240) < 0.6
    start = np.full(240, -1)
    start[before] = grouped(vectors[before])
    assert partition(grouped(vectors, start=start), range(240)) == partition(truth, range(240))


def test_a_group_of_weak_faces_only_counts_as_it_is():
    vectors, _ = people(1, 4, cosine=0.8)
    labels = grouped(vectors, [0.05, 0.05, 0.6, 0.6], start=[3, 3, -1, -1])
    assert len(set(labels)) == 1


def test_weak_faces_of_a_group_do_not_move_its_mean():
    vectors, _ = people(2, 6, cosine=0.8)
    # Weak faces of the second person were put with the first; a new face of the second joins neither through them.
    rows = np.vstack([vectors[:2], vectors[6:11]])
    labels = grouped(rows, [0.6, 0.6] + [0.05] * 4 + [0.6], start=[0, 0, 0, 0, 0, 0, -1])
    assert labels[6] != labels[0]


def test_a_crowd_of_one_person_is_one_group_though_few_neighbours_are_looked_at():
    vectors, truth = people(2, 300, cosine=0.6)
    labels = grouped(vectors, config=ClusteringConfig(neighbours=4))
    assert partition(labels, range(600)) == partition(truth, range(600))


def test_lists_give_what_looking_at_every_pair_gives():
    vectors, _ = people(400, 6, cosine=0.6)
    exact = grouped(vectors)
    listed = grouped(vectors, config=ClusteringConfig(exact_pairs=1, list_pairs=1e6))
    assert rand_score(exact, listed) > 0.99


def test_embeddings_may_lie_in_a_file(tmp_path):
    vectors, _ = people(20, 5)
    vectors.tofile(tmp_path / "vectors")
    mapped = np.memmap(tmp_path / "vectors", dtype=np.float32, mode="r", shape=vectors.shape)
    assert grouped(mapped).tolist() == grouped(vectors).tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16))
def test_the_order_of_the_input_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    vectors, _ = people(8, 6, cosine=0.5, dimensions=32, seed=seed)
    quality, places, start = rng.uniform(0, 0.7, 48), rng.integers(0, 13, 48), rng.integers(-6, 6, 48).clip(-1)
    vectors[40:], places[40:] = vectors[:8], rng.integers(13, 17, 8)  # copies of pictures tie
    order = rng.permutation(48)
    straight = grouped(vectors, quality, np.stack([np.arange(48), places], 1), start)
    shuffled = grouped(vectors[order], quality[order], np.stack([np.arange(48), (9 - places)[order]], 1), start[order])
    assert partition(straight, range(48)) == partition(shuffled, order.tolist())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16))
def test_no_group_holds_a_picture_twice(seed):
    rng = np.random.default_rng(seed)
    vectors, places = unit(rng.normal(size=(60, 8))), rng.integers(0, 20, 60)
    labels = grouped(vectors, rng.uniform(0, 1, 60), np.stack([np.arange(60), places], 1))
    assert len(set(zip(labels.tolist(), places.tolist(), strict=True))) == 60


def test_the_number_of_threads_does_not_matter():
    vectors, _ = people(300, 6, cosine=0.55)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = grouped(vectors)
        torch.set_num_threads(3)
        assert grouped(vectors).tolist() == one.tolist()
    finally:
        torch.set_num_threads(threads)


def test_a_larger_archive_asks_for_more():
    config = ClusteringConfig()
    cosines = [link_cosine(count, config) for count in (2, 100, 500, 1000, 10**6)]
    assert cosines == sorted(cosines)
    assert cosines[0] == config.lowest_cosine
    assert cosines[-1] == pytest.approx(config.highest_cosine)


def test_vectors_may_have_any_length():
    vectors, truth = people(3, 4, dimensions=512)
    assert partition(grouped(vectors), range(12)) == partition(truth, range(12))
