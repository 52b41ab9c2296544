"""Films made for tests: every frame shows its own number, so that a frame taken for another is seen."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import Flags, OutputContainer
from av.stream import Stream

from f2s_ray.media.film.index import FilmIndex
from f2s_ray.media.film.info import FilmInfo, FilmLimits
from f2s_ray.media.film.join import FilmSource
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.film.turn import stored, turn_of
from f2s_ray.media.film.urgency import open_encoder

QUARTER = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
MIRRORED_QUARTER = (0, 65536, 0, 65536, 0, 0, 0, 0, 1 << 30)
HALF = (-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30)

NTSC = {"rate": Fraction(30000, 1001), "base": Fraction(1, 30000), "stamps": range(0, 30030, 1001)}
RICH = {
    "options": {"bf": "3", "g": "10"},
    "sounds": [("ac3", "5.1")],
    "subtitles": ["deu", "eng"],
    "chapters": ["one", "two"],
    "attachment": ("font.ttf", b"letters" * 100),
    "tags": {"title": "Summer", "timecode": "01:00:00:00"},
}
FILMS: dict[str, dict[str, Any]] = {
    "even.mp4": {"options": {"bf": "3", "g": "10"}},
    "uneven.mp4": {"base": Fraction(1, 90000), "stamps": [n * 3000 + n * n * 7 for n in range(30)]},
    "ntsc.mp4": NTSC,
    "turned.mp4": {"matrix": QUARTER, "sounds": [("aac", "stereo")]},
    "mirrored.mov": {"matrix": MIRRORED_QUARTER},
    "deep.mkv": {"codec": "libx265", "pixel_format": "yuv420p10le", "colour": (9, 16, 9, 1)},
    "odd.mkv": {"codec": "ffv1", "size": (97, 65)},
    "aspect.mkv": {"aspect": Fraction(16, 15), "colour": (5, 6, 5, 1)},
    "full.mp4": {"pixel_format": "yuvj420p", "colour": (1, 1, 1, 2)},
    "rich.mkv": RICH,
    "one.mp4": {"count": 1, "sounds": [("aac", "stereo")]},
    "long.mp4": {"sounds": [("aac", "stereo")], "sound_seconds": 4},
    "late.mp4": {"base": Fraction(1, 1000), "stamps": range(1400, 2600, 40), "sounds": [("ac3", "stereo")]},
    "early.mp4": {"base": Fraction(1, 1000), "stamps": range(-80, 1120, 40), "options": {"g": "8"}},
    "stream.ts": {"base": Fraction(1, 90000), "stamps": range(0, 108000, 3600), "sounds": [("ac3", "stereo")]},
    "negative.ts": {
        "base": Fraction(1, 90000),
        "stamps": range(-7200, 100800, 3600),
        "sounds": [("ac3", "stereo")],
        "container_options": {"avoid_negative_ts": "disabled"},
    },
    "divx.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "8"}, "sounds": [("mp2", "stereo")]},
    "grey.mkv": {"codec": "ffv1", "pixel_format": "gray"},
    "fine.mkv": {"codec": "ffv1", "pixel_format": "yuv422p10le", "colour": (1, 1, 1, 1)},
}
"""Name to what ``make_film`` takes: every kind of stamp, turn, format and stream."""


def numbered(number: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A grey frame whose upper half holds eight black or white fields: the bits of its number, lowest at the left."""
    frame = np.empty((height, width, 3), np.uint8)
    frame[..., 0] = np.linspace(60, 180, width)
    frame[..., 1] = np.linspace(180, 60, height)[:, None]
    frame[..., 2] = 128
    for bit in range(8):
        frame[: height // 2, bit * width // 8 : (bit + 1) * width // 8] = 235 if number >> bit & 1 else 20
    return frame


def number_of(rgb: np.ndarray) -> int:
    height, width = rgb.shape[:2]
    full = 1.0 if rgb.dtype.kind == "f" else np.iinfo(rgb.dtype).max
    centres = [rgb[height // 4, (2 * bit + 1) * width // 16].mean() / full for bit in range(8)]
    return sum(int(value > 0.5) << bit for bit, value in enumerate(centres))


def make_film(
    path: Path,
    *,
    count: int = 30,
    show: Callable[[int, int, int], np.ndarray] = numbered,
    size: tuple[int, int] = (96, 64),
    rate: Fraction = Fraction(25),
    stamps: Sequence[int] | None = None,
    base: Fraction | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    matrix: tuple[int, ...] | None = None,
    aspect: Fraction | None = None,
    colour: tuple[int, int, int, int] | None = None,
    tags: dict[str, str] | None = None,
    sounds: Sequence[tuple[str, str]] = (),
    sound_seconds: float | None = None,
    subtitles: Sequence[str] = (),
    chapters: Sequence[str] = (),
    attachment: tuple[str, bytes] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a film whose frame n is ``show(n, width, height)``, upright, with ``stamps`` in ticks of ``base``."""
    base = base or 1 / rate
    stamps = range(count) if stamps is None else stamps
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        container.flags |= Flags.bitexact.value  # the same bytes each time
        container.metadata.update(tags or {})
        video = container.add_stream(codec, rate=rate, options=options or {})
        context = video.codec_context
        context.width, context.height, context.pix_fmt = *size, pixel_format
        context.time_base = video.time_base = base
        context.thread_count = 1
        if aspect:
            context.sample_aspect_ratio = aspect
        if colour:
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = colour
        if matrix:
            video.set_display_matrix(matrix)
        video.metadata.update({"timecode": tags["timecode"]} if tags and "timecode" in tags else {})
        audio = [_sound(container, *each) for each in sounds]
        texts = [_text_stream(container, each) for each in subtitles]
        if attachment:
            container.add_attachment(attachment[0], "application/x-truetype-font", attachment[1])
        container.set_chapters(
            [
                {
                    "id": n,
                    "start": 500 * n,
                    "end": 500 * n + 500,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for n, title in enumerate(chapters)
            ]
        )
        open_encoder(context)
        shown = size[::-1] if turn_of(matrix).quarter_turns % 2 else size
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(stored(show(number, *shown), turn_of(matrix)), "rgb24")
            frame.pts, frame.time_base = int(stamps[number]), base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for sound in audio:
            _play(container, sound, sound_seconds or count / float(rate))
        for number, text in enumerate(texts):
            _speak(container, text, f"words {number}")
    return path


def _sound(container: OutputContainer, codec: str, layout: str) -> AudioStream:
    stream = cast(AudioStream, container.add_stream(codec, rate=48000))
    stream.codec_context.layout = layout
    return stream


def _play(container: OutputContainer, stream: AudioStream, seconds: float) -> None:
    channels, size = stream.codec_context.layout.nb_channels, stream.codec_context.frame_size or 1024
    for start in range(0, int(seconds * 48000), size):
        tone = np.sin(np.arange(start, start + size) / 20)[None].repeat(channels, 0) * 0.2
        frame = av.AudioFrame.from_ndarray(tone.astype(np.float32), "fltp", layout=stream.codec_context.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _text_stream(container: OutputContainer, language: str) -> Stream:
    codec = "subrip" if container.format.name == "matroska" else "mov_text"
    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = language
    return stream


def _speak(container: OutputContainer, stream: Stream, text: str) -> None:
    words = text.encode()
    packet = av.Packet(words if container.format.name == "matroska" else len(words).to_bytes(2, "big") + words)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = 200
    packet.duration = 400
    container.mux(packet)


def opened(path: Path) -> tuple[FilmInfo, FilmIndex]:
    return probe_film(path, FilmLimits()), scan_packets(path)


def source_of(path: Path) -> FilmSource:
    return FilmSource(path, *opened(path))
