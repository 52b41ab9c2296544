import os
import subprocess

import pytest

from f2s_ray.errors import JobError, MediaError
from f2s_ray.stages.files import read_below, remove_below, write_below


def kind(call, *words) -> str:
    with pytest.raises(MediaError) as caught:
        call(*words)
    return caught.value.kind


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "a//b", "", ".", "a/./b", "a\0b"])
def test_a_way_out_of_the_folder_is_refused(path, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    assert kind(read_below, root, path, 10) == "name"
    assert kind(write_below, root, path, b"x") == "name"
    assert kind(remove_below, root, path) == "name"
    assert list(tmp_path.rglob("*")) == [root]


def test_what_is_not_there_is_none(tmp_path):
    assert read_below(tmp_path, "a/b.xmp", 10) is None
    (tmp_path / "a").write_text("")
    assert read_below(tmp_path, "a/b.xmp", 10) is None


def test_a_file_is_written_whole_with_its_folders_and_nothing_beside_it(tmp_path):
    write_below(tmp_path, "a/b/c.xmp", b"one")
    write_below(tmp_path, "a/b/c.xmp", b"two")
    assert read_below(tmp_path, "a/b/c.xmp", 10) == b"two"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.xmp"]


def test_links_are_followed_neither_as_a_file_nor_on_the_way(tmp_path):
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    elsewhere.mkdir()
    root.mkdir()
    (elsewhere / "secret").write_text("secret")
    (root / "link").symlink_to(elsewhere / "secret")
    (root / "folder").symlink_to(elsewhere)
    assert kind(read_below, root, "link", 10) == "link"
    assert kind(write_below, root, "link", b"x") == "link"
    assert kind(read_below, root, "folder/secret", 10) == "link"
    assert kind(write_below, root, "folder/new/a", b"x") == "link"
    assert (elsewhere / "secret").read_text() == "secret"
    assert [path.name for path in elsewhere.iterdir()] == ["secret"]


def test_pipes_folders_and_great_files_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "great").write_bytes(b"x" * 11)
    assert kind(read_below, tmp_path, "pipe", 10) == "special"
    assert kind(read_below, tmp_path, "folder", 10) == "special"
    assert kind(read_below, tmp_path, "great", 10) == "too_large"


def test_a_name_too_long_for_the_disk_is_an_error_of_this_file(tmp_path):
    assert kind(write_below, tmp_path, "x" * 300, b"x") == "unwritable"


def test_a_full_disk_ends_the_work(tmp_path):
    words = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be made here: that needs root and the right to mount")
    try:
        with pytest.raises(JobError, match="make room"):
            write_below(tmp_path, "a.xmp", b"x" * (1 << 20))
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
