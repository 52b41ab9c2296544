"""Results of a few pictures to one contact sheet: a row a picture, a column a method, the figures under each tile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

__all__ = ["SheetRow", "draw_sheet"]

GAP_PX, LABEL_PX, HEAD_PX = 12, 26, 44
INK, PALE, PAPER = "#1a1a1a", "#666666", "#ffffff"


@dataclass(frozen=True)
class SheetRow:
    """The tiles of one picture by column, and the words under each."""

    tiles: Mapping[str, Path]
    words: Mapping[str, str]


def draw_sheet(columns: Sequence[str], rows: Sequence[SheetRow], side_px: int, file: Path) -> None:
    """Tiles at their own pixels, at most ``side_px`` a side; a tile that is not there leaves its place empty."""
    heights = [max(_height(file) for file in row.tiles.values()) for row in rows]
    width = GAP_PX + len(columns) * (side_px + GAP_PX)
    sheet = Image.new("RGB", (width, HEAD_PX + sum(heights) + len(rows) * (LABEL_PX + GAP_PX)), PAPER)
    pen = ImageDraw.Draw(sheet)
    head, label = (ImageFont.load_default(size) for size in (20, 14))
    for place, column in enumerate(columns):
        x, y = GAP_PX + place * (side_px + GAP_PX), HEAD_PX
        pen.text((x + side_px / 2, HEAD_PX / 2), column, fill=INK, font=head, anchor="mm")
        for row, height in zip(rows, heights, strict=True):
            if column in row.tiles:
                with Image.open(row.tiles[column]) as tile:
                    sheet.paste(tile.convert("RGB"), (x + (side_px - tile.width) // 2, y))
                pen.text((x + side_px / 2, y + height + 5), row.words[column], fill=PALE, font=label, anchor="ma")
            y += height + LABEL_PX + GAP_PX
    aside = file.with_suffix(".writing")
    sheet.save(aside, format="PNG")
    aside.replace(file)


def _height(file: Path) -> int:
    with Image.open(file) as tile:
        return tile.height
