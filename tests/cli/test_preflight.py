"""INPUT and OUTPUT are checked before any work is done."""

import os
from pathlib import Path

import pytest

from f2s_ray.cli.preflight import existing_output, input_place, output_place
from f2s_ray.errors import ConfigError, JobError


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return input_place(str(folder))


def test_an_input_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"1")
    with pytest.raises(ConfigError, match="not a folder"):
        input_place(str(tmp_path / "x.jpg"))


def test_an_output_is_made_with_its_parents_and_left_empty(tmp_path, source):
    made = output_place(str(tmp_path / "deep" / "out"), source)
    assert list(made.iterdir()) == []


def test_output_may_lie_beside_input_under_a_name_that_begins_the_same(tmp_path, source):
    assert output_place(f"{source}-restored", source).is_dir()


@pytest.mark.parametrize("inside", ["", "out", "deep/out"])
def test_output_inside_input_is_refused(source, inside):
    with pytest.raises(ConfigError, match="lies inside INPUT"):
        output_place(str(source / inside), source)


def test_input_inside_output_is_refused(source):
    with pytest.raises(ConfigError, match="lies inside OUTPUT"):
        output_place(str(source.parent), source)


def test_a_link_does_not_hide_that_output_lies_inside_input(tmp_path, source):
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(ConfigError, match="lies inside INPUT"):
        output_place(str(tmp_path / "link" / "out"), source)


def test_a_link_in_the_way_to_input_does_not_hide_it_either(tmp_path, source):
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(ConfigError, match="lies inside INPUT"):
        output_place(str(source / "out"), input_place(str(tmp_path / "link")))


def test_an_output_that_is_a_file_is_refused(tmp_path, source):
    (tmp_path / "out").write_bytes(b"1")
    with pytest.raises(ConfigError, match="is a file"):
        output_place(str(tmp_path / "out"), source)


@pytest.mark.parametrize("word", ["gs://bucket", "file:///tmp/x", "s3://", "s3://who:secret@bucket/prefix"])
def test_other_storage_is_refused_before_a_folder_of_that_name_is_made(tmp_path, source, word, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="give a folder, or s3://BUCKET/PREFIX") as refused:
        output_place(word, source)
    assert "secret" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_a_folder_whose_name_is_not_text_is_refused(tmp_path, source):
    broken = Path(os.fsdecode(os.fsencode(tmp_path) + b"/photos\xff"))
    broken.mkdir()
    for check in (lambda: input_place(str(broken)), lambda: output_place(str(broken / "out"), source)):
        with pytest.raises(ConfigError, match="not UTF-8"):
            check()
    assert list(broken.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_without_the_right_to_write_is_the_machines_trouble(tmp_path, source):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(JobError, match="cannot write to OUTPUT"):
        output_place(str(locked / "out"), source)


def test_an_output_on_a_file_system_that_takes_no_files_is_the_machines_trouble(source):
    with pytest.raises(JobError, match="cannot write to OUTPUT"):
        output_place("/proc/f2s", source)


def test_an_output_that_no_run_has_written_to_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no catalog"):
        existing_output(str(tmp_path))
