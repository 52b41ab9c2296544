import shutil

import pytest
from PIL import Image

from f2s_ray.errors import ConfigError
from f2s_ray.evaluation.gallery import open_gallery
from f2s_ray.evaluation.ledger import Ledger


def silent(_):
    pass


@pytest.fixture(scope="module")
def gallery(data, tmp_path_factory):
    return open_gallery([data], Ledger(tmp_path_factory.mktemp("kept") / "rows.jsonl"), silent)


def names(gallery):
    return [picture.name for picture in gallery.pictures]


def face_of(gallery, name):
    return gallery.faces_of(names(gallery).index(name))[0]


def test_each_folder_is_a_set_and_what_is_no_picture_is_not_mentioned(gallery):
    assert {picture.name: picture.dataset for picture in gallery.pictures} == {
        "one/nobody.png": "one",
        "one/woman.png": "one",
        "two/man.png": "two",
        "two/woman again.png": "two",
    }
    assert gallery.left_out == {}


def test_several_data_are_a_set_each(data, tmp_path):
    found = open_gallery([data / "one", data / "two"], Ledger(tmp_path / "rows.jsonl"), silent)
    assert {picture.dataset for picture in found.pictures} == {"one", "two"}
    assert "two/man.png" in names(found)


def test_a_person_is_known_in_another_shot_and_her_reference_is_that_shot(gallery):
    woman, again, man = (face_of(gallery, name) for name in ("one/woman.png", "two/woman again.png", "two/man.png"))
    assert woman.person == again.person != man.person
    assert [reference.picture for reference in gallery.references(woman)] == [again.picture]
    assert gallery.references(man) == []


def test_a_smaller_copy_is_the_same_shot_and_no_reference(data, tmp_path):
    shutil.copytree(data / "one", tmp_path / "data")
    with Image.open(data / "one/woman.png") as image:
        image.resize((272, 272), Image.Resampling.LANCZOS).save(tmp_path / "data/small.jpg", quality=90)
    found = open_gallery([tmp_path / "data"], Ledger(tmp_path / "rows.jsonl"), silent)
    assert gallery_shot(found, "small.jpg") == gallery_shot(found, "woman.png")
    assert found.references(face_of(found, "woman.png")) == []


def gallery_shot(gallery, name):
    return gallery.shots[names(gallery).index(name)]


def test_copies_small_pictures_and_broken_files_are_left_out_with_a_reason(data, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(data / "one", folder)
    shutil.copy(folder / "woman.png", folder / "z copy.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    Image.new("RGB", (80, 300)).save(folder / "tiny.png")
    found = open_gallery([folder], Ledger(tmp_path / "rows.jsonl"), silent)
    assert found.left_out.keys() == {"z copy.png", "broken.jpg", "tiny.png"}
    assert found.left_out["z copy.png"] == "the same bytes as woman.png"
    assert "at least 96" in found.left_out["tiny.png"]


def test_what_was_seen_is_remembered(data, tmp_path, gallery):
    kept = tmp_path / "rows.jsonl"
    first = open_gallery([data], Ledger(kept), silent)
    size = kept.stat().st_size
    second = open_gallery([data], Ledger(kept), silent)
    assert kept.stat().st_size == size
    assert second.pictures == first.pictures
    assert [face.person for face in second.faces] == [face.person for face in first.faces]
    assert (second.faces[0].embedding == first.faces[0].embedding).all()


@pytest.mark.parametrize("content", [None, b"\xff\xd8\xff\xe0 no more"])
def test_a_folder_without_a_usable_picture_is_the_users_mistake(tmp_path, content):
    (tmp_path / "data").mkdir()
    if content:
        (tmp_path / "data/a.jpg").write_bytes(content)
    with pytest.raises(ConfigError, match="no usable picture"):
        open_gallery([tmp_path / "data"], Ledger(tmp_path / "rows.jsonl"), silent)


def test_a_data_that_is_no_folder_is_the_users_mistake(tmp_path):
    with pytest.raises(ConfigError, match="is not a folder"):
        open_gallery([tmp_path / "nowhere"], Ledger(tmp_path / "rows.jsonl"), silent)
