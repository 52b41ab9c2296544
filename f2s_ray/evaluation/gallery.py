"""Folders of sharp pictures to a gallery: the pictures, every face in them, and which faces are one person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from f2s_catalog.ids import digest, file_digest
from jaxtyping import Float, UInt8
from torch import Tensor

from f2s_ray.errors import ConfigError, MediaError
from f2s_ray.evaluation.ledger import Ledger
from f2s_ray.evaluation.pictures import Picture, files_below, read, shrunk, to_tensor
from f2s_ray.media.geometry import align_matrix
from f2s_ray.models.clustering import cluster
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.face_quality import measure_quality
from f2s_ray.models.references import Candidate, choose_references

__all__ = ["LOOK_PX", "Gallery", "KnownFace", "Say", "open_gallery"]

LOOK_PX = 1280
MIN_SIDE_PX = 96
THUMB_PX = 32
# In train/ the aligned crops of different people correlate to at most 0.85. Vectors of one photograph in two sizes are above 0.9, and what
# is that near in two photographs is no fair reference either.
SAME_CROP, SAME_VECTOR = 0.9, 0.9

Row = Mapping[str, Any]
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
        return [
            known for known in self._of_person[face.person] if self.shots[known.picture] != self.shots[face.picture]
        ]

    def references(self, face: KnownFace) -> list[KnownFace]:
        """The best of them, chosen as in an archive; best first."""
        known = {other.candidate.face_id: other for other in self.others(face)}
        return [
            known[chosen.face.face_id] for chosen in choose_references([other.candidate for other in known.values()])
        ]

    def people(self) -> dict[int, list[KnownFace]]:
        """Each person's faces."""
        return self._of_person


def open_gallery(folders: Sequence[Path], kept: Ledger, say: Say) -> Gallery:
    """Look at every picture, or remember what was seen in it. ``say`` is told how far it is.

    Raises: ConfigError when there is no usable picture.
    """
    looker = _Looker(kept)
    pictures: list[Picture] = []
    faces: list[KnownFace] = []
    left_out: dict[str, str] = {}
    files = files_below(folders)
    for number, (folder, file) in enumerate(files):
        say(f"looking at sharp pictures {number + 1}/{len(files)}")
        dataset, name = _named(file, folder, several=len(folders) > 1)
        try:
            seen = looker(file)
        except MediaError as error:
            left_out[name] = error.message
            continue
        if seen is None:
            continue
        trouble = _trouble(seen, pictures)
        if trouble:
            left_out[name] = trouble
            continue
        faces += [_face(row, len(pictures)) for row in seen["faces"]]
        pictures.append(Picture(dataset, name, file, seen["digest"], (seen["height"], seen["width"])))
    if not pictures:
        why = f": {next(iter(left_out.values()))}" if left_out else ""
        raise ConfigError(
            f"no usable picture below {', '.join(map(str, folders))}{why}; give folders with sharp pictures"
        )
    return Gallery(tuple(pictures), _known(faces), left_out, _shots(len(pictures), faces))


def _named(file: Path, folder: Path, *, several: bool) -> tuple[str, str]:
    """Set and name: with several DATA each is a set, else each folder in it."""
    relative, root = file.relative_to(folder), folder.resolve().name
    if several:
        return root, f"{root}/{relative.as_posix()}"
    return relative.parts[0] if len(relative.parts) > 1 else root, relative.as_posix()


def _trouble(seen: Row, before: Sequence[Picture]) -> str | None:
    if min(seen["height"], seen["width"]) < MIN_SIDE_PX:
        return f"{seen['width']} x {seen['height']} px; at least {MIN_SIDE_PX} are needed"
    twin = next((picture.name for picture in before if picture.digest == seen["digest"]), None)
    return f"the same bytes as {twin}" if twin else None


class _Looker:
    """Detector and embedder, loaded once; what they saw is kept."""

    def __init__(self, kept: Ledger) -> None:
        self._kept = kept
        self._detector, self._embedder = FaceDetector(), FaceEmbedder()

    def __call__(self, file: Path) -> Row | None:
        """Digest, size and faces; None for what is no picture. Raises: MediaError when it cannot be read."""
        key = digest("look", file_digest(file), self._detector.name, self._embedder.name, LOOK_PX)
        known = self._kept.get(key)
        if known is not None:
            return known
        found = read(file)
        if found is None:
            return None
        picture_digest, rgb = found
        row = {"digest": picture_digest, "height": rgb.shape[0], "width": rgb.shape[1]}
        return self._kept.put(key, {**row, "faces": self._faces(to_tensor(shrunk(rgb, LOOK_PX)), picture_digest)})

    def _faces(self, picture: Tensor, picture_digest: str) -> list[dict[str, Any]]:
        rows = []
        for found in self._detector.detect(picture):
            quality = measure_quality(picture, found)
            face_id = digest(picture_digest, list(found.box))
            candidate = Candidate(face_id, quality.quality, quality.sharpness, quality.yaw_degrees, found.short_side_px)
            embedding = self._embedder.embed(picture, found.landmarks).tolist()
            thumb = _thumb(picture, found).tobytes().hex()
            rows.append(
                {"detection": asdict(found), "candidate": asdict(candidate), "embedding": embedding, "thumb": thumb}
            )
        return rows


def _face(row: Row, picture: int) -> KnownFace:
    found = row["detection"]
    thumb = np.frombuffer(bytes.fromhex(row["thumb"]), np.uint8).astype(np.float32)
    thumb -= thumb.mean()
    return KnownFace(
        picture=picture,
        detection=Detection(tuple(found["box"]), tuple(found["landmarks"]), found["score"]),  # type: ignore[arg-type]
        candidate=Candidate(**row["candidate"]),
        embedding=np.array(row["embedding"], dtype=np.float32),
        thumb=thumb / max(float(np.linalg.norm(thumb)), 1e-6),
    )


def _thumb(picture: Tensor, face: Detection) -> UInt8[np.ndarray, "32 32"]:
    """The aligned crop, grey."""
    matrix = align_matrix(np.array(face.landmarks).reshape(5, 2), THUMB_PX)
    frame = (255 * picture.mean(0)).numpy()
    crop = cv2.warpAffine(frame, matrix, (THUMB_PX, THUMB_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(crop.round().clip(0, 255), dtype=np.uint8)


def _known(faces: Sequence[KnownFace]) -> tuple[KnownFace, ...]:
    """The faces with their persons, grouped as in an archive."""
    if not faces:
        return ()
    labels = cluster(
        np.stack([face.embedding for face in faces]),
        np.array([face.candidate.quality for face in faces]),
        np.array([(row, face.picture) for row, face in enumerate(faces)]),
        np.full(len(faces), -1),
    )
    return tuple(replace(face, person=int(label)) for face, label in zip(faces, labels, strict=True))


def _shots(count: int, faces: Sequence[KnownFace]) -> tuple[int, ...]:
    """Pictures that share the same view of a face are one shot, in other sizes or frames: neither is a reference for the other."""
    shots = list(range(count))
    if faces:
        crops, vectors = np.stack([face.thumb for face in faces]), np.stack([face.embedding for face in faces])
        same = (crops @ crops.T > SAME_CROP) | (vectors @ vectors.T > SAME_VECTOR)
        for a, b in np.argwhere(np.triu(same, 1)):
            one, other = shots[faces[a].picture], shots[faces[b].picture]
            shots = [one if shot == other else shot for shot in shots]
    return tuple(shots)
