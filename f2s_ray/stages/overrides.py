"""What a person says about codes: the shot takes another one's code, none, or keeps the one it has.

OUTPUT/overrides.yaml, one line a shot, by the name that ``f2s plan`` shows::

    film.mp4#3: film.mp4#1
    film.mp4#4: blind
    roll 2/kept.jpg: locked
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from f2s_catalog.place import Place, read_text
from f2s_catalog.records import DegradationCode, MediaItem, Shot

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.strict_yaml import parse

__all__ = ["OVERRIDES", "overridden", "read_overrides", "shot_name"]

OVERRIDES = "overrides.yaml"
BLIND, LOCKED = "blind", "locked"


def shot_name(media: MediaItem, shot: Shot) -> str:
    """What people call a shot: a photo by its path, a film's by the path and its number."""
    return media.path if media.film is None else f"{media.path}#{shot.shot_id.rpartition('/')[2]}"


def read_overrides(path: Place) -> dict[str, str]:
    """Name of a shot to the name of another, ``blind`` or ``locked``; empty where there is no such file.

    Raises: ConfigError when it is not YAML of that form; JobError when it cannot be read.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(f"cannot read {path}: {error}; check its rights, and that it is UTF-8") from error
    found = parse(text, str(path)) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ConfigError(f"{path}: each line is the name of a shot and whose code it takes, `blind` or `locked`")
    return found


def overridden(
    codes: Iterable[DegradationCode],
    names: Mapping[str, str],
    earlier: Mapping[str, DegradationCode],
    chosen: Mapping[str, str],
) -> Iterator[DegradationCode]:
    """The codes as the person wants them.

    Args:
        codes: what was read or borrowed, of the named shots at least.
        names: name of each shot_id.
        earlier: codes by shot_id as they stood before.
        chosen: from ``read_overrides``.

    Raises: ConfigError for a name that is no shot of the archive.
    """
    own = {code.shot_id: code for code in codes}
    by_name = {names[shot_id]: code for shot_id, code in own.items()}
    for name, what in chosen.items():
        for word in {name, what} - {BLIND, LOCKED}:
            if word not in by_name:
                near = difflib.get_close_matches(word, names.values(), n=1)
                raise ConfigError(f"{OVERRIDES}: {word} is no shot here{f'; the nearest is {near[0]}' if near else ''}")
    for shot_id, code in own.items():
        what = chosen.get(names[shot_id], "")
        if not what:
            yield code
        elif what == LOCKED:
            yield earlier.get(shot_id, code)
        elif what == BLIND:
            yield _set(code, None, "set by hand: blind")
        else:
            yield _set(code, by_name[what], f"set by hand: the code of {what}")


def _set(code: DegradationCode, source: DegradationCode | None, why: str) -> DegradationCode:
    """The row of a shot with the code of another, or none; regions and changes stay with the shot they were read in."""
    taken = {
        "origin": "set" if source else "blind",
        "lender_shot_id": source.shot_id if source else None,
        "why": why,
        "code": source.code if source else (),
        "signature": source.signature if source else (),
        "regions": (),
        "changes": (),
        **{
            name: getattr(source, name) if source else None
            for name in ("blur_sigma_px", "noise_sigma", "jpeg_quality", "downscale", "agreement")
        },
    }
    return code.model_copy(update=taken)
