import hashlib
import json

import pytest
import torch
from safetensors.torch import save_file

from f2s_ray.errors import JobError
from f2s_ray.models import networks
from tests.models.tiny import CONFIGS, made


@pytest.mark.parametrize("kind", sorted(networks.KINDS))
def test_what_is_saved_is_loaded_to_half_precision(tiny_weights, kind):
    loaded, original = networks.load(kind, tiny_weights), made(kind)
    assert type(loaded) is networks.KINDS[kind][1]
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    for name, value in original.state_dict().items():
        stored = loaded.state_dict()[name]
        assert stored.dtype == value.dtype
        assert torch.equal(stored, value.to(torch.float16).to(value.dtype)), name


def test_the_configuration_travels_with_the_weights(tiny_weights):
    assert networks.load("fadex", tiny_weights).head[-1].out_features == CONFIGS["fadex"].signature


def test_weights_and_their_manifest_are_all_that_is_left_behind(tmp_path):
    path = tmp_path / "deep" / "fadex.safetensors"
    networks.save("fadex", CONFIGS["fadex"], made("fadex"), path)
    networks.save("mapnet", CONFIGS["mapnet"], made("mapnet"), path.with_name("mapnet.safetensors"))
    assert sorted(one.name for one in path.parent.iterdir()) == [
        "fadex.safetensors",
        "manifest.json",
        "mapnet.safetensors",
    ]
    rows = json.loads(path.with_name("manifest.json").read_text())
    assert sorted(rows) == ["fadex", "mapnet"]
    assert rows["fadex"] == {
        "file": "fadex.safetensors",
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_missing_weights_are_named_with_the_way_out(tmp_path):
    with pytest.raises(JobError, match=r"fadex\.safetensors is missing; .*f2s train"):
        networks.load("fadex", tmp_path)


def test_another_network_under_the_name_is_refused(tmp_path):
    networks.save("mapnet", CONFIGS["mapnet"], made("mapnet"), tmp_path / "fadex.safetensors")
    with pytest.raises(JobError, match="holds mapnet, not fadex"):
        networks.load("fadex", tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\xff" * 5000])
def test_garbage_is_refused(tmp_path, content):
    (tmp_path / "fadex.safetensors").write_bytes(content)
    with pytest.raises(JobError, match="is not a safetensors file"):
        networks.load("fadex", tmp_path)


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "fadex.safetensors"
    networks.save("fadex", CONFIGS["fadex"], made("fadex"), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(JobError, match="is not a safetensors file"):
        networks.load("fadex", tmp_path)


def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "fadex.safetensors")
    with pytest.raises(JobError, match="holds nothing, not fadex"):
        networks.load("fadex", tmp_path)


@pytest.mark.parametrize(
    "config", [CONFIGS["fadex"].model_copy(update={"signature": 32}).model_dump(), {"depth": 3}, None]
)
def test_weights_that_do_not_fit_their_configuration_are_refused(tmp_path, config):
    tensors = made("fadex").state_dict()
    said = {"network": json.dumps({"kind": "fadex", "config": config})}
    save_file(tensors, tmp_path / "fadex.safetensors", metadata=said)
    with pytest.raises(JobError, match="made for another version of fadex"):
        networks.load("fadex", tmp_path)


@pytest.mark.parametrize("said", ["{", "[]", '{"kind": 3}'])
def test_a_label_that_is_none_is_refused(tmp_path, said):
    save_file(made("fadex").state_dict(), tmp_path / "fadex.safetensors", metadata={"network": said})
    with pytest.raises(JobError, match="made for another version of fadex"):
        networks.load("fadex", tmp_path)


def test_the_same_weights_make_the_same_file(tmp_path):
    for name in ("one", "two"):
        networks.save("mapnet", CONFIGS["mapnet"], made("mapnet"), tmp_path / name / "mapnet.safetensors")
    assert (tmp_path / "one" / "mapnet.safetensors").read_bytes() == (
        tmp_path / "two" / "mapnet.safetensors"
    ).read_bytes()
