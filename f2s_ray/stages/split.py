"""MediaItem to Shots. A photo is one shot of one frame."""

from collections.abc import Iterator

from f2s_catalog.records import MediaItem, Shot
from pydantic import BaseModel, ConfigDict

__all__ = ["SplitConfig", "SplitShots"]


class SplitConfig(BaseModel):
    """Nothing to choose for photos."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitShots:
    """Cut a medium into shots."""

    def __init__(self, config: SplitConfig) -> None:
        self._config = config

    def __call__(self, record: MediaItem) -> Iterator[Shot]:
        """The one shot of a photo."""
        yield Shot(
            shot_id=f"{record.media_id}/0",
            media_id=record.media_id,
            start_seconds=0.0,
            stop_seconds=0.0,
            first_frame=0,
            stop_frame=1,
            cut_score=1.0,
        )
