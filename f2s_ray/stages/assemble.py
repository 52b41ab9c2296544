"""RestoredSegment to RestoredMedia: the result goes to its place when it is whole."""

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

from f2s_catalog.records import MediaItem, Record, RestoredMedia, RestoredSegment
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.errors import JobError, MediaError

__all__ = ["RESTORED", "AssembleMedia", "AssembleSetup", "AssembleUnit", "result_name"]

RESTORED = "restored"
NAME_TROUBLE = frozenset({errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY})


class AssembleUnit(Record):
    """A segment, its medium, and the networks that made it."""

    segment: RestoredSegment
    media: MediaItem
    restorer: str
    name_is_taken: bool = Field(description="another file of INPUT has the name that the result needs")


def result_name(media: MediaItem, segment: RestoredSegment) -> str:
    """Path of the result below ``restored``: the source's, with the ending of what was written where that is another."""
    suffix = Path(segment.path).suffix
    return media.path if media.path.lower().endswith(suffix.lower()) else media.path + suffix


class AssembleSetup(BaseModel):
    """Where OUTPUT lies; nothing to choose for photos."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    output_root: str = Field(exclude=True)


class AssembleMedia:
    """Move a photo from the work folder into the tree of results, under its source's path."""

    def __init__(self, config: AssembleSetup) -> None:
        self._root = Path(config.output_root)

    def __call__(self, record: AssembleUnit) -> Iterator[RestoredMedia]:
        """The result.

        Raises: MediaError ``lost`` when the segment is gone and the result is not there either, ``name`` when the result cannot
            have its name.
        """
        segment, media = record.segment, record.media
        aside = self._root / segment.path
        path = f"{RESTORED}/{result_name(media, segment)}"
        if record.name_is_taken:
            raise MediaError("name", f"{media.path}: its result would be {path}, which is another file's; rename one")
        target = self._root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if aside.exists():
                aside.replace(target)
            if not target.exists() or hashlib.sha256(target.read_bytes()).hexdigest() != segment.digest:
                raise MediaError("lost", f"{path}: the restored file is gone or was changed; run `f2s retry`")
        except OSError as error:
            if error.errno in NAME_TROUBLE:
                raise MediaError("name", f"{path}: {error.strerror}; rename the source, or clear its place") from error
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
