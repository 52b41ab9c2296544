"""A picture to overlapping tiles and back, without seams."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Tile", "blend", "tile_grid"]


@dataclass(frozen=True)
class Tile:
    """``[y0, y1)`` by ``[x0, x1)`` in pixels."""

    y0: int
    x0: int
    y1: int
    x1: int

    def crop(self, image: Float[Tensor, "c h w"]) -> Float[Tensor, "c th tw"]:
        """The tile's part of an image, a view."""
        return image[..., self.y0 : self.y1, self.x0 : self.x1]


def tile_grid(height: int, width: int, tile_px: int, overlap_px: int) -> list[Tile]:
    """Tiles that cover a picture, row by row, evenly spread; neighbours overlap by at least ``overlap_px``.

    A side that fits into one tile is not cut, so tiles can be smaller than ``tile_px``, never larger.

    Raises:
        ValueError: if ``overlap_px`` is not below half the tile.

    >>> [(tile.x0, tile.x1) for tile in tile_grid(80, 200, 100, 20)]
    [(0, 100), (50, 150), (100, 200)]
    >>> tile_grid(60, 90, 100, 20)
    [Tile(y0=0, x0=0, y1=60, x1=90)]
    """
    if not 0 <= overlap_px < tile_px / 2:
        raise ValueError(f"{overlap_px=} must be below {tile_px / 2:g}; lower it or raise tile_px")
    rows, columns = _spans(height, tile_px, overlap_px), _spans(width, tile_px, overlap_px)
    return [Tile(y0, x0, y1, x1) for y0, y1 in rows for x0, x1 in columns]


def blend(
    tiles: Iterable[tuple[Tile, Float[Tensor, "c th tw"]]], height: int, width: int, overlap_px: int
) -> Float[Tensor, "c height width"]:
    """Join tiles into one picture; each fades over ``overlap_px`` by a raised cosine, and the weights sum to 1.

    Args:
        tiles: each tile with its pixels, in any order; together they cover the picture.
        height: of the picture.
        width: of the picture.
        overlap_px: as given to ``tile_grid``.

    >>> grid = tile_grid(50, 70, 32, 8)
    >>> joined = blend(((tile, torch.full((1, 32, 32), 0.5)) for tile in grid), 50, 70, 8)
    >>> bool(torch.allclose(joined, torch.tensor(0.5)))
    True
    """
    total: Tensor | None = None
    for tile, pixels in tiles:
        if total is None:
            total = pixels.new_zeros(pixels.shape[0], height, width)
            weights = pixels.new_zeros(1, height, width)
        window = _window(tile.y1 - tile.y0, overlap_px)[:, None] * _window(tile.x1 - tile.x0, overlap_px)
        window = window.to(pixels)
        tile.crop(total).add_(pixels * window)
        tile.crop(weights).add_(window)
    if total is None:
        raise ValueError("no tiles to blend; a picture has at least one")
    return total.div_(weights)


def _spans(side: int, tile_px: int, overlap_px: int) -> list[tuple[int, int]]:
    if side <= tile_px:
        return [(0, side)]
    count = math.ceil((side - overlap_px) / (tile_px - overlap_px))
    starts = [round(index * (side - tile_px) / (count - 1)) for index in range(count)]
    return [(start, start + tile_px) for start in starts]


def _window(side: int, overlap_px: int) -> Float[Tensor, "side"]:
    """Rises from just above 0 to 1 over the overlap, falls at the far end; at a picture's edge dividing undoes it."""
    distance = torch.arange(side, dtype=torch.float32) + 0.5
    distance = torch.minimum(distance, side - distance)
    ramp = (distance / max(overlap_px, 1)).clamp(max=1)
    return 0.5 - 0.5 * torch.cos(math.pi * ramp) + 1e-4
