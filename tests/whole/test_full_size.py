"""`f2s restore` with SD-Turbo's shape in the place of the compact scene restorer."""

import shutil

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import RestoredMedia, RestoreTask
from PIL import Image

from f2s_ray.models import weights
from tests.media.samples import picture, saved
from tests.models.tiny_turbo import save_full
from tests.whole.made import Ended, f2s


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """The fetched weights, and nothing yet of a base."""
    known = [weights.path(name) for name in (weights.FACE_DETECTOR, weights.FACE_EMBEDDER)]
    folder = tmp_path / "cache"
    folder.mkdir()
    for file in known:
        shutil.copy(file, folder)
    monkeypatch.setenv("F2S_CACHE", str(folder))
    return folder


@pytest.fixture
def restore(turbo, own_cache, tmp_path):
    """Restore one photo of 160 x 130 px with the full size, in tiles of 128 px."""
    save_full(tmp_path / "weights", turbo)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "lake.png").write_bytes(saved(Image.fromarray(picture(130, 160)), "PNG"))
    chosen = {"size": "full", "weights": tmp_path / "weights", "tile_px": 128, "overlap_px": 32}

    def run(base: object) -> Ended:
        words = [word for key, value in {**chosen, "base": base}.items() for word in ("--set", f"model.{key}={value}")]
        return f2s("restore", tmp_path / "photos", tmp_path / "out", *words)

    return run


def test_a_photo_is_restored_once_with_the_full_size_and_its_row_says_so(restore, turbo, tmp_path, own_cache):
    ended = restore(turbo)
    assert ended.code == 0, ended.err
    catalog = Catalog(tmp_path / "out")
    assert [task.restorer.split("@")[0] for task in catalog.rows(RestoreTask)] == ["face2scene-full"]
    (made,) = catalog.rows(RestoredMedia)
    with Image.open(tmp_path / "out" / made.path) as stored:
        assert stored.size == (160, 130)
    assert (own_cache / "digests.json").is_file()
    assert restore(turbo).code == 0
    assert [attempt.step for attempt in Catalog(tmp_path / "out").attempts()].count("restore") == 1


def test_a_base_without_safetensors_stops_before_work_begins(restore, turbo, tmp_path):
    shutil.copytree(turbo, tmp_path / "turbo")
    file = tmp_path / "turbo" / "unet" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))
    ended = restore(tmp_path / "turbo")
    assert ended.code == 3
    assert "never read: save the model as safetensors" in ended.err


def test_the_list_of_weights_names_the_base_its_licence_and_how_to_give_it():
    ended = f2s("weights", "list", "--json")
    (line,) = (line for line in ended.out.splitlines() if "sd-turbo" in line)
    assert "Stability AI Community License" in line
    assert "model.base=FOLDER, s3://BUCKET/FOLDER or stabilityai/sd-turbo" in line
