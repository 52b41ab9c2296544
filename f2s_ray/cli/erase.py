"""The commands that take people out of an archive, and lock away what is known of them."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from f2s_ray.cli.options import JsonOption, OutputArgument
from f2s_ray.cli.people import PersonArgument
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import print_json, print_line, readable

if TYPE_CHECKING:
    from f2s_catalog.erase_journal import Erasing

__all__ = ["encrypt", "erase"]

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only list what would be erased.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def erase(
    output: OutputArgument,
    person: PersonArgument,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Erase a person from all tables and files of OUTPUT, for good, and prove it. INPUT keeps its photos."""
    from f2s_catalog.erase_plan import planned, whom_ever
    from f2s_catalog.errors import QueryError

    from f2s_ray.errors import ConfigError
    from f2s_ray.flows.erase import erase_person, finish_erasures
    from f2s_ray.flows.people import refuse_without_identities

    folder = existing_output(output)
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
        if not sys.stdin.isatty():
            raise ConfigError("what is erased cannot be brought back; look with --dry-run, then give --yes")
        _print(planned(folder, who, getpass.getuser()), "would go", as_json=as_json)
        typer.confirm("Erase for good?", abort=True)
    _print(erase_person(folder, who, getpass.getuser()), "erased", as_json=as_json)
    return 0


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
