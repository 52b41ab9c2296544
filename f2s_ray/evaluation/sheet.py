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
    width = GAP_PX + len(columns) * (side_px + GAP_PX)
    height = HEAD_PX + len(rows) * (side_px + LABEL_PX + GAP_PX)
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    head, label = (ImageFont.load_default(size) for size in (20, 14))
    for place, column in enumerate(columns):
        x = GAP_PX + place * (side_px + GAP_PX)
        pen.text((x + side_px / 2, HEAD_PX / 2), column, fill=INK, font=head, anchor="mm")
        for line, row in enumerate(rows):
            y = HEAD_PX + line * (side_px + LABEL_PX + GAP_PX)
            if column in row.tiles:
                with Image.open(row.tiles[column]) as tile:
                    sheet.paste(tile.convert("RGB"), (x + (side_px - tile.width) // 2, y + side_px - tile.height))
                pen.text((x + side_px / 2, y + side_px + 5), row.words[column], fill=PALE, font=label, anchor="ma")
    aside = file.with_suffix(".writing")
    sheet.save(aside, format="PNG")
    aside.replace(file)
