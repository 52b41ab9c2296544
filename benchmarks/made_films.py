"""Pictures to made films whose shots are known: hard cuts, fades, dissolves, and what is easily taken for one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from f2s_ray.errors import ConfigError

__all__ = ["KINDS", "Change", "Kind", "MadeFilm", "Stock", "load_pictures", "make_film"]

WIDTH_PX, HEIGHT_PX = 192, 144
LONG_SIDE_PX = 400
SHOTS = 8
# Frames of a shot, without its transitions.
SHORTEST, LONGEST = 22, 44
FADE, DISSOLVE = (10, 24), (8, 28)
SHIPPED = (
    *("camera.png", "coins.png", "moon.png", "page.png", "clock_motion.png", "brick.png", "grass.png", "gravel.png"),
    *("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"),
    *("motorcycle_left.png", "retina.jpg", "hubble_deep_field.jpg", "ihc.png"),
)
Picture = np.ndarray
Scene = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Stock:
    """Small pictures in 0..1: of all kinds, and of faces near by."""

    pictures: list[Picture]
    portraits: list[Picture]


@dataclass(frozen=True)
class Change:
    """The truth about one change of shot: the new one begins in [first, last], which are the same for a hard cut."""

    first: int
    last: int


@dataclass(frozen=True)
class MadeFilm:
    """RGB frames h w 3, uint8, and where the shots change."""

    frames: list[np.ndarray]
    changes: list[Change]


@dataclass(frozen=True)
class Kind:
    """How a film is made: its transition, its camera, and what is done to the finished frames."""

    transition: str = "cut"
    camera: str = "slow"
    finish: str = "none"
    people: bool = False


KINDS = {
    "hard cuts": Kind(),
    "portraits": Kind(people=True),
    "noise 0.05": Kind(finish="noise 0.05"),
    "noise 0.1": Kind(finish="noise 0.1"),
    "flashes": Kind(finish="flashes"),
    "fades to black": Kind(transition="fade"),
    "dissolves": Kind(transition="dissolve"),
    "pumping": Kind(finish="pumping"),
    "dark": Kind(finish="dark"),
    "dark, fades": Kind(transition="fade", finish="dark"),
    "pans": Kind(camera="pan"),
    "shake": Kind(camera="shake"),
    "moving faces": Kind(camera="face"),
    "all at once": Kind(transition="any", camera="any", finish="any"),
}


def load_pictures(data: Path | None, *, tuning: bool = False) -> Stock:
    """Those of ``data``, one half to choose numbers on, the other to report; without them, what scikit-image ships."""
    if data:
        halves = [
            sorted((data / "train" / name).glob("*.jpg"))[int(tuning) :: 2][:60] for name in ("ccp", "congress_pd")
        ]
    else:
        spec = find_spec("skimage")
        if spec is None or spec.origin is None:
            raise ConfigError("no pictures to make films of; set F2S_SHARED_DATA or install scikit-image")
        halves = [[Path(spec.origin).parent / "data" / name for name in names] for names in (SHIPPED[:8], SHIPPED[8:])]
    return Stock([_load(path) for path in halves[0]], [_load(path) for path in halves[1]])


def make_film(kind: Kind, stock: Stock, seed: int) -> MadeFilm:
    """A film of eight shots; the same seed makes the same film."""
    rng = np.random.default_rng(seed)
    pictures = stock.portraits if kind.people else [*stock.pictures, *stock.portraits]
    chosen = rng.choice(len(pictures), SHOTS, replace=False)
    scenes = [_scene(kind, pictures[i], stock.portraits, rng) for i in chosen]
    frames, changes = _edit(scenes, kind, rng)
    return MadeFilm(list(_finish(kind.finish, frames, changes, rng)), changes)


def _load(path: Path) -> Picture:
    image = np.asarray(Image.open(path).convert("RGB"))
    scale = LONG_SIDE_PX / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _edit(scenes: list[Scene], kind: Kind, rng: np.random.Generator) -> tuple[list[np.ndarray], list[Change]]:
    """Put the scenes together; a scene's own clock runs on through its transitions."""
    frames: list[np.ndarray] = []
    changes: list[Change] = []
    clock = 0
    for index, scene in enumerate(scenes):
        length = int(rng.integers(SHORTEST, LONGEST + 1))
        frames += [scene(clock + i) for i in range(length)]
        clock += length
        if index + 1 == len(scenes):
            break
        transition = rng.choice(["cut", "fade", "dissolve"]) if kind.transition == "any" else kind.transition
        between = list(_transition(str(transition), _later(scene, clock), scenes[index + 1], rng))
        first = len(frames)
        frames += between
        changes.append(Change(first, len(frames)))
        clock = len(between)
    return frames, changes


def _later(scene: Scene, clock: int) -> Scene:
    return lambda i: scene(clock + i)


