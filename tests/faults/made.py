"""A small archive for runs that are disturbed, the command on it, and who is killed."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.media.samples import SAMPLES, saved
from tests.whole.made import PEOPLE, SAMPLED, _shipped

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 600  # of a run; what takes longer hangs
_ITEM = b'"event": "item"'


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


class Running:
    """A command that is going on; what it says is kept."""

    def __init__(self, words: list[str], environment: Mapping[str, str]) -> None:
        self._files = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (closed in ``ended``)
        out, err = self._files
        self.process = subprocess.Popen(
            words, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_at_work(self) -> bool:
        return self.process.poll() is None

    def items(self) -> int:
        """How many items are finished."""
        return self._said(0).count(_ITEM)

    def until(self, items: int) -> bool:
        """Wait until so many items are finished; whether it still goes on then."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.is_at_work() and self.items() < items:
            assert time.monotonic() < end, f"{self.items()} items in {PATIENCE_SECONDS} s"
            time.sleep(0.01)
        return self.is_at_work()

    def signal(self, number: int) -> None:
        """To all that it began in its session, as a terminal does."""
        os.killpg(self.pid, number)

    def ended(self, patience: float = PATIENCE_SECONDS) -> tuple[int, str, str]:
        """Exit code, standard output, standard error. Raises: subprocess.TimeoutExpired where it hangs."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            end_all(self.pid)
            raise
        out, err = (self._said(number).decode() for number in (0, 1))
        for file in self._files:
            file.close()
        return code, out, err

    def _said(self, number: int) -> bytes:
        handle = self._files[number].fileno()
        return os.pread(handle, os.fstat(handle).st_size, 0)


@dataclass(frozen=True)
class Command:
    """``f2s restore`` on that archive.

    Attributes:
        more: words at its end.
        before: words that run it, such as ``nice``.
        variables: of its environment.
    """

    source: str
    output: str
    weights: Path
    more: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        return ("restore", self.source, self.output, "--set", f"model.weights={self.weights}", *self.more)

    def start(self) -> Running:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}", "OMP_NUM_THREADS": "1"}
        command = str(Path(sys.executable).with_name("f2s"))
        return Running([*self.before, command, *self.words], {**environment, **self.variables})

    def to_its_end(self) -> tuple[int, str, str]:
        """As ``Running.ended``."""
        return self.start().ended()

    def killed(self, items: int, after_seconds: float, whom: str, chance: random.Random) -> bool:
        """Begin, and kill somebody some time after so many items: the ``driver``, or a ``worker`` of Ray; whether it was.

        A run whose worker was killed goes on and is waited for.
        """
        job = self.start()
        if job.until(items):
            time.sleep(after_seconds)
        victims = [job.pid] if whom == "driver" else _workers(job)
        if not job.is_at_work():
            job.ended()
            return False
        with suppress(ProcessLookupError):  # a worker may have ended by itself
            os.kill(chance.choice(victims), signal.SIGKILL)
        if whom == "driver":
            time.sleep(0.1)
            end_all(job.pid)
        job.ended()
        return True


def _workers(job: Running) -> list[int]:
    """Ray's processes that run stages, as soon as there are some."""
    while job.is_at_work():
        if found := [process.pid for process in began(job.pid, "ray::")]:
            return found
        time.sleep(0.01)
    return []


def began(pid: int, word: str) -> Iterator[psutil.Process]:
    """Processes that a process began, with a word in their command."""
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            if word in " ".join(process.cmdline()):
                yield process


def end_all(leader: int) -> None:
    """Kill what is left of a session: what Ray began in sessions of its own ends by itself."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == leader:
                process.kill()
