from pathlib import Path

import av
import pytest

from f2s_ray.media.film.carry import kept_tags, refusal
from tests.media.film.films import make_film


def test_a_container_is_asked_whether_it_takes_a_stream(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", count=2, sounds=[("ac3", "5.1")], subtitles=["deu"])
    with av.open(str(path)) as container:
        streams = container.streams
        assert [refusal(each, "matroska") for each in streams] == [None, None, None]
        assert [refusal(each, "mp4") is None for each in streams] == [True, True, False]


def test_tags_about_the_old_file_are_not_kept() -> None:
    tags = {
        "title": "Summer",
        "encoder": "x",
        "DURATION": "1",
        "BPS-eng": "2",
        "major_brand": "isom",
        "language": "deu",
    }
    assert kept_tags(tags) == {"title": "Summer", "language": "deu"}


@pytest.mark.parametrize("container_format", ["mp4", "mov"])
def test_fonts_have_no_place_in_mp4(container_format: str, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", count=2, attachment=("font.ttf", b"letters"))
    with av.open(str(path)) as container:
        assert refusal(container.streams.attachments[0], container_format) is not None
