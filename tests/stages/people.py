"""A real picture of six people as the stages meet it: bytes on disk, and records from the real detector and embedder."""

from pathlib import Path

import insightface
import numpy as np
from f2s_catalog.records import Face, MediaItem, RegionCode, Source
from PIL import Image

from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.models.face_embedder import FaceEmbedderConfig
from f2s_ray.models.gate import GateConfig
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, network_names
from f2s_ray.stages.probe import ProbeMedia, ProbeSetup
from f2s_ray.stages.restore import RestoreMedia
from f2s_ray.stages.split import SplitSetup, SplitShots
from f2s_ray.stages.units import EstimateUnit, ReferencePicture, RestoreUnit, ShotUnit, UnitFace
from f2s_ray.stages.workbench import RestoreSetup

PATH = "people.png"
ANYTHING_GOES = GateConfig(max_loss=1, max_margin_loss=1, max_behind=1, min_self=-1)


def original():
    """uint8 [h, w, 3]."""
    with Image.open(Path(insightface.__file__).parent / "data" / "images" / "t1.jpg") as image:
        return np.asarray(image.convert("RGB").resize((480, 332)))


def unit_of(root: Path, pixels: np.ndarray) -> EstimateUnit:
    """The picture written to ``root``, and all that is known of it; everybody is their own reference."""
    path = root / PATH
    Image.fromarray(pixels).save(path)
    source = Source(path=PATH, byte_count=path.stat().st_size, modified_ns=0, trouble=None)
    (media,) = ProbeMedia(ProbeSetup(input_root=str(root)))(source)
    assert isinstance(media, MediaItem)
    (shot,) = SplitShots(SplitSetup(input_root=str(root)))(media)
    config = DetectConfig()
    setup = DetectSetup(**config.model_dump(), networks=network_names(config), input_root=str(root))
    faces = tuple(_known(face, media) for face in DetectFaces(setup)(ShotUnit(shot=shot, media=media)))
    return EstimateUnit(shot=shot, media=media, faces=faces)


def _known(face: Face, media: MediaItem) -> UnitFace:
    reference = ReferencePicture(
        face_id=face.face_id,
        path=media.path,
        content_digest=media.content_digest,
        scan="",
        frame=0,
        landmarks_px=face.landmarks_px,
    )
    return UnitFace(
        face=face, identity_id="somebody", person=face.embedding, other=(), references=(reference,), other_face_ids=()
    )


def restored(
    root: Path, output: Path, unit: EstimateUnit, weights: Path, *, regions: tuple[RegionCode, ...] = (), **chosen
):
    """Pixels of the result, uint8 [h, w, 3], and the row of the segment."""
    (segment,) = RestoreMedia(setup_of(root, output, weights, **chosen))(piece_of(unit, regions))
    with Image.open(output / segment.path) as image:
        return np.asarray(image.convert("RGB")).astype(int), segment


def setup_of(root, output, weights, **chosen) -> RestoreSetup:
    return RestoreSetup(
        **{"gate": ANYTHING_GOES, **chosen},
        model=Face2SceneConfig(weights=str(weights), threads=1),
        embedder=FaceEmbedderConfig(),
        input_root=str(root),
        output_root=str(output),
    )


def piece_of(unit, regions=()) -> RestoreUnit:
    return RestoreUnit(
        task_id="0" * 64,
        shot=unit.shot,
        media=unit.media,
        first_frame=0,
        stop_frame=1,
        faces=unit.faces,
        gates=(),
        code=(),
        regions=regions,
        changes=(),
        restorer="face2scene@1",
        planned_on="2026-02-03",
    )
