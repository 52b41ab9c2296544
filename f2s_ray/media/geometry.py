"""Five landmarks to a square face and back into the picture.

::

      0 ┌──────────────┐   hairline at about 0.04
        │  0.42 ─ eyes │   eyes     0.355 and 0.645
        │  0.59 ─ nose │   nose     0.500
        │  0.72 ─ mouth│   mouth    0.371 and 0.629
      1 └──────────────┘   chin at about 0.95
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

__all__ = ["TEMPLATE", "feather", "paste_back", "similarity_from_landmarks", "warp"]

# Fractions of the side: eye, eye, nose tip, mouth corner, mouth corner; left is left in the picture. Proportions of
# a mean frontal face; the side is 3.3 times the way from the eyes to the mouth, so that hairline and chin are inside.
TEMPLATE = torch.tensor(
    [[0.355, 0.42], [0.645, 0.42], [0.5, 0.591], [0.371, 0.723], [0.629, 0.723]], dtype=torch.float64
)
MARGIN_PX = 8


def similarity_from_landmarks(
    landmarks: Float[Tensor, "5 2"], size_px: int, template: Float[Tensor, "5 2"] = TEMPLATE
) -> Float[Tensor, "2 3"]:
    """The turn, scale and shift (least squares, never a mirror) that brings landmarks to the template; float64.

    Pixel centres are whole numbers in the picture and in the face. ``matrix @ (x, y, 1)`` is the point in the face.

    Args:
        landmarks: x y in pixels of the picture.
        size_px: side of the face.
        template: x y as fractions of the side.

    Raises:
        ValueError: if all landmarks are one point.

    >>> matrix = similarity_from_landmarks(TEMPLATE * 64 - 0.5, 64)
    >>> bool(torch.allclose(matrix, torch.eye(2, 3, dtype=torch.float64)))
    True
    """
    source = torch.view_as_complex(landmarks.to(torch.float64).contiguous())
    wanted = torch.view_as_complex((template.to(torch.float64) * size_px - 0.5).contiguous())
    centred = source - source.mean()
    spread = (centred.abs() ** 2).sum()
    if spread <= 1e-12:
        raise ValueError(f"landmarks {landmarks.tolist()} are one point; a face needs five")
    turn = (centred.conj() * (wanted - wanted.mean())).sum() / spread
    shift = wanted.mean() - turn * source.mean()
    return torch.stack(
        [torch.stack([turn.real, -turn.imag, shift.real]), torch.stack([turn.imag, turn.real, shift.imag])]
    )


def warp(
    image: Float[Tensor, "c h w"], matrix: Float[Tensor, "2 3"], size: tuple[int, int]
) -> Float[Tensor, "c th tw"]:
    """The picture under a similarity, bicubic, shrunk without aliasing; beyond its edge the edge goes on.

    Args:
        image: 0..1.
        matrix: from the picture's pixels to the result's.
        size: height and width of the result.
    """
    inverse = inverted(matrix)
    scale = math.sqrt(float(torch.linalg.det(matrix[:, :2])))
    if scale < 1:
        image, inverse = _shrunk(image, inverse, scale, size)
    y, x = torch.meshgrid(*(torch.arange(side, dtype=torch.float64) for side in size), indexing="ij")
    points = torch.stack([x, y, torch.ones_like(x)], -1) @ inverse.T
    # Relative to the middle, a pixel's centre is at (i + 0.5) / side.
    sides = torch.tensor([image.shape[2], image.shape[1]], dtype=torch.float64)
    grid = ((points + 0.5) / sides * 2 - 1).to(image)
    sampled = grid_sample(image[None], grid[None], mode="bicubic", padding_mode="border", align_corners=False)
    return sampled[0].clamp(float(image.min()), float(image.max()))


def paste_back(
    image: Float[Tensor, "3 h w"],
    face: Float[Tensor, "3 s s"],
    matrix: Float[Tensor, "2 3"],
    mask: Float[Tensor, "1 s s"],
) -> Float[Tensor, "3 h w"]:
    """The picture with the change of its face.

    What is pasted is the difference between ``face`` and what ``warp`` cut out: where nothing changed the picture
    stays as it is, to the bit, and detail that is finer than the face crop is not blurred.

    Args:
        image: the picture that ``warp`` read.
        face: the new face.
        matrix: as given to ``warp``.
        mask: share of the new face, 0..1; nought at its border (see ``feather``).
    """
    side = face.shape[1]
    change = (face - warp(image, matrix, (side, side))) * mask
    x0, y0, x1, y1 = _reach(matrix, side, (image.shape[1], image.shape[2]))
    if x0 >= x1 or y0 >= y1:
        return image
    back = inverted(matrix)
    back[:, 2] -= torch.tensor([x0, y0], dtype=back.dtype)
    result = image.clone()
    part = result[:, y0:y1, x0:x1]
    part.add_(warp(change, back, (y1 - y0, x1 - x0))).clamp_(0, 1)
    return result


def feather(size_px: int, border_fraction: float = 0.12) -> Float[Tensor, "1 s s"]:
    """A mask of 1 that falls to 0 at the border as a raised cosine.

    >>> mask = feather(64)
    >>> float(mask[0, 32, 32]), round(float(mask[0, 0, 32]), 3)
    (1.0, 0.0)
    """
    distance = torch.arange(size_px, dtype=torch.float32)
    ramp = (torch.minimum(distance, size_px - 1 - distance) / (border_fraction * size_px)).clamp(max=1)
    window = 0.5 - 0.5 * torch.cos(math.pi * ramp)
    return (window[:, None] * window)[None]


def inverted(matrix: Float[Tensor, "2 3"]) -> Float[Tensor, "2 3"]:
    """The similarity back."""
    turn = torch.linalg.inv(matrix[:, :2])
    return torch.cat([turn, -(turn @ matrix[:, 2:])], 1)


def _reach(matrix: Float[Tensor, "2 3"], side: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the picture that a face covers, ``x0 y0 x1 y1``."""
    corners = torch.tensor([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], dtype=torch.float64)
    points = (corners - torch.tensor([0.5, 0.5, 0])) @ inverted(matrix).T
    low, high = points.amin(0).floor().int().tolist(), points.amax(0).ceil().int().tolist()
    return max(low[0], 0), max(low[1], 0), min(high[0] + 1, size[1]), min(high[1] + 1, size[0])


