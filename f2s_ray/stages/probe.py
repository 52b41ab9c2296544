"""Source to MediaItem: what a file is, by its content."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Literal

from f2s_catalog.ids import digest
from f2s_catalog.records import FilmFacts, MediaItem, Source
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.errors import MediaError
from f2s_ray.media.film.index import FilmIndex
from f2s_ray.media.film.info import FilmInfo, FilmLimits, StreamInfo
from f2s_ray.media.film.interlace import Scan, measure_scan
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import decode_frames
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.film.turn import turn_of
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import format_of, probe, refuse_large
from f2s_ray.media.ranged import MediaFile, whole
from f2s_ray.media.signatures import FILM
from f2s_ray.stages.films import file_digest
from f2s_ray.stages.inputs import Inputs

__all__ = ["ProbeConfig", "ProbeMedia", "ProbeSetup"]


SCAN_PLACES, SCAN_FRAMES = 4, 12
LEAST_LINES = 400  # no format of fewer lines had two fields a frame; strong compression looks like them


class ProbeConfig(BaseModel):
    """What is taken for a photo or a film."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_megapixels: float = Field(
        80.0, gt=0, le=1000, description="larger pictures, and films of larger frames, fail before they are decoded"
    )
    interlaced: Literal["refuse", "deinterlace"] = Field(
        "refuse", description="what is done with films of two fields a frame"
    )


class ProbeSetup(ProbeConfig):
    """What the user chose, and where INPUT lies; the place decides nothing and stays out of digests."""

    input_root: str = Field(exclude=True)


class ProbeMedia:
    """Recognise a photo or a film; what is neither becomes a row that says why."""

    def __init__(self, config: ProbeSetup) -> None:
        self._inputs, self._config = Inputs(config.input_root), config

    def __call__(self, record: Source) -> Iterator[MediaItem]:
        """The medium.

        Raises: MediaError with the trouble of the listing, as ``probe`` and ``probe_film`` do, and for a film that is cut off
            or has two fields a frame.
        """
        if record.trouble is not None:
            kind, _, why = record.trouble.partition(": ")
            raise MediaError(kind, f"{record.path}: {why}")
        file = self._inputs.get(record.path, record.etag)
        yield self._film(record, file) if format_of(file) == FILM else self._photo(record, file)

    def _photo(self, record: Source, file: MediaFile) -> MediaItem:
        limits = Limits(max_megapixels=self._config.max_megapixels)
        refuse_large(file, limits)  # before all of it is fetched
        info = probe(whole(file), limits)
        return MediaItem(
            media_id=digest(record.path, info.content_digest),
            path=record.path,
            content_digest=info.content_digest,
            byte_count=info.byte_count,
            modified_ns=record.modified_ns,
            etag=record.etag,
            kind="photo",
            format=info.format,
            width_px=info.width_px,
            height_px=info.height_px,
            orientation=info.orientation,
            page_count=info.page_count,
            bit_depth=info.bit_depth,
            colour=info.colour,
            has_alpha=info.has_alpha,
            has_icc=info.has_icc,
            has_exif=info.has_exif,
            has_xmp=info.has_xmp,
            has_iptc=info.has_iptc,
            captured_at=info.captured_at,
            camera=info.camera,
            film=None,
        )

    def _film(self, record: Source, path: MediaFile) -> MediaItem:
        info, index = probe_film(path, FilmLimits(max_megapixels=self._config.max_megapixels)), scan_packets(path)
        if index.is_truncated:
            raise MediaError("truncated", f"{record.path}: {index.damage}; find a whole copy")
        scan = _measured(path, info, index)
        if scan.verdict in ("tff", "bff") and self._config.interlaced == "refuse":
            raise MediaError(
                "interlaced",
                f"{record.path}: {scan.interlaced_fraction:.0%} of its frames are two fields each; "
                "set probe.interlaced=deinterlace to make them whole",
            )
        content_digest = file_digest(path)
        return MediaItem(
            media_id=digest(record.path, content_digest),
            path=record.path,
            content_digest=content_digest,
            byte_count=record.byte_count,
            modified_ns=record.modified_ns,
            etag=record.etag,
            kind="film",
            format=FILM,
            width_px=info.upright_width_px,
            height_px=info.upright_height_px,
            orientation=1,
            page_count=1,
            bit_depth=info.bit_depth,
            colour="grey" if info.pixel_format.startswith("gray") else "rgb",
            has_alpha=info.has_alpha,
            has_icc=False,
            has_exif=False,
            has_xmp=False,
            has_iptc=False,
            captured_at=_moment(dict(info.metadata)),
            camera=None,
            film=_facts(info, index, scan),
        )


def _measured(path: MediaFile, info: FilmInfo, index: FilmIndex) -> Scan:
    """How a few stretches of a film were scanned, counted together."""
    if info.height_px < LEAST_LINES:
        return Scan(index.frame_count, 0, 0, 0)
    counts = [0, 0, 0, 0]
    length = min(SCAN_FRAMES, index.frame_count)
    for place in range(SCAN_PLACES if index.frame_count > SCAN_PLACES * SCAN_FRAMES else 1):
        first = place * (index.frame_count - length) // max(1, SCAN_PLACES - 1)
        found = measure_scan(decode_frames(path, info, index, first, first + length))
        counts = [a + b for a, b in zip(counts, vars(found).values(), strict=True)]
    return Scan(*counts)


def _facts(info: FilmInfo, index: FilmIndex, scan: Scan) -> FilmFacts:
    turn, colour = turn_of(info.display_matrix), info.colour
    duration = index.stop_seconds - index.start_seconds
    rate = info.average_rate or index.frame_count / duration
    aspect = info.sample_aspect_ratio or Fraction(1)
    return FilmFacts(
        container=info.container,
        codec=info.video.codec,
        pixel_format=info.pixel_format,
        frame_count=index.frame_count,
        hidden_frame_count=index.hidden_count,
        start_seconds=float(index.start_seconds),
        duration_seconds=float(duration),
        frame_rate=f"{rate.numerator}/{rate.denominator}",
        is_variable=index.is_variable,
        sample_aspect=f"{aspect.numerator}/{aspect.denominator}",
        rotation_degrees=90 * turn.quarter_turns,
        is_mirrored=turn.is_mirrored,
        colour_tags=f"{colour.primaries}/{colour.transfer}/{colour.matrix}/{colour.range}",
        scan=scan.verdict,
        timecode=info.timecode,
        streams=tuple(_words(stream) for stream in info.streams if stream.index != info.video_index),
        chapter_count=len(info.chapters),
        attachment_count=len(info.attachments),
        damage=index.damage,
    )


def _words(stream: StreamInfo) -> str:
    return " ".join(word for word in (stream.kind, stream.codec, stream.language) if word)


def _moment(tags: Mapping[str, str]) -> str | None:
    """When it was taken, where the container says so; without zone, as for photos."""
    words = next((value for key, value in tags.items() if key.lower() in ("creation_time", "date")), "")
    try:
        return datetime.fromisoformat(words).replace(tzinfo=None, microsecond=0).isoformat()
    except ValueError:
        return None
