"""The folder of a run."""

import pytest

from f2s_ray.cli.runs import Run, has_run, read_run
from f2s_ray.errors import ConfigError, JobError


def test_what_a_run_was_asked_can_be_read_back(tmp_path):
    run = Run.start(tmp_path, "plan: {}\n", {"command": "index"})
    assert read_run(tmp_path) == {"command": "index", "run_id": run.run_id}


def test_an_output_without_a_run_says_which_command_makes_one(tmp_path):
    with pytest.raises(ConfigError, match="f2s restore INPUT"):
        read_run(tmp_path)


def test_a_folder_that_takes_no_more_events_is_the_machines_trouble(tmp_path):
    (tmp_path / "gone").write_text("a file where the folder was")
    run = Run(tmp_path / "gone")
    with pytest.raises(JobError, match="make room"):
        run.log({"event": "item"})
    with pytest.raises(JobError, match="make room"):
        run.finish({"done": 1})


def test_a_run_that_was_cut_off_before_it_began_is_none(tmp_path):
    (tmp_path / "runs" / "20260101T000000Z-abc").mkdir(parents=True)
    assert not has_run(tmp_path)
    Run.start(tmp_path, "plan: {}\n", {"command": "index"})
    assert has_run(tmp_path)
