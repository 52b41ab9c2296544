import numpy as np

from f2s_ray.models.cluster_places import Places


def array(*values):
    return np.array(values, dtype=np.int32)


def test_groups_that_share_a_place_clash_and_others_do_not():
    places = Places(array(0, 1, 1, 2), array(9, 9, 4, 4))
    assert places.clash(array(0, 1, 0, 2), array(1, 2, 2, 2)).tolist() == [True, True, False, True]


def test_a_place_that_one_group_has_alone_parts_nobody():
    places = Places(array(0, 0, 1), array(5, 5, 6))
    assert places.clash(array(0), array(1)).tolist() == [False]


def test_a_group_takes_over_the_places_of_those_that_become_part_of_it():
    places = Places(array(0, 1, 2, 3), array(7, 7, 8, 8))
    assert not places.clash(array(0), array(3))[0]
    places.unite(array(0, 1, 0, 3))
    assert places.clash(array(0, 0, 1), array(3, 1, 3)).tolist() == [True, True, False]


def test_of_those_that_share_a_place_the_first_comes_first_to_a_home():
    places = Places(array(1, 2, 3, 3, 4), array(0, 0, 0, 6, 6))
    assert places.first_come(array(1, 2, 3, 4), array(8, 8, 9, 9)).tolist() == [True, False, True, False]


def test_who_is_nowhere_comes_first_and_clashes_with_nobody():
    places = Places(array(), array())
    assert places.first_come(array(1, 2), array(0, 0)).tolist() == [True, True]
    assert places.clash(array(1), array(2)).tolist() == [False]
