import os
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from f2s_ray.errors import MediaError
from f2s_ray.media.film.carry import LeftOut
from f2s_ray.media.film.compare import Difference, compare_films
from f2s_ray.media.film.encode import encode_segment
from f2s_ray.media.film.join import FilmSource, join_segments, suffix_for
from f2s_ray.media.film.presets import available_presets, preset_named
from f2s_ray.media.film.read import read_frames
from f2s_ray.media.film.segments import Segment
from tests.media.film.films import FILMS, NTSC, QUARTER, RICH, make_film, number_of, opened, source_of


def segments_of(source: FilmSource, preset: str, folder: Path, cuts: Sequence[int] = (7, 8, 19)) -> list[Segment]:
    """The film, encoded stretch by stretch as it is."""
    count = source.index.frame_count
    borders = [0, *(cut for cut in cuts if cut < count), count]
    segments = []
    for first, stop in pairwise(borders):
        segment = Segment(folder / f"{preset}_{first}.mkv", first, stop)
        frames = (frame.rgb for frame in read_frames(source.path, source.info, source.index, first, stop))
        stamps = source.index.pts[first:stop].tolist()
        encode_segment(frames, stamps, source.info, preset_named(preset), segment.path)
        segments.append(segment)
    return segments


def rejoined(path: Path, preset: str, suffix: str) -> tuple[Path, tuple[LeftOut, ...]]:
    source = source_of(path)
    result = path.with_name(f"result.{suffix}")
    return result, join_segments(segments_of(source, preset, path.parent), source, result)


def numbers_in(path: Path) -> list[int]:
    info, index = opened(path)
    return [number_of(frame.rgb) for frame in read_frames(path, info, index, 0, index.frame_count)]


@pytest.mark.parametrize("name", FILMS)
def test_an_archival_master_differs_in_nothing(name: str, tmp_path: Path) -> None:
    path = make_film(tmp_path / name, **FILMS[name])
    result, _ = rejoined(path, "ffv1", "mkv")
    assert compare_films(path, result) == []
    assert numbers_in(result) == numbers_in(path)


@pytest.mark.parametrize("name", [name for name in FILMS if name.endswith(("mp4", "mov"))])
def test_an_mp4_in_h264_differs_in_nothing(name: str, tmp_path: Path) -> None:
    path = make_film(tmp_path / name, **FILMS[name])
    result, left_out = rejoined(path, "h264", "mp4")
    assert compare_films(path, result) == []
    assert numbers_in(result) == numbers_in(path)
    assert [each.what for each in left_out] == (["2 frames that an edit list hides"] if name == "early.mp4" else [])


@pytest.mark.parametrize(
    ("preset", "suffix"), [(preset.name, suffix) for preset in available_presets() for suffix in preset.containers]
)
def test_every_preset_joins_in_every_container_it_names(preset: str, suffix: str, tmp_path: Path) -> None:
    settings = {"colour": (1, 1, 1, 1), "aspect": Fraction(16, 15), "matrix": QUARTER, "options": {"bf": "3"}}
    path = make_film(tmp_path / "film.mov", sounds=[("aac", "stereo")], **NTSC, **settings)
    result, _ = rejoined(path, preset, suffix)
    deeper = [Difference("bit depth", "8", "10"), Difference("pixel format", "yuv420p", "yuv422p10le")]
    assert compare_films(path, result) == (deeper if preset == "prores" else [])
    assert numbers_in(result) == list(range(30))


def test_stamps_of_a_joined_film_are_those_of_the_source_to_the_tick(tmp_path: Path) -> None:
    for name in ("uneven.mp4", "ntsc.mp4"):
        path = make_film(tmp_path / name, **FILMS[name])
        result, _ = rejoined(path, "hevc", "mp4")
        before, after = opened(path)[1], opened(result)[1]
        assert [p * before.time_base for p in before.pts.tolist()] == [p * after.time_base for p in after.pts.tolist()]
        assert before.stop_seconds == after.stop_seconds or not (before.is_end_said and after.is_end_said)


def test_a_join_shows_the_same_bits_as_its_segments(tmp_path: Path) -> None:
    source = source_of(make_film(tmp_path / "film.mp4", options={"bf": "3", "g": "10"}))
    segments = segments_of(source, "h264", tmp_path)
    join_segments(segments, source, tmp_path / "result.mp4")
    pieces = []
    for segment in segments:
        info, index = opened(segment.path)
        pieces += [frame.rgb for frame in read_frames(segment.path, info, index, 0, index.frame_count)]
    info, index = opened(tmp_path / "result.mp4")
    joined = [frame.rgb for frame in read_frames(tmp_path / "result.mp4", info, index, 0, 30)]
    assert all(np.array_equal(one, other) for one, other in zip(pieces, joined, strict=True))


def test_the_same_segments_give_the_same_bytes(tmp_path: Path) -> None:
    source = source_of(make_film(tmp_path / "film.mkv", **RICH))
    segments = segments_of(source, "ffv1", tmp_path)
    for suffix in ("mkv", "mp4"):
        if suffix == "mp4":
            segments = segments_of(source, "h264", tmp_path)
        names = [tmp_path / f"{n}.{suffix}" for n in (1, 2)]
        for name in names:
            join_segments(segments, source, name)
        assert names[0].read_bytes() == names[1].read_bytes()


