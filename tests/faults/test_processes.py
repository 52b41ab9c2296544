"""Processes that are killed or asked to end at any moment: nothing half-made has a name, and the same command goes on to the same end."""

import os
import random
import shutil
import signal
import time
from dataclasses import replace

import pytest

from tests.faults.judged import again, seen

LONG = [pytest.mark.long]
ON_RAY = ("--ray", "local", "--set", "engine.workers=2")


def drawn(seed, calm):
    """A moment in which items are worked on."""
    chance = random.Random(seed)
    return chance.randrange(calm.items), chance.choice((0, 0.05, 0.5)) * chance.random(), chance


@pytest.mark.fault("F2", "resume exact")
@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=LONG) for seed in range(3, 9))])
def test_after_the_driver_is_killed_the_same_command_ends_as_undisturbed(seed, calm, command, tell):
    items, seconds, chance = drawn(seed, calm)
    was_killed = command.killed(items, seconds, "driver", chance)
    assert calm.torn(command) == []
    judged = calm.resumed(command)
    twice = again(seen(command.output))
    tell(judged, f"{'killed' if was_killed else 'ended'} after {items} items; {twice} done twice")


@pytest.mark.long
@pytest.mark.engine
@pytest.mark.fault("F2", "resume exact")
def test_after_a_driver_with_ray_is_killed_the_same_command_ends_as_undisturbed(calm, command, tell):
    items, seconds, chance = drawn(11, calm)
    on_ray = replace(command, more=ON_RAY)
    assert on_ray.killed(items, seconds, "driver", chance)
    assert calm.torn(on_ray) == []
    tell(calm.resumed(on_ray), f"killed after {items} items")


@pytest.mark.long
@pytest.mark.engine
@pytest.mark.fault("F1", "the run goes on, exact")
@pytest.mark.parametrize("seed", [21, 22])
def test_a_worker_that_is_killed_is_replaced_and_nobody_blamed(seed, calm, command, tell):
    items, seconds, chance = drawn(seed, calm)
    on_ray = replace(command, more=ON_RAY)
    assert on_ray.killed(items, seconds, "worker", chance)
    tell(calm.resumed(on_ray), f"killed after {items} items")


@pytest.mark.fault("F2", "exit 130, said in a line, resume exact")
@pytest.mark.parametrize("more", [(), pytest.param(ON_RAY, marks=[*LONG, pytest.mark.engine])], ids=["here", "on Ray"])
def test_an_interrupt_keeps_what_was_finished(more, calm, command, tell):
    one = replace(command, more=more)
    job = one.start()
    assert job.until(calm.items // 2)
    job.signal(signal.SIGINT)
    code, out, err = job.ended(60)
    finished = out.count('"event": "item"')
    assert code == 130, err
    assert "f2s: interrupted; what was finished is kept, the same command goes on from there" in err.splitlines()
    assert "Traceback" not in err
    assert calm.torn(one) == []
    judged = calm.resumed(one)
    assert again(seen(one.output)) <= 1, "what was finished is not kept"
    tell(judged, f"exit {code} after {finished} items")


@pytest.mark.fault("F2", "exit 143, resume exact")
@pytest.mark.parametrize("more", [(), pytest.param(ON_RAY, marks=[*LONG, pytest.mark.engine])], ids=["here", "on Ray"])
def test_who_is_asked_to_end_ends_at_once(more, calm, command, tell):
    one = replace(command, more=more)
    job = one.start()
    assert job.until(calm.items // 3)
    os.kill(job.pid, signal.SIGTERM)
    begin = time.monotonic()
    code, _, err = job.ended(60)
    seconds = time.monotonic() - begin
    assert (code, "Traceback" in err) == (143, False), err
    assert calm.torn(one) == []
    tell(calm.resumed(one), f"exit {code} after {seconds:.1f} s")


@pytest.mark.long
@pytest.mark.fault("F7", "a line, exit 3, resume exact")
def test_a_run_that_may_not_take_the_memory_it_needs(calm, command, tell):
    if shutil.which("prlimit") is None:
        pytest.skip("memory cannot be limited here: prlimit is not there")
    ended = replace(command, before=("prlimit", f"--as={3 * 2**30}")).to_its_end()
    assert (ended[0], "Traceback" in ended[2]) == (3, False), ended
    assert calm.torn(command) == []
    tell(calm.resumed(command), ended[2].strip())
