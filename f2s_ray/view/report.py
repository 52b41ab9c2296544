"""A catalog and its pictures to one HTML file that opens from disk, loads nothing and runs only its own script."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path

from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place, read_text
from f2s_catalog.storage import aside, settle, upload
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.stages.inputs import scratch
from f2s_ray.view.album import Album
from f2s_ray.view.compose import compose
from f2s_ray.view.reading import read_tables
from f2s_ray.view.words import clock_words, visible

__all__ = ["render_report", "write_report"]


def write_report(output: Place, input_root: Place, run_id: str, *, limit: int = 200) -> Place:
    """Write OUTPUT/runs/RUN/report.html and return its path.

    Args:
        output: the folder with the catalog and the results.
        input_root: the folder with the sources; what is gone from it is shown as a placeholder.
        run_id: the run whose folder the page goes to; its config.yaml, if there, is shown.
        limit: most pictures and most people on the page; the page says how many are left out.

    Raises:
        ConfigError: limit is below 1.
        JobError: the page cannot be written.
    """
    if limit < 1:
        raise ConfigError(f"{limit=} must be at least 1; leave it out for the first 200 pictures")
    page = output / "runs" / run_id / "report.html"
    chunks = render_report(Catalog(output), output, input_root, run_id, limit=limit)
    try:
        with aside(page) if isinstance(page, Path) else nullcontext(scratch() / page.name) as made:
            with made.open("wb") as file:
                file.writelines(chunk.encode() for chunk in chunks)
            settle(made, page) if isinstance(page, Path) else upload(page, made)
    except OSError as error:
        raise JobError(f"cannot write {page}: {error.strerror}; free space or grant the right") from error
    return page


def render_report(
    catalog: Catalog, output: Place, input_root: Place, run_id: str, *, limit: int = 200
) -> Iterator[str]:
    """The page in pieces, so that a large one never lies in memory as a whole; arguments as in ``write_report``."""
    page = compose(read_tables(catalog, limit))
    album = Album(page, input_root, output)
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .from_string(_asset("report.html.j2"))
        .generate(
            page=page,
            run_id=run_id,
            settings=_settings(output / "runs" / run_id / "config.yaml"),
            drawings=(album.draw(picture) for picture in page.pictures),
            thumb=album.thumb,
            style=Markup(style),
            script=Markup(script),
            style_digest=_csp_digest(style),
            script_digest=_csp_digest(script),
        )
    )


def _environment() -> Environment:
    """Everything that is not ours is escaped, and what it hides is made visible."""

    def show(value: object) -> object:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(autoescape=True, finalize=show, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["clock"] = clock_words
    return made


def _asset(name: str) -> str:
    return files("f2s_ray.view").joinpath(name).read_text(encoding="utf-8")


def _csp_digest(text: str) -> str:
    """What the page's own security policy calls an inline text by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _settings(path: Place) -> list[str]:
    """The lines of the run's configuration; empty when it was not kept."""
    try:
        return read_text(path).splitlines()
    except (OSError, UnicodeDecodeError):
        return []
