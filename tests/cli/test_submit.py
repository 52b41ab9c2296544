"""The commands of the README on a real cluster, with the archive on a real S3 server; and what else can happen to a job."""

import hashlib
import itertools
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from f2s_catalog.place import place

from f2s_ray.cli.submit import entrypoint
from f2s_ray.config import load
from f2s_ray.errors import ConfigError
from tests.faults.made import ROOT, make_archive
from tests.jobs.test_jobs import names_drawn
from tests.ports import free_ports
from tests.s3_server import SECRET, wire_to
from tests.whole.made import PEOPLE

pytest.importorskip("ray", reason="needs f2s-ray[cluster]")

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(1800)]
TOKEN = secrets.token_hex(32)


def readme_commands() -> list[str]:
    section = (ROOT / "README.md").read_text().partition("## On a cluster\n")[2]
    return section.split("```")[1].strip().splitlines()


@dataclass(frozen=True)
class Running:
    """A cluster of one node, and the shell of a user who has its token and the keys of a bucket."""

    folder: Path
    temporary: Path
    variables: dict[str, str]
    address: str
    metrics_port: int
    dashboard: str
    weights: Path

    def shell(self, command: str, **more: str) -> subprocess.Popen:
        """A command of the README, on these ports and in this bucket."""
        command = command.replace("http://127.0.0.1:8265", self.dashboard).replace(
            "s3://archive/", "s3://films/cluster/"
        )
        return subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            env={name: value for name, value in {**self.variables, **more}.items() if value},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def submit(self, *places: object, more: str = "", **variables: str) -> subprocess.Popen:
        words = shlex.join(map(str, places))
        setting = f"--set model.weights={self.weights} --set engine.workers=1"
        return self.shell(f"f2s submit {words} --address {self.dashboard} {setting} {more}", **variables)

    def jobs(self) -> dict[str, dict]:
        request = urllib.request.Request(f"{self.dashboard}/api/jobs/", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request) as answer:
            return {job["submission_id"]: job for job in json.load(answer) if job["submission_id"]}

    def metrics(self) -> set[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            return set(re.findall(r"^(ray_f2s_\w+)\{", answer.read().decode(), re.MULTILINE))


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate()
    return process.returncode, out, err


@pytest.fixture(scope="module")
def cluster(s3, tmp_path_factory, tiny_weights):
    """Begun by the README's second command; its processes are those that work in its home."""
    temporary = tempfile.mkdtemp(prefix="f2s-", dir="/tmp")  # sockets lie below, and their paths may not be long
    home = tmp_path_factory.mktemp("home")
    gcs, dashboard, metrics, agent, grpc = free_ports(5)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RAY_"))}
    variables |= {**s3.variables, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0"}
    # A machine that runs tests has more to do, and what they run is over before Ray would tell of it.
    variables |= {"RAY_worker_niceness": "0", "RAY_metrics_report_interval_ms": "500"}
    variables |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}",
    }
    variables |= {"HOME": str(home), "F2S_CACHE": os.environ.get("F2S_CACHE", str(Path.home() / ".cache/f2s_ray"))}
    running = Running(
        home, Path(temporary), variables, f"127.0.0.1:{gcs}", metrics, f"http://127.0.0.1:{dashboard}", tiny_weights
    )
    ports = f"--port {gcs} --dashboard-port {dashboard} --metrics-export-port {metrics}"
    agents = f"--dashboard-agent-listen-port {agent} --dashboard-agent-grpc-port {grpc}"
    size = f"--temp-dir {temporary} --num-cpus 2 --num-gpus 1 --object-store-memory 150000000"
    code, out, err = ended(running.shell(f"{readme_commands()[1]} {ports} {agents} {size}"))
    try:
        assert code == 0, out + err
        yield running
    finally:
        for process in psutil.process_iter(["cwd"]):
            if process.info["cwd"] == str(home):
                process.kill()
        time.sleep(2)
        shutil.rmtree(temporary, ignore_errors=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Two pictures of a person, one of nobody, and a file that fails."""
    whole, folder = make_archive(tmp_path_factory.mktemp("whole")), tmp_path_factory.mktemp("archive")
    for path in (*PEOPLE[:2], "scans/grey.jpg", "empty.jpg"):
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy2(whole / path, folder / path)
    return folder


@pytest.fixture(scope="module")
def expected(cluster, archive, tmp_path_factory):
    """The same archive restored in one process, and its last line."""
    output = tmp_path_factory.mktemp("here") / "out"
    words = f"f2s restore {archive} {output} --set model.weights={cluster.weights}"
    code, out, err = ended(cluster.shell(words))
    assert (code, err) == (1, "")
    return digests(output), out.splitlines()[-1]


def digests(output) -> dict[str, str]:
    from f2s_catalog.storage import read, walk

    there = place(str(output)) / "restored"
    return {found.path: hashlib.sha256(read(there / found.path)).hexdigest() for found in walk(there)}


def test_the_commands_of_the_readme_restore_an_archive_in_a_bucket_on_a_cluster(
    cluster, archive, expected, s3, variables
):
    s3.upload(archive, "cluster/photos")
    token, _, submit = readme_commands()
    assert token.startswith("export RAY_AUTH_MODE=token RAY_AUTH_TOKEN=")
    with metrics_meanwhile(cluster) as served:
        code, out, err = ended(cluster.shell(f"{submit} --set model.weights={cluster.weights} --set engine.workers=1"))
    assert (code, out.splitlines()[-1]) == (1, expected[1]), err
    assert {json.loads(line)["event"] for line in out.splitlines()[:-1]} == {"step", "item"}
    assert digests("s3://films/cluster/restored") == expected[0]
    (job,) = cluster.jobs().values()
    assert job["runtime_env"] == {}
    assert SECRET not in json.dumps(job)
    assert names_drawn() - served == {"ray_f2s_gpu_seconds_total"}  # no worker held one
    logs = [path for path in cluster.temporary.glob("session_*/logs/**/*") if path.is_file()]
    assert len(logs) > 10
    assert [path for path in logs if SECRET.encode() in path.read_bytes() or TOKEN.encode() in path.read_bytes()] == []


@contextmanager
def metrics_meanwhile(cluster):
    """Names at the cluster's endpoint, looked at every second: a run's are there as long as it is, and a little more."""
    seen, is_over = set(), threading.Event()

    def look():
        while not is_over.wait(1):
            seen.update(cluster.metrics())

    looking = threading.Thread(target=look)
    looking.start()
    yield seen
    is_over.set()
    looking.join()


def test_a_job_that_is_left_goes_on_and_the_same_command_follows_it(cluster, archive, tmp_path):
    before, last = set(cluster.jobs()), "1 done, 0 failed, 0 pending"
    (tmp_path / "in").mkdir()
    shutil.copy(archive / "scans/grey.jpg", tmp_path / "in")
    places = (tmp_path / "in", tmp_path / "out")
    with wire_to(cluster.dashboard) as wire:
        first = cluster.submit(*places, more=f"--address {wire.endpoint}")
        seen = [until_an_item(first)]
        wire.cut()
        seen.append(until_an_item(first))  # after it asked again
        first.send_signal(signal.SIGINT)
        code, _, err = ended(first)
    assert seen[0] != seen[1]
    (job_id,) = set(cluster.jobs()) - before
    assert code == 130
    assert err.splitlines()[-1] == (
        f"f2s: job {job_id} goes on; the same command follows it again, "
        f"`ray job stop {job_id} --address {wire.endpoint}` ends it"
    )
    assert cluster.jobs()[job_id]["status"] == "RUNNING"
    code, out, err = ended(cluster.submit(*places))
    assert (code, out.splitlines()[-1]) == (0, last)
    assert f"f2s: job {job_id} goes on at {cluster.dashboard}" in err.splitlines()
    assert '"item"' in out  # from its begin
    assert set(cluster.jobs()) - before == {job_id}
    code, out, err = ended(cluster.submit(*places))
    assert (code, out.splitlines()[-1]) == (0, last)
    assert f"f2s: job {job_id}-2 begins at {cluster.dashboard}" in err.splitlines()
    assert '"item"' not in out


def until_an_item(job: subprocess.Popen) -> str:
    return next(line for line in job.stdout if '"item"' in line)


def test_what_the_job_says_is_wrong_is_passed_on(cluster, tmp_path):
    code, out, _ = ended(cluster.submit(tmp_path / "nowhere", tmp_path / "out"))
    assert (code, out.splitlines()[-1]) == (
        2,
        f"f2s: INPUT {tmp_path}/nowhere is not there; give a folder or a bucket with photos",
    )


@pytest.mark.parametrize(
    ("more", "variables", "code", "said"),
    [
        (
            "",
            {"RAY_AUTH_TOKEN": ""},
            3,
            "the cluster's token is needed: set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH to the file that holds it",
        ),
        ("", {"RAY_AUTH_TOKEN": "no" * 32}, 3, "the token is not that of this cluster"),
        ("--address http://127.0.0.1:9", {}, 3, "nobody answers at http://127.0.0.1:9; "),
        ("--address 127.0.0.1:8265", {}, 2, "give the dashboard of the head, http://HEAD:8265"),
        ("--set plan.nonsense=1", {}, 2, "plan.nonsense: no such key"),
    ],
)
def test_what_is_wrong_before_is_one_line(cluster, more, variables, code, said):
    came, out, err = ended(cluster.submit("s3://films/a", "s3://films/b", more=more, **variables))
    assert (came, out, len(err.splitlines())) == (code, "", 1), err
    assert said in err
    assert TOKEN not in err


def test_a_cluster_is_joined_by_its_address_and_nobody_is_let_in_without_the_token(cluster, archive, tmp_path):
    words = f"f2s index {archive} {tmp_path / 'out'} --ray {cluster.address}"
    for token, said in (("", "the cluster's token is needed"), ("no" * 32, "Failed to connect to Ray cluster")):
        code, _, err = ended(cluster.shell(words, RAY_AUTH_TOKEN=token))
        assert code == 3
        assert err.splitlines()[-1].startswith(f"f2s: Ray cannot start: {said}")
        assert err.splitlines()[-1].endswith(f"see that the head runs at {cluster.address} and has this token")
    code, out, err = ended(cluster.shell(words))
    assert (code, out.splitlines()[-1]) == (1, "3 done, 1 failed, 0 pending"), err


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("no" * 32, 403)])
@pytest.mark.parametrize("path", ["/api/jobs/", "/nodes", "/api/cluster_status"])
def test_the_dashboard_answers_nobody_without_the_token(cluster, path, token, status):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(cluster.dashboard + path, headers=headers))
    caught.value.close()
    assert caught.value.code == status


def test_seconds_of_gpus_are_counted(cluster, tmp_path):
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / f"{name}.png").write_bytes(b"x")
    lines = (
        "from pathlib import Path; from f2s_catalog.ledger import Catalog; from f2s_ray.engines.ray_data import RayConfig, run",
        "from tests.engines.placed import placed_flow",
        f"config = RayConfig(address={cluster.address!r}, gpus_per_worker=0.5)",
        f"run(placed_flow(Path({str(tmp_path / 'in')!r}), 1.0), Catalog(Path({str(tmp_path / 'out')!r})), 'run', config=config)",
    )
    with metrics_meanwhile(cluster) as served:
        code, out, err = ended(cluster.shell(shlex.join([sys.executable, "-c", "\n".join(lines)])))
    assert code == 0, out + err
    assert "ray_f2s_gpu_seconds_total" in served


def test_what_is_chosen_travels_in_the_words_and_decides_which_job_it_is(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text(
        "model: {tile_px: 256}\nengine: {kind: ray, address: 10.0.0.1:6379, workers: 9}\n"
    )
    config = load(str(tmp_path / "mine.yaml"), ["restore.film.preset=ffv1", "references.count=3"])
    words = entrypoint("s3://a/it's & so", "s3://a/out", config, 5)
    assert words[:6] == ["f2s", "restore", "s3://a/it's & so", "s3://a/out", "--ray", "auto"]
    assert words[-2:] == ["--limit", "5"]
    overrides = [word for before, word in itertools.pairwise(words) if before == "--set"]
    assert load(None, [*overrides, "engine.kind=ray", "engine.address=10.0.0.1:6379"]) == config
    assert capsys.readouterr().err == ""
    with pytest.raises(ConfigError, match="lies inside INPUT"):
        entrypoint("s3://a/in", "s3://a/in/out", config, None)


def test_a_folder_must_be_the_same_on_all_nodes_and_its_whole_path_travels(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = entrypoint("in", "s3://a/out", load(None, []), None)
    assert words == ["f2s", "restore", str(tmp_path / "in"), "s3://a/out", "--ray", "auto"]
    assert capsys.readouterr().err == f"f2s: {tmp_path / 'in'} is a folder: all nodes must have the same one there\n"
