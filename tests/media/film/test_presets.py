from dataclasses import replace
from pathlib import Path

import av
import pytest

from f2s_ray.errors import ConfigError
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.presets import available_presets, pixel_format_for, preset_named, suffixes_for
from f2s_ray.media.film.probe import probe_film
from tests.media.film.films import make_film


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    return probe_film(make_film(tmp_path_factory.mktemp("film") / "film.mp4", count=1), FilmLimits())


def test_only_encoders_that_are_installed_are_offered() -> None:
    assert available_presets()
    assert all(preset.encoder in av.codecs_available for preset in available_presets())


def test_a_preset_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="ffv1"):
        preset_named("betamax")


@pytest.mark.parametrize(
    ("source", "size", "preset", "expected"),
    [
        ("yuv420p", (96, 64), "h264", ("yuv420p", ())),
        ("yuvj420p", (96, 64), "h264", ("yuv420p", ())),
        ("yuv420p10le", (96, 64), "hevc", ("yuv420p10le", ())),
        ("yuv422p10le", (96, 64), "ffv1", ("yuv422p10le", ())),
        ("yuv420p", (97, 64), "h264", ("yuv444p", ("samples yuv420p become yuv444p",))),
        ("yuv420p", (96, 65), "hevc", ("yuv422p", ("samples yuv420p become yuv422p",))),
        ("yuv420p", (97, 65), "ffv1", ("yuv420p", ())),
        ("yuv420p", (97, 65), "av1", ("yuv420p", ())),
        ("yuv420p", (96, 64), "prores", ("yuv422p10le", ("8 bit become 10", "samples yuv420p become yuv422p10le"))),
        ("yuv420p12le", (96, 64), "h264", ("yuv420p10le", ("12 bit become 10",))),
        ("gray", (96, 64), "ffv1", ("gray", ())),
        ("gray", (96, 64), "h264", ("yuv420p", ("samples gray become yuv420p",))),
    ],
)
def test_the_pixel_format_loses_least(source: str, size: tuple[int, int], preset: str, expected: tuple, info) -> None:
    bits = 12 if "12" in source else 10 if "10" in source else 8
    film = replace(info, pixel_format=source, bit_depth=bits, width_px=size[0], height_px=size[1])
    assert pixel_format_for(film, preset_named(preset)) == expected


def test_transparency_that_cannot_be_held_is_named(info) -> None:
    film = replace(info, pixel_format="yuva420p", has_alpha=True)
    assert "transparency is left out" in pixel_format_for(film, preset_named("h264"))[1]


@pytest.mark.parametrize("source", ["yuv420p", "gray", "gray10le"])
def test_every_preset_encodes_the_format_it_chooses(source: str, info, tmp_path: Path) -> None:
    for preset in available_presets():
        name = pixel_format_for(replace(info, pixel_format=source), preset)[0]
        path = make_film(tmp_path / f"{preset.name}.mkv", count=2, codec=preset.encoder, pixel_format=name)
        assert probe_film(path, FilmLimits()).pixel_format == name


@pytest.mark.parametrize(
    ("container", "brand", "preset", "expected"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "isom", "h264", "mp4"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "qt  ", "hevc", "mov"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "qt  ", "av1", "mp4"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "isom", "prores", "mov"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "isom", "ffv1", "mkv"),
        ("matroska,webm", "", "h264", "mkv"),
        ("avi", "", "prores", "mkv"),
    ],
)
def test_a_film_stays_in_its_container_where_the_preset_fits(container, brand, preset, expected, info) -> None:
    film = replace(info, container=container, metadata=(("major_brand", brand),))
    assert suffixes_for(film, preset_named(preset))[0] == expected
