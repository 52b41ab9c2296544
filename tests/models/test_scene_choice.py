import shutil

import pytest
import torch
from pydantic import ValidationError

from f2s_ray import config as configuration
from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models import networks
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig, digests
from f2s_ray.models.full_base import ADAPTERS
from f2s_ray.models.full_scene import fresh, save
from tests.models.test_face2scene import pair, picture
from tests.models.tiny_turbo import CONFIG, save_full


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("F2S_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def words(turbo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("full_weights")
    save_full(folder, turbo)
    return {"size": "full", "base": str(turbo), "weights": str(folder), "threads": 1}


@pytest.fixture(scope="module")
def model(words):
    return Face2Scene(Face2SceneConfig(**words))


# What a user may say


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.size=full", "model.weights=w"], r"full needs SD-Turbo; set model\.base=FOLDER, s3://BUCKET/FOLDER or"),
        (["model.size=full", "model.base=b"], r"full ships no networks; set model\.weights"),
        (["model.base=b"], r"compact has no base; leave base out or set model\.size=full"),
    ],
)
def test_words_that_do_not_fit_are_told_in_one_line(words, message):
    with pytest.raises(ConfigError, match=message) as caught:
        configuration.load(None, words)
    assert "\n" not in str(caught.value)


def test_there_is_no_third_size():
    with pytest.raises(ValidationError, match="'compact' or 'full'"):
        Face2SceneConfig(size="huge")


# The full size in the place of the compact one


@pytest.mark.parametrize("size", [(1, 1), (40, 70), (64, 64), (65, 130)])
def test_a_picture_of_any_size_keeps_its_size(model, size):
    restored = model.restore_scene(picture(*size), None)
    assert restored.shape == (3, *size)
    assert torch.isfinite(restored).all()
    assert restored.min() >= 0
    assert restored.max() <= 1


def test_a_code_steers_a_picture_in_tiles(words):
    tiled = Face2Scene(Face2SceneConfig(**words, tile_px=128, overlap_px=32))
    rgb, code = picture(150, 210), tiled.read_code([pair(0.1)])
    blind, told = tiled.restore_scene(rgb, None), tiled.restore_scene(rgb, code.pooled)
    assert told.shape == rgb.shape
    assert (blind - told).abs().max() > 1e-5


def test_the_same_picture_is_restored_to_the_same_bits(words, model):
    again = Face2Scene(Face2SceneConfig(**words))
    rgb = picture(50, 70)
    assert torch.equal(model.restore_scene(rgb, None), again.restore_scene(rgb, None))


# Names and troubles


def test_the_name_covers_the_networks_and_the_base(words, model, turbo, tmp_path):
    names = digests(Face2SceneConfig(**words))
    assert list(names) == ["reference_restorer", "fadex", "mapnet", ADAPTERS, "base"]
    assert model.name.startswith("face2scene-full@")
    shutil.copytree(words["weights"], tmp_path / "weights")
    save(CONFIG, fresh(CONFIG, turbo), tmp_path / "weights")
    shutil.copytree(turbo, tmp_path / "turbo")
    (tmp_path / "turbo" / "vae" / "config.json").write_text("{}")
    for key, place, changed in (("weights", "weights", ADAPTERS), ("base", "turbo", "base")):
        other = digests(Face2SceneConfig(**{**words, key: str(tmp_path / place)}))
        assert {kind for kind in names if names[kind] != other[kind]} == {changed}


def test_a_network_of_the_full_size_that_is_missing_is_the_jobs_trouble(words, tmp_path):
    shutil.copytree(words["weights"], tmp_path / "weights")
    (tmp_path / "weights" / f"{ADAPTERS}.safetensors").unlink()
    chosen = Face2SceneConfig(**{**words, "weights": str(tmp_path / "weights")})
    for use in (digests, Face2Scene):
        with pytest.raises(JobError, match=r"scene_adapters\.safetensors is missing"):
            use(chosen)


def test_tokens_of_another_width_are_refused_before_work_begins(words, tmp_path):
    folder = tmp_path / "weights"
    shutil.copytree(words["weights"], folder)
    narrow = networks.MapNetConfig(map_width=40, width=16, token_width=16)
    networks.save("mapnet", narrow, networks.MapNet(narrow), folder / "mapnet.safetensors")
    with pytest.raises(JobError, match="tokens of 16 numbers, the full scene restorer reads 32"):
        Face2Scene(Face2SceneConfig(**{**words, "weights": str(folder)}))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_gpu_that_is_not_there_is_the_jobs_trouble(tiny_weights):
    with pytest.raises(JobError, match=r"no CUDA device here; mend its driver or set model\.device=cpu"):
        Face2Scene(Face2SceneConfig(weights=str(tiny_weights), device="cuda"))
