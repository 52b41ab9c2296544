"""RestoreUnit to a restored photo: the scene, its faces through the gate, written aside under the photo contract."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from f2s_catalog.records import FaceGate
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import MediaError
from f2s_ray.media.compare import compare
from f2s_ray.media.encode import EncodeOptions, encode
from f2s_ray.media.geometry import is_alignable
from f2s_ray.media.metadata import carry, finish
from f2s_ray.media.photo import Photo
from f2s_ray.models.composite import AS_THE_SCENE, Sighting, paste_face
from f2s_ray.models.gate import Candidate, judge
from f2s_ray.stages.gates import gate_row, neighbours_of
from f2s_ray.stages.naming import noted
from f2s_ray.stages.photos import open_photo, points
from f2s_ray.stages.told import local_code, pooled_of
from f2s_ray.stages.units import RestoreUnit, UnitFace
from f2s_ray.stages.workbench import Workbench

__all__ = ["Written", "restore_photo"]


@dataclass(frozen=True)
class Written:
    """What stands in a file: the pages, what became of their faces, what came along and what was changed."""

    page_count: int
    gates: tuple[FaceGate, ...]
    carried_over: tuple[str, ...]
    changed: tuple[str, ...]


def restore_photo(record: RestoreUnit, bench: Workbench, aside: Path) -> Written:
    """Scene first, with the code; then each face that has references, as far as the gate lets it.

    Raises: MediaError ``contract`` when metadata that must be kept got lost.
    """
    photo = open_photo(bench.inputs, record.media)
    code, regions = pooled_of(record.code), [local_code(region) for region in record.regions]
    pages = []
    for page in photo.pages:
        with bench.clock:
            pages.append(replace(page, rgb=bench.model.restore_scene(page.rgb, code, regions)))
    gates = [
        _face(photo.pages[0].rgb, pages[0].rgb, face, bench)
        for face in record.faces
        if face.face.face_px >= bench.config.min_face_px
    ]
    return _write(record, Photo(tuple(pages), photo.info), tuple(gates), bench, aside)


@torch.inference_mode()
def _face(source: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], face: UnitFace, bench: Workbench) -> FaceGate:
    """Write the boldest version of this face that the gate lets through into ``scene``."""
    landmarks = points(face.face.landmarks_px)
    if not is_alignable(landmarks):
        return _unrestored(source, scene, face, bench)
    restored = None
    if face.references:
        references = bench.crops.get(face.references)
        with bench.clock:
            restored = bench.model.restore_face(source, landmarks, references)
    candidate, ruling = paste_face(Sighting(source, scene, landmarks, restored), neighbours_of(face), bench.keeper)
    return gate_row(face, candidate, ruling)


def _unrestored(
    source: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], face: UnitFace, bench: Workbench
) -> FaceGate:
    """The row of a face that is left to the scene restorer because it cannot be laid onto the template."""
    landmarks = list(face.face.landmarks_px)
    scenes = Candidate("kept", 0.0, partial(bench.embedder.embed, scene, landmarks), AS_THE_SCENE)
    before, near = bench.embedder.embed(source, landmarks), neighbours_of(face)
    ruling = judge(before, near.person, near.other, [scenes], bench.config.gate)
    return gate_row(face, scenes, replace(ruling, reason=f"{scenes.what}: too far in profile to be aligned"))


def _write(record: RestoreUnit, photo: Photo, gates: tuple[FaceGate, ...], bench: Workbench, aside: Path) -> Written:
    """Encode, carry the metadata, compare."""
    with bench.inputs.whole(record.media.path, record.media.etag) as source:
        encoded = encode(photo, source, aside, EncodeOptions(quality=bench.config.quality))
        note = noted(record.restorer, record.planned_on)  # names come later, and ask for no pixel
        carried = carry(source, aside, note)
        losses = compare(source, aside)
        if losses:
            raise MediaError("contract", f"{record.media.path}: metadata would be lost: {'; '.join(losses[:3])}")
        finish(aside, source)
    return Written(len(photo.pages), gates, carried.carried_over, (*encoded.changed, *carried.changed))
