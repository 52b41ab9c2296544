"""Which pictures are measured on, how they are read, and how each is damaged: all fixed by seeds."""

import hashlib
import json
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from f2s_ray.errors import ConfigError
from f2s_ray.media.degrade import CLEAN, Operator, Strength, apply, draw_operator

__all__ = [
    "STRENGTHS",
    "Level",
    "Picture",
    "damage",
    "data_folder",
    "operator_of",
    "read",
    "references_of",
    "selection",
    "to_tensor",
]

Level = Strength | None
STRENGTHS: dict[str, Level] = {"none": None, "mild": "mild", "middle": "middle", "strong": "strong"}
TESTED_SIDE_PX, REFERENCE_SIDE_PX = 768, 1024
GOV_COUNT, GOV_SMALLER = 33, 12
LARGER = 1.2
# The same shot as banners/banner-homecoming-eeob.jpg, which is tested: as a reference it would show the answer.
NEAR_COPIES = {"pif/assets/images/banners/hero-pif-eeob.png"}
VALIDATION_EACH = 8
QUICK_EACH = 3
SEED = 20
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
People = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Picture:
    """A picture of a data set; ``name`` is its path below the set."""

    dataset: str
    name: str
    path: Path

    @property
    def flat_name(self) -> str:
        """A file name that tells pictures of one set apart, without suffix."""
        return self.name.rsplit(".", 1)[0].replace("/", "__") + "_" + self.path.suffix[1:].lower()


def data_folder() -> Path:
    """``F2S_SHARED_DATA``, or ``shared/data`` beside the repository.

    Raises: ConfigError when it is not there.
    """
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("F2S_SHARED_DATA", beside))
    if not folder.is_dir():
        raise ConfigError(f"no pictures to measure on in {folder}; set F2S_SHARED_DATA to the folder that has them")
    return folder


def selection(*, validation: bool = False, quick: bool = False) -> list[Picture]:
    """The 60 pictures of eval, or 24 of train to choose settings on; ``quick``: three of each set."""
    root = data_folder()
    if validation:
        sets = {name: _drawn(_all(root / "train", name), VALIDATION_EACH) for name in ("ccp", "congress_pd", "gov_cc0")}
    else:
        kodak, azure = _all(root / "eval", "kodak"), _all(root / "eval", "azure_mit")
        sets = {"kodak": kodak, "azure_mit": azure, "gov_cc0": _with_references(root / "eval" / "gov_cc0")}
    return [picture for found in sets.values() for picture in (_drawn(found, QUICK_EACH) if quick else found)]


def references_of(tested: Iterable[Picture]) -> list[Picture]:
    """The labelled pictures of the same people that are not in ``selection()``; undamaged they are the references."""
    names = {picture.name for picture in tested if picture.dataset == "gov_cc0"}
    folder = data_folder() / "eval" / "gov_cc0"
    held = {picture.name for picture in _with_references(folder)}
    if not names <= held:
        return []
    wanted = {name for files in _people(folder).values() if names & set(files) for name in files}
    return [Picture("gov_cc0", name, folder / name) for name in sorted(wanted - held - NEAR_COPIES)]


def read(picture: Picture, long_side_px: int = TESTED_SIDE_PX) -> np.ndarray:
    """Upright RGB uint8 [h, w, 3], shrunk with Lanczos where its long side is above ``long_side_px``."""
    with Image.open(picture.path) as stored:
        upright = ImageOps.exif_transpose(stored)
        image = (upright.convert("RGBA") if upright.mode == "P" else upright).convert("RGB")
    scale = long_side_px / max(image.size)
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image)


def operator_of(picture: Picture, level: Level) -> Operator:
    """The damage of a picture at a strength; its own, always the same."""
    return CLEAN if level is None else draw_operator(_generator(picture, level), level)


def damage(picture: Picture, clean: np.ndarray, level: Level) -> np.ndarray:
    """The damaged copy, stored in 8 bits as a scanner or camera would."""
    generator = _generator(picture, f"noise of {level}")
    damaged = apply(operator_of(picture, level), to_tensor(clean), generator)
    return np.ascontiguousarray((damaged * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def to_tensor(rgb: np.ndarray) -> Tensor:
    """[h, w, 3] uint8 to [3, h, w] float32 in 0..1."""
    return torch.tensor(rgb).permute(2, 0, 1).float() / 255


def _generator(picture: Picture, purpose: str) -> torch.Generator:
    word = f"{purpose}/{picture.dataset}/{picture.name}"
    return torch.Generator().manual_seed(int(hashlib.sha256(word.encode()).hexdigest()[:12], 16))


def _all(root: Path, name: str) -> list[Picture]:
    """Every picture of a set, by path."""
    folder = root / name
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [Picture(name, str(path.relative_to(folder)), path) for path in files]


def _drawn(pictures: Sequence[Picture], count: int) -> list[Picture]:
    """So many of them, in their order."""
    chosen = random.Random(SEED).sample(range(len(pictures)), min(count, len(pictures)))
    return [pictures[index] for index in sorted(chosen)]


@cache
def _people(folder: Path) -> People:
    """Each labelled person's pictures with the width of the face there, px; all are seen in at least two."""
    labels = json.loads((folder / "identities.json").read_text(encoding="utf-8"))
    return {person: {row["file"]: row["face_px"] for row in rows} for person, rows in labels.items()}


def _with_references(folder: Path) -> list[Picture]:
    """A seeded choice in which every picture shows somebody whom a picture outside the choice shows, too.

    Most of the set are portraits seen again only in small group photos; so the first 12 are pictures with a face that another
    picture shows at least 1.2 times as large.
    """
    people = list(_people(folder).values())
    names = sorted({name for files in people for name in files})
    random.Random(SEED).shuffle(names)
    smaller = {name for files in people for name, px in files.items() if max(files.values()) > LARGER * px}
    names.sort(key=lambda name: name not in smaller)
    chosen: set[str] = set()
    for name in names:
        most = GOV_SMALLER if name in smaller else GOV_COUNT
        if len(chosen) < most and _all_known(chosen | {name}, people):
            chosen.add(name)
    return [Picture("gov_cc0", name, folder / name) for name in sorted(chosen)]


def _all_known(chosen: set[str], people: Sequence[dict[str, int]]) -> bool:
    return chosen <= {name for files in people if files.keys() - chosen for name in files}
