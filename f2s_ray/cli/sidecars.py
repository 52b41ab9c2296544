"""Names of people between the catalog and other programs: `f2s people import` and `f2s people export`."""

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2s_ray.cli.options import JsonOption, OutputArgument
from f2s_ray.cli.people import settle
from f2s_ray.cli.preflight import existing_output, input_place
from f2s_ray.cli.text import print_json, print_line, readable
from f2s_ray.errors import ConfigError, JobError

if TYPE_CHECKING:
    from f2s_catalog.place import Place

__all__ = ["export_names", "import_names"]

OWN_FOLDERS = ("catalog", "restored", "runs", "work")


def export_names(
    output: OutputArgument,
    sidecars: Annotated[str, typer.Argument(metavar="SIDECARS", help="Folder to write to; not INPUT.")],
    as_json: JsonOption = False,
) -> int:
    """Write an XMP sidecar for each photo and film that shows somebody who has a name.

    digiKam, darktable and Lightroom read who is where. What other programs wrote into a sidecar there stays.
    """
    from f2s_catalog.ledger import Catalog
    from f2s_catalog.place import place

    from f2s_ray.cli.runs import read_run
    from f2s_ray.flows.portray import write_names

    folder = existing_output(output)
    source = place(read_run(folder)["input"])
    done = write_names(Catalog(folder), source, _sidecar_folder(sidecars, source, folder))
    counts = f"{done.written} written, {done.unchanged} unchanged, {done.removed} removed"
    _tell(counts, asdict(done), done.conflicts, done.troubles, as_json=as_json)
    return 1 if done.troubles else 0


def import_names(
    output: OutputArgument,
    sidecars: Annotated[
        str | None, typer.Option("--sidecars", metavar="FOLDER", help="A folder with sidecars besides those in INPUT.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and tell, change nothing.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Take over the names that digiKam, Lightroom, Picasa or Windows Photo Gallery gave to faces.

    Read are XMP in the photos, sidecars beside them and .picasa.ini. A name given here is never overwritten.
    """
    from f2s_catalog.ledger import Catalog

    from f2s_ray.cli.runs import read_run
    from f2s_ray.flows.names import read_names

    folder = existing_output(output)
    source = input_place(read_run(folder)["input"])
    extra = None if sidecars is None else _existing(sidecars)
    found = read_names(Catalog(folder), source, extra)
    if not dry_run:
        from f2s_ray.flows.people import People

        people = People(folder, "import")
        people.says(found.facts)
        settle(people)
    counts = (
        f"{found.names} names, {found.matched} faces matched, {found.unmatched} regions without a face, "
        f"{found.forgotten} of people who were erased, "
        f"{len(found.conflicts)} conflicts, {0 if dry_run else len(found.facts)} statements added"
    )
    facts = {**asdict(found), "facts": len(found.facts), "is_dry_run": dry_run}
    _tell(counts, facts, found.conflicts, found.troubles, as_json=as_json)
    return 1 if found.troubles else 0


def _tell(
    counts: str, facts: dict[str, object], conflicts: Iterable[str], troubles: Iterable[str], *, as_json: bool
) -> None:
    """A line for each conflict and each unreadable thing, the counts last."""
    if as_json:
        print_json({"event": "summary", **facts})
        return
    for title, lines in (("conflict", conflicts), ("not read", troubles)):
        for line in lines:
            print_line(f"{title}: {readable(line)}")
    print_line(counts)


def _existing(word: str) -> Path:
    path = Path(word)
    if not path.is_dir():
        raise ConfigError(f"--sidecars {word} is no folder; give the one that holds the sidecars")
    return path.resolve()


def _sidecar_folder(word: str, source: "Place", output: "Place") -> Path:
    """SIDECARS as an absolute path without links, made if need be."""
    from f2s_catalog.place import below

    path = Path(word).resolve()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"SIDECARS {word} is a file; give a folder")
    if f"{path}/".startswith(f"{source}/"):
        raise ConfigError(
            f"SIDECARS {word} lies inside INPUT {source}, which is never written to; choose another place"
        )
    if f"{source}/".startswith(f"{path}/"):
        raise ConfigError(f"INPUT {source} lies inside SIDECARS {word}; choose another place")
    inside = below(path, output).partition("/")[0]
    if f"{output}/".startswith(f"{path}/") or inside in OWN_FOLDERS:
        raise ConfigError(f"SIDECARS {word} would lie among the results of {output}; give a folder of their own")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"SIDECARS {word} cannot be made: {error.strerror}; choose another place") from error
    if not os.access(path, os.W_OK):
        raise JobError(f"SIDECARS {word} cannot be written; give this user the right or choose another place")
    return path
