import json

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.training.log import Log
from f2s_ray.training.losses import detail_loss, gain, psnr
from f2s_ray.training.recipe import load
from f2s_ray.training.run import run_recipe
from tests.models.tiny import CONFIGS
from tests.training.made import textured

SECTIONS = {
    "face": ["looks.begin=1.0", f"network={json.dumps(CONFIGS['reference_restorer'].model_dump())}"],
    "code": ["restored_begin=0.4", "queue=9", f"network={json.dumps(CONFIGS['fadex'].model_dump())}"],
    "scene": [
        "looks.begin=1.0",
        "blind_steps=1",
        f"mapnet={json.dumps(CONFIGS['mapnet'].model_dump())}",
        f"network={json.dumps(CONFIGS['scene_restorer'].model_dump())}",
    ],
}


def recipe(which, *more):
    return load(which, None, ["steps=3", "batch=6", "cool_down=1.0", *SECTIONS[which], *more])


def run(which, archive, *more, start=None):
    """What was said."""
    source, out = archive
    said = []
    run_recipe(which, recipe(which, *more), [source], out, Log(out / which, said.append), start)
    return said


@pytest.fixture
def archive(tmp_path):
    """A folder with the made pictures, and a folder for weights where their faces are known already."""
    source, out = tmp_path / "pictures", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    made = textured()
    for index, one in enumerate(made.frames):
        cv2.imwrite(str(source / f"{index}.png"), one[..., ::-1])
    np.savez(
        out / "faces.npz",
        pictures=len(made.frames),
        picture=np.array([face.picture for face in made.faces]),
        landmarks=np.array([face.landmarks for face in made.faces]),
        person=np.array([face.person for face in made.faces]),
    )
    return source, out


def test_the_three_recipes_make_the_four_networks(archive):
    said = [line for which in ("face", "code", "scene") for line in run(which, archive)]
    model = Face2Scene(Face2SceneConfig(weights=str(archive[1]), threads=1))
    restored = model.restore_scene(torch.full((3, 40, 40), 0.5), None)
    assert torch.isfinite(restored).all()
    assert said.count("2 pictures with 1 face(s) to learn from, 1 held out") == 3
    unlike = {f"held_out_unlike{version}" for version in ("", "_alone", "_wrong", "_input")}
    values = {"blur_sigma_px", "noise_sigma", "jpeg_quality", "downscale", "same", "other"}
    assert [set(json.loads(line)) - {"step", "seconds"} for line in said if line.startswith("{")] == [
        {"loss", "gain", "unlike"},
        {"held_out_gain", "held_out_gain_alone", *unlike},
        {"contrast", *values},
        {f"held_out_{name}" for name in values},
        {"loss", "gain"},
        {"held_out_gain", "held_out_gain_null"},
    ]
    assert sorted(path.parent.parent.name for path in archive[1].rglob("step_000003.png")) == ["face", "scene"]


def test_a_new_training_begins_with_given_weights(archive, tmp_path):
    for which in ("face", "code", "scene"):
        run(which, archive)
    source, first = archive
    second = tmp_path / "second"
    second.mkdir()
    (second / "faces.npz").write_bytes((first / "faces.npz").read_bytes())
    run("face", (source, second), "learning_rate=1.0e-9", "steps=1", start=first)
    before, after = (load_file(out / "reference_restorer.safetensors") for out in (first, second))
    assert all(torch.allclose(before[name], after[name], atol=1e-4) for name in before)


def test_without_losses_on_looks_a_training_needs_no_vgg(archive):
    said = run("face", archive, "looks={begin: 0.0, perceptual: 0.0, adversarial: 0.0}")
    assert set(json.loads(said[1])) == {"step", "seconds", "loss", "gain", "unlike"}


def test_losses_on_looks_join_at_their_time(archive):
    said = run("face", archive, "looks={begin: 0.5, perceptual: 0.1, adversarial: 0.1}")
    assert {"vgg", "critic"} <= set(json.loads(said[1]))


def test_a_scene_restorer_without_a_code_needs_no_other_network(archive):
    run("scene", archive, "blind_steps=3")
    assert (archive[1] / "scene_restorer.safetensors").exists()


def test_a_recipe_without_what_it_builds_on_names_it(archive):
    with pytest.raises(JobError, match=r"reference_restorer\.safetensors is missing"):
        run("code", archive)


def test_pictures_without_a_face_teach_nothing(archive):
    np.savez(archive[1] / "faces.npz", pictures=3, picture=[], landmarks=np.zeros((0, 5, 2)), person=[])
    with pytest.raises(ConfigError, match="no face to learn from or to check on in 3 pictures"):
        run("face", archive)


def test_a_recipe_is_strict():
    with pytest.raises(ConfigError, match=r"looks\.perceptul: no such key; the nearest is looks\.perceptual"):
        load("scene", None, ["looks.perceptul=1"])
    with pytest.raises(ConfigError, match="the presets are code, face, scene"):
        load("scene", "nothing.yaml", [])


def test_the_loss_sees_blur_that_a_mean_would_miss():
    clean = ((torch.arange(8) // 2) % 2).float().expand(1, 3, 8, 8)
    grey, shifted = torch.full_like(clean, 0.5), 1 - clean
    assert float(detail_loss(clean, clean)) == 0
    assert detail_loss(grey, clean) > (grey - clean).abs().mean()
    assert detail_loss(shifted, clean) > detail_loss(grey, clean)


def test_psnr_is_the_known_one():
    clean = torch.full((2, 3, 8, 8), 0.5)
    assert psnr(clean + 0.1, clean) == pytest.approx(20, abs=1e-3)
    assert psnr(clean, clean) == pytest.approx(60, abs=1e-3)


def test_gain_counts_damaged_samples_only():
    clean = torch.full((2, 3, 8, 8), 0.5)
    damaged = clean.clone()
    damaged[0] += 0.1
    restored = clean.clone()
    restored[0] += 0.01
    restored[1] += 0.3
    assert gain(restored, damaged, clean) == pytest.approx(20, abs=1e-2)
    assert gain(restored, clean, clean) == 0.0
