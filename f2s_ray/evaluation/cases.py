"""A gallery to the cases that are measured: a seeded choice of pictures, each with a window around its largest face."""

import math
import random
from dataclasses import dataclass

import numpy as np
import torch
from f2s_catalog.ids import digest
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import ConfigError
from f2s_ray.evaluation.gallery import LOOK_PX, Gallery, KnownFace
from f2s_ray.evaluation.pictures import Picture, read, shrunk, stored, to_tensor
from f2s_ray.media.degrade import CLEAN, Operator, Strength, apply, draw_operator
from f2s_ray.media.geometry import native_side
from f2s_ray.media.jpeg_round_trip import BLOCK
from f2s_ray.media.tiles import Tile

__all__ = ["STRENGTHS", "Case", "CaseFace", "Sample", "choose", "open_case", "other_strength", "sample"]

STRENGTHS: dict[str, Strength | None] = {"none": None, "mild": "mild", "middle": "middle", "strong": "strong"}
LONG_SIDE_PX = 768
STEP_PX = 16
EVEN_SHARE = 0.5


@dataclass(frozen=True)
class CaseFace:
    """A face of the window: its landmarks [5, 2] and the shorter side of its box there, and what the gallery knows of it."""

    known: KnownFace
    landmarks: np.ndarray
    face_px: float
    references: tuple[KnownFace, ...]


@dataclass(frozen=True)
class Case:
    """A sharp picture at the size it is damaged at, the window of it that is restored, and the faces there, largest first."""

    picture: Picture
    seed: int
    truth: Float[Tensor, "3 h w"]
    window: Tile
    faces: tuple[CaseFace, ...]

    @property
    def clean(self) -> Float[Tensor, "3 a b"]:
        """The window, undamaged."""
        return self.window.crop(self.truth).contiguous()


@dataclass(frozen=True)
class Sample:
    """A case at a strength."""

    case: Case
    strength: str
    operator: Operator
    damaged: Float[Tensor, "3 a b"]


def choose(gallery: Gallery, count: int, seed: int) -> list[int]:
    """Pictures, in order of their names: one of a shot; half of them spread evenly over the sets, and all the same those
    first whose largest face other pictures show, too.

    Raises: ConfigError when there is none.
    """
    order = list(range(len(gallery.pictures)))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda index: _rank(gallery, index))
    first_of = {gallery.shots[index]: index for index in reversed(order)}
    order = [index for index in order if first_of[gallery.shots[index]] == index]
    if not order:
        raise ConfigError("no picture to measure on; give folders with sharp pictures")
    sets = sorted({gallery.pictures[index].dataset for index in order})
    share = math.ceil(EVEN_SHARE * count / len(sets))
    even = [index for name in sets for index in [i for i in order if gallery.pictures[i].dataset == name][:share]]
    rest = [index for index in order if index not in even]
    chosen = sorted(even, key=order.index)[:count] if len(even) >= count else even + rest[: count - len(even)]
    return sorted(chosen)


def _rank(gallery: Gallery, index: int) -> int:
    """0: its largest face has references; 1: it has a face; 2: it has none."""
    faces = gallery.faces_of(index)
    return 2 if not faces else int(not gallery.references(faces[0]))


def open_case(gallery: Gallery, index: int, side_px: int, seed: int) -> Case:
    """Shrink the picture to a long side of 768 px, or further until the aligned square of its largest face fits into the window."""
    picture = gallery.pictures[index]
    known = gallery.faces_of(index)
    long_side = max(picture.size)
    look = min(1.0, LOOK_PX / long_side)
    scale = min(1.0, LONG_SIDE_PX / long_side)
    if known:
        native = native_side(_points(known[0])) / look * scale
        scale *= min(1.0, side_px / native)
    found = read(picture.path)
    if found is None or found[0] != picture.digest:
        raise ConfigError(f"{picture.name} changed while it was measured; run again")
    truth = to_tensor(shrunk(found[1], scale * long_side))
    stretch = max(truth.shape[1:]) / long_side / look
    window = _window(truth, side_px, _points(known[0]).mean(0) * stretch if known else None)
    faces = [_in_window(gallery, face, stretch, window) for face in known]
    return Case(picture, seed, truth, window, tuple(face for face in faces if face is not None))


def sample(case: Case, strength: str, operator: Operator | None = None) -> Sample:
    """The picture damaged whole by its own operator of this strength (or by ``operator``), stored in 8 bits; its window."""
    level = STRENGTHS[strength]
    if operator is None:
        operator = CLEAN if level is None else draw_operator(_generator(case, f"operator {level}"), level)
    damaged = apply(operator, case.truth, _generator(case, f"noise {level}"))
    return Sample(case, strength, operator, to_tensor(stored(case.window.crop(damaged))))


def other_strength(strength: str) -> str:
    """Another strength, to swap codes with: strong, or mild for strong."""
    return "mild" if strength == "strong" else "strong"


def _generator(case: Case, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(int(digest(purpose, case.seed, case.picture.digest)[:12], 16))


def _points(face: KnownFace) -> np.ndarray:
    return np.array(face.detection.landmarks).reshape(5, 2)


def _window(truth: Tensor, side_px: int, centre: np.ndarray | None) -> Tile:
    """At most ``side_px`` a side, in multiples of 16, as far as the picture reaches; cut on JPEG's grid, as a whole picture lies on it."""
    height, width = truth.shape[1:]
    sides = [min(side_px, side) // STEP_PX * STEP_PX for side in (height, width)]
    middle = (height / 2, width / 2) if centre is None else (centre[1], centre[0])
    low = [
        max(0, min(round(m - side / 2), limit - side)) // BLOCK * BLOCK
        for m, side, limit in zip(middle, sides, (height, width), strict=True)
    ]
    return Tile(low[0], low[1], low[0] + sides[0], low[1] + sides[1])


def _in_window(gallery: Gallery, face: KnownFace, stretch: float, window: Tile) -> CaseFace | None:
    """The face as the window shows it; None when a landmark lies outside."""
    landmarks = _points(face) * stretch - (window.x0, window.y0)
    inside = (landmarks >= 0).all() and (landmarks < (window.x1 - window.x0, window.y1 - window.y0)).all()
    if not inside:
        return None
    return CaseFace(face, landmarks, face.detection.short_side_px * stretch, tuple(gallery.references(face)))
