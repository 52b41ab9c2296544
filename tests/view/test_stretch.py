"""The stretch that moves on the page lies in one shot, where people are seen longest."""

import pytest

from f2s_ray.view.reading import read_tables
from f2s_ray.view.stretch import choose_stretch

RATE = 5


@pytest.fixture
def stretch_of(archive):
    def choose(frame=0, **film):
        item = archive.add_film("film.mkv", rate=RATE, **film)
        return choose_stretch(read_tables(archive.catalog(), 200), item, frame)

    return choose


def span(stretch):
    return pytest.approx((stretch.start_seconds, stretch.stop_seconds))


def test_nobody_seen_is_the_middle_of_the_longest_shot(stretch_of):
    stretch = stretch_of(count=100, shots=((0, 20), (20, 70), (70, 100)))
    assert span(stretch) == (7.5, 10.5)
    assert stretch.why == "the longest shot"


def test_two_people_together_are_worth_more_than_one_for_long(stretch_of):
    stretch = stretch_of(count=100, seen=((0.0, 12.0), (8.0, 9.0), (15.0, 19.0)))
    assert stretch.start_seconds <= 8.0
    assert stretch.stop_seconds >= 9.0
    assert stretch.why == "where people are seen longest"


def test_a_short_shot_is_shown_whole_and_its_cut_is_not_crossed(stretch_of):
    stretch = stretch_of(count=60, shots=((0, 50), (50, 60)), seen=((10.0, 12.0),))
    assert span(stretch) == (10.0, 12.0)


def test_among_equals_the_nearest_to_the_large_frame_wins(stretch_of):
    assert span(stretch_of(count=100, seen=((0.0, 19.8),), frame=60)) == (10.5, 13.5)


def test_who_is_met_in_one_frame_only_is_found(stretch_of):
    stretch = stretch_of(count=100, seen=((16.0, 16.0),))
    assert stretch.start_seconds <= 16.0 < stretch.stop_seconds


def test_a_film_without_shots_has_none(archive):
    item = archive.add_film("film.mkv")
    tables = read_tables(archive.catalog(), 200)
    tables.shots.clear()
    assert choose_stretch(tables, item, 0) is None
