"""The work folder to what is still needed of it: nothing, once every result is in its place."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from f2s_catalog.records import RestoredSegment

from f2s_ray.errors import JobError
from f2s_ray.stages.workbench import WORK

__all__ = ["sweep"]


def sweep(output: Path, segments: Iterable[RestoredSegment]) -> None:
    """Remove what killed runs and earlier plans left in the work folder, and the folder when it is empty.

    Args:
        output: the OUTPUT folder.
        segments: the current ones; their files stay.

    Raises:
        JobError: something cannot be removed.
    """
    work = output / WORK
    needed = {output / segment.path for segment in segments}
    try:
        for left in set(work.glob("*")) - needed:
            left.unlink()
        with suppress(FileNotFoundError):
            if not any(work.iterdir()):
                work.rmdir()
    except OSError as error:
        raise JobError(f"cannot tidy {work}: {error.strerror}; grant the right to write there") from error
