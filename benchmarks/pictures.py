"""Where the pictures lie that are measured on."""

import os
import shutil
from pathlib import Path

from f2s_ray.errors import ConfigError

__all__ = ["data_folder", "training_pictures"]


def data_folder() -> Path:
    """``F2S_SHARED_DATA``, or ``shared/data`` beside the repository.

    Raises: ConfigError when it is not there.
    """
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("F2S_SHARED_DATA", beside))
    if not folder.is_dir():
        raise ConfigError(f"no pictures to measure on in {folder}; set F2S_SHARED_DATA to the folder that has them")
    return folder


def training_pictures(target: Path, count: int) -> list[Path]:
    """Copy so many, spread over the training set, into a new folder.

    Raises: ConfigError as ``data_folder``.
    """
    found = sorted((data_folder() / "train").rglob("*.jpg"))
    target.mkdir(parents=True)
    chosen = [found[number * len(found) // count] for number in range(count)]
    return [Path(shutil.copy(picture, target / f"{number:04}.jpg")) for number, picture in enumerate(chosen)]
