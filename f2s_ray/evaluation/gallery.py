"""Folders of sharp pictures to a gallery: the pictures, every face in them, and which faces are one person."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from f2s_catalog.ids import digest
from jaxtyping import Float, UInt8

from f2s_ray.errors import ConfigError, MediaError
from f2s_ray.evaluation.pictures import Picture, files_below, read, shrunk, to_tensor
from f2s_ray.media.geometry import align_matrix
from f2s_ray.models.clustering import cluster
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.face_quality import measure_quality
from f2s_ray.models.references import Candidate, choose_references

__all__ = ["LOOK_PX", "Gallery", "KnownFace", "open_gallery"]

LOOK_PX = 1280
MIN_SIDE_PX = 96
THUMB_PX = 32
SAME_SHOT = 0.97

Say = Callable[[str], None]


@dataclass(frozen=True)
class KnownFace:
    """A face of a sharp picture whose long side is at most ``LOOK_PX``; ``person`` is a label, ``thumb`` its aligned grey crop."""

    picture: int
    detection: Detection
    candidate: Candidate
    embedding: Float[np.ndarray, " d"]
    thumb: Float[np.ndarray, "1024"]
    person: int = -1


@dataclass(frozen=True)
class Gallery:
    """``left_out`` says of each file that is no use, why; ``shots`` gives pictures of one shot the same number."""

    pictures: tuple[Picture, ...]
    faces: tuple[KnownFace, ...]
    left_out: dict[str, str]
    shots: tuple[int, ...]
    _of_person: dict[int, list[KnownFace]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for face in self.faces:
            self._of_person.setdefault(face.person, []).append(face)

    def faces_of(self, picture: int) -> list[KnownFace]:
        """The faces of one picture, largest first."""
        found = [face for face in self.faces if face.picture == picture]
        return sorted(found, key=lambda face: (-face.detection.short_side_px, face.detection.box))

    def others(self, face: KnownFace) -> list[KnownFace]:
        """The same person in other shots."""
        return [known for known in self._of_person[face.person] if self.shots[known.picture] != self.shots[face.picture]]

    def references(self, face: KnownFace) -> list[KnownFace]:
        """The best of them, chosen as in an archive; best first."""
        known = {other.candidate.face_id: other for other in self.others(face)}
        return [known[chosen.face.face_id] for chosen in choose_references([other.candidate for other in known.values()])]

    def people(self) -> dict[int, list[KnownFace]]:
        """Each person's faces."""
        return self._of_person


def open_gallery(folders: Sequence[Path], say: Say) -> Gallery:
    """Look at every picture once. ``say`` is told how far it is.

    Raises: ConfigError when there is no usable picture.
    """
    looker = _Looker()
    pictures: list[Picture] = []
    faces: list[KnownFace] = []
    left_out: dict[str, str] = {}
    files = files_below(folders)
    for number, (folder, file) in enumerate(files):
        say(f"looking at sharp pictures {number + 1}/{len(files)}")
        name = _named(file, folder, several=len(folders) > 1)
        try:
            found = read(file)
        except MediaError as error:
            left_out[name[1]] = error.message
            continue
        if found is None:
            continue
        trouble = _trouble(found[0], found[1], pictures)
        if trouble:
            left_out[name[1]] = trouble
            continue
        faces += looker.faces(found[1], found[0], len(pictures))
        pictures.append(Picture(*name, file, found[0]))
    if not pictures:
        why = f": {next(iter(left_out.values()))}" if left_out else ""
        raise ConfigError(f"no usable picture below {', '.join(map(str, folders))}{why}; give folders with sharp pictures")
    return Gallery(tuple(pictures), _known(faces), left_out, _shots(len(pictures), faces))


def _named(file: Path, folder: Path, *, several: bool) -> tuple[str, str]:
    """Set and name: with several DATA each is a set, else each folder in it."""
    relative = file.relative_to(folder)
    if several:
        return folder.resolve().name, f"{folder.resolve().name}/{relative.as_posix()}"
    return relative.parts[0] if len(relative.parts) > 1 else folder.resolve().name, relative.as_posix()


def _trouble(digest: str, rgb: UInt8[np.ndarray, "h w 3"], before: Sequence[Picture]) -> str | None:
    if min(rgb.shape[:2]) < MIN_SIDE_PX:
        return f"{rgb.shape[1]} x {rgb.shape[0]} px; at least {MIN_SIDE_PX} are needed"
    twin = next((picture.name for picture in before if picture.digest == digest), None)
    return f"the same bytes as {twin}" if twin else None


class _Looker:
    """Detector and embedder, loaded once."""

    def __init__(self) -> None:
        self._detector, self._embedder = FaceDetector(), FaceEmbedder()

    def faces(self, rgb: UInt8[np.ndarray, "h w 3"], picture_digest: str, index: int) -> Iterator[KnownFace]:
        picture = to_tensor(shrunk(rgb, LOOK_PX))
        for found in self._detector.detect(picture):
            quality = measure_quality(picture, found)
            face_id = digest(picture_digest, list(found.box))
            yield KnownFace(
                picture=index,
                detection=found,
                candidate=Candidate(face_id, quality.quality, quality.sharpness, quality.yaw_degrees, found.short_side_px),
                embedding=self._embedder.embed(picture, found.landmarks),
                thumb=_thumb(picture, found),
            )


def _thumb(picture: torch.Tensor, face: Detection) -> np.ndarray:
    """The aligned crop, grey, 32 px, without its mean, of unit length."""
    matrix = align_matrix(np.array(face.landmarks).reshape(5, 2), THUMB_PX)
    frame = picture.mean(0).numpy()
    crop = cv2.warpAffine(frame, matrix, (THUMB_PX, THUMB_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    flat = crop.flatten() - crop.mean()
    return flat / max(float(np.linalg.norm(flat)), 1e-6)


def _known(faces: Sequence[KnownFace]) -> tuple[KnownFace, ...]:
    """The faces with their persons, grouped as in an archive."""
    if not faces:
        return ()
    labels = cluster(
        np.stack([face.embedding for face in faces]),
        [str(face.picture) for face in faces],
        [face.candidate.quality for face in faces],
    )
    return tuple(replace(face, person=int(label)) for face, label in zip(faces, labels, strict=True))


def _shots(count: int, faces: Sequence[KnownFace]) -> tuple[int, ...]:
    """Pictures that share the same crop of a face are one shot, in other sizes or frames: neither is a reference for the other."""
    shots = list(range(count))
    if faces:
        thumbs = np.stack([face.thumb for face in faces])
        for a, b in np.argwhere(np.triu(thumbs @ thumbs.T > SAME_SHOT, 1)):
            one, other = shots[faces[a].picture], shots[faces[b].picture]
            shots = [one if shot == other else shot for shot in shots]
    return tuple(shots)
