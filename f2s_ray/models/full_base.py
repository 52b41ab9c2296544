"""A word (folder, bucket, hub id) to a local diffusers folder of SD-Turbo and its digest.

Safetensors and text files only: nothing that must be unpickled is ever read or fetched.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from f2s_catalog.ids import file_digest

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.models import weights

__all__ = ["ADAPTERS", "LICENCE", "NETWORKS", "TEXT", "WAYS", "base_digest", "base_folder", "needed"]

ADAPTERS = "scene_adapters"  # the file of what was trained on top of it
LICENCE = "Stability AI Community License"
WAYS = "model.base=FOLDER, s3://BUCKET/FOLDER or stabilityai/sd-turbo"

NETWORKS = (
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "scheduler/scheduler_config.json",
)
TEXT = ("text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/tokenizer_config.json")
VOCABULARY = (
    "tokenizer/tokenizer.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
)
PICKLED = {".bin", ".ckpt", ".pt", ".pth"}
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def base_folder(word: str, *, with_text: bool = False) -> Path:
    """The local folder that a word names; what lies in a bucket or on the hub is copied once, into a cache.

    Args:
        word: a diffusers folder, ``s3://...`` (or what else fsspec knows), or a hub id ``name/name``; an existing folder wins.
        with_text: the text encoder and its tokenizer too. They are needed once, when new adapters are made.

    Raises:
        ConfigError: it is no folder and no hub id.
        JobError: it cannot be reached, or parts are missing.
    """
    files = NETWORKS + (TEXT if with_text else ())
    wanted = files + (VOCABULARY if with_text else ())
    if "://" in word:
        folder = _from_bucket(word, wanted)
    elif Path(word).expanduser().is_dir():
        folder = Path(word).expanduser().resolve()
    elif HUB_ID.fullmatch(word):
        folder = _from_hub(word, files, wanted)
    else:
        raise ConfigError(f"model.base: {word} is not a folder; give {WAYS}")
    if missing := list(_missing(folder, files)):
        raise JobError(_complaint(word, folder, missing))
    return folder


def base_digest(folder: Path) -> str:
    """SHA-256 over the networks of a base, in hex. A file that kept size and time is not read again.

    Raises: JobError when the cache cannot be written.
    """
    memory = weights.cache_folder() / "digests.json"
    known = json.loads(memory.read_text(encoding="utf-8")) if memory.is_file() else {}
    fresh = {str(folder / name): _digest(folder / name, known.get(str(folder / name))) for name in NETWORKS}
    if any(known.get(path) != row for path, row in fresh.items()):
        kept = {path: row for path, row in known.items() if Path(path).is_file()}
        _write(memory, json.dumps({**kept, **fresh}, indent=1, sort_keys=True))
    joined = "\n".join(f"{name} {fresh[str(folder / name)]['sha256']}" for name in NETWORKS)
    return hashlib.sha256(joined.encode()).hexdigest()


def needed(module: str) -> ModuleType:
    """A module that only the full size needs.

    Raises: JobError when it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise JobError(f"the full size needs {module} ({error}); run `pip install 'f2s-ray[full]'`") from error


def _digest(file: Path, known: dict[str, object] | None) -> dict[str, object]:
    state = {"bytes": file.stat().st_size, "mtime_ns": file.stat().st_mtime_ns}
    if known is not None and {key: known[key] for key in state} == state:
        return known
    return {**state, "sha256": file_digest(file)}


def _write(file: Path, text: str) -> None:
    aside = _aside(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        raise JobError(f"cannot write to {file.parent}: {error}; free space there or set F2S_CACHE") from error


def _aside(file: Path) -> Path:
    return file.with_name(f".{file.name}.{uuid4().hex}")


def _missing(folder: Path, files: Sequence[str]) -> Iterator[str]:
    yield from (name for name in files if not (folder / name).is_file())
    spelled = [(folder / name).is_file() for name in VOCABULARY[:3]]
    if TEXT[-1] in files and not (spelled[0] or all(spelled[1:])):
        yield VOCABULARY[0]


def _complaint(word: str, folder: Path, missing: Sequence[str]) -> str:
    lacks = f"{word} lacks {', '.join(missing)}"
    parts = {(folder / name).parent for name in missing}
    pickled = sorted(file.name for part in parts if part.is_dir() for file in part.iterdir() if file.suffix in PICKLED)
    if pickled:
        return (
            f"{lacks}; {', '.join(pickled)} would have to be unpickled and is never read: save the model as safetensors"
        )
    return f"{lacks}; give a whole diffusers folder of SD-Turbo ({WAYS})"


def _from_bucket(word: str, wanted: Sequence[str]) -> Path:
    folder = weights.cache_folder() / "bases" / hashlib.sha256(word.encode()).hexdigest()[:16]
    if all((folder / name).is_file() for name in wanted if name not in VOCABULARY):
        return folder
    fsspec = needed("fsspec")
    try:
        system, root = fsspec.core.url_to_fs(word)
        for name in wanted:
            if not (folder / name).is_file():
                _copy(system, f"{root}/{name}", folder / name)
    except Exception as error:  # each storage has errors of its own, with no common base
        raise JobError(
            f"model.base: {word} cannot be copied to {folder} ({error}); check the address, the rights and the space"
        ) from error
    return folder


def _copy(system: Any, remote: str, file: Path) -> None:  # noqa: ANN401 - fsspec is untyped
    """One file, renamed when whole; one that is not there is left to whoever counts what is missing."""
    aside = _aside(file)
    aside.parent.mkdir(parents=True, exist_ok=True)
    try:
        system.get_file(remote, str(aside))
        aside.replace(file)
    except FileNotFoundError:
        pass
    finally:
        aside.unlink(missing_ok=True)


def _from_hub(word: str, files: Sequence[str], wanted: Sequence[str]) -> Path:
    """The hub's own cache first, so that what was planned is what is restored, and no network is needed twice."""
    hub = needed("huggingface_hub")
    try:
        folder = Path(hub.snapshot_download(word, allow_patterns=list(wanted), local_files_only=True))
        if not list(_missing(folder, files)):
            return folder
    except hub.errors.LocalEntryNotFoundError:
        pass
    try:
        return Path(hub.snapshot_download(word, allow_patterns=list(wanted)))
    except Exception as error:  # the client lets the errors of its transport through
        reason = str(error).strip().splitlines()[0]
        raise JobError(
            f"model.base: {word} is not a folder here, and the hub did not give it ({reason}); "
            "copy the model's diffusers folder to this machine or a bucket, and name that"
        ) from error
