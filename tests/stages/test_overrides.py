"""What a person says about codes is what is done."""

import pytest

from f2s_ray.errors import ConfigError
from f2s_ray.stages.overrides import overridden, read_overrides
from tests.stages.rows import code, media, shot

FIRST, SECOND = media("a/1.jpg"), media("a/2.jpg")
NAMES = {shot(item).shot_id: item.path for item in (FIRST, SECOND)}


def obeyed(chosen, earlier=()):
    codes = [
        code(FIRST, noise=0.01).model_copy(update={"code": (1.0,)}),
        code(SECOND, noise=0.05).model_copy(update={"code": (2.0,)}),
    ]
    rows = overridden(codes, NAMES, {row.shot_id: row for row in earlier}, chosen)
    return {NAMES[row.shot_id]: row for row in rows}


def test_without_a_word_nothing_changes():
    assert {name: row.code for name, row in obeyed({}).items()} == {"a/1.jpg": (1.0,), "a/2.jpg": (2.0,)}


def test_a_shot_takes_the_code_of_another():
    row = obeyed({"a/1.jpg": "a/2.jpg"})["a/1.jpg"]
    assert (row.origin, row.code, row.noise_sigma) == ("set", (2.0,), 0.05)
    assert row.lender_shot_id == shot(SECOND).shot_id
    assert row.why == "set by hand: the code of a/2.jpg"


def test_a_shot_is_made_blind():
    row = obeyed({"a/2.jpg": "blind"})["a/2.jpg"]
    assert (row.origin, row.code, row.noise_sigma, row.lender_shot_id) == ("blind", (), None, None)


def test_a_locked_shot_keeps_the_code_that_it_had():
    before = code(FIRST, noise=0.09)
    assert obeyed({"a/1.jpg": "locked"}, earlier=[before])["a/1.jpg"] == before
    assert obeyed({"a/1.jpg": "locked"})["a/1.jpg"].noise_sigma == 0.01


@pytest.mark.parametrize("chosen", [{"a/3.jpg": "blind"}, {"a/1.jpg": "a/3.jpg"}])
def test_a_name_that_is_no_shot_is_told_with_the_nearest(chosen):
    with pytest.raises(ConfigError, match=r"a/3.jpg is no shot here; the nearest is a/[12].jpg"):
        obeyed(chosen)


def test_the_file_is_yaml_of_names(tmp_path):
    file = tmp_path / "overrides.yaml"
    assert read_overrides(file) == {}
    file.write_text("# mine\nfilm.mp4#3: film.mp4#1\nfilm.mp4#4: blind\n")
    assert read_overrides(file) == {"film.mp4#3": "film.mp4#1", "film.mp4#4": "blind"}
    file.write_text("- film.mp4#3\n")
    with pytest.raises(ConfigError, match="each line is the name of a shot"):
        read_overrides(file)
