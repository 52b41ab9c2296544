from PIL import Image

from f2s_ray.evaluation.sheet import SheetRow, draw_sheet

RED, BLUE = (200, 0, 0), (0, 0, 200)


def test_tiles_stand_in_their_columns_at_their_own_pixels(tmp_path):
    for name, size, colour in (("a", (40, 40), RED), ("b", (20, 40), BLUE)):
        Image.new("RGB", size, colour).save(tmp_path / f"{name}.png")
    row = SheetRow({"a": tmp_path / "a.png", "b": tmp_path / "b.png"}, {"a": "one", "b": "two"})
    bare = SheetRow({"a": tmp_path / "a.png"}, {"a": "", "b": ""})
    draw_sheet(["a", "b"], [row, bare], 40, tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png").convert("RGB")
    counts = {colour: count for count, colour in sheet.getcolors(1 << 20)}
    assert counts[RED] == 2 * 40 * 40
    assert counts[BLUE] == 20 * 40
    reds = [x for x in range(sheet.width) if RED in {sheet.getpixel((x, y)) for y in range(0, sheet.height, 5)}]
    blues = [x for x in range(sheet.width) if BLUE in {sheet.getpixel((x, y)) for y in range(0, sheet.height, 5)}]
    assert max(reds) < min(blues)
