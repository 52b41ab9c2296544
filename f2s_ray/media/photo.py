"""What a photo is: its header, its limits, its pages of pixels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Colour", "Limits", "Page", "Photo", "PhotoInfo", "array_from", "tensor_from"]

Colour = Literal["rgb", "grey", "cmyk", "palette"]
ROWS = 256


@dataclass(frozen=True)
class Limits:
    """What is refused before a pixel is decoded.

    ``max_megapixels`` counts all pages together, ``max_bytes`` the file, ``max_pages`` the pages of a TIFF.
    """

    max_megapixels: float = 80.0
    max_bytes: int = 1 << 30
    max_pages: int = 500


@dataclass(frozen=True)
class PhotoInfo:
    """What the header says; width and height are those of the first page, upright.

    ``companions`` names what else lies in the file and cannot come along: a gain map, a clip, a depth map.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int
    page_count: int
    bit_depth: int
    colour: Colour
    has_alpha: bool
    has_icc: bool
    has_exif: bool
    has_xmp: bool
    has_iptc: bool
    captured_at: str | None
    camera: str | None
    content_digest: str
    byte_count: int
    megapixels: float
    companions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """One upright picture: RGB as stored (no profile is applied), 0..1; grey has three equal channels.

    ``ink`` holds the stored C, M, Y, K (0 is none, 1 is full) of a CMYK page; ``rgb`` is then ``(1 - ink) * (1 - k)``.
    """

    rgb: Float[Tensor, "3 h w"]
    alpha: Float[Tensor, "1 h w"] | None
    ink: Float[Tensor, "4 h w"] | None
    is_grey: bool
    bit_depth: int


@dataclass(frozen=True)
class Photo:
    """All pages of a file, and its header."""

    pages: tuple[Page, ...]
    info: PhotoInfo


def tensor_from(samples: np.ndarray, maximum: int) -> Float[Tensor, "c h w"]:
    """Whole numbers 0..maximum, ``[h, w]`` or ``[h, w, c]``, to 0..1 with channels first.

    >>> tensor_from(np.full((2, 3), 65535, np.uint16), 65535).shape
    torch.Size([1, 2, 3])
    """
    rows = samples[..., None] if samples.ndim == 2 else samples
    return torch.from_numpy(np.ascontiguousarray(rows.transpose(2, 0, 1), dtype=np.float32)).div_(maximum)


def array_from(channels: Float[Tensor, "c h w"], maximum: int) -> np.ndarray:
    """The way back: 0..1 to ``[h, w, c]`` of uint8 (maximum 255) or uint16, rounded and clipped.

    >>> array_from(torch.full((1, 2, 2), 0.5), 255)[0, 0]
    array([128], dtype=uint8)
    """
    count, height, width = channels.shape
    samples = np.empty((height, width, count), np.uint8 if maximum <= 255 else np.uint16)
    for top in range(0, height, ROWS):  # a large picture as floats is dear; only some rows are held three times
        whole = (channels[:, top : top + ROWS].clamp(0, 1) * maximum).round()
        samples[top : top + ROWS] = whole.permute(1, 2, 0).cpu().numpy()
    return samples