def _shrunk(
    image: Float[Tensor, "c h w"], inverse: Float[Tensor, "2 3"], scale: float, size: tuple[int, int]
) -> tuple[Float[Tensor, "c sh sw"], Float[Tensor, "2 3"]]:
    """The part that is read, made small with a filter, and the matrix from the result to that."""
    corners = torch.tensor([[x, y, 1] for x in (0, size[1] - 1) for y in (0, size[0] - 1)], dtype=torch.float64)
    points = corners @ inverse.T
    margin = math.ceil(MARGIN_PX / scale)
    height, width = image.shape[1:]
    x0, y0 = (
        min(max(int(low) - margin, 0), side - 1) for low, side in zip(points.amin(0), (width, height), strict=True)
    )
    x1, y1 = (
        min(max(math.ceil(high) + margin + 1, start + 1), side)
        for high, start, side in zip(points.amax(0).tolist(), (x0, y0), (width, height), strict=True)
    )
    part = image[None, :, y0:y1, x0:x1]
    small = interpolate(
        part,
        size=[max(1, round((y1 - y0) * scale)), max(1, round((x1 - x0) * scale))],
        mode="bicubic",
        align_corners=False,
        antialias=True,
    )[0]
    ratio = torch.tensor([small.shape[2] / (x1 - x0), small.shape[1] / (y1 - y0)], dtype=torch.float64)[:, None]
    moved = inverse.clone()
    moved[:, 2] -= torch.tensor([x0, y0], dtype=torch.float64)
    # (p + 0.5) * ratio - 0.5 keeps pixel centres where they are.
    moved[:, 2] += 0.5
    moved = moved * ratio
    moved[:, 2] -= 0.5
    return small, moved
