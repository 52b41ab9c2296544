import os
import shutil
import subprocess
import sys

import fsspec
import pytest

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models.full_base import NETWORKS, base_digest, base_folder, needed

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("F2S_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def copy(turbo, tmp_path):
    return shutil.copytree(turbo, tmp_path / "base")


@pytest.fixture
def bucket(turbo):
    system = fsspec.filesystem("memory")
    system.put(str(turbo), "/archive/turbo", recursive=True)
    system.pipe_file("/archive/turbo/unet/diffusion_pytorch_model.bin", b"pickle")
    yield system
    system.rm("/archive", recursive=True)


# A folder


def test_a_folder_is_used_where_it_lies(copy):
    assert base_folder(str(copy), with_text=True) == copy.resolve()


@pytest.mark.parametrize("word", ["/nowhere/sd-turbo", "sd-turbo", "a/b/c"])
def test_what_is_no_folder_and_no_hub_id_is_the_users_mistake(word):
    with pytest.raises(ConfigError, match=r"is not a folder; give model\.base=FOLDER, s3://BUCKET/FOLDER or"):
        base_folder(word)


@pytest.mark.parametrize("part", NETWORKS)
def test_a_missing_part_is_named(copy, part):
    (copy / part).unlink()
    with pytest.raises(JobError, match=f"lacks {part}; give a whole diffusers folder"):
        base_folder(str(copy))


@pytest.mark.parametrize("part", ["text_encoder/model.safetensors", "tokenizer/tokenizer.json"])
def test_the_text_encoder_is_missed_only_where_it_is_needed(copy, part):
    (copy / part).unlink()
    assert base_folder(str(copy)) == copy.resolve()
    with pytest.raises(JobError, match=f"lacks {part}"):
        base_folder(str(copy), with_text=True)


@pytest.mark.parametrize("suffix", [".bin", ".ckpt"])
def test_pickled_weights_alone_are_refused(copy, suffix):
    (copy / UNET).rename((copy / UNET).with_suffix(suffix))
    with pytest.raises(JobError, match=f"diffusion_pytorch_model{suffix} would have to be unpickled and is never read"):
        base_folder(str(copy))


# A bucket


def test_a_bucket_is_copied_once(bucket, turbo):
    folder = base_folder("memory://archive/turbo", with_text=True)
    assert (folder / UNET).read_bytes() == (turbo / UNET).read_bytes()
    bucket.rm("/archive/turbo/unet", recursive=True)
    assert base_folder("memory://archive/turbo", with_text=True) == folder


def test_nothing_pickled_and_no_text_encoder_comes_out_of_a_bucket(bucket):
    folder = base_folder("memory://archive/turbo")
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert found == set(NETWORKS)


def test_a_bucket_without_safetensors_is_refused(bucket):
    bucket.rm(f"/archive/turbo/{UNET}")
    with pytest.raises(JobError, match=f"memory://archive/turbo lacks {UNET}"):
        base_folder("memory://archive/turbo")


@pytest.mark.parametrize("word", ["nothing://bucket/turbo", "http://127.0.0.1:9/turbo"])
def test_a_bucket_that_cannot_be_reached_is_the_jobs_trouble(word):
    with pytest.raises(JobError, match="cannot be copied"):
        base_folder(word)


# The hub


def from_hub(cache):
    """What a process without a network gets for a hub id, with this cache of the hub's."""
    code = "from f2s_ray.models.full_base import base_folder; print(base_folder('somebody/sd-turbo'))"
    words = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_CACHE": str(cache)}
    return subprocess.run([sys.executable, "-c", code], env=words, capture_output=True, text=True, check=False)


def test_a_hub_that_cannot_be_reached_is_the_jobs_trouble(tmp_path):
    last = from_hub(tmp_path).stderr.strip().splitlines()[-1]
    assert "JobError: model.base: somebody/sd-turbo is not a folder here, and the hub did not give it" in last
    assert "copy the model's diffusers folder to this machine or a bucket" in last


def test_what_the_hub_once_gave_needs_no_network(turbo, tmp_path):
    stored = tmp_path / "models--somebody--sd-turbo"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("0" * 40)
    snapshot = shutil.copytree(turbo, stored / "snapshots" / ("0" * 40))
    assert from_hub(tmp_path).stdout.strip() == str(snapshot)


# Its digest


def test_the_digest_follows_the_bytes_and_not_the_place(turbo, copy):
    first = base_digest(turbo)
    assert base_digest(copy) == first
    content = bytearray((copy / UNET).read_bytes())
    content[-1] ^= 1
    (copy / UNET).write_bytes(content)
    os.utime(copy / UNET, ns=(1, 1))
    assert base_digest(copy) != first


def test_a_file_that_kept_size_and_time_is_not_read_again(copy, cache):
    first = base_digest(copy)
    state = (copy / UNET).stat()
    (copy / UNET).write_bytes(bytes(state.st_size))
    os.utime(copy / UNET, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert base_digest(copy) == first
    (cache / "digests.json").unlink()
    assert base_digest(copy) != first


def test_a_cache_that_cannot_be_written_is_the_jobs_trouble(turbo, cache):
    cache.write_text("a file")
    with pytest.raises(JobError, match="set F2S_CACHE"):
        base_digest(turbo)


def test_a_module_that_is_not_installed_names_the_extra():
    with pytest.raises(JobError, match=r"pip install 'f2s-ray\[full\]'"):
        needed("no_such_module_anywhere")
