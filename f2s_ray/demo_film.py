"""The demo's film: two shots of films that a package ships, damaged on purpose, and the truth beside it."""

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from f2s_ray.demo_pictures import Source, film_frames
from f2s_ray.media.degrade import apply, draw_operator
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.pixels import EXACT
from f2s_ray.media.film.presets import X264_SAME_BYTES
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import read_frames
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.photo import tensor_from

__all__ = ["DAMAGE", "FILM", "TRUE_FILM", "damaged_frames", "film_bytes", "frames_of", "true_frames"]

FILM = "car/on the road.mp4"
TRUE_FILM = "car/on the road.mkv"
DAMAGE: Literal["middle"] = "middle"
SHOTS: tuple[tuple[Source, range], ...] = (("car", range(4, 36)), ("street", range(140, 156)))
SIZE = (176, 144)
RATE = Fraction(30000, 1001)
SEED = 7


def true_frames() -> Iterator[Float[Tensor, "3 h w"]]:
    """What the film shows before any damage."""
    for source, numbers in SHOTS:
        for frame in film_frames(source, numbers):
            yield tensor_from(np.asarray(frame.resize(SIZE, Image.Resampling.LANCZOS)), 255)


def damaged_frames(frames: Iterable[Float[Tensor, "3 h w"]]) -> Iterator[Float[Tensor, "3 h w"]]:
    """One damage for the whole film, with other noise in each frame."""
    operator = draw_operator(torch.Generator().manual_seed(SEED), strength=DAMAGE)
    for number, frame in enumerate(frames):
        yield apply(operator, frame, torch.Generator().manual_seed(number))


def film_bytes(frames: Iterable[Float[Tensor, "3 h w"]], *, lossless: bool) -> bytes:
    """FFV1 in Matroska, or H.264 in MP4; the same frames give the same bytes."""
    import av

    sink = io.BytesIO()
    container_format, codec, pixels = ("matroska", "ffv1", "bgr0") if lossless else ("mp4", "libx264", "yuv420p")
    options = {} if lossless else {"crf": "12", "x264-params": X264_SAME_BYTES}
    with av.open(sink, "w", format=container_format, container_options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pixels
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(frames):
            array = (frame * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
            picture = av.VideoFrame.from_ndarray(array, "rgb24").reformat(format=pixels, interpolation=EXACT, threads=1)
            picture.pts, picture.time_base = number, 1 / RATE
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return sink.getvalue()


def frames_of(path: Path) -> list[Float[Tensor, "3 h w"]]:
    """All frames of a film."""
    info, index = probe_film(path, FilmLimits()), scan_packets(path)
    return [tensor_from(frame.rgb, 255) for frame in read_frames(path, info, index, 0, index.frame_count)]