def _transition(name: str, old: Scene, new: Scene, rng: np.random.Generator) -> Iterator[np.ndarray]:
    if name == "fade":
        down, up, black = (int(rng.integers(*FADE)), int(rng.integers(*FADE)), int(rng.integers(1, 8)))
        yield from (old(i) * (1 - (i + 1) / (down + 1)) for i in range(down))
        yield from (np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.float32) for _ in range(black))
        yield from (new(down + black + i) * ((i + 1) / (up + 1)) for i in range(up))
    elif name == "dissolve":
        length = int(rng.integers(*DISSOLVE))
        shares = (np.arange(length) + 1) / (length + 1)
        yield from (old(i) * (1 - share) + new(i) * share for i, share in enumerate(shares))


def _scene(kind: Kind, picture: Picture, portraits: Sequence[Picture], rng: np.random.Generator) -> Scene:
    camera = str(rng.choice(["slow", "pan", "shake", "face"])) if kind.camera == "any" else kind.camera
    if camera == "face":
        return _face_scene(picture, portraits[int(rng.integers(len(portraits)))], rng)
    return _camera_scene(picture, camera, rng)


def _camera_scene(picture: Picture, camera: str, rng: np.random.Generator) -> Scene:
    """A window that moves over the picture, mirrored at its borders."""
    height, width = picture.shape[:2]
    scale = min(width / WIDTH_PX, height / HEIGHT_PX) * rng.uniform(0.5, 0.9)
    start = rng.uniform(0.35, 0.65, 2) * (width, height)
    zoom = rng.uniform(-0.004, 0.004)
    speed = rng.uniform(0.01, 0.08) if camera == "pan" else rng.uniform(0, 0.006)
    angle = rng.uniform(0, 2 * np.pi)
    step = np.array([np.cos(angle), 0.4 * np.sin(angle)]) * speed * WIDTH_PX * scale
    shake = 0.025 * WIDTH_PX * scale if camera == "shake" else 0.0
    seed = int(rng.integers(2**31))

    def frame(i: int) -> np.ndarray:
        jitter = np.random.default_rng((seed, i)).normal(0, 1, 3) * (shake, shake, 0.01 * (shake > 0))
        swing = abs((i + 30) % 60 - 30) if camera == "pan" else i
        size = scale * (1 + zoom * min(i, 90))
        return _window(picture, start + step * swing + jitter[:2], size, jitter[2])

    return frame


def _window(picture: Picture, centre: np.ndarray, scale: float, turn: float) -> np.ndarray:
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    x, y = centre - (cos * WIDTH_PX / 2 - sin * HEIGHT_PX / 2, sin * WIDTH_PX / 2 + cos * HEIGHT_PX / 2)
    matrix = np.array([[cos, -sin, x], [sin, cos, y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (WIDTH_PX, HEIGHT_PX), flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def _face_scene(picture: Picture, portrait: Picture, rng: np.random.Generator) -> Scene:
    """A head that sways and comes near before a still background."""
    ground = _window(
        picture, np.array(picture.shape[1::-1]) / 2, min(picture.shape[1] / 192, picture.shape[0] / 144), 0
    )
    rows, columns = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j]
    period, reach, phase = rng.uniform(12, 40), rng.uniform(0.15, 0.45), rng.uniform(0, 6)
    head = rng.uniform(0.5, 0.8)

    def frame(i: int) -> np.ndarray:
        x = reach * np.sin(2 * np.pi * i / period + phase)
        size = head * (1 + 0.25 * np.sin(2 * np.pi * i / (1.7 * period)))
        inside = ((columns - x) * WIDTH_PX / HEIGHT_PX / 0.75) ** 2 + rows**2 < size**2
        mask = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2)[..., None]
        scale = 0.5 * portrait.shape[0] / HEIGHT_PX / size * 0.8
        centre = np.array([0.5 * portrait.shape[1], 0.4 * portrait.shape[0]])
        face = _window(portrait, centre - (x * WIDTH_PX / 2 * scale, 0), scale, 0)
        return ground * (1 - mask) + face * mask

    return frame


def _finish(
    name: str, frames: list[np.ndarray], changes: list[Change], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """What happens to the finished film."""
    if name == "any":
        name = str(rng.choice(["none", "noise 0.05", "noise 0.1", "flashes", "pumping", "dark"]))
    gain = np.ones(len(frames))
    noise = 0.005
    if name.startswith("noise"):
        noise = float(name.split()[1])
    elif name == "dark":
        gain[:], noise = 0.08 / np.mean([frame.mean() for frame in frames[::10]]), 0.02
    elif name == "pumping":
        gain = 1 + rng.uniform(0.2, 0.4) * np.sin(2 * np.pi * np.arange(len(frames)) / rng.uniform(3, 25))
    elif name == "flashes":
        gain = _flashes(len(frames), changes, rng)
    for frame, factor in zip(frames, gain, strict=True):
        lit = frame * factor + (0.3 if factor > 2 else 0.0)
        grain = rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(noise)
        yield (np.clip(lit + grain, 0, 1) * 255).round().astype(np.uint8)


def _flashes(count: int, changes: list[Change], rng: np.random.Generator) -> np.ndarray:
    """One to three bright frames, sixteen times, at least eight frames from a change."""
    gain = np.ones(count)
    for start in rng.choice(count - 4, 16, replace=False):
        if all(start + 12 < change.first or start > change.last + 8 for change in changes):
            gain[start : start + int(rng.integers(1, 4))] = rng.uniform(2.5, 5)
    return gain
