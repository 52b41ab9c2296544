"""INPUT and OUTPUT as a user wrote them to checked folders, before any work is done."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from f2s_ray.errors import ConfigError, JobError

if TYPE_CHECKING:
    from f2s_catalog.place import Place

__all__ = ["check_space", "existing_output", "existing_place", "input_folder", "output_folder"]


def input_folder(word: str) -> Path:
    """INPUT as an absolute path without links.

    Raises:
        ConfigError: it is not there, no folder, or object storage.
    """
    _refuse_no_folder(word)
    path = Path(word)
    if not path.exists():
        raise ConfigError(f"INPUT {word} is not there; give a folder with photos")
    if not path.is_dir():
        raise ConfigError(f"INPUT {word} is not a folder; give the folder that holds it")
    return path.resolve()


def output_folder(word: str, source: Path) -> Path:
    """OUTPUT as an absolute path without links, made if need be, and writable.

    Args:
        word: what the user wrote.
        source: INPUT, from ``input_folder``.

    Raises:
        ConfigError: it is a file, object storage, inside INPUT, or INPUT is inside it.
        JobError: it cannot be written.
    """
    _refuse_no_folder(word)
    path = Path(word).resolve()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"OUTPUT {word} is a file; give a folder")
    if path == source or source in path.parents:
        raise ConfigError(f"OUTPUT {word} lies inside INPUT {source}, which is never written to; choose another place")
    if path in source.parents:
        raise ConfigError(f"INPUT {source} lies inside OUTPUT {word}; choose another OUTPUT")
    _probe(path)
    return path


def existing_output(word: str) -> Path:
    """An OUTPUT that an earlier run left.

    Raises:
        ConfigError: there is none.
    """
    _refuse_no_folder(word)
    path = Path(word).resolve()
    if not (path / "catalog").is_dir():
        raise ConfigError(
            f"OUTPUT {word} holds no catalog; run `f2s restore INPUT {word}` or `f2s index INPUT {word}` first"
        )
    return path


def existing_place(word: str) -> "Place":
    """An OUTPUT to ask, in a folder or in object storage.

    Raises:
        ConfigError: there is none in the folder.
        CatalogError: it is no place that can be read.
    """
    from f2s_catalog.place import place

    return place(word) if "://" in word else existing_output(word)


def check_space(output: Path, sizes: Iterable[int]) -> None:
    """See that the results will fit: they need about the room of their sources, less what is already there.

    Raises:
        JobError: they will not.
    """
    restored = output / "restored"
    present = sum(path.stat().st_size for path in restored.rglob("*") if path.is_file())
    needed = sum(sizes) - present
    free = shutil.disk_usage(output).free
    if free < needed:
        room = f"{free / 1e9:.2f} GB free, the results need about {needed / 1e9:.2f} GB"
        raise JobError(f"{output} has {room}; make room or choose another OUTPUT")


def _probe(path: Path) -> None:
    """Make the folder and write a file in it for a moment."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"f2s")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JobError(
            f"cannot write to OUTPUT {path}: {error.strerror}; give this user the right or choose another"
        ) from error


def _refuse_no_folder(word: str) -> None:
    """Object storage, before a folder called ``s3:`` is made; and a name that the catalog cannot keep."""
    scheme, separator, _ = word.partition("://")
    if separator:
        raise ConfigError(f"{word}: {scheme}:// is not in this version; give a folder, or mount the bucket as one")
    try:
        str(Path(word).resolve()).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{word}: the name is not UTF-8; rename the folder") from error
