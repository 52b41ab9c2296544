"""A folder of sharp pictures to what training draws from: the pictures in memory, their faces, and which faces are the same person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import ConfigError
from f2s_ray.media.geometry import native_side
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder

__all__ = ["Pictures", "SharpFace", "load_pictures"]

LONG_SIDE_PX = 1024
MIN_SIDE_PX = 144
MIN_FACE_SIDE_PX = 72.0
SAME_PERSON = 0.5
HELD_OUT_EVERY = 20
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}


@dataclass(frozen=True)
class SharpFace:
    """A face of a training picture: where, how large its aligned square is at native scale, and who (an index)."""

    picture: int
    landmarks: np.ndarray
    side_px: float
    person: int


@dataclass(frozen=True)
class Pictures:
    """Upright uint8 pictures [h, w, 3] and their faces."""

    frames: tuple[np.ndarray, ...]
    faces: tuple[SharpFace, ...]

    def rgb(self, index: int) -> Float[Tensor, "3 h w"]:
        """One picture, 0..1."""
        return torch.from_numpy(self.frames[index]).permute(2, 0, 1).float() / 255

    def split(self) -> tuple["Pictures", "Pictures"]:
        """Those to learn from, and every 20th, held out to choose on."""
        held = set(range(0, len(self.frames), HELD_OUT_EVERY))
        return self._only([i for i in range(len(self.frames)) if i not in held]), self._only(sorted(held))

    def _only(self, chosen: Sequence[int]) -> "Pictures":
        place = {picture: index for index, picture in enumerate(chosen)}
        faces = (replace(face, picture=place[face.picture]) for face in self.faces if face.picture in place)
        return Pictures(tuple(self.frames[i] for i in chosen), tuple(faces))

    def faces_of(self, picture: int) -> list[SharpFace]:
        """The faces of one picture."""
        return [face for face in self.faces if face.picture == picture]


def load_pictures(folders: Sequence[Path], cache: Path) -> Pictures:
    """All pictures below the folders, in order of their paths; detections are kept in ``cache`` (an .npz) for the next time.

    Raises: ConfigError when no usable picture is found.
    """
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    frames = tuple(frame for frame in map(_read, files) if frame is not None)
    if not frames:
        raise ConfigError(f"no picture of at least {MIN_SIDE_PX} px below {', '.join(map(str, folders))}")
    if not cache.exists():
        _detect(frames, cache)
    with np.load(cache) as stored:
        if int(stored["pictures"]) != len(frames):
            raise ConfigError(f"{cache} belongs to other pictures ({stored['pictures']}, now {len(frames)}); remove it")
        columns = zip(stored["picture"], stored["landmarks"], stored["person"], strict=True)
        faces = tuple(
            SharpFace(int(picture), landmarks, native_side(landmarks), int(person))
            for picture, landmarks, person in columns
        )
    return Pictures(frames, faces)


def _read(path: Path) -> np.ndarray | None:
    """Upright RGB, long side at most 1024 px; None when it is too small or cannot be read."""
    data = np.fromfile(path, np.uint8)
    stored = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if stored is None or min(stored.shape[:2]) < MIN_SIDE_PX:
        return None
    scale = LONG_SIDE_PX / max(stored.shape[:2])
    if scale < 1:
        size = (round(stored.shape[1] * scale), round(stored.shape[0] * scale))
        stored = cv2.resize(stored, size, interpolation=cv2.INTER_AREA)
        if min(stored.shape[:2]) < MIN_SIDE_PX:
            return None
    return np.ascontiguousarray(stored[..., ::-1])


def _detect(frames: Sequence[np.ndarray], cache: Path) -> None:
    """Faces of at least ``MIN_FACE_SIDE_PX``, and persons by linking close embeddings of different pictures."""
    rows = list(_faces(frames))
    vectors = np.stack([vector for _, _, vector in rows]) if rows else np.zeros((0, 1), np.float32)
    person = np.arange(len(rows))
    close = np.argwhere(np.triu(vectors @ vectors.T > SAME_PERSON, 1))
    for first, second in close:
        if rows[first][0] != rows[second][0]:
            person[person == person[second]] = person[first]
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        cache,
        pictures=len(frames),
        picture=np.array([picture for picture, _, _ in rows], np.int64),
        landmarks=np.array([landmarks for _, landmarks, _ in rows], np.float64).reshape(-1, 5, 2),
        person=person,
    )


def _faces(frames: Sequence[np.ndarray]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    detector, embedder = FaceDetector(), FaceEmbedder()
    for index, frame in enumerate(frames):
        rgb = torch.from_numpy(frame).permute(2, 0, 1).float() / 255
        for found in detector.detect(rgb):
            landmarks = np.array(found.landmarks).reshape(5, 2)
            if native_side(landmarks) >= MIN_FACE_SIDE_PX:
                yield index, landmarks, embedder.embed(rgb, found.landmarks)
