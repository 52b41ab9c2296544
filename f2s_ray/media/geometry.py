r"""Between the upright picture and the aligned face: similarity transforms, warps and the way back.

::

    side 1.0   +-----------------+
               |    forehead     |
      y 0.394  |    o       o    |   eyes, 0.242 apart
      y 0.513  |        v        |   nose tip
      y 0.672  |      \___/      |   mouth
               |      chin       |
               +-----------------+
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["TEMPLATE", "align_matrix", "centre_of", "feather_mask", "is_alignable", "native_side", "paste_back", "warp"]

MIN_SPREAD, MIN_LIKENESS = 0.2, 0.8

# x y of the eye at the left of the picture, the other eye, nose tip, mouth corners, as fractions of the side of the aligned square:
# the 112 px template of ArcFace (Deng et al. 2019), made 1.3 times wider so that hair line and chin lie inside.
TEMPLATE = np.array(
    [[0.3784, 0.3935], [0.6205, 0.3922], [0.5002, 0.5312], [0.4008, 0.6729], [0.6012, 0.6717]], dtype=np.float64
)


def align_matrix(landmarks: np.ndarray, side: float) -> np.ndarray:
    """Least-squares similarity that takes five landmarks [5, 2] (pixels) onto the template of ``side`` pixels.

    Returns: [2, 3], picture pixels -> aligned pixels; of use where ``is_alignable``. Source: Umeyama 1991, without reflection.
    """
    target = TEMPLATE * side
    source = np.asarray(landmarks, dtype=np.float64)
    a, b = source - source.mean(0), target - target.mean(0)
    real = float((a * b).sum()) / float((a * a).sum())
    turn = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / float((a * a).sum())
    linear = np.array([[real, -turn], [turn, real]])
    return np.concatenate([linear, (target.mean(0) - linear @ source.mean(0))[:, None]], axis=1)


def is_alignable(landmarks: np.ndarray) -> bool:
    """The five points lie as on a face that can be laid onto the template; not on a line (a profile), in one place or in disorder.

    Two measures decide: the shorter extent against the longer one (0.85 for a face that looks into the camera), and the correlation with
    the template after the best turn (0.99 there, 0.92 for a head turned by 60 degrees, 0.8 by 80).

    >>> is_alignable(TEMPLATE * 100), is_alignable(TEMPLATE * [10, 100]), is_alignable(np.ones((5, 2)))
    (True, False, False)
    """
    if not np.isfinite(landmarks).all():
        return False
    points, target = (values - values.mean(0) for values in (np.asarray(landmarks, dtype=np.float64), TEMPLATE))
    longer, shorter = np.linalg.svd(points, compute_uv=False)
    if longer == 0 or shorter < MIN_SPREAD * longer:
        return False
    a, b = points @ [1, 1j], target @ [1, 1j]
    return bool(abs(np.vdot(a, b)) >= MIN_LIKENESS * np.linalg.norm(a) * np.linalg.norm(b))


def centre_of(matrix: np.ndarray, side: float) -> np.ndarray:
    """Where the middle of the aligned square of ``side`` pixels lies in the picture: x, y."""
    return np.linalg.inv(matrix[:, :2]) @ (np.full(2, side / 2) - matrix[:, 2])


def native_side(landmarks: np.ndarray) -> float:
    """Side in pixels of the aligned square at which the face keeps its own scale."""
    linear = align_matrix(landmarks, 1.0)[:, :2]
    return 1.0 / math.sqrt(abs(float(np.linalg.det(linear))))


def warp(
    picture: Float[Tensor, "c h w"], matrix: np.ndarray, height: int, width: int, padding: str = "reflection"
) -> Float[Tensor, "c height width"]:
    """Resample with a 2x3 matrix that takes picture pixels to result pixels; bicubic, clamped to 0..1.

    Shrinking by more than two is averaged first, so that fine texture does not alias.
    """
    return _resample(picture, matrix, height, width, padding).clamp(0, 1)


def _resample(picture: Tensor, matrix: np.ndarray, height: int, width: int, padding: str) -> Tensor:
    """``warp`` without the clamp, for what is no picture."""
    source_height, source_width = picture.shape[-2:]
    full = np.vstack([matrix, [0.0, 0.0, 1.0]])
    scale = math.sqrt(abs(float(np.linalg.det(full[:2, :2]))))
    if scale < 0.5:
        factor = math.floor(1 / scale)
        picture = F.avg_pool2d(picture[None], factor, ceil_mode=True, count_include_pad=False)[0]
        full = full @ np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])
        source_height, source_width = picture.shape[-2:]
    back = torch.from_numpy(np.linalg.inv(full)[:2]).to(torch.float32)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    points = torch.stack([x, y, torch.ones_like(x)], -1).to(torch.float32) @ back.T
    size = torch.tensor([source_width, source_height], dtype=torch.float32)
    grid = (2 * points + 1) / size - 1
    return F.grid_sample(picture[None], grid[None], mode="bicubic", padding_mode=padding, align_corners=False)[0]


def feather_mask(side: int, border: float = 0.14) -> Float[Tensor, "1 side side"]:
    """1 inside, falling to 0 at the rim with a raised cosine over ``border`` of the side; corners are round."""
    axis = (torch.arange(side) + 0.5) / side * 2 - 1
    radius = (axis[:, None].abs().pow(4) + axis[None, :].abs().pow(4)).pow(0.25)
    ramp = ((1 - radius) / (2 * border)).clamp(0, 1)
    return (0.5 - 0.5 * torch.cos(math.pi * ramp))[None]


def paste_back(
    picture: Float[Tensor, "3 h w"],
    change: Float[Tensor, "3 s s"],
    matrix: np.ndarray,
    mask: Float[Tensor, "1 s s"],
) -> Float[Tensor, "3 h w"]:
    """Add an aligned face's change to the picture it was cut from, weighted by ``mask``; the rest stays as it is.

    A change of zero gives the picture back exactly.
    """
    height, width = picture.shape[-2:]
    inverse = np.linalg.inv(np.vstack([matrix, [0.0, 0.0, 1.0]]))
    side = change.shape[-1]
    corners = inverse @ np.array([[0, side, side, 0], [0, 0, side, side], [1, 1, 1, 1.0]])
    x0, y0 = np.floor(corners[:2].min(1)).astype(int).clip(0) - 1
    x1, y1 = np.ceil(corners[:2].max(1)).astype(int) + 2
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
    if x1 <= x0 or y1 <= y0:
        return picture
    window = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]]) @ inverse
    delta = _resample(change * mask, window[:2], y1 - y0, x1 - x0, padding="border")
    inside = warp(torch.ones(1, side, side), window[:2], y1 - y0, x1 - x0, padding="zeros")
    result = picture.clone()
    result[:, y0:y1, x0:x1] = (result[:, y0:y1, x0:x1] + delta * inside).clamp(0, 1)
    return result
