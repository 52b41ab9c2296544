"""Names of people into the metadata of a restored photo, whose pixels stay as they are."""

import hashlib
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from f2s_ray import __version__
from f2s_ray.errors import MediaError
from f2s_ray.media.compare import compare
from f2s_ray.media.metadata import Provenance, carry, finish
from f2s_ray.media.regions import FaceRegion
from f2s_ray.stages.films import file_digest
from f2s_ray.stages.units import FaceName

__all__ = ["SOFTWARE", "name_faces", "names_digest", "noted"]

SOFTWARE = "f2s_ray"


def noted(restorer: str, day: str, names: Sequence[FaceName] = ()) -> Provenance:
    """What a result says of its making, and of who is seen."""
    regions = tuple(FaceRegion(face.name, face.box_px) for face in names)
    return Provenance(SOFTWARE, __version__, (restorer,), day, regions)


def names_digest(names: Sequence[FaceName]) -> str:
    """As the column of that name says; the view ``stale`` reckons the same in SQL."""
    lines = [f"{face.face_id} {face.name}" for face in sorted(names, key=lambda face: face.face_id)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else ""


def name_faces(result: Path, aside: Path, source: Path, notes: tuple[Provenance, Provenance], whole: str) -> None:
    """Write a copy of a result that bears other names; metadata is made anew from the source, as it was at first.

    Args:
        result: the restored photo, with whatever names it bears now.
        aside: where to write.
        source: the photo it was made from.
        notes: without names, and with those that it is to bear.
        whole: SHA-256 of the result without names.

    Raises: MediaError ``lost`` when it is not this result, ``contract`` when metadata that must be kept got lost.
    """
    plain, named = notes
    shutil.copyfile(result, aside)
    if file_digest(aside) != whole:
        with suppress(MediaError):  # what cannot be read is not this result
            carry(source, aside, plain)
    if file_digest(aside) != whole:
        raise MediaError("lost", f"{result.name}: the restored file was changed or is gone; run `f2s retry`")
    if named.faces:
        carry(source, aside, named)
        if losses := compare(source, aside):
            raise MediaError("contract", f"{result.name}: metadata would be lost: {'; '.join(losses[:3])}")
    finish(aside, source)
