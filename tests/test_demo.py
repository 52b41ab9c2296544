"""The demo's archive is real, damaged in known ways, and the same each time."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("skimage", reason="needs f2s-ray[demo]")

from f2s_ray.demo import build_archive, compare
from f2s_ray.demo_film import FILM, TRUE_FILM, film_bytes, frames_of
from f2s_ray.demo_pictures import BROKEN, PICTURES
from f2s_ray.errors import ConfigError, MediaError
from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe

LIMITS = Limits()


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "f2s"
    build_archive(folder)
    return folder


def test_every_picture_is_a_photo_with_its_camera_but_the_broken_one(place):
    for picture in PICTURES:
        info = probe(place / "archive" / picture.path, LIMITS)
        assert info.format == "TIFF" or info.captured_at is not None, picture.path
        assert picture.roll in (info.camera or ""), picture.path
    broken = place / "archive" / BROKEN
    with pytest.raises(MediaError):
        decode(broken, probe(broken, LIMITS), LIMITS)


def test_formats_depths_grey_and_orientation_are_all_there(place):
    infos = [probe(place / "archive" / picture.path, LIMITS) for picture in PICTURES]
    assert {info.format for info in infos} == {"JPEG", "PNG", "TIFF"}
    assert {info.bit_depth for info in infos} == {8, 16}
    assert {info.colour for info in infos} == {"rgb", "grey"}
    assert {info.orientation for info in infos} == {1, 6}


def test_every_person_has_a_sharp_picture_and_a_damaged_one():
    for person in ("astronaut", "car", "friends", "actor"):
        assert {picture.damage is None for picture in PICTURES if picture.source == person} == {True, False}


def test_a_damaged_picture_is_worse_than_its_truth_and_of_the_same_size(place):
    rows = compare(place)
    assert [row["path"] for row in rows] == [*(one.path for one in PICTURES if one.damage is not None), FILM]
    assert all(15 < row["psnr_damaged"] < 40 for row in rows), rows
    assert all(row["psnr_restored"] is None for row in rows)


def test_a_perfect_restoration_would_be_told_as_one(place, tmp_path):
    shutil.copytree(place, tmp_path / "demo")
    picture = next(known for known in PICTURES if known.path.endswith(".png") and known.damage)
    restored = tmp_path / "demo" / "restored" / "restored" / picture.path
    restored.parent.mkdir(parents=True)
    shutil.copy(place / "truth" / f"{picture.path}.png", restored)
    row = next(row for row in compare(tmp_path / "demo") if row["path"] == picture.path)
    assert row["gain"] == float("inf")


def test_so_would_a_perfect_restoration_of_the_film_and_one_that_lost_a_frame_would_not(place, tmp_path):
    shutil.copytree(place, tmp_path / "demo")
    restored = tmp_path / "demo" / "restored" / "restored" / FILM
    restored.parent.mkdir(parents=True)
    shutil.copy(place / "truth" / TRUE_FILM, restored)
    assert compare(tmp_path / "demo")[-1]["gain"] == float("inf")
    restored.write_bytes(film_bytes(frames_of(restored)[1:], lossless=True))
    assert compare(tmp_path / "demo")[-1]["gain"] == float("-inf")


def test_building_again_changes_nothing_not_even_a_file_time(place):
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    build_archive(place)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


def test_a_folder_with_something_else_in_it_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ConfigError, match="something else"):
        build_archive(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
