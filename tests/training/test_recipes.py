import json

import cv2
import numpy as np
import pytest
import torch

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.training.recipes import Recipe, Shapes, detail_loss, gain, psnr, run_recipe
from tests.models.tiny import CONFIGS
from tests.training.made import textured

TINY = Shapes(
    face=CONFIGS["reference_restorer"],
    code=CONFIGS["fadex"],
    mapnet=CONFIGS["mapnet"],
    scene=CONFIGS["scene_restorer"],
)


def recipe(steps=3, batch=6):
    return Recipe(steps=steps, batch=batch, learning_rate=1e-3, blind_steps=1, shapes=TINY)


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
    source, out = archive
    told = []
    for which in ("face", "code", "scene"):
        run_recipe(which, [source], out, recipe(), told.append, threads=1)
    model = Face2Scene(Face2SceneConfig(weights=str(out), threads=1))
    restored = model.restore_scene(torch.full((3, 40, 40), 0.5), None)
    assert torch.isfinite(restored).all()
    assert told.count("3 pictures, 3 faces") == 3
    figures = [json.loads(line) for line in told if line.startswith("{")]
    assert [set(line) - {"step", "seconds"} for line in figures] == [
        {"loss", "gain"},
        {"contrast", "told", "same", "other"},
        {"loss", "gain"},
    ]


def test_a_recipe_without_what_it_builds_on_names_it(archive):
    source, out = archive
    with pytest.raises(JobError, match=r"reference_restorer\.safetensors is missing"):
        run_recipe("code", [source], out, recipe(), lambda line: None, threads=1)


def test_pictures_without_a_face_teach_nothing(archive):
    source, out = archive
    np.savez(out / "faces.npz", pictures=3, picture=[], landmarks=np.zeros((0, 5, 2)), person=[])
    with pytest.raises(ConfigError, match="no face in the 3 pictures"):
        run_recipe("face", [source], out, recipe(), lambda line: None, threads=1)


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
