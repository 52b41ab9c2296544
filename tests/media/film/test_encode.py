import os
from fractions import Fraction
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest

from f2s_ray.demo_film import damaged_frames, true_frames
from f2s_ray.media.film.encode import encode_segment
from f2s_ray.media.film.presets import available_presets, preset_named
from f2s_ray.media.film.read import read_frames
from tests.media.film.films import QUARTER, make_film, number_of, numbered, opened


def frames_in(path: Path) -> list[np.ndarray]:
    info, index = opened(path)
    return [frame.rgb for frame in read_frames(path, info, index, 0, index.frame_count)]


@pytest.mark.parametrize("preset", available_presets(), ids=lambda preset: preset.name)
def test_a_segment_is_a_closed_group_with_every_frame(preset, tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", colour=(1, 1, 1, 1), count=1))
    path = tmp_path / "segment.mkv"
    stamps = [1000 + 512 * n + n * n for n in range(25)]
    encode_segment((numbered(n) for n in range(25)), stamps, info, preset, path)
    index = opened(path)[1]
    assert index.frame_count == 25
    assert index.keyframes[0] == 0
    assert index.is_closed.all()
    assert [number_of(frame) for frame in frames_in(path)] == list(range(25))


@pytest.mark.parametrize("preset", available_presets(), ids=lambda preset: preset.name)
def test_the_same_frames_are_the_same_bytes_each_time(preset, tmp_path: Path) -> None:
    film = [frame.permute(1, 2, 0).numpy() for frame in damaged_frames(true_frames())]
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1, size=(176, 144)))
    written = set()
    for _ in range(5):
        encode_segment(film, range(len(film)), info, preset, tmp_path / "segment.mkv")
        written.add((tmp_path / "segment.mkv").read_bytes())
    assert len(written) == 1


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system does not say how urgent a thread is")
@pytest.mark.parametrize("preset", available_presets(), ids=lambda preset: preset.name)
def test_no_thread_becomes_more_urgent_than_what_else_the_machine_does(preset, tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1))
    seen = set()

    def frames():
        for number in range(60):
            yield numbered(number)
            seen.update(os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir())

    encode_segment(frames(), range(60), info, preset, tmp_path / "segment.mkv")
    assert seen == {os.SCHED_OTHER}


def test_ffv1_gives_back_what_the_film_held_but_for_rounding(tmp_path: Path) -> None:
    for depth, pixel_format in ((8, "yuv444p"), (10, "yuv444p10le")):
        film = make_film(tmp_path / f"{depth}.mkv", codec="ffv1", pixel_format=pixel_format, colour=(1, 1, 1, 1))
        info, index = opened(film)
        before = [frame.rgb for frame in read_frames(film, info, index, 0, 30)]
        path = tmp_path / f"segment_{depth}.mkv"
        encode_segment(before, index.pts.tolist(), info, preset_named("ffv1"), path)
        top = np.iinfo(before[0].dtype).max
        worst = max(np.abs(a.astype(int) - b.astype(int)).max() for a, b in zip(before, frames_in(path), strict=True))
        assert opened(path)[0].bit_depth == depth
        assert worst <= 2 * top / ((1 << depth) - 1)


@pytest.mark.parametrize("matrix_tag", [1, 5, 6, 9, 2])
@pytest.mark.parametrize("range_tag", [1, 2])
def test_colours_come_back_by_the_matrix_and_range_of_the_film(matrix_tag: int, range_tag: int, tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mkv", codec="ffv1", colour=(2, 2, matrix_tag, range_tag), count=1))
    patches = np.zeros((64, 96, 3), np.uint8)
    for number, colour in enumerate(
        [(200, 40, 40), (40, 200, 40), (40, 40, 200), (230, 230, 230), (16, 16, 16), (120, 90, 200)]
    ):
        patches[:, 16 * number : 16 * number + 16] = colour
    encode_segment([patches], [0], info, preset_named("ffv1"), tmp_path / "segment.mkv")
    (again,) = frames_in(tmp_path / "segment.mkv")
    middles = slice(8, None, 16)
    assert np.abs(again[32, middles].astype(int) - patches[32, middles]).max() <= 2


def test_bytes_words_and_floats_of_one_picture_are_one_picture(tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1))
    picture = numbered(77)
    kinds = (picture, picture.astype(np.uint16) * 257, picture.astype(np.float32) / 255)
    read = []
    for number, frame in enumerate(kinds):
        encode_segment([frame], [0], info, preset_named("ffv1"), tmp_path / f"{number}.mkv")
        read.append(frames_in(tmp_path / f"{number}.mkv")[0].astype(int))
    assert np.abs(read[0] - read[1]).max() <= 3
    assert np.array_equal(read[1], read[2])


def test_upright_frames_lie_in_the_segment_as_in_the_source(tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", matrix=QUARTER, count=1))
    encode_segment([numbered(5, 64, 96)], [0], info, preset_named("ffv1"), tmp_path / "segment.mkv")
    (frame,) = frames_in(tmp_path / "segment.mkv")
    assert frame.shape == (64, 96, 3)
    assert number_of(np.rot90(frame, -1)) == 5


def test_ffv1_carries_a_checksum_in_every_slice(tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1))
    path = tmp_path / "segment.mkv"
    encode_segment([numbered(n) for n in range(3)], [0, 512, 1024], info, preset_named("ffv1"), path)
    with av.open(str(path)) as container:
        packet = [each for each in container.demux(video=0) if each.size][1]
    data = bytearray(path.read_bytes())
    data[packet.pos + packet.size // 2] ^= 1
    assert not decoder_words(path)
    path.write_bytes(data)
    assert any("slice CRC mismatch" in words for words in decoder_words(path))


def decoder_words(path: Path) -> list[str]:
    """What the decoder logs; of a slice whose checksum is wrong it says nothing else."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as logs:
            frames_in(path)
    finally:
        av.logging.set_level(level)
    return [words for _, name, words in logs if name == "ffv1"]


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1))
    for preset in available_presets():
        paths = [tmp_path / f"{preset.name}{n}.mkv" for n in (1, 2)]
        for path in paths:
            encode_segment([numbered(n) for n in range(12)], range(0, 6144, 512), info, preset, path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_crash_leaves_no_segment(tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1))

    def broken():
        yield numbered(0)
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        encode_segment(broken(), [0, 512], info, preset_named("h264"), tmp_path / "segment.mkv")
    assert [each.name for each in tmp_path.iterdir()] == ["film.mp4"]


def test_frames_and_stamps_must_be_as_many(tmp_path: Path) -> None:
    info, _ = opened(make_film(tmp_path / "film.mp4", count=1))
    with pytest.raises(ValueError, match="longer than"):
        encode_segment([numbered(0)], [0, 512], info, preset_named("ffv1"), tmp_path / "segment.mkv")
    with pytest.raises(ValueError, match="at least one"):
        encode_segment([], [], info, preset_named("ffv1"), tmp_path / "segment.mkv")


def test_stamps_share_out_the_time_of_the_source(tmp_path: Path) -> None:
    info, index = opened(
        make_film(
            tmp_path / "film.mp4", rate=Fraction(30000, 1001), base=Fraction(1, 30000), stamps=range(0, 30030, 1001)
        )
    )
    encode_segment(
        [numbered(n) for n in range(30)], index.pts.tolist(), info, preset_named("h264"), tmp_path / "segment.mkv"
    )
    assert opened(tmp_path / "segment.mkv")[0].average_rate is not None
