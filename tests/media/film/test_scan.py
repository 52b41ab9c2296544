from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from f2s_ray.errors import MediaError
from f2s_ray.media.film.scan import scan_packets
from tests.media.film.films import make_film

UNEVEN = [0, 40, 90, 91, 300, 301, 340, 380, 1000, 1040]


def test_every_frame_of_a_constant_film_has_its_stamp(tmp_path: Path) -> None:
    index = scan_packets(make_film(tmp_path / "even.mp4", options={"bf": "3", "g": "10"}))
    assert index.frame_count == 30
    assert [int(pts) * index.time_base for pts in index.pts] == [Fraction(n, 25) for n in range(30)]
    assert index.keyframes.tolist() == [0, 10, 20]
    assert (index.start_seconds, index.stop_seconds) == (0, Fraction(6, 5))
    assert not index.is_variable
    assert index.has_own_stamps
    assert (index.damage, index.is_truncated, index.hidden_count) == (None, False, 0)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_ntsc_keeps_its_rate_to_the_tick(suffix: str, tmp_path: Path) -> None:
    path = make_film(
        tmp_path / f"ntsc.{suffix}", rate=Fraction(30000, 1001), base=Fraction(1, 30000), stamps=range(0, 30030, 1001)
    )
    index = scan_packets(path)
    exact = [Fraction(1001 * n, 30000) for n in range(30)]
    off = [abs(int(pts) * index.time_base - moment) for pts, moment in zip(index.pts, exact, strict=True)]
    assert max(off) <= (0 if suffix == "mp4" else index.time_base / 2)
    assert not index.is_variable


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_variable_rate_is_seen_and_its_stamps_are_kept(suffix: str, tmp_path: Path) -> None:
    index = scan_packets(make_film(tmp_path / f"uneven.{suffix}", count=10, stamps=UNEVEN, base=Fraction(1, 1000)))
    assert [int(pts) * index.time_base * 1000 for pts in index.pts] == UNEVEN
    assert index.durations[:-1].tolist() == np.diff(index.pts).tolist()
    assert index.is_variable


def test_open_groups_of_pictures_are_told_from_closed_ones(tmp_path: Path) -> None:
    open_gop = make_film(
        tmp_path / "open.mkv",
        options={"x264-params": "keyint=10:min-keyint=10:bframes=3:b-adapt=0:open-gop=1:scenecut=0"},
    )
    closed = make_film(tmp_path / "closed.mkv", options={"bf": "3", "g": "10"})
    assert not scan_packets(open_gop).is_closed[1:].any()
    assert scan_packets(closed).is_closed.all()
    assert scan_packets(open_gop).frame_count == 30


def test_frames_that_an_edit_list_hides_are_counted_apart(tmp_path: Path) -> None:
    path = make_film(tmp_path / "early.mp4", stamps=range(-80, 1120, 40), base=Fraction(1, 1000), options={"g": "8"})
    index = scan_packets(path)
    assert (index.frame_count, index.hidden_count) == (28, 2)
    assert index.start_seconds == 0


def test_a_film_that_begins_late_keeps_its_first_stamp(tmp_path: Path) -> None:
    path = make_film(tmp_path / "late.mp4", stamps=range(1400, 2600, 40), base=Fraction(1, 1000))
    assert scan_packets(path).start_seconds == Fraction(7, 5)


def test_stamps_of_avi_come_from_the_order_of_decoding(tmp_path: Path) -> None:
    index = scan_packets(make_film(tmp_path / "old.avi", codec="mpeg4", options={"bf": "2"}))
    assert index.pts.tolist() == list(range(30))
    assert not index.has_own_stamps


def test_avi_without_reordered_frames_has_stamps(tmp_path: Path) -> None:
    index = scan_packets(make_film(tmp_path / "old.avi", codec="mjpeg", pixel_format="yuvj420p"))
    assert index.pts.tolist() == list(range(30))
    assert index.has_own_stamps


def test_one_frame_is_a_film(tmp_path: Path) -> None:
    index = scan_packets(make_film(tmp_path / "one.mp4", count=1))
    assert (index.frame_count, index.stop_seconds, index.is_variable) == (1, Fraction(1, 25), False)


@pytest.mark.parametrize("share", [0.5, 0.6, 0.9])
def test_a_cut_film_that_looks_whole_is_truncated(share: float, tmp_path: Path) -> None:
    whole = make_film(tmp_path / "whole.mkv", count=250, options={"g": "10"}).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: int(len(whole) * share)])
    index = scan_packets(cut)
    assert index.is_truncated
    assert "10.0" in (index.damage or "")
    assert 0.8 * share * 250 < index.frame_count < 250


def test_an_mp4_cut_behind_its_table_is_truncated(tmp_path: Path) -> None:
    whole = make_film(
        tmp_path / "whole.mp4", count=250, options={"g": "10"}, container_options={"movflags": "+faststart"}
    )
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * 7 // 10])
    assert scan_packets(whole).is_truncated


def test_sound_that_goes_on_after_the_picture_is_no_damage(tmp_path: Path) -> None:
    for suffix in ("mp4", "mkv"):
        path = make_film(tmp_path / f"long.{suffix}", sounds=[("aac", "stereo")], sound_seconds=4)
        index = scan_packets(path)
        assert (index.is_truncated, index.damage) == (False, None)
        assert index.streams[1].stop_seconds > index.stop_seconds + 2


def test_a_film_of_no_frames_is_empty(tmp_path: Path) -> None:
    path = make_film(tmp_path / "none.mkv", count=0, sounds=[("ac3", "stereo")], sound_seconds=1)
    with pytest.raises(MediaError) as caught:
        scan_packets(path)
    assert caught.value.kind == "empty"


def test_the_payload_of_a_copied_stream_has_the_same_checksum_in_another_container(tmp_path: Path) -> None:
    films = [scan_packets(make_film(tmp_path / f"a.{suffix}", sounds=[("ac3", "5.1")])) for suffix in ("mkv", "mp4")]
    assert films[0].streams[1].payload_crc == films[1].streams[1].payload_crc
    assert films[0].streams[1].packet_count == films[1].streams[1].packet_count > 10
