"""What a film can be written as: encoders with their settings, and the pixel format each takes for a film."""

import re
from dataclasses import dataclass

import av
from av.codec import Codec
from av.codec.codec import find_best_pix_fmt_of_list
from av.video.format import VideoFormat

from f2s_ray.errors import ConfigError, MediaError
from f2s_ray.media.film.info import FilmInfo

__all__ = ["X264_SAME_BYTES", "Preset", "available_presets", "pixel_format_for", "preset_named", "suffixes_for"]


@dataclass(frozen=True)
class Preset:
    """One way to write a film.

    Attributes:
        name: as the user calls it.
        encoder: as FFmpeg calls it.
        options: the encoder's own; every group of pictures is closed.
        containers: file suffixes that hold it, the preferred first.
        threads: threads of the encoder. x264 writes other bytes with another number, so it is part of the preset.
    """

    name: str
    encoder: str
    options: tuple[tuple[str, str], ...]
    containers: tuple[str, ...]
    threads: int = 4


# x264's macroblock tree reads memory that nothing has written where a processor has AVX-512: other bytes at each run
X264_SAME_BYTES = "mbtree=0"

PRESETS = (
    Preset(
        "h264",
        "libx264",
        (("crf", "17"), ("preset", "medium"), ("g", "120"), ("flags", "+cgop"), ("x264-params", X264_SAME_BYTES)),
        ("mp4", "mov", "mkv"),
    ),
    Preset(
        "hevc",
        "libx265",
        (("crf", "19"), ("x265-params", "open-gop=0:keyint=120:info=0:frame-threads=2:log-level=none")),
        ("mp4", "mov", "mkv"),
    ),
    Preset(
        "av1",
        "libsvtav1",
        (("crf", "24"), ("preset", "6"), ("g", "120"), ("svtav1-params", "irefresh-type=2")),
        ("mp4", "mkv"),
    ),
    Preset("prores", "prores_ks", (("vendor", "apl0"), ("bits_per_mb", "8000")), ("mov", "mkv")),
    Preset(
        "ffv1",
        "ffv1",
        (("level", "3"), ("coder", "1"), ("context", "1"), ("g", "1"), ("slices", "16"), ("slicecrc", "1")),
        ("mkv",),
    ),
)


def available_presets() -> tuple[Preset, ...]:
    """The presets whose encoder the installed PyAV really has."""
    return tuple(preset for preset in PRESETS if preset.encoder in av.codecs_available)


def preset_named(name: str) -> Preset:
    """The preset of a name.

    Raises:
        ConfigError: if there is none, or its encoder is not installed.
    """
    known = {preset.name: preset for preset in available_presets()}
    if name not in known:
        raise ConfigError(f"film preset {name!r} is not available here; choose one of {', '.join(known)}")
    return known[name]


def pixel_format_for(info: FilmInfo, preset: Preset) -> tuple[str, tuple[str, ...]]:
    """The encoder's pixel format that loses least of the film's, and what is lost or changed, in words.

    Subsampled chroma needs even sizes in H.264 and HEVC; an odd film keeps its size and gets finer chroma.

    Raises:
        MediaError: ``unsupported`` if the encoder has no format for such pictures.
    """
    formats = [each for each in Codec(preset.encoder, "w").video_formats if _fits(info, preset, each)]
    source = info.pixel_format.replace("yuvj", "yuv")
    same = [each.name for each in formats if each.name == source]
    if same:
        return source, ()
    near = re.sub("^gray(?=$|[0-9])", "yuv420p", source)  # the chroma of grey is nothing, so it needs no samples
    best, _ = find_best_pix_fmt_of_list([each.name for each in formats], near, info.has_alpha)
    if best is None:
        raise MediaError("unsupported", f"pixel format {info.pixel_format}: {preset.encoder} has none that is near")
    return best.name, _changes(VideoFormat(source), best)


def suffixes_for(info: FilmInfo, preset: Preset) -> tuple[str, ...]:
    """Suffixes that the result may have, the best first: the source's own container, else Matroska, which holds most.

    A film of the QuickTime family keeps to it, as mov or mp4, since its sound and tags are at home there.
    """
    if not info.container.startswith("mov"):
        return ("mkv",)
    own = "mov" if dict(info.metadata).get("major_brand", "").startswith("qt") else "mp4"
    return tuple(each for each in dict.fromkeys((own, "mp4", "mov", "mkv")) if each in preset.containers)


def _fits(info: FilmInfo, preset: Preset, pixel_format: VideoFormat) -> bool:
    if pixel_format.name.startswith("yuvj") or pixel_format.name in ("nv12", "nv16", "nv21", "nv20le"):
        return False
    if preset.encoder == "libx264" and len(pixel_format.components) == 1:
        return False  # decoders of H.264 show it as a picture with chroma
    if preset.encoder not in ("libx264", "libx265"):
        return True
    wide, high = 64 // pixel_format.chroma_width(64), 64 // pixel_format.chroma_height(64)
    return info.width_px % wide == 0 and info.height_px % high == 0


def _changes(source: VideoFormat, written: VideoFormat) -> tuple[str, ...]:
    """Words for what differs, e.g. ``8 bit become 10``."""
    words = []
    bits = [max(part.bits for part in each.components if not part.is_alpha) for each in (source, written)]
    if bits[0] != bits[1]:
        words.append(f"{bits[0]} bit become {bits[1]}")
    alpha = [any(part.is_alpha for part in each.components) for each in (source, written)]
    if alpha[0] and not alpha[1]:
        words.append("transparency is left out")
    if source.name != written.name and not (bits[0] != bits[1] and _layout(source) == _layout(written)):
        words.append(f"samples {source.name} become {written.name}")
    return tuple(words)


def _layout(each: VideoFormat) -> tuple[bool, int, int, int]:
    """Red green blue or not, parts, and the size of chroma."""
    parts = sum(not part.is_alpha for part in each.components)
    return each.is_rgb, parts, each.chroma_width(64), each.chroma_height(64)
