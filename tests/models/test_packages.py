import hashlib
import io
import tarfile
import zipfile

import pytest

from f2s_ray.errors import JobError
from f2s_ray.models.packages import read_member

SETUP = "from setuptools import setup\nsetup(name='odd', version='1.0')\n"


def make_sdist(folder, members, links=()):
    """A source distribution as pip knows it, with its digest."""
    file = folder / "odd-1.0.tar.gz"
    texts = {"setup.py": SETUP.encode(), "PKG-INFO": b"Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n", **members}
    with tarfile.open(file, "w:gz") as archive:
        for name, content in texts.items():
            entry = tarfile.TarInfo(f"odd-1.0/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in links:
            entry = tarfile.TarInfo(f"odd-1.0/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return file, hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_is_read_out_of_a_source_distribution(tmp_path):
    file, _ = make_sdist(tmp_path, {"net.dat": b"numbers", "other.dat": b"more"})
    assert read_member(file, "odd-1.0/net.dat", 7) == (7, b"numbers")


def test_a_file_is_read_out_of_a_wheel(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("a/net.h5", b"numbers")
    assert read_member(tmp_path / "a.whl", "a/net.h5", 7) == (7, b"numbers")


def test_a_file_of_another_size_is_not_read(tmp_path):
    file, _ = make_sdist(tmp_path, {"net.dat": b"numbers"})
    assert read_member(file, "odd-1.0/net.dat", 8) == (7, b"")


def test_a_link_in_a_source_distribution_is_no_file(tmp_path):
    (tmp_path / "secret").write_bytes(b"numbers")
    file, _ = make_sdist(tmp_path, {}, [("net.dat", str(tmp_path / "secret"))])
    with pytest.raises(JobError, match="no plain file"):
        read_member(file, "odd-1.0/net.dat", 7)


@pytest.mark.parametrize("kept", [0, 100, 200])
def test_a_broken_source_distribution_is_a_job_error(tmp_path, kept):
    file, _ = make_sdist(tmp_path, {"net.dat": bytes(range(256)) * 100})
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(JobError, match="no readable"):
        read_member(file, "odd-1.0/net.dat", 25600)
