"""RestoreUnit to RestoredSegment: the photo restored, its faces gated, written aside under the photo contract."""

import hashlib
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from f2s_catalog.records import FaceGate, RestoredSegment
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray import __version__
from f2s_ray.errors import JobError, MediaError
from f2s_ray.media.compare import compare
from f2s_ray.media.encode import EncodeOptions, encode, target_name
from f2s_ray.media.geometry import is_alignable
from f2s_ray.media.metadata import Provenance, carry, finish
from f2s_ray.media.photo import Limits, Photo
from f2s_ray.media.regions import FaceRegion
from f2s_ray.models.composite import Gatekeeper, Neighbours, paste_face
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig
from f2s_ray.models.gate import Candidate, GateConfig, Ruling, judge
from f2s_ray.models.mapnet import TOKENS
from f2s_ray.models.votes import LocalCode
from f2s_ray.stages.photos import ReferenceCrops, open_photo, points
from f2s_ray.stages.units import RestoreUnit, UnitFace

__all__ = ["WORK", "RestoreConfig", "RestorePhoto", "RestoreSetup"]

WORK = "work"
SOFTWARE = "f2s_ray"


class RestoreConfig(BaseModel):
    """How a photo is restored and written."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    quality: int = Field(95, ge=50, le=100, description="quality of lossy formats; a better source keeps its own")
    min_face_px: float = Field(24, ge=16, le=512, description="smaller faces are left to the scene restorer")
    fidelity: float = Field(
        0.0,
        ge=0,
        le=1,
        description="0 is the whole face restored from references, 1 the face as the scene restorer leaves it",
    )
    gate: GateConfig = GateConfig()


class RestoreSetup(RestoreConfig):
    """What the user chose, the networks, and where INPUT and OUTPUT lie."""

    model: Face2SceneConfig
    embedder: FaceEmbedderConfig
    input_root: str = Field(exclude=True)
    output_root: str = Field(exclude=True)


@dataclass
class _Clock:
    """Seconds spent inside the networks."""

    seconds: float = 0.0

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._begin


class RestorePhoto:
    """Scene first, with the code; then each face that has references, as far as the gate lets it."""

    def __init__(self, config: RestoreSetup) -> None:
        self._config = config
        self._model = Face2Scene(config.model)
        self._embedder = FaceEmbedder(config.embedder)
        self._root, self._limits = Path(config.input_root), Limits(max_megapixels=float("inf"))
        self._crops = ReferenceCrops(self._root, self._model, self._limits)

    def __call__(self, record: RestoreUnit) -> Iterator[RestoredSegment]:
        """The segment. Raises: MediaError ``contract`` when metadata that must be kept got lost."""
        begin, clock = time.perf_counter(), _Clock()
        photo = open_photo(self._root, record.media, self._limits)
        code = _pooled(record.code) if record.code else None
        regions = [LocalCode(region.x, region.y, _pooled(region.code)) for region in record.regions]
        pages = []
        for page in photo.pages:
            with clock:
                pages.append(replace(page, rgb=self._model.restore_scene(page.rgb, code, regions)))
        source_rgb = photo.pages[0].rgb
        rgb, gates = pages[0].rgb, []
        for face in record.faces:
            if face.face.face_px >= self._config.min_face_px:
                rgb, gate = self._face(source_rgb, rgb, face, clock)
                gates.append(gate)
        pages[0] = replace(pages[0], rgb=rgb)
        written = self._write(record, Photo(tuple(pages), photo.info))
        yield RestoredSegment(
            task_id=record.task_id,
            shot_id=record.shot.shot_id,
            media_id=record.media.media_id,
            frame_count=len(pages),
            gates=tuple(gates),
            seconds=time.perf_counter() - begin,
            model_seconds=clock.seconds,
            peak_memory_bytes=_peak_memory(),
            **written,
        )

    @torch.inference_mode()
    def _face(
        self, source: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], face: UnitFace, clock: _Clock
    ) -> tuple[Float[Tensor, "3 h w"], FaceGate]:
        """``scene`` with the boldest version of this face that the gate lets through, written into it."""
        landmarks = points(face.face.landmarks_px)
        if not is_alignable(landmarks):
            return scene, self._unrestored(source, scene, face)
        restored = None
        if face.references:
            with clock:
                restored = self._model.restore_face(source, landmarks, self._crops.get(face.references))
        neighbours = Neighbours(_vector(face.person), _vector(face.other))
        keeper = Gatekeeper(self._embedder.embed, self._config.gate, 1 - self._config.fidelity)
        candidate, ruling = paste_face(source, scene, landmarks, restored, neighbours, keeper)
        return scene, _gate(face, candidate, ruling)

    def _unrestored(self, source: Float[Tensor, "3 h w"], scene: Float[Tensor, "3 h w"], face: UnitFace) -> FaceGate:
        """The row of a face that is left to the scene restorer because it cannot be laid onto the template."""
        landmarks = list(face.face.landmarks_px)
        scenes = Candidate("kept", 0.0, partial(self._embedder.embed, scene, landmarks), "face of the restored scene")
        before, person, other = self._embedder.embed(source, landmarks), _vector(face.person), _vector(face.other)
        ruling = judge(before, person, other, [scenes], self._config.gate)
        return _gate(face, scenes, replace(ruling, reason=f"{scenes.what}: too far in profile to be aligned"))

    def _write(self, record: RestoreUnit, photo: Photo) -> dict[str, object]:
        """Encode, carry the metadata, compare, and name the file by its task; nothing is left when it fails."""
        source = self._root / record.media.path
        name = PurePosixPath(target_name(record.media.path, photo.info))
        path = f"{WORK}/{record.task_id}{name.suffix}"
        target = Path(self._config.output_root) / path
        aside = target.with_name(f"{record.task_id}.writing{name.suffix}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            encoded = encode(photo, source, aside, EncodeOptions(quality=self._config.quality))
            carried = carry(source, aside, _provenance(record))
            losses = compare(source, aside)
            if losses:
                raise MediaError("contract", f"{record.media.path}: metadata would be lost: {'; '.join(losses[:3])}")
            finish(aside, source)
            data = aside.read_bytes()
            aside.replace(target)
        except OSError as error:
            raise JobError(f"cannot write {target}: {error.strerror}; free space or grant the right") from error
        finally:
            aside.unlink(missing_ok=True)
        return {
            "path": path,
            "digest": hashlib.sha256(data).hexdigest(),
            "byte_count": len(data),
            "carried_over": carried.carried_over,
            "changed": (*encoded.changed, *carried.changed),
        }


def _pooled(code: tuple[float, ...]) -> Float[Tensor, "21 k"]:
    return torch.tensor(code).reshape(TOKENS, -1)


def _gate(face: UnitFace, candidate: Candidate, ruling: Ruling) -> FaceGate:
    return FaceGate(
        face_id=face.face.face_id,
        identity_id=face.identity_id,
        reference_face_ids=tuple(reference.face_id for reference in face.references),
        decision=candidate.decision,
        weight=candidate.weight,
        similarity_before=ruling.similarity_before,
        similarity_after=ruling.similarity_after,
        other_before=ruling.other_before,
        other_after=ruling.other_after,
        self_similarity=ruling.self_similarity,
        reason=ruling.reason,
    )


def _provenance(record: RestoreUnit) -> Provenance:
    regions = tuple(FaceRegion(face.name, face.face.box_px) for face in record.faces)
    return Provenance(SOFTWARE, __version__, (record.restorer,), record.planned_on, regions)


def _vector(values: tuple[float, ...]) -> np.ndarray | None:
    return np.array(values, dtype=np.float32) if values else None


def _peak_memory() -> int:
    """Peak resident memory of this process, bytes; ``getrusage`` counts in KiB on Linux and in bytes on macOS."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
