"""Ray itself is harmed: its nodes, its head, its calls, its memory and its disks."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from f2s_ray.engines.ray_settings import set_token
from tests.faults.made import PATIENCE_SECONDS, began

pytestmark = [pytest.mark.long, pytest.mark.engine]
ON_RAY = ("--ray", "local", "--set", "engine.workers=2")


def line_of(ended) -> str:
    """How a run ended that could not go on."""
    code, out, err = ended
    assert code == 3, ended
    assert "Traceback" not in err
    assert "done, " not in out
    lines = [line for line in err.splitlines() if line.startswith("f2s: ")]
    assert len(lines) == 1, err
    return lines[0]


def processes(job, word):
    found = []
    while job.is_at_work() and not found:
        found = list(began(job.pid, word))
    return found


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("gcs_server", marks=pytest.mark.fault("F4", "ends in a minute with a line, resume exact")),
        pytest.param("raylet/raylet", marks=pytest.mark.fault("F3", "ends in a minute with a line, resume exact")),
    ],
)
def test_the_only_head_is_killed(word, calm, command, tell):
    on_ray = replace(command, more=ON_RAY)
    job = on_ray.start()
    assert job.until(calm.items // 3)
    for process in processes(job, word):
        process.kill()
    begin = time.monotonic()
    ended = job.ended()
    seconds = time.monotonic() - begin
    line = line_of(ended)
    assert seconds < 90
    assert calm.torn(on_ray) == []
    tell(calm.resumed(command), f"after {seconds:.0f} s: {line}")


@pytest.fixture
def cluster(monkeypatch):
    """A head and two nodes of one processor each, and the command's words for it."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    set_token()  # Ray keeps the first that this process has
    monkeypatch.setenv("RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE", "1")
    utils = pytest.importorskip("ray.cluster_utils")
    own = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    made = utils.Cluster(initialize_head=True, head_node_args={**own, "include_dashboard": False})
    try:
        nodes = [made.add_node(**own) for _ in range(2)]
        yield [node.all_processes["raylet"][0].process.pid for node in nodes], ("--ray", made.address, *ON_RAY[2:])
    finally:
        made.shutdown()


@pytest.mark.fault("F3", "done without that node, exact")
def test_a_node_whose_raylet_is_killed(calm, command, cluster, tell):
    (pid, _), words = cluster
    on_ray = replace(command, more=words)
    job = on_ray.start()
    assert job.until(calm.items // 3)
    os.kill(pid, signal.SIGKILL)
    begin = time.monotonic()
    wrong, _ = calm.judged(on_ray, job.ended(2 * PATIENCE_SECONDS))
    seconds = time.monotonic() - begin
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(command), f"done {seconds:.0f} s later")


@pytest.mark.fault("F3", "done without that node, exact")
def test_a_node_whose_raylet_sleeps_and_wakes(calm, command, cluster, tell):
    (pid, _), words = cluster
    on_ray = replace(command, more=words)
    job = on_ray.start()
    assert job.until(calm.items // 3)
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    try:
        job.until(calm.items // 3 + 20)
        waited = time.monotonic() - begin
    finally:
        os.kill(pid, signal.SIGCONT)
    wrong, _ = calm.judged(on_ray, job.ended(2 * PATIENCE_SECONDS))
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(command), f"twenty items later after {waited:.0f} s, then it woke and the run was done")


@pytest.mark.fault("F5", "done, exact")
@pytest.mark.parametrize(
    "variables",
    [
        {"RAY_testing_rpc_failure": '{"*":{"num_failures":30,"req_failure_prob":5,"resp_failure_prob":5}}'},
        {"RAY_testing_asio_delay_us": "*=0:20000"},
    ],
    ids=["lost", "late"],
)
def test_calls_inside_ray_that_are_lost_or_late(variables, calm, command, tell):
    on_ray = replace(command, more=ON_RAY, variables=variables)
    ended = on_ray.start().ended(2 * PATIENCE_SECONDS)
    if ended[0] == 3:
        seen = line_of(ended)
    else:
        wrong, _ = calm.judged(on_ray, ended)
        assert wrong == [], "\n".join(wrong)
        seen = "exact at once"
    tell(calm.resumed(command), seen)


def small(folder: str, size: str, kept: Path) -> tuple[str, ...]:
    """Words before a command that mount a small file system there, for it alone; ``kept`` stays as it is, even below it."""
    mount = (
        f'd=$(mktemp -d -p /dev/shm) && mount --bind "{kept}" "$d" && mount -t tmpfs -o size={size} none {folder} '
        f'&& mkdir -p "{kept}" && mount --bind "$d" "{kept}"'
        if kept.is_relative_to(folder)
        else f"mount -t tmpfs -o size={size} none {folder}"
    )
    words = ("unshare", "--mount", "sh", "-c")
    if os.geteuid() != 0 or subprocess.run([*words, mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("a mount for one process cannot be made here: that needs root and the right to mount")
    return (*words, f'{mount} && exec "$@"', "sh")


@pytest.fixture
def kept(command) -> Path:
    """The folder of all tests."""
    return next(folder for folder in Path(command.output).parents if folder.name.startswith("pytest-of-"))


@pytest.mark.fault("F8", "done, exact")
def test_shared_memory_that_is_full(calm, command, kept, tell):
    on_ray = replace(command, more=ON_RAY, before=small("/dev/shm", "64k", kept))
    wrong, _ = calm.judged(on_ray, on_ray.to_its_end())
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(command), "exact at once, the store lies on the disk")


@pytest.mark.fault("F8", "a line with the reason, resume exact")
def test_a_disk_of_ray_that_is_full(calm, command, kept, tell):
    ended = replace(command, more=ON_RAY, before=small("/tmp", "64k", kept)).to_its_end()
    tell(calm.resumed(command), line_of(ended))
