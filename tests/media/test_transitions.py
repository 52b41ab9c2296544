import pytest

from f2s_ray.media.frame_looks import look_at
from f2s_ray.media.transitions import History, dissolve, fade, hard_cut
from tests.media.films import black, dissolved, faded, pixels, still, texture, window


def history(frames, length=100):
    seen = History(length)
    for frame in pixels(frames):
        seen.add(look_at(frame))
    return seen


def never(first, stop):
    return False


def always(first, stop):
    return True


def test_a_history_forgets_what_is_old():
    seen = history(still(1, 12), length=5)
    assert (seen.first, seen.stop) == (7, 12)
    assert seen.step(7) < 0.1
    with pytest.raises(KeyError):
        seen.look(6)


def test_a_hard_cut_is_where_the_new_scene_begins():
    seen = history(still(1, 10) + still(2, 10))
    assert [frame for frame in range(20) if hard_cut(seen, frame)] == [10]
    assert hard_cut(seen, 10).score > 0.4


@pytest.mark.parametrize("length", [1, 2, 3])
def test_another_picture_for_up_to_three_frames_is_no_cut(length):
    seen = history(still(1, 10) + still(2, length) + still(1, 10))
    assert not any(hard_cut(seen, frame) for frame in range(seen.stop))


def test_another_picture_for_four_frames_is_a_shot():
    seen = history(still(1, 10) + still(2, 4) + still(1, 10))
    assert [frame for frame in range(seen.stop) if hard_cut(seen, frame)] == [10, 14]


def test_a_dissolve_is_found_around_its_middle():
    seen = history(still(1, 20) + dissolved(window(texture(1)), window(texture(2)), 12) + still(2, 20))
    found = [frame for frame in range(seen.stop) if dissolve(seen, frame, never)]
    assert found
    assert 20 <= min(found) <= 26 <= max(found) <= 32
    assert not any(hard_cut(seen, frame) for frame in range(seen.stop))


def test_what_holds_a_cut_is_no_dissolve():
    seen = history(still(1, 20) + dissolved(window(texture(1)), window(texture(2)), 12) + still(2, 20))
    assert not any(dissolve(seen, frame, always) for frame in range(seen.stop))


def test_a_slow_pan_is_no_dissolve():
    picture = texture(3)
    seen = history([window(picture, 6 * i) for i in range(50)])
    assert not any(dissolve(seen, frame, never) for frame in range(seen.stop))


def test_a_fade_is_cut_in_the_middle_of_the_black():
    down = [1 - i / 10 for i in range(10)]
    frames = still(1, 10) + faded(still(1, 10), down) + black(6) + faded(still(2, 10), down[::-1]) + still(2, 10)
    seen = history(frames)
    blank = [frame for frame in range(1, seen.stop) if seen.is_blank(frame)]
    assert set(range(21, 26)) <= set(blank) <= set(range(18, 29))
    cut = fade(seen, blank[0], blank[-1] + 1, seen.look(blank[0] - 4))
    assert 20 <= cut.frame <= 26
    assert cut.score == 1


def test_black_that_ends_at_once_is_cut_there():
    seen = history(still(1, 10) + black(9) + still(2, 15))
    assert fade(seen, 10, 19, seen.look(6)).frame == 19


@pytest.mark.parametrize(("next_scene", "is_cut"), [(1, False), (2, True)])
def test_two_black_frames_are_a_cut_only_where_another_scene_follows(next_scene, is_cut):
    seen = history(still(1, 10) + black(2) + still(next_scene, 10))
    assert bool(fade(seen, 10, 12, seen.look(6))) is is_cut
