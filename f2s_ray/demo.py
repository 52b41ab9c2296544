"""The demo: an archive of real pictures and a film, damaged on purpose, and the comparison of what was restored with the truth."""

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import tifffile
import torch
from f2s_catalog.ids import digest
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from f2s_ray.demo_film import DAMAGE, FILM, TRUE_FILM, damaged_frames, film_bytes, frames_of, true_frames
from f2s_ray.demo_pictures import BROKEN, PICTURES, Picture, paint
from f2s_ray.errors import ConfigError, JobError
from f2s_ray.media.decode import decode
from f2s_ray.media.degrade import apply, draw_operator
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe

__all__ = ["build_archive", "compare"]

MARK = "truth"
_TIFF_MAKE, _TIFF_MODEL, _TIFF_DATE, _ORIENTATION = 271, 272, 306, 274
_EXIF_FOLDER, _DATE_TAKEN = 0x8769, 0x9003


def build_archive(place: Path) -> None:
    """Write ``archive/`` and ``truth/`` below place; what is there already, with the same bytes, is left alone.

    Raises:
        ConfigError: place holds something else.
        JobError: a package is missing, or place cannot be written.
    """
    if place.exists() and (not place.is_dir() or (any(place.iterdir()) and not (place / MARK).is_dir())):
        raise ConfigError(f"{place} holds something else than a demo; choose an empty or a new folder")
    try:
        (place / MARK).mkdir(parents=True, exist_ok=True)
        for picture in PICTURES:
            truth = paint(picture)
            moment = _moment(picture)
            _write(_truth_path(place, picture), _png(truth, b""), moment)
            _write(place / "archive" / picture.path, _encoded(picture, damage(picture, truth)), moment)
        truths = list(true_frames())
        _write(place / MARK / TRUE_FILM, film_bytes(truths, lossless=True), _moment(PICTURES[0]))
        _write(place / "archive" / FILM, film_bytes(damaged_frames(truths), lossless=False), _moment(PICTURES[0]))
        whole = (place / "archive" / "things" / "coffee.jpg").read_bytes()
        _write(place / "archive" / BROKEN, whole[: len(whole) // 2], _moment(PICTURES[0]))
        _write(place / "archive" / "read me.txt", b"Real pictures, damaged on purpose.\n", _moment(PICTURES[0]))
    except OSError as error:
        raise JobError(f"cannot write the demo to {place}: {error.strerror}; choose another folder") from error


def damage(picture: Picture, truth: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h w"]:
    """The picture as it lies in the archive; one roll has one damage, with other noise in each picture."""
    if picture.damage is None:
        return truth
    operator = draw_operator(_generator(picture.roll, picture.damage), strength=picture.damage)
    damaged = apply(operator, truth, _generator(picture.path))
    return damaged.mean(0, keepdim=True).expand(3, -1, -1) if picture.is_grey else damaged


def compare(place: Path) -> list[dict[str, object]]:
    """How near each damaged picture was to the truth, and how near its restoration is.

    Returns:
        a row for each damaged picture, and one for the film, of which it is the mean of all frames: path, damage, and the PSNR before
        and after in dB (null where none was made).
    """
    rows = [
        _row(place, picture.path, picture.damage, _truth_path(place, picture), lambda path: [_read(path)])
        for picture in PICTURES
        if picture.damage is not None
    ]
    return [*rows, _row(place, FILM, DAMAGE, place / MARK / TRUE_FILM, frames_of)]


def _row(place: Path, path: str, damage: str, truth: Path, read: Callable[[Path], list[Tensor]]) -> dict[str, object]:
    """One line of the comparison."""
    true, restored = read(truth), place / "restored" / "restored" / path
    before = _mean_psnr(true, read(place / "archive" / path))
    after = _mean_psnr(true, read(restored)) if restored.is_file() else None
    gain = None if after is None else after - before
    return {"path": path, "damage": damage, "psnr_damaged": before, "psnr_restored": after, "gain": gain}


def _truth_path(place: Path, picture: Picture) -> Path:
    return place / MARK / f"{picture.path}.png"


def _generator(*words: str) -> torch.Generator:
    """Random numbers that belong to these words."""
    return torch.Generator().manual_seed(int(digest(*words)[:12], 16))


def _moment(picture: Picture) -> datetime:
    """When the picture was taken: a day for each roll, a minute for each picture."""
    rolls = sorted({known.roll for known in PICTURES})
    day = datetime(1996, 5, 4, 15, 0, tzinfo=UTC) + timedelta(days=100 * rolls.index(picture.roll))
    return day + timedelta(minutes=PICTURES.index(picture))


def _encoded(picture: Picture, rgb: Float[Tensor, "3 h w"]) -> bytes:
    """The bytes of the file, in the format of its name, with its camera and date."""
    writers: dict[str, Callable[[Picture, Tensor], bytes]] = {".jpg": _jpeg, ".png": _png_of, ".tif": _tiff}
    return writers[Path(picture.path).suffix](picture, rgb)


def _jpeg(picture: Picture, rgb: Tensor) -> bytes:
    turned = torch.rot90(rgb, 1, (1, 2)) if picture.orientation == 6 else rgb
    sink = io.BytesIO()
    image = _image(turned, is_grey=picture.is_grey)
    image.save(sink, "JPEG", quality=93, subsampling=0, dpi=(300, 300), exif=_exif(picture))
    return sink.getvalue()


def _png_of(picture: Picture, rgb: Tensor) -> bytes:
    return _png(rgb, _exif(picture), is_grey=picture.is_grey)


def _png(rgb: Tensor, exif: bytes, *, is_grey: bool = False) -> bytes:
    sink = io.BytesIO()
    _image(rgb, is_grey=is_grey).save(sink, "PNG", exif=exif)
    return sink.getvalue()


def _tiff(picture: Picture, rgb: Tensor) -> bytes:
    """16 bits a sample, as scanners write it."""
    sink = io.BytesIO()
    samples = (rgb * 65535).round().numpy().astype(np.uint16).transpose(1, 2, 0)
    tags = [
        (_TIFF_MAKE, "s", 0, "Nikon", True),
        (_TIFF_MODEL, "s", 0, f"{picture.roll} scanner", True),
        (_TIFF_DATE, "s", 0, f"{_moment(picture):%Y:%m:%d %H:%M:%S}", True),
    ]
    tifffile.imwrite(
        sink, samples, photometric="rgb", resolution=(300, 300), extratags=tags, metadata=None, software=False
    )
    return sink.getvalue()


def _image(rgb: Tensor, *, is_grey: bool) -> Image.Image:
    image = Image.fromarray((rgb * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy())
    return image.convert("L") if is_grey else image


def _exif(picture: Picture) -> bytes:
    """Camera, date and orientation."""
    exif = Image.Exif()
    date = f"{_moment(picture):%Y:%m:%d %H:%M:%S}"
    exif[_TIFF_MAKE], exif[_TIFF_MODEL], exif[_TIFF_DATE] = "Demo", f"{picture.roll} camera", date
    exif[_ORIENTATION] = picture.orientation
    exif.get_ifd(_EXIF_FOLDER)[_DATE_TAKEN] = date
    return exif.tobytes()


def _write(path: Path, content: bytes, moment: datetime) -> None:
    """Write aside and rename; a file that is the same already keeps its time."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(content)
    os.utime(aside, (moment.timestamp(), moment.timestamp()))
    aside.replace(path)


def _read(path: Path) -> Float[Tensor, "3 h w"]:
    """The upright pixels of a file."""
    limits = Limits()
    return decode(path, probe(path, limits), limits).pages[0].rgb


def _mean_psnr(truth: list[Tensor], other: list[Tensor]) -> float:
    """Mean of all frames; minus infinity where there are more or fewer."""
    if len(truth) != len(other):
        return float("-inf")
    return float(np.mean([_psnr(*pair) for pair in zip(truth, other, strict=True)]))


def _psnr(truth: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio in dB; minus infinity where the sizes differ."""
    if truth.shape != other.shape:
        return float("-inf")
    error = float((truth - other).square().mean())
    return float("inf") if error == 0 else -10 * float(np.log10(error))
