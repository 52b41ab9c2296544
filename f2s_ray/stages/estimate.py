"""Shot, faces and references to what they tell about the damage."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from f2s_catalog.records import CodeEstimate, RegionCode
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray.media.geometry import is_alignable
from f2s_ray.media.photo import Limits
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.fadex import VALUES
from f2s_ray.models.quality import measure
from f2s_ray.models.votes import Code, Region
from f2s_ray.stages.photos import ReferenceCrops, open_photo, points
from f2s_ray.stages.units import EstimateUnit, UnitFace

__all__ = ["EstimateCode", "EstimateConfig", "EstimateSetup"]

ALONE_WEIGHT = 0.5
FULL_VOTE_PX = 128


class EstimateConfig(BaseModel):
    """Which faces vote."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_faces: int = Field(6, ge=1, le=64, description="the best faces of a picture that vote")
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
        self._root, self._limits = Path(config.input_root), Limits(max_megapixels=float("inf"))
        self._crops = ReferenceCrops(self._root, self._model, self._limits)

    def __call__(self, record: EstimateUnit) -> Iterator[CodeEstimate]:
        """One estimate, without a code where no face could be used."""
        rgb = open_photo(self._root, record.media, self._limits).pages[0].rgb
        pairs, ids = [], []
        for face in self._voters(record.faces):
            references = self._crops.get(face.references)
            restored = self._model.restore_face(rgb, points(face.face.landmarks_px), references)
            pair = self._model.pair(rgb, restored, _weight(face))
            if pair is not None:
                pairs.append(pair)
                ids.append(face.face.face_id)
        code = self._model.read_code(pairs)
        frame = measure(rgb)
        yield CodeEstimate(
            shot_id=record.shot.shot_id,
            code=_flat(code.pooled) if code else (),
            signature=tuple(code.signature.tolist()) if code else (),
            **_values(code),
            face_ids=tuple(ids[i] for i in code.voters) if code else (),
            agreement=code.agreement if code else None,
            regions=tuple(_region(region, ids) for region in code.regions) if code else (),
            noise_measured=frame.noise,
            sharpness_measured=frame.sharpness,
            blockiness_measured=frame.blockiness,
            estimator=self._config.estimator,
        )

    def _voters(self, faces: tuple[UnitFace, ...]) -> list[UnitFace]:
        """Best first; ties fall to the face_id, so that the order of rows decides nothing."""
        usable = [
            face
            for face in faces
            if face.face.face_px >= self._config.min_face_px
            and face.face.score >= self._config.min_score
            and is_alignable(points(face.face.landmarks_px))
        ]
        best = sorted(usable, key=lambda face: (-face.face.score * face.face.face_px, face.face.face_id))
        return sorted(best[: self._config.max_faces], key=lambda face: face.face.face_id)


def _weight(face: UnitFace) -> float:
    """How much a face's word counts: the detector's certainty, its size up to 128 px, and whether references helped to restore it."""
    size = min(1.0, max(0.25, face.face.face_px / FULL_VOTE_PX))
    return face.face.score * size * (1.0 if face.references else ALONE_WEIGHT)


def _region(region: Region, face_ids: Sequence[str]) -> RegionCode:
    return RegionCode(
        x=region.local.x,
        y=region.local.y,
        code=_flat(region.local.pooled),
        signature=tuple(region.signature.tolist()),
        face_ids=tuple(face_ids[i] for i in region.voters),
        **region.values,
    )


def _values(code: Code | None) -> dict[str, float | None]:
    """The named values; null without a code."""
    return {name: code.values[name] if code else None for name, _ in VALUES}


def _flat(pooled: Tensor) -> tuple[float, ...]:
    return tuple(pooled.flatten().tolist())
