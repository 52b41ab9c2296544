"""A film whose driver or whose worker is killed in the middle ends with the bytes and the rows of one left in peace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from f2s_ray.stages.outputs import WORK
from tests.stages.films import pan, still_life, write_film
from tests.whole.made import f2s, files, left_aside, rows

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
PIECES = ("--set", "restore.film.segment_frames=8")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reel")
    write_film(folder / "street.mkv", [*pan(20), *still_life(12)])
    return folder


@pytest.fixture(scope="module")
def words(source, tiny_weights):
    def to(output, *more):
        return ["restore", str(source), str(output), "--set", f"model.weights={tiny_weights}", *PIECES, *more]

    return to


@pytest.fixture(scope="module")
def undisturbed(words, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    assert f2s(*words(output)).code == 0
    return output


def same(output, undisturbed):
    assert files(output / "restored") == files(undisturbed / "restored")
    assert rows(output) == rows(undisturbed)
    assert left_aside(output) == []


@pytest.mark.slow
@pytest.mark.fault("F2", "resume exact, whole segments kept")
def test_after_a_kill_between_two_segments(words, undisturbed, tmp_path):
    output = tmp_path / "out"
    life = [sys.executable, "-m", "tests.whole.life", f"/{WORK}/", "5", *words(output, "--quiet")]
    assert subprocess.run(life, env=ENVIRONMENT, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert len([one for one in (output / WORK).iterdir() if not one.name.startswith(("inflight-", "making-"))]) == 2
    assert f2s(*words(output)).code == 0
    same(output, undisturbed)


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.fault("F1", "the run goes on, exact")
def test_after_a_worker_is_killed_at_its_segment(words, undisturbed, tmp_path):
    pytest.importorskip("ray")
    output = tmp_path / "out"
    command = [sys.executable, "-c", "from f2s_ray.cli import main; main()", *words(output, "--ray", "local")]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as job:
        while job.poll() is None and not list(output.glob(f"{WORK}/making-*")):
            time.sleep(0.02)
        killed = [worker for worker in psutil.Process(job.pid).children(recursive=True) if _is_at_work(worker)]
        for worker in killed:
            worker.kill()
        assert job.wait() == 0, (job.stderr.read() if job.stderr else b"").decode()
    assert killed
    same(output, undisturbed)


def _is_at_work(process: psutil.Process) -> bool:
    return " ".join(process.cmdline()).startswith("ray::MapWorker")
