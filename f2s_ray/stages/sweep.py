"""The work folder to what is still needed of it: nothing, once every result is in its place."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from f2s_catalog.place import Place
from f2s_catalog.records import RestoredSegment
from f2s_catalog.storage import remove, walk

from f2s_ray.errors import JobError
from f2s_ray.stages.outputs import WORK

__all__ = ["sweep"]


def sweep(output: Place, segments: Iterable[RestoredSegment]) -> None:
    """Remove what killed runs and earlier plans left in the work folder, and the folder when it is empty.

    Args:
        output: the OUTPUT place.
        segments: the current ones; their files stay.

    Raises:
        JobError: something cannot be removed.
    """
    work = output / WORK
    needed = {segment.path.removeprefix(f"{WORK}/") for segment in segments}
    try:
        for found in walk(work):
            if found.path not in needed:
                remove(work / found.path)
        if isinstance(work, Path) and not needed:
            with suppress(FileNotFoundError):
                work.rmdir()
    except OSError as error:
        raise JobError(f"cannot tidy {work}: {error.strerror}; grant the right to write there") from error
