"""A picture to what a JPEG of it shows: libjpeg's arithmetic, written as tensors, on the picture's device.

All that a baseline JPEG loses is lost here, to the bit: colours (JFIF), 4:2:0 below quality 90, the 8x8 transform, the
quantisation, and the way back with libjpeg's "fancy" chroma. Every number is a whole one held in float64, where sums and
products of this size are exact: the result is the same on a CPU and on a GPU, whatever is set about TF32 or autocast.
Source: libjpeg-turbo 3 (jccolor.c, jcsample.c, jfdctint.c, jcdctmgr.c, jcparam.c, jidctint.c, jdsample.c, jdcolor.c); IJG licence.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["BLOCK", "jpeg_round_trip"]

Table = tuple[tuple[int, ...], ...]
BLOCK = 8  # side of what is transformed at a time, px
FULL_CHROMA_QUALITY = 90
# sqrt(8) * 8192 * the cosine basis as the C code's constants make it; the right half mirrors the left
HALF_BASIS = (
    (8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260),
    (10703, 4433, -4433, -10703),
    (9633, -2259, -11362, -6436),
    (8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633),
    (4433, -10704, 10704, -4433),
    (2260, -6436, 9633, -11363),
)
BASIS = tuple(
    (*row, *(-number if place % 2 else number for number in reversed(row))) for place, row in enumerate(HALF_BASIS)
)
# 65536 * (Y - 128, Cb - 128, Cr - 128) from R, G, B, then what is added before the shift
FROM_RGB = ((19595, 38470, 7471), (-11059, -21709, 32768), (32768, -27439, -5329))
FROM_RGB_OFFSET = ((32768 - (128 << 16),), (32767,), (32767,))
# 65536 * what Cb - 128 and Cr - 128 add to Y - 128 for R, G, B, then what is added before the shift
FROM_CHROMA = ((0, 91881), (-22554, -46802), (116130, 0))
FROM_CHROMA_OFFSET = ((32768 + (128 << 16),),) * 3
LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *[(99,) * BLOCK] * 4,
)


def jpeg_round_trip(rgb: Float[Tensor, "3 h w"], quality: int) -> Float[Tensor, "3 h w"]:
    """Encode and decode, quality 1..100; values outside 0..1 are clipped, the result has 8-bit steps.

    Equals libjpeg-turbo (Pillow, OpenCV) bit for bit, but for 4:2:0 pictures of less than five pixels' width.
    """
    height, width = rgb.shape[1:]
    stored = (rgb.clamp(0, 1) * 255).round_().double().flatten(1)
    centred = _mixed(FROM_RGB, stored, FROM_RGB_OFFSET).view(3, height, width)
    luma, chroma = centred[:1], centred[1:]
    halves = quality < FULL_CHROMA_QUALITY
    luma = _coded(luma, _table(LUMA_TABLE, quality))
    chroma = _coded(_halved(chroma) if halves else chroma, _table(CHROMA_TABLE, quality))
    chroma = _doubled(chroma, height, width) if halves else chroma
    added = _mixed(FROM_CHROMA, chroma.flatten(1), FROM_CHROMA_OFFSET).view(3, height, width)
    return added.add_(luma).clamp_(0, 255).float().div_(255)


@lru_cache(maxsize=256)
def _constant(numbers: Table, device: torch.device) -> Tensor:
    """On a device once: making and sending small tensors would cost as much as the sums they are for."""
    return torch.tensor(numbers, dtype=torch.float64, device=device)


def _mixed(weights: Table, planes: Tensor, offset: Table) -> Tensor:
    """Sums of planes with 16 bits behind the point, cut off."""
    device = planes.device
    return torch.addmm(_constant(offset, device), _constant(weights, device), planes).mul_(2**-16).floor_()


def _table(base: Table, quality: int) -> Table:
    """A standard table at a quality, rows by vertical frequency."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(tuple(min(max((step * percent + 50) // 100, 1), 255) for step in row) for row in base)


def _coded(planes: Float[Tensor, "c h w"], table: Table) -> Float[Tensor, "c h w"]:
    """Through transform and quantisation; the last row and column are repeated to fill the blocks."""
    count, height, width = planes.shape
    full = _filled(planes, -height % BLOCK, -width % BLOCK)
    rows, columns = full.shape[1] // BLOCK, full.shape[2] // BLOCK
    # position in the block first, then all blocks: one wide product for each pass
    blocks = full.view(count, rows, BLOCK, columns, BLOCK).permute(4, 2, 0, 1, 3)  # [x, y, ..]
    basis, steps = (_constant(numbers, full.device) for numbers in (BASIS, table))
    across = _product(basis, blocks, 11)  # [u, y, ..]
    found = _product(basis, across.transpose(0, 1), 15).div_((8 * steps)[..., None, None, None])  # [v, u, ..]
    kept = _rounded(found.abs()).copysign_(found).mul_(steps[..., None, None, None])
    down = _product(basis.T, kept, 11)  # [y, u, ..]
    shown = _product(basis.T, down.transpose(0, 1), 18).clamp_(-128, 127)  # [x, y, ..]
    return shown.permute(2, 3, 1, 4, 0).reshape(full.shape)[:, :height, :width]


def _product(basis: Tensor, blocks: Tensor, bits: int) -> Tensor:
    """One pass of the transform over the first dimension, shifted right as the C code does after it."""
    return _rounded(basis * 2.0**-bits @ blocks.reshape(BLOCK, -1)).view(blocks.shape)


def _rounded(numbers: Tensor) -> Tensor:
    return numbers.add_(0.5).floor_()


def _filled(planes: Float[Tensor, "c h w"], rows: int, columns: int) -> Tensor:
    """The last row and column repeated so many times."""
    return F.pad(planes[None], (0, columns, 0, rows), mode="replicate")[0] if rows or columns else planes


def _halved(chroma: Float[Tensor, "2 h w"]) -> Tensor:
    """Means of 2x2, rounded up and down in turn along a row, as wide as its blocks."""
    full = _filled(chroma, chroma.shape[1] % 2, -chroma.shape[2] % (2 * BLOCK))
    total = F.avg_pool2d(full, 2, divisor_override=1)
    turn = torch.arange(total.shape[2], device=total.device) % 2 + 1
    return total.add_(turn).mul_(0.25).floor_()


def _doubled(chroma: Float[Tensor, "2 h2 w2"], height: int, width: int) -> Tensor:
    """Twice as large: each sample is 9/16 the nearest, 3/16 its neighbours, 1/16 the one across."""
    seen = chroma[:, : (height + 1) // 2, : (width + 1) // 2]
    framed = F.pad(seen[None], (0, 0, 1, 1), mode="replicate")[0]
    tall = torch.stack([3 * seen + framed[:, :-2], 3 * seen + framed[:, 2:]], 2).flatten(1, 2)
    framed = F.pad(tall[None], (1, 1, 0, 0), mode="replicate")[0]
    pairs = torch.stack([3 * tall + framed[..., :-2] + 8, 3 * tall + framed[..., 2:] + 7], 3)
    return pairs.mul_(1 / 16).floor_().flatten(2)[:, :height, :width]
