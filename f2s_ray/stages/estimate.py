"""Shot, faces and references to what they tell about the damage."""

from collections.abc import Iterator
from statistics import mean

from f2s_catalog.records import CodeEstimate
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray.media.geometry import is_alignable
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig, Pair
from f2s_ray.models.quality import measure
from f2s_ray.stages.films import Films, frames_at
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.photos import ReferenceCrops, open_photo, points
from f2s_ray.stages.told import NOTHING, coded, tell, track_of
from f2s_ray.stages.units import EstimateUnit, UnitFace

__all__ = ["EstimateCode", "EstimateConfig", "EstimateSetup"]

ALONE_WEIGHT = 0.5
FULL_VOTE_PX = 128


class EstimateConfig(BaseModel):
    """Which faces vote."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_faces: int = Field(6, ge=1, le=64, description="the best faces of a picture, or tracks of a shot, that vote")
    max_frames: int = Field(6, ge=1, le=64, description="the best frames of a track that vote")
    min_face_px: float = Field(32, ge=16, le=512, description="smaller faces do not vote")
    min_score: float = Field(0.8, ge=0, le=1, description="faces the detector is less sure of do not vote")


class EstimateSetup(EstimateConfig):
    """What the user chose, the networks with their ``name@digest``, and where INPUT lies."""

    model: Face2SceneConfig
    estimator: str
    input_root: str = Field(exclude=True)


class EstimateCode:
    """Restore the best faces, read the pairs, let them vote."""

    def __init__(self, config: EstimateSetup) -> None:
        self._config = config
        self._model = Face2Scene(config.model)
        self._inputs = Inputs(config.input_root)
        self._films = Films(self._inputs)
        self._crops = ReferenceCrops(self._inputs, self._model, self._films)

    def __call__(self, record: EstimateUnit) -> Iterator[CodeEstimate]:
        """One estimate, without a code where no face could be used."""
        voters = self._voters(record.faces)
        pairs, faces, frames = [], [], []
        for frame, rgb in self._frames(record, {face.face.frame for face in voters}):
            frames.append(measure(rgb))
            for face in voters:
                pair = self._pair(rgb, face) if face.face.frame == frame else None
                if pair is not None:
                    pairs.append(pair)
                    faces.append(face.face)
        told = tell(self._model.read(pairs), faces) if pairs else None
        yield CodeEstimate(
            shot_id=record.shot.shot_id,
            **(coded(told.code) if told else NOTHING),
            face_ids=told.face_ids if told else (),
            agreement=told.code.agreement if told else None,
            regions=told.regions if told else (),
            changes=told.changes if told else (),
            noise_measured=mean(frame.noise for frame in frames),
            sharpness_measured=mean(frame.sharpness for frame in frames),
            blockiness_measured=mean(frame.blockiness for frame in frames),
            estimator=self._config.estimator,
        )

    def _frames(self, record: EstimateUnit, wanted: set[int]) -> Iterator[tuple[int, Float[Tensor, "3 h w"]]]:
        """Number and pixels of the frames that voters lie in, and of a shot's thirds; a photo is frame 0."""
        shot, media = record.shot, record.media
        if media.film is None:
            yield 0, open_photo(self._inputs, media).pages[0].rgb
            return
        length = shot.stop_frame - shot.first_frame
        thirds = {shot.first_frame + length * part // 6 for part in (1, 3, 5)}
        yield from frames_at(self._films.of(media), wanted | thirds)

    def _pair(self, rgb: Float[Tensor, "3 h w"], face: UnitFace) -> Pair | None:
        restored = self._model.restore_face(rgb, points(face.face.landmarks_px), self._crops.get(face.references))
        return self._model.pair(rgb, restored, _weight(face))

    def _voters(self, faces: tuple[UnitFace, ...]) -> list[UnitFace]:
        """The best faces of the best tracks, of each as many; a face of a photo is a track of its own.

        Ties fall to the face_id, so that the order of rows decides nothing.
        """
        usable = [
            face
            for face in faces
            if face.face.face_px >= self._config.min_face_px
            and face.face.score >= self._config.min_score
            and is_alignable(points(face.face.landmarks_px))
        ]
        tracks: dict[str, list[UnitFace]] = {}
        for face in sorted(usable, key=lambda face: (-face.face.score * face.face.face_px, face.face.face_id)):
            tracks.setdefault(track_of(face.face), []).append(face)
        best = list(tracks.values())[: self._config.max_faces]
        chosen = [face for track in best for face in track[: self._config.max_frames]]
        return sorted(chosen, key=lambda face: face.face.face_id)


def _weight(face: UnitFace) -> float:
    """How much a face's word counts: the detector's certainty, its size up to 128 px, and whether references helped to restore it."""
    size = min(1.0, max(0.25, face.face.face_px / FULL_VOTE_PX))
    return face.face.score * size * (1.0 if face.references else ALONE_WEIGHT)
