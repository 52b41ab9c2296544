import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from f2s_ray.errors import MediaError
from f2s_ray.media.film.info import Colour, FilmLimits
from f2s_ray.media.film.probe import probe_film
from tests.media.film.films import HALF, MIRRORED_QUARTER, QUARTER, make_film


def kind_of(path: Path, limits: FilmLimits | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        probe_film(path, limits or FilmLimits())
    assert path.name in caught.value.message
    return caught.value.kind


def test_a_header_tells_all_about_a_film(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "all.mkv",
        rate=Fraction(30000, 1001),
        aspect=Fraction(16, 15),
        colour=(9, 16, 9, 1),
        pixel_format="yuv420p10le",
        sounds=[("ac3", "5.1")],
        subtitles=["deu", "eng"],
        chapters=["one", "two"],
        attachment=("font.ttf", b"letters"),
        tags={"title": "Summer"},
    )
    info = probe_film(path, FilmLimits())
    assert info.container == "matroska,webm"
    assert [(each.kind, each.codec) for each in info.streams] == [
        ("video", "h264"),
        ("audio", "ac3"),
        ("subtitle", "subrip"),
        ("subtitle", "subrip"),
        ("attachment", ""),
    ]
    assert [each.language for each in info.streams[2:4]] == ["deu", "eng"]
    assert (info.width_px, info.height_px, info.sample_aspect_ratio) == (96, 64, Fraction(16, 15))
    assert (info.average_rate, info.real_rate) == (Fraction(30000, 1001), Fraction(30000, 1001))
    assert (info.pixel_format, info.bit_depth, info.has_alpha) == ("yuv420p10le", 10, False)
    assert info.colour == Colour(primaries=9, transfer=16, matrix=9, range=1)
    assert info.field_order == "progressive"
    assert [(dict(c.metadata)["title"], c.start_seconds, c.stop_seconds) for c in info.chapters] == [
        ("one", 0, Fraction(1, 2)),
        ("two", Fraction(1, 2), 1),
    ]
    assert [(a.name, a.byte_count) for a in info.attachments] == [("font.ttf", 7)]
    assert dict(info.metadata)["title"] == "Summer"
    assert info.video.has_extradata


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("matrix", [QUARTER, HALF, MIRRORED_QUARTER])
def test_the_display_matrix_is_found_and_gives_the_upright_size(suffix: str, matrix: tuple, tmp_path: Path) -> None:
    info = probe_film(make_film(tmp_path / f"turned.{suffix}", count=3, matrix=matrix), FilmLimits())
    assert info.display_matrix == matrix
    upright = (96, 64) if matrix == HALF else (64, 96)
    assert (info.width_px, info.height_px) == (96, 64)
    assert (info.upright_width_px, info.upright_height_px) == upright


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_a_timecode_is_found(suffix: str, tmp_path: Path) -> None:
    path = make_film(tmp_path / f"code.{suffix}", count=3, tags={"timecode": "01:02:03:04"})
    assert probe_film(path, FilmLimits()).timecode == "01:02:03:04"


def test_a_film_without_tags_leaves_them_open(tmp_path: Path) -> None:
    info = probe_film(make_film(tmp_path / "plain.mp4", count=1), FilmLimits())
    assert (info.display_matrix, info.sample_aspect_ratio, info.timecode) == (None, None, None)
    assert (info.chapters, info.attachments) == ((), ())
    assert info.colour == Colour(2, 2, 2, 0)


def test_what_is_no_film_is_refused_by_kind(tmp_path: Path) -> None:
    (tmp_path / "nothing.mp4").touch()
    (tmp_path / "words.mp4").write_text("no film at all")
    (tmp_path / "folder.mp4").mkdir()
    assert kind_of(tmp_path / "nothing.mp4") == "empty"
    assert kind_of(tmp_path / "words.mp4") == "broken"
    assert kind_of(tmp_path / "folder.mp4") == "not_a_file"
    assert kind_of(tmp_path / "missing.mp4") == "not_a_file"


@pytest.mark.parametrize("after", [b"mdat", b"moov"])
def test_an_mp4_cut_before_the_end_of_its_table_is_truncated(tmp_path: Path, after: bytes) -> None:
    whole = make_film(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: whole.index(after) + 20])
    assert kind_of(tmp_path / "cut.mp4") == "truncated"


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), "s16", "stereo")
        frame.sample_rate = 48000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert kind_of(path) == "no_video"


def test_a_film_of_no_frames_is_empty(tmp_path: Path) -> None:
    assert kind_of(make_film(tmp_path / "none.mkv", count=0, sounds=[("flac", "stereo")], sound_seconds=1)) == "empty"


def test_frames_beyond_the_limit_are_too_large(tmp_path: Path) -> None:
    assert kind_of(make_film(tmp_path / "large.mp4", count=1), FilmLimits(max_megapixels=0.001)) == "too_large"


def test_too_many_streams_are_refused(tmp_path: Path) -> None:
    path = make_film(tmp_path / "many.mkv", count=1, subtitles=["deu", "eng"])
    assert kind_of(path, FilmLimits(max_streams=2)) == "too_large"


def test_a_playlist_that_calls_itself_a_film_opens_no_other_file(tmp_path: Path) -> None:
    secret = make_film(tmp_path / "secret.mp4", count=2)
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {secret.name}\n")
    (tmp_path / "local.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n")
    assert kind_of(tmp_path / "list.mp4") == "broken"
    assert kind_of(tmp_path / "local.mp4") == "broken"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_film_without_rights_is_unreadable(tmp_path: Path) -> None:
    path = make_film(tmp_path / "locked.mp4", count=1)
    path.chmod(0)
    assert kind_of(path) == "unreadable"
