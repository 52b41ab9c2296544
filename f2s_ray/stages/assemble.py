"""RestoredSegment to RestoredMedia: the result goes to its place when it is whole."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from f2s_catalog.records import MediaItem, Record, RestoredMedia, RestoredSegment
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.errors import JobError, MediaError

__all__ = ["RESTORED", "AssembleMedia", "AssembleSetup", "AssembleUnit"]

RESTORED = "restored"


class AssembleUnit(Record):
    """A segment, its medium, and the networks that made it."""

    segment: RestoredSegment
    media: MediaItem
    restorer: str


class AssembleSetup(BaseModel):
    """Where OUTPUT lies; nothing to choose for photos."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    output_root: str = Field(exclude=True)


class AssembleMedia:
    """Move a photo from the work folder into the tree of results, under its source's path."""

    def __init__(self, config: AssembleSetup) -> None:
        self._root = Path(config.output_root)

    def __call__(self, record: AssembleUnit) -> Iterator[RestoredMedia]:
        """The result. Raises: MediaError ``lost`` when the segment is gone and the result is not there either."""
        segment, media = record.segment, record.media
        aside = self._root / segment.path
        suffix = aside.suffix
        name = media.path if media.path.lower().endswith(suffix.lower()) else media.path + suffix
        path = f"{RESTORED}/{name}"
        target = self._root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if aside.exists():
                aside.replace(target)
            if not target.exists() or hashlib.sha256(target.read_bytes()).hexdigest() != segment.digest:
                raise MediaError("lost", f"{path}: the restored file is gone or was changed; run `f2s retry`")
        except OSError as error:
            raise JobError(f"cannot write {target}: {error.strerror}; free space or grant the right") from error
        yield RestoredMedia(
            media_id=media.media_id,
            task_id=segment.task_id,
            path=path,
            digest=segment.digest,
            byte_count=segment.byte_count,
            source_digest=media.content_digest,
            models=(record.restorer,),
            carried_over=segment.carried_over,
            changed=segment.changed,
        )
