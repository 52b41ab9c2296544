"""Weights and configurations that would run something are refused, and run nothing."""

import os
import pickle
import shutil
import time
from typing import get_args

import pytest
from pydantic import BaseModel

from f2s_ray.config import Config
from f2s_ray.errors import ConfigError, F2SError
from f2s_ray.evaluation.peer import Peer
from f2s_ray.media.film.presets import preset_named
from f2s_ray.models import networks, weights
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig
from f2s_ray.strict_yaml import parse
from tests.whole.made import f2s

# The only texts of a configuration; each names a place, a machine, or one of a list that is checked where it is used.
TEXTS = {
    *(
        "engine.address",
        "detect.embedder.model_path",
        "model.base",
        "model.weights",
        "model.device",
        "restore.film.preset",
    ),
}


class Touches:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mknod, (str(self.path),)


@pytest.fixture
def canary(tmp_path):
    """Pickled bytes, and the file that they would make."""
    return pickle.dumps(Touches(tmp_path / "it ran")), tmp_path / "it ran"


def test_the_canary_sings(canary):
    data, it_ran = canary
    pickle.loads(data)
    assert it_ran.exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".onnx"])
def test_pickled_weights_are_refused_and_nothing_runs(suffix, canary, tmp_path):
    data, it_ran = canary
    file = tmp_path / f"scene_restorer{suffix}"
    file.write_bytes(data)
    for read in (
        lambda: networks.load("scene_restorer", tmp_path),
        lambda: Peer(file, tmp_path),
        lambda: FaceEmbedder(FaceEmbedderConfig(model_path=str(file))),
    ):
        with pytest.raises(F2SError):
            read()
    assert not it_ran.exists()


def test_a_flipped_byte_in_a_weight_is_found_by_the_command(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    shutil.copytree(weights.PACKAGED, folder)
    monkeypatch.setattr(weights, "PACKAGED", folder)
    assert f2s("weights", "verify", "mapnet").code == 0
    content = bytearray((folder / "mapnet.safetensors").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "mapnet.safetensors").write_bytes(content)
    ended = f2s("weights", "verify", "mapnet")
    assert ended.code != 0
    assert "SHA-256" in ended.out + ended.err


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)),
        "a: !!python/object/apply:os.mknod [CANARY]",
        "a: !!python/object/new:os.mknod [CANARY]",
        "a: !!python/name:os.system",
        "a: !!python/module:os",
        "!!python/object/apply:os.system ['touch CANARY']",
        "a: 1\na: 2",
        "a: {b: {<<: {c: 1}, <<: {d: 1}}}",
    ],
)
def test_no_yaml_runs_grows_or_says_a_thing_twice(text, tmp_path):
    begin = time.process_time()
    with pytest.raises(ConfigError):
        parse(text.replace("CANARY", str(tmp_path / "it ran")), "config.yaml")
    assert time.process_time() - begin < 5
    assert list(tmp_path.iterdir()) == []


def texts(model, prefix=""):
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from texts(kind, f"{prefix}{name}.")
            elif kind is str:
                yield prefix + name


def test_a_configuration_holds_no_text_that_a_program_is_given():
    assert set(texts(Config)) <= TEXTS


@pytest.mark.parametrize("word", ["h264 -i /etc/passwd", "libx264", "h264;id", "../h264", "H264"])
def test_an_encoder_is_one_of_a_list(word):
    with pytest.raises(ConfigError, match="preset"):
        preset_named(word)
