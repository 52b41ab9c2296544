import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from f2s_ray.errors import JobError
from f2s_ray.models.sd_turbo import load_networks, text_states
from tests.models.tiny_turbo import WIDTH, save_turbo


@pytest.fixture
def copy(turbo, tmp_path):
    return shutil.copytree(turbo, tmp_path / "base")


def test_prompts_become_77_states_each(turbo):
    states = text_states(turbo, ["a sharp photograph", "blurred", "blurred"])
    assert states.shape == (3, 77, WIDTH)
    assert not torch.equal(states[0], states[1])
    assert torch.equal(states[1], states[2])


def test_a_long_prompt_is_cut(turbo):
    assert text_states(turbo, ["word " * 200]).shape == (1, 77, WIDTH)


def test_a_model_that_predicts_something_else_is_refused(tmp_path):
    save_turbo(tmp_path, prediction_type="v_prediction")
    with pytest.raises(JobError, match="is not SD-Turbo: it predicts 'v_prediction'"):
        load_networks(tmp_path)


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_a_file_cut_short_is_refused(copy, part):
    file = copy / part / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(JobError, match=f"{part} cannot be loaded .*copy it again"):
        load_networks(copy)


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_a_file_that_lacks_a_weight_is_refused(copy, part):
    file = copy / part / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    name = sorted(tensors)[5]
    save_file({key: value for key, value in tensors.items() if key != name}, file, metadata={"format": "pt"})
    with pytest.raises(JobError, match=f"{part} lacks 1 weights, {name} among them"):
        load_networks(copy)


@pytest.mark.parametrize("file", ["unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"])
def test_a_broken_configuration_is_refused(copy, file):
    (copy / file).write_text("{")
    with pytest.raises(JobError, match="copy it again"):
        load_networks(copy)


def test_a_broken_vocabulary_is_refused(copy):
    (copy / "tokenizer" / "tokenizer.json").write_text("{}")
    with pytest.raises(JobError, match="tokenizer cannot be read"):
        text_states(copy, ["a"])


def test_the_older_spelling_of_a_vocabulary_is_read_alike(turbo, copy):
    tokenizer = copy / "tokenizer"
    vocabulary = json.loads((tokenizer / "tokenizer.json").read_text())["model"]["vocab"]
    (tokenizer / "tokenizer.json").unlink()
    (tokenizer / "vocab.json").write_text(json.dumps(vocabulary))
    (tokenizer / "merges.txt").write_text("#version: 0.2\n")
    assert torch.equal(text_states(copy, ["a sharp photograph"]), text_states(turbo, ["a sharp photograph"]))
