"""``f2s evaluate`` on a few made pictures, and on what is none."""

import json

import pytest

pytest.importorskip("scipy", reason="needs f2s-ray[evaluate]")

from f2s_ray.cli.app import run
from tests.evaluation.conftest import data, light
from tests.evaluation.made import texture

__all__ = ["data", "light"]
pytestmark = pytest.mark.usefixtures("light")


def words(data, tiny_weights, out, *more):
    few = ["--pictures", "1", "--side", "96", "--strength", "middle", "--threads", "1"]
    return ["evaluate", str(data), "--out", str(out), "--weights", str(tiny_weights), *few, *more]


def test_tables_and_json_tell_the_same(data, tiny_weights, tmp_path, capsys):
    assert run(words(data, tiny_weights, tmp_path / "out")) == 0
    assert "| middle | ours | 1 |" in capsys.readouterr().out
    assert run(words(data, tiny_weights, tmp_path / "out", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "out/evaluation.json").read_text())
    assert (tmp_path / "out/sheet-middle.png").exists()


@pytest.mark.parametrize(
    ("more", "code", "part"),
    [
        (["--strength", "wild"], 2, "there are none, mild, middle, strong"),
        (["--peer", "nothing.safetensors"], 2, "Real-ESRGAN"),
        (["--blind", "nowhere"], 3, "scene_restorer.safetensors is missing"),
        (["--weights", "nowhere"], 3, "missing"),
    ],
)
def test_wrong_words_are_one_line(data, tiny_weights, tmp_path, capsys, more, code, part):
    assert run(words(data, tiny_weights, tmp_path / "out", *more)) == code
    error = capsys.readouterr().err
    assert part in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("content", [None, b"\xff\xd8\xff\xe0 no more"])
def test_data_without_a_usable_picture_is_one_line(tiny_weights, tmp_path, capsys, content):
    (tmp_path / "data").mkdir()
    if content:
        (tmp_path / "data/broken.jpg").write_bytes(content)
    assert run(words(tmp_path / "data", tiny_weights, tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert "no usable picture" in error
    assert error.count("\n") == 1


def test_a_broken_file_beside_good_ones_is_named_and_left_out(tiny_weights, tmp_path, capsys):
    from PIL import Image

    (tmp_path / "data").mkdir()
    Image.fromarray(texture(160, 160)).save(tmp_path / "data/good.png")
    (tmp_path / "data/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert run(words(tmp_path / "data", tiny_weights, tmp_path / "out", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["left out"].keys() == {"broken.jpg"}
