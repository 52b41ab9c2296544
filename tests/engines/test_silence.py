"""Work that was lost on its way is noticed; work that takes long is not taken for it."""

import json
import signal
import threading
import time

import pytest

from f2s_ray.engines.inflight import MOST_DEATHS, InFlight
from f2s_ray.engines.silence import SilenceError, heard

SOON = 0.1


def lost_after(count):
    """So many results, then somebody waits without end."""
    yield from range(1, count + 1)
    threading.Event().wait()


def slow():
    for number in (1, 2, 3):
        time.sleep(5 * SOON)
        yield number


def test_what_is_lost_is_noticed_and_what_came_before_is_kept():
    results = heard(lost_after(3), lambda: True, SOON)
    assert [next(results) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(SilenceError):
        next(results)


def test_who_is_at_work_is_waited_for():
    assert list(heard(slow(), lambda: False, SOON)) == [1, 2, 3]


def test_one_look_at_nobody_is_no_silence():
    looks = iter([True, False] * 100)
    assert list(heard(slow(), lambda: next(looks), SOON)) == [1, 2, 3]


def test_the_first_result_may_take_long_and_the_clock_is_given_back():
    before = signal.getsignal(signal.SIGALRM)

    def first():
        time.sleep(5 * SOON)
        yield 1

    assert list(heard(first(), lambda: True, SOON)) == [1]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_whoever_takes_results_slowly_is_not_interrupted():
    for _ in heard(iter([1, 2, 3]), lambda: True, SOON):
        time.sleep(5 * SOON)


@pytest.mark.parametrize(
    ("said", "is_idle"),
    [
        ({"session": "s", "deaths": 0}, False),
        ({"session": "s", "deaths": MOST_DEATHS}, True),
        ({"session": "another", "deaths": 0}, True),
    ],
    ids=["at work", "left alone", "of another run"],
)
def test_who_is_at_work_is_written_down(said, is_idle, tmp_path):
    flight = InFlight(folder=str(tmp_path / "work"), session="s")
    assert flight.is_idle()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "inflight-1").write_text(json.dumps(said))
    assert flight.is_idle() == is_idle
