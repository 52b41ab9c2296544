"""A preset or file and some ``--set`` words in, one checked configuration out."""

import difflib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from f2s_ray.errors import ConfigError
from f2s_ray.flows.photo import PhotoConfig
from f2s_ray.strict_yaml import parse

__all__ = ["PRESETS", "Config", "EngineConfig", "dump", "load", "read"]

PRESETS = Path(__file__).parent / "configs"


class EngineConfig(BaseModel):
    """Where the work is done; never changes what comes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["local", "ray"] = Field("local", description="in this process, or on Ray")
    address: str = Field(
        "local", description="Ray only: local is a private cluster, auto the one of this machine or job, or HOST:PORT"
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="Ray only: actors of a step at most; who finds no room waits for a node. null: what has room when the "
        "step begins, of a private cluster one",
    )
    cpus_per_worker: float = Field(1.0, gt=0, description="Ray only: processors that an actor takes; 0.5 is a share")
    gpus_per_worker: float = Field(
        0.0, ge=0, description="Ray only: GPUs that an actor takes which estimates, judges or restores; 0 is none"
    )
    item_seconds: float = Field(
        43_200, gt=0, description="how long one step may take at one item; after that its process is ended"
    )


class Config(PhotoConfig):
    """All that a user can choose: what decides the results, and the engine.

    A section is the frozen pydantic class beside its stage; in ``PhotoConfig`` it gets its name.
    """

    engine: EngineConfig = EngineConfig()


Settings = TypeVar("Settings", bound=BaseModel)


def load(source: str | None, overrides: list[str]) -> Config:
    """The configuration of a run that a preset or file and some words on the command line make together; see ``read``."""
    return read(Config, PRESETS, source, overrides)


def load_text(text: str, source: str, overrides: Sequence[str] = ()) -> Config:
    """The configuration that an earlier run wrote down as YAML, changed by some words; ``source`` is named in an error.

    Raises: as ``read``.
    """
    return _settings(Config, _mapping(text, source), overrides)


def read(kind: type[Settings], presets: Path, source: str | None, overrides: Sequence[str]) -> Settings:
    """Settings of a kind that a preset or file and some words on the command line make together.

    Args:
        kind: which settings; an unknown key is an error.
        presets: the folder where a name without a slash is looked for.
        source: name of a preset, a path to a YAML file, or ``None`` for the defaults.
        overrides: ``section.key=value``, the value in YAML; they win over the file, later ones over earlier ones.

    Raises:
        ConfigError: all faults of the keys and values at once, one a line, each with key, value and bound.
    """
    return _settings(kind, _read(source, presets), overrides)


def dump(config: BaseModel) -> str:
    """The effective configuration as YAML; ``load`` reads it back."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _settings(kind: type[Settings], values: dict[str, Any], overrides: Sequence[str]) -> Settings:
    faults = [fault for word in overrides if (fault := _override(values, word))]
    try:
        settings = kind.model_validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        faults += [_describe(kind, detail) for detail in error.errors()]
    if not faults:
        return settings
    if len(faults) == 1:
        raise ConfigError(faults[0])
    raise ConfigError("\n  ".join([f"{len(faults)} faults in the configuration:", *faults]))


def _read(source: str | None, presets: Path) -> dict[str, Any]:
    """The mapping in a preset or file."""
    if source is None:
        return {}
    preset = presets / f"{source}.yaml"
    path = preset if "/" not in source and preset.is_file() else Path(source)
    try:
        return _mapping(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        names = ", ".join(sorted(found.stem for found in presets.glob("*.yaml")))
        raise ConfigError(f"no preset and no file is called {source}; the presets are {names}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; give a YAML file in UTF-8") from error


def _mapping(text: str, source: str) -> dict[str, Any]:
    values = parse(text, source)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{source} holds a {type(values).__name__}, not sections; begin with a line like `plan:`")
    return values


def _override(values: dict[str, Any], word: str) -> str | None:
    """Write one ``a.b=value`` into the mapping; what is wrong with it, if anything."""
    key, equals, text = word.partition("=")
    *sections, last = key.strip().split(".")
    if not equals or not all([*sections, last]):
        return f"--set {word}: write section.key=value"
    place = values
    for section in sections:
        inner = place.setdefault(section, {})
        if not isinstance(inner, dict):
            return f"--set {word}: {section} is not a section"
        place = inner
    try:
        place[last] = parse(text, f"--set {word}")
    except ConfigError as error:
        return str(error)
    return None


def _describe(kind: type[BaseModel], detail: ErrorDetails) -> str:
    """One fault in words: the key, the value, the bound or the nearest key."""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{key}: no such key; {_nearest(kind, key)}"
    message = detail["msg"]
    return f"{key} = {_shorten(detail['input'])}: {message[0].lower()}{message[1:]}"


def _nearest(kind: type[BaseModel], key: str) -> str:
    """Where the user may have wanted to go."""
    known = [name for name, _ in _keys(kind)]
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
    last = key.rpartition(".")[2]
    leaves = {name.rpartition(".")[2]: name for name in reversed(known)}
    if not close:
        close = [leaves[leaf] for leaf in difflib.get_close_matches(last, leaves, n=1, cutoff=0.7)]
    if close:
        return f"the nearest is {close[0]}"
    section = key.rpartition(".")[0]
    siblings = [name for name in known if name.rpartition(".")[0] == section]
    return f"known here: {', '.join(siblings)}"


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names of all sections and keys, with their types."""
    for name, field in model.model_fields.items():
        yield prefix + name, field.annotation
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{prefix}{name}.")


def _shorten(value: object) -> str:
    """A value as a user wrote it, at most 60 characters."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
