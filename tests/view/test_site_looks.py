"""Colours are far enough apart to be read: WCAG 2.2, 1.4.3 and 1.4.11."""

import re
from importlib.resources import files

import pytest

FILES = [files("f2s_ray.view").joinpath(name).read_text("utf-8") for name in ("report.css", "site/static/site.css")]
CSS = "".join(FILES)
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
IN_THE_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", re.DOTALL)
LIGHT = dict(COLOUR.findall("".join(ROOT.findall(css)[0] for css in FILES)))
DARK = dict(COLOUR.findall("".join(IN_THE_DARK.findall(CSS))))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_colour_has_one_for_the_dark():
    assert LIGHT.keys() == DARK.keys()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [(text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "card", "note")]
    + [
        ("on-accent", "accent"),
        ("bad", "card"),
        ("ink", "mark"),
        *((word, "paper") for word in ("good", "middle", "kept")),
    ],
)
def test_text_can_be_read(theme, text, ground):
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("shape", "ground"), [("accent", "rail"), ("was", "card"), ("was", "paper"), ("accent", "paper")]
)
def test_edges_and_bars_can_be_seen(theme, shape, ground):
    assert contrast(theme[shape], theme[ground]) >= 3


def test_who_wants_no_motion_sees_none():
    assert "transition" not in CSS
    assert "animation" not in CSS
    assert "prefers-reduced-motion" in CSS
