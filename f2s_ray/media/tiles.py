"""A picture to overlapping tiles and back, without seams."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Tile", "blend", "tile_grid"]

# An eighth of the overlap at a tile's inner edge does not count: there a network had to guess what lies beyond.
DEAD = 8


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

    A side that fits into one tile is not cut, so tiles can be smaller than ``tile_px``, never larger; all are of one size.

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
    grid: Sequence[Tile], pixels: Iterable[Float[Tensor, "c th tw"]], overlap_px: int
) -> Float[Tensor, "c height width"]:
    """Join tiles into one picture; each fades over ``overlap_px`` by a raised cosine, and the weights sum to 1.

    The weights are known before the first tile comes, so nothing of the picture's size is held but the result.

    Args:
        grid: as ``tile_grid`` gives it.
        pixels: those of each tile, in the same order; one is held at a time.
        overlap_px: as given to ``tile_grid``.

    Raises:
        ValueError: there is no tile, or not one part for each.

    >>> grid = tile_grid(50, 70, 32, 8)
    >>> joined = blend(grid, (torch.full((1, 32, 32), 0.5) for _ in grid), 8)
    >>> bool(torch.allclose(joined, torch.tensor(0.5)))
    True
    """
    if not grid:
        raise ValueError("no tiles to blend; a picture has at least one")
    rows = _weights({(tile.y0, tile.y1) for tile in grid}, overlap_px)
    columns = _weights({(tile.x0, tile.x1) for tile in grid}, overlap_px)
    parts = iter(pixels)
    first = next(parts)
    joined = first.new_zeros(first.shape[0], max(y1 for _, y1 in rows), max(x1 for _, x1 in columns))
    for tile, part in zip(grid, chain([first], parts), strict=True):
        weight = rows[tile.y0, tile.y1][:, None] * columns[tile.x0, tile.x1]
        tile.crop(joined).add_(part * weight.to(part))
    return joined


def _spans(side: int, tile_px: int, overlap_px: int) -> list[tuple[int, int]]:
    if side <= tile_px:
        return [(0, side)]
    count = math.ceil((side - overlap_px) / (tile_px - overlap_px))
    starts = [round(index * (side - tile_px) / (count - 1)) for index in range(count)]
    return [(start, start + tile_px) for start in starts]


def _weights(spans: set[tuple[int, int]], overlap_px: int) -> dict[tuple[int, int], Float[Tensor, " side"]]:
    """The weight of each span at each of its pixels; over all spans they sum to 1 everywhere."""
    side = max(stop for _, stop in spans)
    windows = {(start, stop): _window(start, stop, side, overlap_px) for start, stop in sorted(spans)}
    total = torch.zeros(side, dtype=torch.float64)
    for (start, stop), window in windows.items():
        total[start:stop] += window
    return {(start, stop): (window / total[start:stop]).float() for (start, stop), window in windows.items()}


def _window(start: int, stop: int, side: int, overlap_px: int) -> Float[Tensor, " length"]:
    """1 in the middle and at the picture's own edges; at an inner edge 0, then a rise within the overlap."""
    place = torch.arange(stop - start, dtype=torch.float64) + 0.5
    dead = overlap_px // DEAD
    slope = max(overlap_px - 2 * dead, 1)
    window = torch.ones_like(place)
    for distance, inner in ((place, start > 0), (place.flip(0), stop < side)):
        if inner:
            ramp = ((distance - dead) / slope).clamp(0, 1)
            window = window * (0.5 - 0.5 * torch.cos(math.pi * ramp))
    return window
