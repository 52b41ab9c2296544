"""A film's shot to what may be done to each of its faces: decided once a track, so that a face does not change on its way."""

from collections.abc import Iterator, Sequence

import torch
from f2s_catalog.records import TrackGate
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.geometry import is_alignable
from f2s_ray.models.composite import Sighting, judge_face
from f2s_ray.stages.films import frames_at
from f2s_ray.stages.gates import gate_row, neighbours_of
from f2s_ray.stages.photos import points
from f2s_ray.stages.told import pooled_of, track_of
from f2s_ray.stages.units import JudgeUnit, UnitFace
from f2s_ray.stages.workbench import RestoreSetup, Workbench

__all__ = ["JudgeTracks"]

FRAMES = 3
MARGIN = 1.0  # of the face's box, restored around it


class JudgeTracks:
    """Restores each track's best frames and asks the gate."""

    def __init__(self, config: RestoreSetup) -> None:
        self._bench = Workbench(config)

    def __call__(self, record: JudgeUnit) -> Iterator[TrackGate]:
        """A row for each track that is large enough and has references; others are left to the scene restorer."""
        tracks: dict[str, list[UnitFace]] = {}
        for face in sorted(record.faces, key=lambda face: (-face.face.quality, face.face.face_id)):
            if self._is_judged(face):
                tracks.setdefault(track_of(face.face), []).append(face)
        for track_id, faces in sorted(tracks.items()):
            yield self._judged(record, track_id, faces[:FRAMES])

    def _is_judged(self, face: UnitFace) -> bool:
        large = face.face.face_px >= self._bench.config.min_face_px
        return large and bool(face.references) and is_alignable(points(face.face.landmarks_px))

    @torch.inference_mode()
    def _judged(self, record: JudgeUnit, track_id: str, faces: Sequence[UnitFace]) -> TrackGate:
        film = self._bench.films.of(record.media)
        code = pooled_of(record.code)
        frames = dict(frames_at(film, [face.face.frame for face in faces]))
        sightings = [self._sighting(frames[face.face.frame], face, code) for face in faces]
        candidate, ruling = judge_face(sightings, neighbours_of(faces[0]), self._bench.keeper)
        return TrackGate(
            track_id=track_id,
            shot_id=record.shot.shot_id,
            media_id=record.media.media_id,
            face_ids=tuple(face.face.face_id for face in faces),
            version=candidate.what,
            gate=gate_row(faces[0], candidate, ruling),
        )

    def _sighting(self, rgb: Float[Tensor, "3 h w"], face: UnitFace, code: Tensor | None) -> Sighting:
        """The face and what is around it, cut out, restored."""
        height, width = rgb.shape[-2:]
        x0, y0, x1, y1 = face.face.box_px
        reach = MARGIN * max(x1 - x0, y1 - y0)
        left, top = max(0, int(x0 - reach)), max(0, int(y0 - reach))
        part = rgb[:, top : min(height, int(y1 + reach)), left : min(width, int(x1 + reach))].contiguous()
        landmarks = points(face.face.landmarks_px) - [left, top]
        restored = self._bench.model.restore_face(part, landmarks, self._bench.crops.get(face.references))
        return Sighting(part, self._bench.model.restore_scene(part, code), landmarks, restored)
