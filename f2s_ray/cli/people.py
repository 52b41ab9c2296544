"""The commands about people: who is in the archive, and what a person has to say about them."""

import getpass
import os
from typing import TYPE_CHECKING, Annotated

import typer

from f2s_ray.cli.options import JsonOption, OutputArgument
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import error_line, print_json, print_line, print_rows, readable

if TYPE_CHECKING:
    from f2s_catalog.place import Place

    from f2s_ray.flows.people import People

__all__ = [
    "confirm",
    "ignore",
    "list_people",
    "merge",
    "name",
    "not_same",
    "notice",
    "primary",
    "references",
    "reject",
    "settle",
    "show",
    "split",
]

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", help="A name, a label like 'Person 12', or 6 letters or more of an id.")
]
FacesArgument = Annotated[
    list[str],
    typer.Argument(metavar="FACE...", help="Ids of faces, or paths that show only one face that may be meant."),
]

LIST_SQL = """
WITH seen AS (SELECT identity_id, count(*) AS media FROM sightings WHERE is_first GROUP BY identity_id)
SELECT coalesce(name, 'Person ' || number) AS label, identity_id, len(face_ids) AS faces, coalesce(media, 0) AS media,
    len(confirmed_face_ids) AS confirmed, coalesce(len(choices), 0) AS "references",
    CASE WHEN len(face_ids) = 0 THEN 'gone' WHEN is_ignored THEN 'ignored' ELSE 'seen' END AS state
FROM identities LEFT JOIN "references" USING (identity_id) LEFT JOIN seen USING (identity_id)
WHERE len(face_ids) > 0 OR name IS NOT NULL
ORDER BY is_ignored, name IS NULL, media DESC, faces DESC, number
"""


def list_people(output: OutputArgument, as_json: JsonOption = False) -> int:
    """List who is in the archive: those with a name first, then those seen in most photos and films."""
    from f2s_catalog.query import query as ask

    from f2s_ray.flows.people import refuse_without_identities

    refuse_without_identities(existing_output(output))
    answer = ask(existing_output(output), LIST_SQL)
    print_rows(answer.to_pylist(), as_json=as_json, columns=answer.column_names)
    return 0


def show(output: OutputArgument, person: PersonArgument, as_json: JsonOption = False) -> int:
    """Show one person: where and when, by which references, who is like them, and what was said about them."""
    from f2s_ray.cli.portrait import portrait, print_portrait

    folder = existing_output(output)
    found = portrait(folder, _people(folder).find(person))
    if as_json:
        print_json(found)
    else:
        print_portrait(found)
    return 0


def references(output: OutputArgument, person: PersonArgument, as_json: JsonOption = False) -> int:
    """List the faces that restore a person's other pictures, best first, and why; `primary` sets the first."""
    from f2s_ray.cli.portrait import portrait

    folder = existing_output(output)
    rows = portrait(folder, _people(folder).find(person))["references"]
    print_rows(rows, as_json=as_json, columns=["path", "face_id", "quality", "face_px", "why"])
    return 0


def name(
    output: OutputArgument,
    person: PersonArgument,
    called: Annotated[str | None, typer.Argument(metavar="NAME", help="The name; left out with --none.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Take the name away.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Give a person a name."""
    from f2s_ray.errors import ConfigError

    if none == (called is not None):
        raise ConfigError("give a NAME, or --none to take it away")
    people = _people(existing_output(output))
    who = people.find(person)
    people.name(who, called)
    return _done(output, who, as_json=as_json)


def merge(
    output: OutputArgument,
    person: PersonArgument,
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="Who become this person.")],
    as_json: JsonOption = False,
) -> int:
    """Say that others are this person; the first one's name and number go on."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.merge(who, [people.find(other) for other in others])
    return _done(output, who, as_json=as_json)


def split(output: OutputArgument, person: PersonArgument, faces: FacesArgument, as_json: JsonOption = False) -> int:
    """Say that faces of a person are somebody else; they become a person of their own, together."""
    people = _people(existing_output(output))
    who = people.find(person)
    return _done(output, people.split(who, [people.face(face, who) for face in faces]), as_json=as_json)


def confirm(output: OutputArgument, person: PersonArgument, faces: FacesArgument, as_json: JsonOption = False) -> int:
    """Say that faces are this person, whoever they were taken for."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.confirm(who, [people.face(face, who) for face in faces])
    return _done(output, who, as_json=as_json)


def reject(output: OutputArgument, person: PersonArgument, faces: FacesArgument, as_json: JsonOption = False) -> int:
    """Say that faces are not this person."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.reject(who, [people.face(face, who) for face in faces])
    return _done(output, who, as_json=as_json)


def ignore(output: OutputArgument, person: PersonArgument, as_json: JsonOption = False) -> int:
    """Say that nobody needs to see this person: no references, last in lists."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.ignore(who)
    return _done(output, who, as_json=as_json)


def notice(output: OutputArgument, person: PersonArgument, as_json: JsonOption = False) -> int:
    """Take back that this person need not be seen."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.notice(who)
    return _done(output, who, as_json=as_json)


def primary(
    output: OutputArgument,
    person: PersonArgument,
    face: Annotated[str, typer.Argument(metavar="FACE", help="Id of a face, or a path that shows this person once.")],
    as_json: JsonOption = False,
) -> int:
    """Choose the face by which a person is shown; it is the first reference, too."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.primary(who, people.face(face, who))
    return _done(output, who, as_json=as_json)


def not_same(
    output: OutputArgument,
    person: PersonArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who is somebody else.")],
    as_json: JsonOption = False,
) -> int:
    """Say that two people are two; they never become one by themselves."""
    people = _people(existing_output(output))
    who = people.find(person)
    people.not_same(who, people.find(other))
    return _done(output, who, as_json=as_json)


def _people(folder: "Place") -> "People":
    from f2s_ray.flows.people import People

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run a user that has no name
        user = f"user {os.getuid()}"
    people = People(folder, user, settle=lambda: settle(people))
    return people


def settle(people: "People") -> None:
    """Apply what was said; a line where that has to wait."""
    if not people.settle():
        error_line("it is said and kept, but another run is writing; who is who follows with the next one")


def _done(output: str, identity_id: str, *, as_json: bool) -> int:
    """Who it is now, and how many faces that is."""
    from f2s_ray.cli.portrait import portrait

    found = portrait(existing_output(output), identity_id)
    if as_json:
        print_json(found)
    else:
        print_line(readable(f"{found['label']} {identity_id}: {found['faces']} faces, {found['confirmed']} confirmed"))
    return 0
