"""The commands that take people out of an archive, and lock away what is known of them."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from f2s_ray.cli.options import JsonOption, OutputArgument
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import print_json, print_line, readable
from f2s_ray.errors import ConfigError

if TYPE_CHECKING:
    from f2s_catalog.erase_journal import Erasing
    from f2s_catalog.place import Place

__all__ = ["encrypt", "erase"]

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only list what would be erased.")]
EverybodyOption = Annotated[
    bool, typer.Option("--everybody", help="All vectors, identities, names and references, instead of one person.")
]
WhomArgument = Annotated[str | None, typer.Argument(metavar="PERSON", help="As in the other commands.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def erase(
    output: OutputArgument,
    person: WhomArgument = None,
    everybody: EverybodyOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Erase a person from all tables and files of OUTPUT, for good, and prove it.

    INPUT keeps its photos and what stands in their own metadata: a result that is made again carries that over again, also
    a name. Take it out of the source first, where it is to go from results, too.
    """
    if everybody == (person is not None):
        raise ConfigError("say who is to be erased: a PERSON, or --everybody")
    folder = existing_output(output)
    if person is None:
        return _erase_everybody(folder, dry_run=dry_run, yes=yes, as_json=as_json)
    return _erase_person(folder, person, dry_run=dry_run, yes=yes, as_json=as_json)


def _erase_person(folder: "Place", person: str, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    from f2s_catalog.erase_plan import planned, whom_ever
    from f2s_catalog.errors import QueryError

    from f2s_ray.flows.erase import erase_person, finish_erasures
    from f2s_ray.flows.people import refuse_without_identities

    finished = [] if dry_run else finish_erasures(folder, getpass.getuser())
    for erasing in finished:
        _print(erasing, "finished what was cut off", as_json=as_json)
    refuse_without_identities(folder)
    try:
        who = whom_ever(folder, person)
    except QueryError:
        if finished:  # most likely it was this one
            return 0
        raise
    if dry_run:
        _print(planned(folder, who, getpass.getuser()), "would go", as_json=as_json)
        return 0
    if not yes:
        _refuse_in_a_pipe()
        _print(planned(folder, who, getpass.getuser()), "would go", as_json=as_json)
        typer.confirm("Erase for good?", abort=True)
    _print(erase_person(folder, who, getpass.getuser()), "erased", as_json=as_json)
    return 0


def _erase_everybody(folder: "Place", *, dry_run: bool, yes: bool, as_json: bool) -> int:
    from f2s_catalog.everybody import collected, erase_everybody

    from f2s_ray.flows.people import has_identities

    if has_identities(folder):
        raise ConfigError(f"identities are on in {folder}; run with --set identities=off first, or name one PERSON")
    if not (dry_run or yes):
        _refuse_in_a_pipe()
        typer.confirm("Erase all that is known of people for good?", abort=True)
    found = collected(folder) if dry_run else erase_everybody(folder)
    if as_json:
        print_json({"event": "would go" if dry_run else "erased", **found._asdict()})
    else:
        print_line(
            f"{'would go' if dry_run else 'erased'}: {found.vectors} faces with vectors, {found.rows} rows about people"
        )
    return 0


def _refuse_in_a_pipe() -> None:
    if not sys.stdin.isatty():
        raise ConfigError("what is erased cannot be brought back; look with --dry-run, then give --yes")


def encrypt(output: OutputArgument, as_json: JsonOption = False) -> int:
    """Encrypt what is known of people with the key in the file that F2S_KEY_FILE names; later runs need it, too."""
    from f2s_catalog.lock_away import lock_away

    count = lock_away(existing_output(output))
    if as_json:
        print_json({"event": "encrypted", "files": count})
    else:
        print_line(f"{count} files of tables about people encrypted")
    return 0


def _print(erasing: "Erasing", what: str, *, as_json: bool) -> None:
    """Rows by table, files, results; as one object, or a line each."""
    facts = {
        "event": what,
        "erasure_id": erasing.erasure_id,
        "faces": len(erasing.face_ids),
        "rows": erasing.rows,
        "files": list(erasing.files),
        "results": list(erasing.results),
        "told": list(erasing.told),
    }
    if as_json:
        print_json(facts)
        return
    print_line(f"{what}: {len(erasing.face_ids)} faces")
    for table, count in erasing.rows.items():
        print_line(f"  {count} rows of {table}")
    for path in erasing.files:
        print_line(readable(f"  {path}"))
    for path in erasing.results:
        print_line(readable(f"  {path}, which f2s restore makes again"))
    for path in erasing.told:
        print_line(readable(f"  {path} stays until f2s restore renews it: a face of theirs told its damage"))
    if what != "would go":
        print_line(f"nothing is found of the person any more; runs/{erasing.erasure_id}/certificate.json")
