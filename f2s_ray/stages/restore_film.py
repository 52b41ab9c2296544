"""RestoreUnit to RestoredSegment, of a film: some frames of a shot, restored, steadied and encoded aside.

::

    frames and context -detect-> paths of faces
    frames and context -scene, faces-> restored -steady-> frames -encode-> segment
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.film.encode import encode_segment
from f2s_ray.media.film.presets import Preset
from f2s_ray.media.geometry import is_alignable
from f2s_ray.models.composite import Sighting, paste_version
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_path import CONTEXT_FRAMES, FacePlace, face_paths
from f2s_ray.models.shot_code import segment_weights
from f2s_ray.models.steady import steadied
from f2s_ray.models.tracks import Sample, SeenFace
from f2s_ray.stages.films import Film, frames_at
from f2s_ray.stages.told import local_code, pooled_of, track_of
from f2s_ray.stages.units import RestoreUnit, UnitFace
from f2s_ray.stages.workbench import Workbench

__all__ = ["restore_frames"]

Paths = Mapping[str, Mapping[int, FacePlace]]


def restore_frames(record: RestoreUnit, bench: Workbench, detector: FaceDetector, preset: Preset, path: Path) -> None:
    """Write the segment. Raises: MediaError as reading and encoding a film do."""
    reach = bench.config.film.steady_frames
    film = bench.films.of(record.media)
    shot = range(record.shot.first_frame, record.shot.stop_frame)
    near = _around(record, shot, reach)
    paths = _paths(record, bench, detector, _around(record, shot, reach + CONTEXT_FRAMES)) if record.gates else {}
    restored = _restored(film, record, bench, near, paths)
    skip = record.first_frame - near.start
    wanted = islice(steadied(restored, reach), skip, skip + record.stop_frame - record.first_frame)
    stamps = film.index.pts[record.first_frame : record.stop_frame].tolist()
    arrays = (frame.permute(1, 2, 0).numpy() for frame in wanted)
    encode_segment(arrays, stamps, film.info, preset, path)


def _around(record: RestoreUnit, shot: range, reach: int) -> range:
    return range(max(shot.start, record.first_frame - reach), min(shot.stop, record.stop_frame + reach))


def _paths(record: RestoreUnit, bench: Workbench, detector: FaceDetector, frames: range) -> Paths:
    """Where the faces lie that are to be changed."""
    film = bench.films.of(record.media)
    samples = []
    for number, rgb in frames_at(film, frames):
        found = detector.detect(rgb)
        faces = (SeenFace(one, one.score, tuple(bench.embedder.embed(rgb, one.landmarks).tolist())) for one in found)
        samples.append(Sample(number, tuple(faces)))
    known: dict[str, np.ndarray] = {}
    for name in {track_of(face.face) for face in record.faces}:
        vectors = [face.face.embedding for face in record.faces if track_of(face.face) == name]
        mean = np.mean(vectors, axis=0)
        known[name] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return face_paths(samples, known, range(record.shot.first_frame, record.shot.stop_frame))


@torch.inference_mode()
def _restored(
    film: Film, record: RestoreUnit, bench: Workbench, frames: range, paths: Paths
) -> Iterator[Float[Tensor, "3 h w"]]:
    """Frame by frame: the scene with the code of that moment, then the faces as far as their gates let them."""
    regions = [local_code(region) for region in record.regions]
    best = {track_of(face.face): face for face in reversed(record.faces)}
    for number, rgb in frames_at(film, frames):
        with bench.clock:
            scene = bench.model.restore_scene(rgb, _code_at(record, number), regions)
        for gate in record.gates:
            place = paths.get(gate.track_id, {}).get(number)
            if place is not None and is_alignable(place.landmarks):
                _paste(rgb, scene, place, best[gate.track_id], (gate.version, gate.gate.weight), bench)
        yield scene


def _paste(
    rgb: Float[Tensor, "3 h w"],
    scene: Float[Tensor, "3 h w"],
    place: FacePlace,
    face: UnitFace,
    version: tuple[str, float],
    bench: Workbench,
) -> None:
    what, weight = version
    restored = None
    if weight:
        references = bench.crops.get(face.references)
        with bench.clock:
            restored = bench.model.restore_face(rgb, place.landmarks, references)
    paste_version(Sighting(rgb, scene, place.landmarks, restored), what, weight * place.share)


def _code_at(record: RestoreUnit, number: int) -> Float[Tensor, "21 k"] | None:
    if not record.changes:
        return pooled_of(record.code)
    weights = segment_weights(number, [change.first_frame for change in record.changes[1:]])
    codes = torch.stack([torch.tensor(change.code) for change in record.changes])
    return pooled_of(tuple((weights[:, None] * codes).sum(0).tolist()))
