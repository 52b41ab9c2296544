"""What stages take in where one table's row does not say enough."""

from f2s_catalog.records import MediaItem, Record, Shot

__all__ = ["ShotSource"]


class ShotSource(Record):
    """A shot and the file it lies in; made on the way, never stored."""

    shot: Shot
    media: MediaItem
    root: str
