"""Kills, a bad network and a disk that fills up, all together, for as long as ``--soak`` says."""

import shutil
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.faulty_wire import Fault, faulty_wire
from tests.whole.made import f2s

ALWAYS = 10**9
METHODS = ("GET", "HEAD")  # OUTPUT is a folder here
SEED = 51


@pytest.fixture
def minutes(request):
    found = request.config.getoption("soak")
    if not found:
        pytest.skip("how long is said with --soak MINUTES")
    return found


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.fault("F21", "exact in each round")
def test_all_together(minutes, calm, command, s3, variables, disk, record_property):
    chance, seen, seconds = Random(SEED), Counter(), []
    over = replace(calm, files=s3.filesystem())
    one = replace(command, source=s3.upload(Path(calm.command.source), "soak/in"), output=str(disk / "out"))
    end = time.monotonic() + 60 * minutes
    with faulty_wire(s3.endpoint) as wire:
        wire.chance = chance
        bad = replace(one, variables={"AWS_ENDPOINT_URL": wire.endpoint})
        while time.monotonic() < end:
            share = chance.choice((0.02, 0.1, 0.3)) / 4
            wire.faults = [
                Fault(kind, method, "", ALWAYS, share)
                for kind in ("503", "reset", "slow", "lost")
                for method in METHODS
            ]
            for _ in range(chance.randrange(1, 4)):
                seen.update(disturbed(bad, chance, calm.items, disk))
            assert over.torn(one) == []
            f2s("retry", one.output, "--kind", "unreadable", "--quiet")
            judged = over.resumed(one)
            assert judged.wrong == [], f"round {seen['rounds']}"
            seen.update(rounds=1, faults=sum(fault.done for fault in wire.faults))
            seconds.append(judged.seconds)
            shutil.rmtree(one.output)
    record_property("seen", ", ".join(f"{count} {what}" for what, count in seen.items()))
    record_property("lost", 0)
    record_property("recovery_seconds", round(max(seconds), 1))


def disturbed(bad, chance, items, disk) -> list[str]:
    """One run that is killed, or whose disk fills up, or both."""
    ballast = disk / "ballast"
    if is_full := chance.random() < 0.5:
        room = chance.randrange(250_000, 1_500_000)
        ballast.write_bytes(bytes(max(shutil.disk_usage(disk).free - room, 0)))
    was_killed = bad.killed(chance.randrange(items), 0.5 * chance.random(), "driver", chance)
    ballast.unlink(missing_ok=True)
    return ["kills"] * was_killed + ["small disks"] * is_full
