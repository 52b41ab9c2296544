import numpy as np
import pytest

from f2s_ray.media.film.turn import TURNS, UPRIGHT, Turn, stored, turn_of, upright


@pytest.mark.parametrize("signs", TURNS)
def test_every_turn_moves_each_pixel_where_the_matrix_says(signs: tuple[int, int, int, int]) -> None:
    frame = np.arange(12).reshape(3, 4)
    a, b, c, d = signs
    places = {(a * x + c * y, b * x + d * y): frame[y, x] for y in range(3) for x in range(4)}
    columns, rows = (sorted({place[axis] for place in places}) for axis in (0, 1))
    shown = np.array([[places[x, y] for x in columns] for y in rows])
    turn = turn_of((a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30))
    assert np.array_equal(upright(frame, turn), shown)
    assert np.array_equal(stored(shown, turn), frame)


def test_no_matrix_and_a_slanted_one_leave_frames_as_they_are() -> None:
    assert turn_of(None) == UPRIGHT
    assert turn_of((46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)) == UPRIGHT
    assert turn_of((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)) == Turn(1, False)
