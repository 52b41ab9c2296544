"""Names that others gave lead nowhere but below the place that was meant, each to a place of its own."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.errors import MediaError
from f2s_ray.stages.assemble import result_name
from f2s_ray.stages.files import below
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.outputs import Outputs
from tests.media.samples import SAMPLES
from tests.whole.made import f2s

ODD = ("../a", "a/../../b", "..", "/etc/passwd", "//a", "a//b", "a/./b", "./a", "", ".", "a\0b", "a/")
FINE = (
    *(
        "%2e%2e/a",
        "..%2fa",
        "a\nb",
        "a\x1b[31mb",
        "a\\..\\b",
        "C:\\a",
        "CON",
        "nul.jpg",
        "a:b",
        "a.",
        "a ",
        " a",
        "~/a",
        "$HOME",
    ),
    *(
        "A.jpg",
        "a.jpg",
        unicodedata.normalize("NFC", "é.jpg"),
        unicodedata.normalize("NFD", "é.jpg"),
        "...",
        "....//a".replace("//", "/"),
    ),
    *("x" * 255, "/".join(["y" * 200] * 5), "a\u202eb", "-rf", "--help", "a?b*c", "\u2215etc", "\uff0e\uff0e/a"),
)


@pytest.mark.parametrize("path", ODD)
def test_what_is_no_path_is_refused(path, tmp_path):
    with pytest.raises(MediaError) as caught:
        below(tmp_path, path)
    assert caught.value.kind == "name"
    with pytest.raises(MediaError), Outputs(str(tmp_path)).making(f"restored/{path}") as aside:
        aside.write_bytes(b"x")
    with pytest.raises(MediaError):
        Inputs(str(tmp_path)).get(path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_odd_but_honest_names_lie_below_and_apart(tmp_path):
    outputs = Outputs(str(tmp_path))
    for number, path in enumerate(FINE):
        with outputs.making(f"restored/{path}") as aside:
            aside.write_text(str(number))
    for number, path in enumerate(FINE):
        assert (tmp_path / "restored" / path).read_text() == str(number), path
        assert Inputs(str(tmp_path)).get(f"restored/{path}").resolve().is_relative_to(tmp_path)


def below_or_none(root, path):
    try:
        return below(root, path)
    except MediaError:
        return None


@given(
    st.sets(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "a", "A", "", "%2e", "\0", "é"])).map("/".join))
)
def test_every_name_stays_below_or_is_refused_and_no_two_meet(tmp_path_factory, paths):
    root = tmp_path_factory.getbasetemp().resolve()
    found = {path: os.path.normpath(where) for path in paths if (where := below_or_none(root, path))}
    assert all(place.startswith(f"{root}/") for place in found.values())
    assert len(set(found.values())) == len(found)


@given(st.text(st.sampled_from("ab./TIFjpgé"), min_size=1), st.sampled_from([".jpg", ".tif", ".png"]))
def test_a_result_is_named_by_its_source_and_lies_beside_nobody_elses_source(path, suffix):
    name = result_name(path, suffix)
    assert name in (path, path + suffix)


@pytest.fixture
def archive(tmp_path, tiny_weights):
    """A photo in a folder, and a place outside that nobody may touch."""
    (tmp_path / "photos" / "album").mkdir(parents=True)
    (tmp_path / "photos" / "album" / "a.png").write_bytes(SAMPLES["rgb8.png"]())
    (tmp_path / "photos" / "b.png").write_bytes(SAMPLES["rgb8.png"]())
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.png").write_bytes(b"precious")
    (tmp_path / "out" / "restored").mkdir(parents=True)
    words = ("restore", tmp_path / "photos", tmp_path / "out", "--set", f"model.weights={tiny_weights}")
    return tmp_path, lambda: f2s(*words)


def test_a_link_in_output_is_not_followed_and_is_a_row(archive):
    root, restore = archive
    (root / "out" / "restored" / "album").symlink_to(root / "outside")
    (root / "out" / "restored" / "b.png").symlink_to(root / "outside" / "b.png")
    ended = restore()
    assert ended.code == 1, ended.err
    assert ended.out.splitlines()[-1].startswith("0 done, 2 failed")
    assert f2s("failed", root / "out").out.count('"link"') == 2
    assert [path.name for path in (root / "outside").iterdir()] == ["b.png"]
    assert (root / "outside" / "b.png").read_bytes() == b"precious"


def test_links_loops_pipes_and_devices_in_input_are_rows_and_the_run_ends(archive):
    root, restore = archive
    photos = root / "photos"
    (photos / "etc").symlink_to("/etc")
    (photos / "loop").symlink_to(photos)
    (photos / "self.jpg").symlink_to(photos / "self.jpg")
    (photos / "dead.jpg").symlink_to(root / "nowhere")
    (photos / "passwd.jpg").symlink_to("/etc/passwd")
    os.mkfifo(photos / "pipe.mp4")
    special = {"etc", "loop", "self.jpg", "dead.jpg", "passwd.jpg", "pipe.mp4"}
    if os.geteuid() == 0:
        os.mknod(photos / "zero.jpg", 0o20666, os.makedev(1, 5))
        special.add("zero.jpg")
    ended = restore()
    assert ended.out.splitlines()[-1].startswith("2 done"), ended
    assert not {path for path in (root / "out").rglob("*") if path.name in special}
    told = f2s("failed", root / "out").out
    assert all(name in told for name in special)
