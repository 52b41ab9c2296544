"""An archive in a bucket behind a network that loses, tears, changes and refuses: the same bytes, or a line and then the same bytes."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from f2s_catalog.place import place
from f2s_catalog.storage import walk

from tests.faults.judged import Judged, calm_run
from tests.faults.made import Command
from tests.faulty_wire import Fault, faulty_wire
from tests.s3_server import READER_ID, READER_SECRET
from tests.whole.made import f2s

LONG = [pytest.mark.long]
ALWAYS = 10**9
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
NO_LISTING = "^(?!.*(list-type|uploads))"  # what a listing says bears no checksum: only encryption proves that
HARMS = {
    "all kinds": [(kind, METHODS, "") for kind in ("503", "500", "reset", "slow")]
    + [("lost", ("PUT", "DELETE"), ""), *((kind, ("GET",), NO_LISTING) for kind in ("cut", "short", "flip", "empty"))],
    "refusals": [("503", METHODS, ""), ("500", METHODS, "")],
    "resets": [("reset", METHODS, "")],
    "torn and changed bodies": [(kind, ("GET",), NO_LISTING) for kind in ("cut", "short", "flip", "empty")],
    "lost answers": [("lost", ("PUT", "POST", "DELETE"), "")],
}


def harm(what, probability):
    kinds = HARMS[what]
    share = probability / len(kinds)
    return [Fault(kind, one, match, ALWAYS, share) for kind, methods, match in kinds for one in methods]


@pytest.fixture
def there(calm, command, s3, variables, tmp_path):
    """INPUT and OUTPUT in a bucket, and how what lies there is judged."""
    source = s3.upload(Path(calm.command.source), f"{tmp_path.name}/in")
    waits = {"F2S_LEASE_SECONDS": "3"}
    one = replace(command, source=source, output=source.removesuffix("in") + "out", variables=waits)
    return replace(calm, files=s3.filesystem()), one


def over(wire, one: Command) -> Command:
    return replace(one, variables={**one.variables, "AWS_ENDPOINT_URL": wire.endpoint})


def healed(calm, one: Command) -> Judged:
    """What could not be read is asked for again, then all is judged."""
    f2s("retry", one.output, "--kind", "unreadable", "--quiet")
    return calm.resumed(one)


def line_of(ended) -> str:
    """How a run ended that could not go on."""
    assert ended[0] == 3, ended
    assert "Traceback" not in ended[2]
    (line,) = ended[2].splitlines()
    return line


@pytest.mark.fault("F11", "exact")
@pytest.mark.parametrize(
    ("what", "share", "seed"),
    [
        ("all kinds", 0.02, 1),
        pytest.param("all kinds", 0.05, 2, marks=LONG),
        pytest.param("refusals", 0.05, 3, marks=LONG),
        pytest.param("resets", 0.05, 4, marks=LONG),
    ],
)
def test_requests_go_wrong_now_and_then(what, share, seed, s3, there, tell):
    calm, one = there
    with faulty_wire(s3.endpoint, *harm(what, share)) as wire:
        wire.chance = Random(seed)
        ended = over(wire, one).to_its_end()
    wrong, _ = calm.judged(one, ended)
    assert wrong == [], "\n".join(wrong)
    count = sum(fault.done for fault in wire.faults)
    tell(calm.resumed(one), f"exact at once; {count} faults in {len(wire.requests)} requests")


@pytest.mark.long
@pytest.mark.fault("F11", "exact, or a line and a resume that is")
@pytest.mark.parametrize("seed", [5, 6])
def test_more_goes_wrong_than_can_be_made_up_for(seed, s3, there, tell):
    calm, one = there
    with faulty_wire(s3.endpoint, *harm("all kinds", 0.3)) as wire:
        wire.chance = Random(seed)
        ended = over(wire, one).to_its_end()
    count = sum(fault.done for fault in wire.faults)
    end = line_of(ended) if ended[0] not in (0, 1) else f"exit {ended[0]}"
    assert calm.torn(one) == []
    tell(healed(calm, one), f"{end}; {count} faults in {len(wire.requests)} requests")


@pytest.mark.long
@pytest.mark.fault("F11", "exact")
def test_a_server_that_gives_no_answer_once(s3, there, tell):
    calm, one = there
    with faulty_wire(s3.endpoint, Fault("silent", "PUT", "restored/"), Fault("silent", "GET", "in/scans")) as wire:
        ended = over(wire, one).to_its_end()
        assert [fault.done for fault in wire.faults] == [1, 1]
    wrong, _ = calm.judged(one, ended)
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(one), "exact at once")


@pytest.mark.fault("F11", "a line with the reason, resume exact")
@pytest.mark.parametrize("kind", ["403", *(pytest.param(kind, marks=LONG) for kind in ("503", "reset"))])
def test_a_server_that_is_lost_in_the_middle(kind, s3, there, tell):
    calm, one = there
    with faulty_wire(s3.endpoint) as wire:
        job = over(wire, one).start()
        assert job.until(calm.items // 2)
        wire.faults = [Fault(kind, method, times=ALWAYS) for method in METHODS]
        line = line_of(job.ended())
    assert calm.torn(one) == []
    tell(healed(calm, one), line.replace(wire.endpoint, "SERVER"))


@pytest.mark.long
@pytest.mark.fault("F12", "read again, or an error; never other bytes in a result")
@pytest.mark.parametrize("seed", [7, 8])
def test_torn_and_changed_bodies_come_to_no_result(seed, s3, there, tell):
    calm, one = there
    with faulty_wire(s3.endpoint, *harm("torn and changed bodies", 0.3)) as wire:
        wire.chance = Random(seed)
        ended = over(wire, one).to_its_end()
    count = sum(fault.done for fault in wire.faults)
    end = line_of(ended) if ended[0] not in (0, 1) else f"exit {ended[0]}"
    assert calm.torn(one) == []
    tell(healed(calm, one), f"{end}; {count} faults in {len(wire.requests)} requests")


@pytest.mark.long
@pytest.mark.fault("F13", "one commit, no false conflict")
@pytest.mark.parametrize("seed", [9, 10])
def test_answers_that_are_lost_make_no_second_writer(seed, s3, there, tell):
    calm, one = there
    first = [Fault("lost", "PUT", "catalog/writers/[0-9]+$"), Fault("lost", "PUT", "catalog/writers/[0-9]+~")]
    with faulty_wire(s3.endpoint, *first, *harm("lost answers", 0.1)) as wire:
        wire.chance = Random(seed)
        ended = over(wire, one).to_its_end()
    assert [fault.done for fault in wire.faults[:2]] == [1, 1]
    wrong, _ = calm.judged(one, ended)
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(one), f"exact at once; {sum(fault.done for fault in wire.faults)} answers lost")


@pytest.mark.long
@pytest.mark.fault("F10", "refused before work begins")
def test_keys_that_may_only_read(s3, there, tell):
    calm, one = there
    reader = {"AWS_ACCESS_KEY_ID": READER_ID, "AWS_SECRET_ACCESS_KEY": READER_SECRET}
    line = line_of(replace(one, variables=reader).to_its_end())
    assert f"cannot write to OUTPUT {one.output}: " in line
    assert "AccessDenied" in line
    assert list(walk(place(one.output))) == []
    tell(calm.resumed(one), line)


@contextmanager
def namespace(name="f2s-fault", network="10.83.91"):
    """A network of its own with one way out, to an address of this machine."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network namespace cannot be made here: that needs root and iproute2")
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False, text=True)
    if made.returncode != 0:
        pytest.skip(f"a network namespace cannot be made here: {made.stderr.strip()}")
    try:
        for words in (
            f"ip link add {name}-a type veth peer name {name}-b netns {name}",
            f"ip addr add {network}.1/24 dev {name}-a",
            f"ip link set {name}-a up",
            f"ip -n {name} addr add {network}.2/24 dev {name}-b",
            f"ip -n {name} link set {name}-b up",
            f"ip -n {name} link set lo up",
        ):
            subprocess.run(words.split(), check=True)
        yield ("ip", "netns", "exec", name), f"{network}.1"
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.long
@pytest.mark.fault("F14", "what cannot be reached is not taken for deleted; resume exact")
def test_a_network_that_is_cut_and_comes_back(s3, there, tell):
    calm, one = there
    with namespace() as (inside, address), faulty_wire(s3.endpoint, host=address) as wire:
        far = over(wire, one)
        far = replace(far, before=inside, variables={**far.variables, "F2S_PLAIN_HTTP": "1"})
        job = far.start()
        assert job.until(calm.items // 2)
        hole = [*inside, "ip", "route", "add", "blackhole", f"{address}/32"]
        subprocess.run(hole, check=True)  # the outer end stays up: without it packets would leave by another way
        line = line_of(job.ended())
        again = line_of(far.to_its_end())
        assert "is not there" not in again
        subprocess.run([*inside, "ip", "route", "del", "blackhole", f"{address}/32"], check=True)
    assert calm.torn(one) == []
    tell(healed(calm, one), line)


@pytest.mark.long
@pytest.mark.fault("F15", "no order by the clock; where the server refuses it, a line that says so")
@pytest.mark.parametrize("skew", ["-2h", "+400d"])
def test_a_clock_that_is_wrong(skew, s3, there, command, tmp_path, tell):
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not there: apt-get install faketime")
    in_folder = replace(command, before=("faketime", "-f", skew))
    calm = calm_run(replace(in_folder, output=str(tmp_path / "calm")))  # results bear the day
    half = command.killed(calm.items // 2, 0.1, "driver", Random(1))
    wrong, _ = calm.judged(command, in_folder.to_its_end())
    assert half
    assert wrong == [], "\n".join(wrong)
    bucket, one = there
    line = line_of(replace(one, before=in_folder.before).to_its_end())
    assert "RequestTimeTooSkewed" in line
    tell(bucket.resumed(one), f"in a folder exact; in a bucket: {line}")
