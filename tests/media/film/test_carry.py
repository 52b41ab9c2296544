from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from f2s_ray.media.film.carry import kept_tags, refusal
from f2s_ray.media.film.compare import compare_films
from tests.media.film.films import make_film, opened
from tests.media.film.test_join import rejoined


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


def with_cover(path: Path) -> Path:
    """A film with one frame of MJPEG as its cover."""
    plain = make_film(path.with_name("plain.mp4"), sounds=[("aac", "stereo")])
    with av.open(str(plain)) as given, av.open(str(path), "w") as result:
        streams = [result.add_stream_from_template(each, opaque=True) for each in given.streams]
        cover = result.add_stream("mjpeg", rate=1, options={"strict": "unofficial"})
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.codec_context.time_base = Fraction(1, 25)
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 99, np.uint8), "rgb24")
        frame.pts = 0
        result.mux([*cover.encode(frame), *cover.encode(None)])
        for packet in given.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                result.mux(packet)
    return path


@pytest.mark.parametrize(("preset", "suffix"), [("h264", "mp4"), ("ffv1", "mkv")])
def test_a_cover_comes_along_as_the_container_holds_it(preset: str, suffix: str, tmp_path: Path) -> None:
    path = with_cover(tmp_path / "film.mp4")
    assert opened(path)[0].video_index == 0
    result, _ = rejoined(path, preset, suffix)
    assert [each.what for each in compare_films(path, result)] == []
    with av.open(str(result)) as container:
        covers = [each for each in container.streams if each.disposition & av.stream.Disposition.attached_pic]
        assert len(covers) == 1
        packet = next(each for each in container.demux(covers) if each.size)
    with av.open(str(path)) as container:
        original = next(each for each in container.demux(container.streams.video[1]) if each.size)
    assert bytes(packet) == bytes(original)
