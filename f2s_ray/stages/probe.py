"""Source to MediaItem: what a file is, from its header."""

from collections.abc import Iterator
from pathlib import Path

from f2s_catalog.ids import digest
from f2s_catalog.records import MediaItem, Source
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.errors import MediaError
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe

__all__ = ["ProbeConfig", "ProbeMedia", "ProbeSetup"]


class ProbeConfig(BaseModel):
    """What is taken for a photo."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_megapixels: float = Field(80.0, gt=0, le=1000, description="larger pictures fail, before they are decoded")


class ProbeSetup(ProbeConfig):
    """What the user chose, and where INPUT lies; the place decides nothing and stays out of digests."""

    input_root: str = Field(exclude=True)


class ProbeMedia:
    """Recognise a photo; what is none becomes a row that says why."""

    def __init__(self, config: ProbeSetup) -> None:
        self._root, self._limits = Path(config.input_root), Limits(max_megapixels=config.max_megapixels)

    def __call__(self, record: Source) -> Iterator[MediaItem]:
        """The medium. Raises: MediaError with the trouble of the listing, or as ``probe`` does."""
        if record.trouble is not None:
            kind, _, why = record.trouble.partition(": ")
            raise MediaError(kind, f"{record.path}: {why}")
        info = probe(self._root / record.path, self._limits)
        yield MediaItem(
            media_id=digest(record.path, info.content_digest),
            path=record.path,
            content_digest=info.content_digest,
            byte_count=info.byte_count,
            modified_ns=record.modified_ns,
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
        )
