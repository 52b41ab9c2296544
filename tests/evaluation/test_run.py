import json

import pytest

from f2s_ray.errors import ConfigError
from f2s_ray.evaluation.run import Settings, evaluate
from tests.models.tiny import save_all

pytestmark = pytest.mark.usefixtures("light")


@pytest.fixture(scope="module")
def settings(light, data, tiny_weights, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return Settings(
        (data,), out, pictures=3, side_px=112, strengths=("strong", "none"), weights=tiny_weights, threads=1
    )


@pytest.fixture(scope="module")
def measured(settings):
    return evaluate(settings, lambda _: None)


def test_every_picture_is_measured_at_every_strength(measured, settings):
    everything, tables = measured
    measured_at = [(row["strength"], row["name"]) for row in everything["rows"]]
    names = {name for _, name in measured_at}
    assert sorted(measured_at) == sorted((strength, name) for strength in ("strong", "none") for name in names)
    assert len(names) == 3
    assert {name.partition("/")[0] for name in names} == {"one", "two"}
    assert everything == json.loads((settings.out / "evaluation.json").read_text())
    assert "## Methods" in tables
    assert "VGG: not measured: weight vgg_hed is missing" in tables


def test_the_truth_tells_and_a_foreign_damage_and_another_person_do_so_too(measured):
    strong = [
        row["methods"].keys() for row in measured[0]["rows"] if row["strength"] == "strong" and row["faces in window"]
    ]
    assert {"input", "filter", "null", "true face", "swapped", "other person", "ours, scene alone", "ours"} in strong
    none = [row["methods"] for row in measured[0]["rows"] if row["strength"] == "none"]
    assert all(methods.keys() == {"input", "filter", "null", "ours, scene alone", "ours"} for methods in none)
    assert all(methods["input"]["PSNR"] == 100 for methods in none)


def test_a_face_with_references_is_restored_without_with_wrong_and_with_right_ones(measured):
    faces = [face for row in measured[0]["rows"] for face in row["faces"]]
    for face in faces:
        likeness = {variant: values["SFace"] for variant, values in face["likeness"].items()}
        assert list(likeness) == ["input", "without references", "wrong references", "right references"]
        assert len(set(likeness.values())) == 4


def test_the_sheet_shows_input_ours_and_truth(measured, settings):
    from PIL import Image

    sheet = Image.open(settings.out / "sheet-strong.png")
    assert sheet.width > 5 * 112
    assert not (settings.out / "sheet-none.png").exists()


def test_a_finished_run_measures_nothing_again_and_says_the_same(measured, settings):
    size = (settings.out / "rows.jsonl").stat().st_size
    assert evaluate(settings, lambda _: None) == measured
    assert (settings.out / "rows.jsonl").stat().st_size == size


def test_a_broken_run_goes_on_to_the_same_figures(measured, settings):
    rows = settings.out / "rows.jsonl"
    whole = rows.read_bytes()
    rows.write_bytes(whole[: int(len(whole) * 0.8)])
    assert evaluate(settings, lambda _: None) == measured
    assert int(len(whole) * 0.8) < rows.stat().st_size


def test_other_networks_are_measured_anew(measured, settings, tmp_path):
    from dataclasses import replace

    save_all(tmp_path, trained=False)
    other = replace(settings, weights=tmp_path, strengths=("none",), pictures=1)
    everything, _ = evaluate(other, lambda _: None)
    assert everything["rows"][0]["methods"]["null"]["PSNR"] == 100
    assert everything["networks"] != measured[0]["networks"]


def test_pictures_of_nobody_are_measured_all_the_same(data, tiny_weights, tmp_path):
    import shutil

    (tmp_path / "data").mkdir()
    shutil.copy(data / "one/nobody.png", tmp_path / "data")
    settings = Settings((tmp_path / "data",), tmp_path / "out", 5, 96, ("middle",), tiny_weights, threads=1)
    everything, tables = evaluate(settings, lambda _: None)
    assert everything["rows"][0]["methods"].keys() == {"input", "filter", "null", "ours, scene alone", "ours"}
    assert everything["rows"][0]["told by a face"] is False
    assert everything["rows"][0]["methods"]["ours"]["SFace"] is None
    assert "–" in tables


def test_an_out_that_cannot_be_written_is_a_job_error(data, tiny_weights, tmp_path):
    from f2s_ray.errors import JobError

    (tmp_path / "out").write_text("a file")
    with pytest.raises(JobError, match="cannot write"):
        evaluate(Settings((data,), tmp_path / "out", weights=tiny_weights, threads=1), lambda _: None)


def test_data_without_a_picture_is_the_users_mistake(tiny_weights, tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(ConfigError, match="no usable picture"):
        evaluate(Settings((tmp_path / "data",), tmp_path / "out", weights=tiny_weights, threads=1), lambda _: None)
