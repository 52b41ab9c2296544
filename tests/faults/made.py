"""A small archive for runs that are disturbed, the command on it, and who is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.media.samples import SAMPLES, saved
from tests.whole.made import PEOPLE, SAMPLED, _shipped

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 180


def make_archive(folder: Path) -> Path:
    """Nine pictures, two of them of one person, and three files that cannot be restored."""
    astronaut = _shipped("skimage", "data/astronaut.png")
    contents = {
        PEOPLE[0]: saved(astronaut.resize((256, 256)), "JPEG", quality=95),
        PEOPLE[1]: saved(astronaut.crop((80, 0, 368, 288)).resize((160, 160)), "JPEG", quality=40),
        **{path: SAMPLES[sample]() for path, sample in list(SAMPLED.items())[:8] if "folder" not in path},
        "empty.jpg": b"",
        "page.jpg": b"<html></html>",
        "torn.jpg": SAMPLES["rgb.jpg"]()[:700],
    }
    for number, (path, content) in enumerate(contents.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        os.utime(folder / path, ns=(10**18, 10**18 + number * 10**9))
    return folder


@dataclass(frozen=True)
class Command:
    """``f2s restore`` on that archive."""

    source: str
    output: str
    weights: Path
    more: tuple[str, ...] = ()

    def start(self) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}", "OMP_NUM_THREADS": "1"}
        main = "from f2s_ray.cli import main; main()"
        words = ["restore", self.source, self.output, "--set", f"model.weights={self.weights}", *self.more]
        return subprocess.Popen(
            [sys.executable, "-c", main, *words],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def to_its_end(self) -> tuple[int, str, str]:
        """Exit code, standard output, standard error. Raises: subprocess.TimeoutExpired where it hangs."""
        with self.start() as job:
            try:
                out, err = job.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                end_all(job.pid)
                raise
        return job.returncode, out, err

    def killed(self, after_seconds: float, whom: str, chance: random.Random) -> bool:
        """Begin, and kill somebody at a moment: the ``driver``, or a ``worker`` of Ray; whether the run was still going on.

        A run whose worker was killed goes on and is waited for.
        """
        with self.start() as job:
            begin = time.monotonic()
            while job.poll() is None and time.monotonic() - begin < after_seconds:
                time.sleep(0.01)
            if job.poll() is not None:
                return False
            victims = [job.pid] if whom == "driver" else [worker.pid for worker in workers_of(job.pid)]
            for pid in chance.sample(victims, min(1, len(victims))):
                os.kill(pid, signal.SIGKILL)
            if whom == "driver":
                time.sleep(0.1)
                end_all(job.pid)
            job.communicate(timeout=PATIENCE_SECONDS)
        return bool(victims)


def workers_of(pid: int) -> Iterator[psutil.Process]:
    """Ray's processes that run stages."""
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if " ".join(process.cmdline()).startswith("ray::"):
                yield process
        except psutil.Error:
            continue


def end_all(leader: int) -> None:
    """Kill what is left of a session: what Ray began in sessions of its own ends by itself."""
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                process.kill()
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue
