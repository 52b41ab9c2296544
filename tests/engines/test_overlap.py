import time
from threading import Barrier, Event, Thread

import pytest

from f2s_ray.clock import Clock, waited_seconds
from f2s_ray.engines.overlap import Turns, overlapped


def test_so_many_items_are_worked_on_at_once():
    together = Barrier(3, timeout=20)
    assert sorted(overlapped(lambda item: (together.wait(), item)[1], range(6), 3)) == list(range(6))


def test_one_at_once_is_one_after_the_other():
    order = []
    for item in overlapped(lambda item: order.append(item) or item, [3, 1, 2], 1):
        order.append(-item)
    assert order == [3, -3, 1, -1, 2, -2]


def test_what_ends_first_comes_first():
    slow = Event()

    def run(item):
        assert item != "slow" or slow.wait(20)
        return item

    found = overlapped(run, ["slow", "a", "b"], 2)
    assert sorted([next(found), next(found)]) == ["a", "b"]
    slow.set()
    assert list(found) == ["slow"]


def test_a_bug_is_raised_after_what_had_begun_has_ended():
    began, found = Event(), []

    def run(item):
        if item == "bug":
            assert began.wait(20)
            raise ZeroDivisionError
        began.set()
        time.sleep(0.5)
        return item

    with pytest.raises(ZeroDivisionError):
        found.extend(overlapped(run, ["bug", "a", *range(1000)], 2))
    assert "a" in found
    assert len(found) < 5


def test_who_stops_taking_interrupts_what_has_begun():
    began, ends = Event(), []

    def run(item):
        if item == "quick":
            assert began.wait(20)
            return item
        try:
            began.set()
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            ends.append(item)
            raise

    found = overlapped(run, ["quick", "endless", "never"], 2)
    assert next(found) == "quick"
    found.close()
    assert set(ends) <= {"endless", "never"}
    assert "endless" in ends


def test_who_goes_alone_waits_for_all_and_lets_nobody_begin():
    turns, order = Turns(), []
    inside, leave = Event(), Event()

    def together(name):
        with turns.taken(alone=False):
            order.append(name)
            inside.set()
            assert leave.wait(20)
            order.append(f"{name} ended")

    def alone():
        with turns.taken(alone=True):
            order.append("alone")
            time.sleep(0.1)
            order.append("alone ended")

    threads = [Thread(target=together, args=("a",)), Thread(target=alone), Thread(target=together, args=("b",))]
    threads[0].start()
    assert inside.wait(20)
    for thread in threads[1:]:
        thread.start()
        time.sleep(0.2)
    assert order == ["a"]
    leave.set()
    for thread in threads:
        thread.join(20)
    assert order == ["a", "a ended", "alone", "alone ended", "b", "b ended"]


def test_a_thread_knows_how_long_it_worked_and_how_long_it_waited():
    clock, asks, told = Clock(), Event(), {}

    def run():
        asks.set()
        begin = time.perf_counter()
        with clock:
            told["until its turn"] = time.perf_counter() - begin
        told["waited"], told["worked"] = waited_seconds(), clock.seconds

    with clock:
        thread = Thread(target=run)
        thread.start()
        assert asks.wait(20)
        time.sleep(0.5)
    thread.join(20)
    assert 0.1 < told["waited"] <= told["until its turn"]
    assert told["worked"] < 0.5 <= clock.seconds
