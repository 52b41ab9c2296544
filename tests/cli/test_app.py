"""Words on the command line become an exit code and, where something is wrong, one line on standard error."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from f2s_catalog.errors import CatalogError, QueryError

from f2s_ray.cli import app as module
from f2s_ray.cli.app import run
from f2s_ray.cli.job import new_job, run_job
from f2s_ray.cli.options import Common
from f2s_ray.errors import ConfigError, JobError

from .conftest import small_flow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def output(archive, tmp_path, capsys) -> str:
    run_job(new_job("restore", str(archive), str(tmp_path / "out"), Common(quiet=True)), small_flow)
    capsys.readouterr()
    return str(tmp_path / "out")


def error_of(words: list[str], capsys, code: int) -> str:
    assert run(words) == code
    captured = capsys.readouterr()
    assert captured.err.startswith("f2s: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["restor"], "restor"),
        (["restore"], "INPUT"),
        (["restore", "a", "b", "--nonsense"], "--nonsense"),
        (["restore", "a", "b", "--limit", "0"], "--limit"),
        (["restore", "nowhere", "b"], "nowhere is not there"),
        (["restore", "gs://bucket/photos", "b"], "give a folder, or s3://BUCKET/PREFIX"),
        (["restore", ".", "/tmp/x", "--set", "engine.wrkers=3"], "the nearest is engine.workers"),
        (["restore", ".", "/tmp/x", "-c", "nothing.yaml"], "the presets are"),
        (["status", "nowhere"], "holds no catalog"),
        (["train", "face", "nowhere", "--out", "w"], "not a folder"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(words, part, capsys):
    assert part in error_of(words, capsys, 2)


def test_output_inside_input_is_exit_2_and_leaves_nothing(archive, capsys):
    before = sorted(archive.rglob("*"))
    assert "inside INPUT" in error_of(["restore", str(archive), str(archive / "out")], capsys, 2)
    assert sorted(archive.rglob("*")) == before


@pytest.mark.parametrize(
    ("error", "code"), [(ConfigError("a"), 2), (QueryError("a"), 2), (JobError("a"), 3), (CatalogError("a\x1b[2J"), 3)]
)
def test_what_a_user_can_mend_is_one_line_without_a_traceback(error, code, capsys, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(module, "app", broken)
    assert "\x1b" not in error_of([], capsys, code)


def test_a_bug_is_not_hidden(monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "app", broken)
    with pytest.raises(ZeroDivisionError):
        run([])


def test_a_missing_package_names_the_extra_to_install(capsys, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'ray.data'", name="ray.data")

    monkeypatch.setattr(module, "app", broken)
    assert "pip install 'f2s-ray[cluster]'" in error_of([], capsys, 3)


def test_status_counts_by_step_and_in_sum(output, capsys):
    assert run(["status", output, "--json"]) == 1
    *steps, summary = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(step["step"], step["done"], step["failed"], step["skipped"]) for step in steps] == [("read", 2, 1, 1)]
    assert (summary["done"], summary["failed"], summary["pending"]) == (2, 1, 0)


def test_failed_lists_each_file_with_kind_and_way_out(output, capsys):
    assert run(["failed", output]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        {
            "path": "c.png",
            "step": "read",
            "kind": "empty",
            "message": "c.png has 0 bytes; take it from a backup",
            "tries": 1,
        }
    ]


def test_query_answers_in_json_lines_in_a_pipe(output, capsys):
    assert run(["query", output, "SELECT path FROM media ORDER BY path"]) == 0
    assert capsys.readouterr().out.splitlines() == ['{"path": "a.png"}', '{"path": "sub/b.png"}']


def test_a_wrong_query_is_the_users_mistake(output, capsys):
    assert "media" in error_of(["query", output, "SELECT path FROM medai"], capsys, 2)


def test_a_retry_of_an_unknown_kind_names_the_known_ones(output, capsys):
    assert "there are empty" in error_of(["retry", output, "--kind", "emty"], capsys, 2)


def test_an_interrupt_is_130_and_keeps_what_was_finished(archive, tmp_path):
    """A real Ctrl-C, while the stage is at work: the finished items are in the ledger, the others are not."""
    script = textwrap.dedent(
        f"""
        import signal, sys, time
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
        sys.path.insert(0, {str(ROOT / "tests" / "cli")!r})
        import conftest
        from f2s_ray.cli import app
        from f2s_ray.cli.job import new_job, run_job
        from f2s_ray.cli.options import Common

        class Slow(conftest.Read):
            def __call__(self, source):
                if source.path == "sub/b.png":
                    print("waiting", flush=True)
                    time.sleep(60)
                yield from super().__call__(source)

        conftest.Read = Slow

        @app.app.command("hold")
        def hold():
            job = new_job("hold", {str(archive)!r}, {str(tmp_path / "out")!r}, Common(quiet=True))
            run_job(job, conftest.small_flow)

        app.main(["hold"])
        """
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "waiting\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    assert errors == "f2s: interrupted; what was finished is kept, the same command goes on from there\n"
    ended = run_job(new_job("restore", str(archive), str(tmp_path / "out"), Common(quiet=True)), small_flow)
    events = (tmp_path / "out" / "runs" / ended.run_id / "events.jsonl").read_text().splitlines()
    assert [json.loads(line).get("path") for line in events] == [None, "sub/b.png"]


def test_a_reader_that_goes_away_is_no_trouble(output):
    """``f2s query ... | head`` ends in silence."""
    words = ["query", output, "SELECT * FROM range(200000)"]
    script = f"from f2s_ray.cli import main; main({words!r})"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    child.stdout.close()
    assert child.stderr is not None
    assert child.stderr.read() == b""
    child.wait(timeout=60)
