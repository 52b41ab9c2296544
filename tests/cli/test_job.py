"""A job on a small archive, with the real engine and catalog."""

import json

import pytest
import yaml
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem

from f2s_ray.cli.job import again, new_job, run_job
from f2s_ray.cli.options import Common
from f2s_ray.errors import ConfigError

from .conftest import small_flow

QUIET = Common(quiet=True)


def run(archive, output, common=QUIET):
    return run_job(new_job("restore", str(archive), str(output), common), small_flow)


def last_line(capsys) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_the_last_line_counts_and_a_failed_item_makes_exit_1(archive, tmp_path, capsys):
    ended = run(archive, tmp_path / "out")
    assert last_line(capsys) == "2 done, 1 failed, 0 pending"
    assert ended.exit_code == 1


def test_an_archive_without_trouble_ends_with_0(archive, tmp_path, capsys):
    (archive / "c.png").write_text("c")
    assert run(archive, tmp_path / "out").exit_code == 0
    assert last_line(capsys) == "3 done, 0 failed, 0 pending"


def test_the_second_run_does_nothing_and_says_the_same(archive, tmp_path, capsys):
    run(archive, tmp_path / "out")
    ended = run(archive, tmp_path / "out")
    events = (tmp_path / "out" / "runs" / ended.run_id / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in events] == ["step"]
    assert last_line(capsys) == "2 done, 1 failed, 0 pending"


def test_a_failed_file_that_was_mended_is_done_and_one_that_went_away_is_not_counted(archive, tmp_path, capsys):
    run(archive, tmp_path / "out")
    (archive / "c.png").write_text("mended")
    (archive / "a.png").unlink()
    assert run(archive, tmp_path / "out").exit_code == 0
    assert last_line(capsys) == "2 done, 0 failed, 0 pending"


def test_a_limit_leaves_the_rest_pending_and_a_run_without_it_does_the_rest(archive, tmp_path, capsys):
    run(archive, tmp_path / "out", Common(quiet=True, limit=1))
    assert last_line(capsys) == "1 done, 0 failed, 3 pending"
    run(archive, tmp_path / "out")
    assert last_line(capsys) == "2 done, 1 failed, 0 pending"


def test_retry_runs_the_failures_of_a_kind_again_and_knows_its_input(archive, tmp_path):
    run(archive, tmp_path / "out")
    run_job(again("retry", str(tmp_path / "out"), QUIET, frozenset({"truncated"})), small_flow)
    tries = {attempt.path: attempt.number for attempt in Catalog(tmp_path / "out").attempts()}
    assert tries["c.png"] == 1
    run_job(again("retry", str(tmp_path / "out"), QUIET, frozenset({"empty"})), small_flow)
    tries = {attempt.path: attempt.number for attempt in Catalog(tmp_path / "out").attempts()}
    assert (tries["c.png"], tries["a.png"]) == (2, 1)


def test_a_run_leaves_its_configuration_events_and_summary(archive, tmp_path):
    ended = run(archive, tmp_path / "out", Common(quiet=True, overrides=("engine.workers=3",)))
    folder = tmp_path / "out" / "runs" / ended.run_id
    assert yaml.safe_load((folder / "config.yaml").read_text())["engine"]["workers"] == 3
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert {event["path"]: event["status"] for event in events if event["event"] == "item"} == {
        "a.png": "done",
        "sub/b.png": "done",
        "c.png": "failed",
        "notes.txt": "skipped",
    }
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["done"], summary["failed"], summary["skipped"], summary["pending"]) == (2, 1, 1, 0)


def test_a_later_command_keeps_the_configuration_of_the_run_before(archive, tmp_path):
    run(archive, tmp_path / "out", Common(quiet=True, overrides=("engine.workers=3",)))
    assert again("plan", str(tmp_path / "out"), QUIET).config.engine.workers == 3


def test_the_run_id_enters_no_record(archive, tmp_path):
    ended = run(archive, tmp_path / "out")
    rows = Catalog(tmp_path / "out").rows(MediaItem)
    assert rows
    assert all(ended.run_id not in row.model_dump_json() for row in rows)


def test_json_is_json_to_the_last_line(archive, tmp_path, capsys):
    run(archive, tmp_path / "out", Common(as_json=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1] == {"event": "summary", "done": 2, "failed": 1, "skipped": 1, "pending": 0}
    assert sum(line["event"] == "item" for line in lines) == 4


def test_a_second_archive_in_one_output_is_refused(archive, tmp_path):
    run(archive, tmp_path / "out")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ConfigError, match=r"holds the results of .*photos"):
        run(other, tmp_path / "out")


def test_gpus_that_nothing_would_use_are_refused_before_the_run_begins(archive, tmp_path):
    pytest.importorskip("ray", reason="needs f2s-ray[cluster]")
    overrides = ("engine.gpus_per_worker=0.5", "engine.kind=ray")
    with pytest.raises(ConfigError) as caught:
        run(archive, tmp_path / "out", Common(quiet=True, overrides=overrides))
    assert str(caught.value) == (
        "engine.gpus_per_worker=0.5, but model.device=cpu leaves them idle; add --set model.device=cuda"
    )
    assert not (tmp_path / "out" / "runs").exists()


def test_an_archive_that_was_moved_goes_on(archive, tmp_path, capsys):
    run(archive, tmp_path / "out")
    moved = archive.rename(tmp_path / "moved")
    run(moved, tmp_path / "out")
    assert last_line(capsys) == "2 done, 1 failed, 0 pending"
