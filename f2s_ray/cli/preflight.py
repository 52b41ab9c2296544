"""INPUT and OUTPUT as a user wrote them to checked places, before any work is done."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from f2s_ray.errors import ConfigError, JobError

if TYPE_CHECKING:
    from f2s_catalog.place import Place

__all__ = ["apart", "existing_output", "input_place", "output_place", "parsed"]


def input_place(word: str) -> "Place":
    """INPUT: a folder as an absolute path without links, or a bucket or a part of it.

    Raises:
        ConfigError: it is not there, or no folder.
    """
    from f2s_catalog.place import is_folder

    found = parsed(word)
    if isinstance(found, Path) and found.exists() and not found.is_dir():
        raise ConfigError(f"INPUT {word} is not a folder; give the folder that holds it")
    if not is_folder(found):
        raise ConfigError(f"INPUT {word} is not there; give a folder or a bucket with photos")
    return found


def output_place(word: str, source: "Place") -> "Place":
    """OUTPUT, made if need be, and writable.

    Args:
        word: what the user wrote.
        source: INPUT, from ``input_place``.

    Raises:
        ConfigError: it is a file, inside INPUT, or INPUT is inside it.
        JobError: it cannot be written.
    """
    found = parsed(word)
    if isinstance(found, Path) and found.exists() and not found.is_dir():
        raise ConfigError(f"OUTPUT {word} is a file; give a folder")
    apart(source, found)
    _probe(found)
    return found


def apart(source: "Place", output: "Place") -> None:
    """See that neither lies in the other.

    Raises:
        ConfigError: it does.
    """
    if f"{output}/".startswith(f"{source}/"):
        raise ConfigError(
            f"OUTPUT {output} lies inside INPUT {source}, which is never written to; choose another place"
        )
    if f"{source}/".startswith(f"{output}/"):
        raise ConfigError(f"INPUT {source} lies inside OUTPUT {output}; choose another OUTPUT")


def existing_output(word: str) -> "Place":
    """An OUTPUT that an earlier run left.

    Raises:
        ConfigError: there is none in the folder.
        CatalogError: there is none in the bucket, or it cannot be read.
    """
    from f2s_catalog.store import catalog_folder, check_catalog

    found = parsed(word)
    if not isinstance(found, Path):
        check_catalog(found)
    elif not catalog_folder(found).is_dir():
        raise ConfigError(
            f"OUTPUT {word} holds no catalog; run `f2s restore INPUT {word}` or `f2s index INPUT {word}` first"
        )
    return found


def _probe(where: "Place") -> None:
    """Write a file there for a moment."""
    from f2s_catalog.place import reason
    from f2s_catalog.storage import remove, write

    try:
        if not isinstance(where, Path):
            probe = where / f".{secrets.token_hex(8)}"
            write(probe, b"f2s")
            remove(probe)
            return
        where.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=where) as file:
            file.write(b"f2s")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        why = error.strerror if isinstance(where, Path) else reason(error, where)
        raise JobError(f"cannot write to OUTPUT {where}: {why}; give this user the right or choose another") from error


def parsed(word: str) -> "Place":
    """A place that may not be there yet; no folder called ``ftp:``, and one whose name the catalog can keep.

    Raises:
        ConfigError: it is no folder and no bucket.
    """
    from f2s_catalog.errors import CatalogError
    from f2s_catalog.place import place

    try:
        found = place(word)
        str(found).encode()
    except CatalogError as error:
        raise ConfigError(str(error)) from error
    except UnicodeEncodeError as error:
        raise ConfigError(f"{word}: the name is not UTF-8; rename the folder") from error
    return found