def test_stamps_before_zero_are_kept_apart_but_begin_at_zero(tmp_path: Path) -> None:
    path = make_film(tmp_path / "negative.ts", **FILMS["negative.ts"])
    before = opened(path)[1]
    assert before.start_seconds < 0
    for preset, suffix in (("h264", "mp4"), ("ffv1", "mkv")):
        result, left_out = rejoined(path, preset, suffix)
        assert compare_films(path, result) == []
        assert opened(result)[1].start_seconds == 0
        assert any("before zero" in each.what for each in left_out)


def test_what_mp4_cannot_hold_is_named(tmp_path: Path) -> None:
    path = make_film(tmp_path / "rich.mkv", **RICH)
    result, left_out = rejoined(path, "h264", "mp4")
    assert [each.what.split(" (")[0] for each in left_out] == ["stream 2", "stream 3", "stream 4"]
    assert all("mp4" in each.why for each in left_out)
    assert {each.what for each in compare_films(path, result)} == {"subtitle streams", "attached files"}


def test_tags_of_any_name_come_along(tmp_path: Path) -> None:
    tags = {"title": "Summer", "com.apple.quicktime.model": "A phone", "camera": "Acme Box"}
    path = make_film(tmp_path / "film.mkv", tags=tags)
    for preset, suffix in (("h264", "mp4"), ("h264", "mov"), ("ffv1", "mkv")):
        result, left_out = rejoined(path, preset, suffix)
        kept = {key.lower(): value for key, value in opened(result)[0].metadata}
        assert tags.items() <= kept.items()
        assert not [each for each in left_out if "tags" in each.what]


def test_a_cut_film_keeps_what_there_is(tmp_path: Path) -> None:
    whole = make_film(tmp_path / "whole.mkv", count=100, options={"g": "10"}, sounds=[("ac3", "stereo")]).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) * 6 // 10])
    source = source_of(path)
    assert source.index.is_truncated
    result, _ = rejoined(path, "h264", "mkv")
    assert compare_films(path, result) == []
    assert numbers_in(result) == numbers_in(path)
    assert numbers_in(result)[:50] == list(range(50))


SHARED = Path(os.environ.get("F2S_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))


@pytest.mark.skipif(not (SHARED / "eval" / "video").is_dir(), reason="the shared films are not here")
@pytest.mark.parametrize("name", ["carphone_distorted.mp4", "mmaction2_test.avi"])
def test_a_real_film_differs_in_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.symlink_to(SHARED / "eval" / "video" / name)
    result, _ = rejoined(path, "ffv1", "mkv")
    assert compare_films(path, result) == []


def test_nothing_is_left_aside(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4")
    rejoined(path, "h264", "mp4")
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("name", "sound", "preset", "expected"),
    [
        ("old.mov", "pcm_mulaw", "h264", ".mov"),
        ("old.mov", "pcm_s16le", "av1", ".mp4"),
        ("phone.m4v", "aac", "h264", ".m4v"),
        ("PHONE.MP4", "aac", "h264", ".mp4"),
        ("phone.mp4", "aac", "ffv1", ".mkv"),
        ("film.mkv", "ac3", "h264", ".mkv"),
    ],
)
def test_the_container_takes_all_sound(name: str, sound: str, preset: str, expected: str, tmp_path: Path) -> None:
    source = source_of(make_film(tmp_path / name, count=3, sounds=[(sound, "mono")]))
    assert suffix_for(source, preset_named(preset)) == expected


def test_segments_that_are_not_the_whole_film_are_refused(tmp_path: Path) -> None:
    source = source_of(make_film(tmp_path / "film.mp4"))
    segments = segments_of(source, "h264", tmp_path)
    with pytest.raises(ValueError, match="30 frames"):
        join_segments(segments[:-1], source, tmp_path / "result.mp4")
    with pytest.raises(ValueError, match="30 frames"):
        join_segments([segments[0], *segments[2:]], source, tmp_path / "result.mp4")


def test_a_segment_with_too_few_frames_is_broken(tmp_path: Path) -> None:
    source = source_of(make_film(tmp_path / "film.mp4"))
    segments = segments_of(source, "h264", tmp_path)
    segments[0].path.write_bytes(segments[1].path.read_bytes())
    with pytest.raises(MediaError, match="1 of 7 frames") as caught:
        join_segments(segments, source, tmp_path / "result.mp4")
    assert caught.value.kind == "broken"
    assert not (tmp_path / "result.mp4").exists()


def test_segments_of_another_encoder_are_refused(tmp_path: Path) -> None:
    source = source_of(make_film(tmp_path / "film.mp4"))
    segments = segments_of(source, "h264", tmp_path)
    segments[1] = segments_of(source, "hevc", tmp_path)[1]
    with pytest.raises(MediaError, match="encoded otherwise"):
        join_segments(segments, source, tmp_path / "result.mp4")
