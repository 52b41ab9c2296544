"""Folders of sharp pictures to pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from f2s_ray.errors import ConfigError, MediaError
from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe

__all__ = ["Picture", "files_below", "read", "shrunk", "stored", "to_tensor"]

NO_PICTURE = {"skipped:not_media", "skipped:film"}


@dataclass(frozen=True)
class Picture:
    """A sharp picture: its set, its path below its DATA folder, where it lies, the SHA-256 of its bytes, height and width."""

    dataset: str
    name: str
    path: Path
    digest: str
    size: tuple[int, int]


def files_below(folders: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Every regular file with the folder that it was found in, by path.

    Raises: ConfigError when one is not a folder.
    """
    if missing := [str(folder) for folder in folders if not folder.is_dir()]:
        raise ConfigError(f"DATA {', '.join(missing)} is not a folder; give folders with sharp pictures")
    found = {
        path: folder for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
    }
    return [(found[path], path) for path in sorted(found)]


def read(path: Path) -> tuple[str, UInt8[np.ndarray, "h w 3"]] | None:
    """SHA-256 of the bytes and the upright pixels in 8 bits; None for what is no picture by content and name.

    Raises: MediaError when it is one and cannot be read.
    """
    limits = Limits()
    try:
        info = probe(path, limits)
    except MediaError as error:
        if error.kind in NO_PICTURE:
            return None
        raise
    return info.content_digest, stored(decode(path, info, limits).pages[0].rgb)


def shrunk(rgb: UInt8[np.ndarray, "h w 3"], long_side_px: float) -> UInt8[np.ndarray, "a b 3"]:
    """Shrunk with Lanczos to a long side of at most ``long_side_px``; a smaller picture stays as it is."""
    scale = long_side_px / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))


def to_tensor(rgb: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "3 h w"]:
    """To 0..1."""
    return torch.tensor(rgb).permute(2, 0, 1).float() / 255


def stored(rgb: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """As a file of 8 bits keeps it."""
    return np.ascontiguousarray((rgb.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())
