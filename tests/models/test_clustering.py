import numpy as np
import pytest
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


def pictures(count):
    return [{f"p{i}"} for i in range(count)]


def partition(labels, names):
    groups = {}
    for label, name in zip(labels, names, strict=True):
        groups.setdefault(int(label), set()).add(name)
    return {frozenset(group) for group in groups.values()}


def test_twenty_people_are_twenty_groups():
    vectors, truth = people(20, 5)
    labels = cluster(vectors, pictures(100), [0.6] * 100)
    assert partition(labels, range(100)) == partition(truth, range(100))


def test_strangers_stay_alone():
    vectors, _ = people(200, 1)
    assert len(set(cluster(vectors, pictures(200), [0.6] * 200))) == 200


def test_no_face_gives_no_label():
    assert cluster(np.empty((0, 128), dtype=np.float32), [], []).tolist() == []


def test_one_face_is_one_person():
    assert cluster(people(1, 1)[0], [{"p"}], [0.6]).tolist() == [0]


def test_labels_count_up_as_they_first_appear():
    vectors, _truth = people(4, 3)
    order = np.random.default_rng(1).permutation(12)
    labels = cluster(vectors[order], pictures(12), [0.6] * 12)
    seen = list(dict.fromkeys(labels.tolist()))
    assert seen == list(range(4))


def test_two_faces_of_one_picture_are_never_one_person():
    vectors, _ = people(1, 2, cosine=0.95)
    assert len(set(cluster(vectors, [{"same"}, {"same", "other"}], [0.6, 0.6]))) == 2
    assert len(set(cluster(vectors, [{"one"}, {"other"}], [0.6, 0.6]))) == 1


def test_one_picture_keeps_two_people_apart_through_all_their_other_pictures():
    vectors, _ = people(1, 8, cosine=0.8)
    labels = cluster(vectors, [{"both"}, {"both"}, *pictures(6)], [0.6] * 8)
    assert labels[0] != labels[1]


def test_a_chain_of_lookalikes_does_not_make_two_people_one():
    rng = np.random.default_rng(0)
    first, second = unit(rng.normal(size=(2, 128)))
    second = unit(second - (second @ first) * first)
    steps = np.linspace(0, 0.8 * np.pi, 8)
    chain = np.stack([np.cos(angle) * first + np.sin(angle) * second for angle in steps]).astype(np.float32)
    assert (chain[:-1] * chain[1:]).sum(axis=1).min() > 0.9
    labels = cluster(chain, pictures(8), [0.6] * 8)
    assert labels[0] != labels[-1]


def test_a_weak_face_joins_its_person():
    vectors, _ = people(2, 3)
    weak = between(0.6, unit(vectors[:3].mean(axis=0)))
    labels = cluster(np.vstack([vectors, weak]), pictures(7), [0.6] * 6 + [0.05])
    assert labels[6] == labels[0] != labels[3]


def test_weak_faces_alone_found_nobody():
    vectors, _ = people(1, 5, cosine=0.9)
    assert len(set(cluster(vectors, pictures(5), [0.05] * 5))) == 5


def test_a_weak_face_does_not_bridge_two_people():
    vectors, _ = people(2, 3, cosine=0.8)
    middle = unit(vectors.mean(axis=0))
    labels = cluster(np.vstack([vectors, middle]), pictures(7), [0.6] * 6 + [0.05])
    assert labels[0] != labels[3]
    assert labels[6] not in (labels[0], labels[3])


def test_copies_of_one_picture_are_no_more_evidence_than_one():
    rng = np.random.default_rng(0)
    first = unit(rng.normal(size=128))
    lookalike = between(link_cosine(2, ClusteringConfig()) - 0.02, first)
    copies = np.stack([first] * 4 + [lookalike] * 4)
    assert len(set(cluster(copies, pictures(8), [0.6] * 8))) == 2


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16))
def test_the_order_of_the_input_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    vectors, _ = people(8, 5, cosine=0.5, dimensions=32, seed=seed)
    names = [f"p{i % 13}" for i in range(40)]
    quality = rng.uniform(0, 0.7, 40)
    order = rng.permutation(40)
    straight = cluster(vectors, [{name} for name in names], quality)
    shuffled = cluster(vectors[order], [{names[i]} for i in order], quality[order])
    assert partition(straight, range(40)) == partition(shuffled, order.tolist())


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16))
def test_no_group_holds_a_picture_twice(seed):
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(60, 8)))
    names = [f"p{i}" for i in rng.integers(0, 20, 60)]
    labels = cluster(vectors, [{name} for name in names], rng.uniform(0, 1, 60))
    assert len({(int(label), name) for label, name in zip(labels, names, strict=True)}) == 60 - sum(
        len(group) - len({names[i] for i in group}) for group in partition(labels, range(60))
    )
    assert all(len(group) == len({names[i] for i in group}) for group in partition(labels, range(60)))


def test_a_larger_archive_asks_for_more():
    config = ClusteringConfig()
    cosines = [link_cosine(count, config) for count in (2, 100, 500, 1000, 10**6)]
    assert cosines == sorted(cosines)
    assert cosines[0] == config.lowest_cosine
    assert cosines[-1] == pytest.approx(config.highest_cosine)


def test_vectors_may_have_any_length():
    vectors, truth = people(3, 4, dimensions=512)
    assert partition(cluster(vectors, pictures(12), [0.6] * 12), range(12)) == partition(truth, range(12))
