"""Items that kill their process, end it or never come back: each has its row, all others are done, and the run ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem

from f2s_ray.engines import local
from f2s_ray.engines.inflight import MOST_DEATHS, InFlight
from f2s_ray.engines.run import Selection
from f2s_ray.errors import MediaError
from f2s_ray.flows.step import new_attempt
from tests.catalog.made import source
from tests.engines.made import flow_of

ROOT = Path(__file__).resolve().parents[2]
POISONS = ("crash", "die", "exit", "loop")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for index in range(12):
        (folder / f"{index}.png").write_bytes(b"x" * (index + 1))
    for poison in POISONS:
        (folder / f"{poison}.png").write_bytes(poison.encode())
    return folder


def poisoned(folder, output, engine, at_once=1):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    words = [sys.executable, "-m", "tests.engines.poisoned", str(folder), str(output), engine, str(at_once)]
    return subprocess.run(words, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)


@pytest.mark.fault("F6", "a row for each that kills, exits or hangs; the others done")
@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=pytest.mark.engine)])
def test_each_poison_has_a_row_and_all_others_are_done(folder, tmp_path, engine, at_once):
    ended = poisoned(folder, tmp_path / "out", engine, at_once)
    assert ended.returncode == 0, ended.stderr[-2000:]
    catalog = Catalog(tmp_path / "out")
    failed = {attempt.path: attempt for attempt in catalog.attempts() if attempt.status == "failed"}
    assert set(failed) == {f"{poison}.png" for poison in POISONS}
    for path, attempt in failed.items():
        assert attempt.error_kind == "crashed"
        assert attempt.message == (
            f"{path}: 3 processes died at it or took too long (step probe); it is left alone, "
            "`f2s retry --kind crashed` tries again"
        )
    assert len(catalog.rows(MediaItem)) == 12
    if engine == "local":
        deaths = ended.stdout.count("a process ended at an item")
        assert deaths == MOST_DEATHS * len(POISONS) if at_once == 1 else deaths <= MOST_DEATHS * len(POISONS)
    assert list((tmp_path / "out").glob("work/**/*")) == []


@pytest.mark.fault("F7", "a row for who asks for too much memory; the others done")
@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=[pytest.mark.engine, pytest.mark.long])])
def test_what_needs_more_memory_than_there_is_has_a_row_and_all_others_are_done(tmp_path, engine):
    folder = tmp_path / "input"
    folder.mkdir()
    for name in ("a", "greedy", "z"):
        (folder / f"{name}.png").write_bytes(name.encode())
    ended = poisoned(folder, tmp_path / "out", engine)
    assert ended.returncode == 0, ended.stderr[-2000:]
    catalog = Catalog(tmp_path / "out")
    (failed,) = [attempt for attempt in catalog.attempts() if attempt.status == "failed"]
    assert (failed.error_kind, failed.message) == (
        "memory",
        "greedy.png: needs more memory than there is (step probe); make room, then `f2s retry --kind memory`",
    )
    assert {row.path for row in catalog.rows(MediaItem)} == {"a.png", "z.png"}


def test_what_crashed_is_left_alone_until_it_is_asked_for(folder, tmp_path):
    poisoned(folder, tmp_path / "out", "local")
    for poison in POISONS:
        (folder / f"{poison}.png").write_bytes(poison.encode()[::-1])  # as large, and harmless
    catalog = Catalog(tmp_path / "out")
    assert local.run(flow_of(folder), catalog, "again")["probe"].done == 0
    again = local.run(flow_of(folder), catalog, "retry", selection=Selection(frozenset({"crashed"})))
    assert again["probe"].done == len(POISONS)


def test_a_run_that_was_killed_from_outside_blames_nobody(tmp_path):
    started = new_attempt(flow_of(tmp_path)[1], "a.png", "f", "a.png", 1, "run")
    for number in range(2 * MOST_DEATHS):
        child = os.fork()
        if not child:
            InFlight(folder=str(tmp_path / "work"), session=f"session {number}").attempt(_die, source("a.png"), started)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = [json.loads(path.read_text()) for path in tmp_path.glob("work/inflight-*")]
    assert [(one["path"], one["deaths"]) for one in left] == [("a.png", 0)]
    fine = InFlight(folder=str(tmp_path / "work"), session="last").attempt(_fine, source("a.png"), started)
    assert fine.attempt.status == "done"
    assert list(tmp_path.glob("work/inflight-*")) == []


def test_trouble_and_bugs_leave_nothing_in_flight(tmp_path):
    started = new_attempt(flow_of(tmp_path)[1], "a.png", "f", "a.png", 1, "run")
    in_flight = InFlight(folder=str(tmp_path / "work"), session="one")
    assert in_flight.attempt(_broken, source("a.png"), started).attempt.error_kind == "broken"
    for much in (lambda _: [bytearray(2**60)], lambda _: [torch.empty(2**50)]):
        assert in_flight.attempt(much, source("a.png"), started).attempt.error_kind == "memory"
    with pytest.raises(ZeroDivisionError):
        in_flight.attempt(lambda _: [1 / 0], source("a.png"), started)
    assert list(tmp_path.glob("work/inflight-*")) == []
    in_flight.close()
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("end", "code", "told"),
    [
        ("7", 7, ""),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 3, "the run died (SIGSEGV); "),
        ("os._exit(1)", 3, "the run died (exit 1); "),
        ("sys.exit(15)", 143, ""),
    ],
)
def test_what_is_no_items_fault_ends_the_command(end, code, told):
    lines = (
        "import os, signal, sys",
        "from f2s_ray.engines.watched import watched",
        f"sys.exit(watched(lambda: {end}, print))",
    )
    ended = subprocess.run(
        [sys.executable, "-c", "; ".join(lines)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == code
    assert ended.stdout.startswith(told)
    assert bool(ended.stdout) == bool(told)


def test_who_kills_the_watcher_ends_the_work(folder, tmp_path):
    (folder / "loop.png").rename(folder / "0loop.png")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    words = [sys.executable, "-m", "tests.engines.poisoned", str(folder), str(tmp_path / "out"), "local", "1"]
    with subprocess.Popen(words, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as watcher:
        children = Path(f"/proc/{watcher.pid}/task/{watcher.pid}/children")
        while not (found := children.read_text().split()):
            time.sleep(0.05)
        watcher.kill()
    end = time.monotonic() + 20
    while Path(f"/proc/{found[0]}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{found[0]}").exists()


def _die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def _fine(_):
    return iter(())


def _broken(_):
    raise MediaError("broken", "a.png: torn")
