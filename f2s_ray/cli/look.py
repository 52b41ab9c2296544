"""The commands that only look: they load neither torch nor ray, and the base installation is enough for them."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f2s_ray.cli.options import JsonOption, OutputArgument, ToOption
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import duration, error_line, print_json, print_line, print_rows, readable

if TYPE_CHECKING:
    import pyarrow as pa
    from f2s_catalog.find import Found
    from f2s_catalog.place import Place

__all__ = ["failed", "find", "print_plan", "query", "report", "status"]

PLAN_SQL = """
SELECT CASE WHEN media.kind = 'film' THEN tasks.path || '#' || split_part(shot_id, '/', 2) ELSE tasks.path END AS shot,
    CASE WHEN media.kind = 'film' THEN first_frame || ' to ' || stop_frame - 1 ELSE '' END AS frames,
    code_origin,
    CASE WHEN noise_sigma IS NOT NULL THEN struct_pack(
        noise := round(noise_sigma, 3), blur := round(blur_sigma_px, 1), jpeg := round(jpeg_quality), downscale := round(downscale, 1)
    ) END AS damage,
    len(faces) AS faces,
    list_sum(list_transform(faces, lambda face: len(face.reference_face_ids))) AS reference_count,
    megapixels, expected_seconds AS seconds, risk
FROM tasks JOIN media USING (media_id) JOIN degradations USING (shot_id)
ORDER BY expected_seconds DESC, tasks.path, first_frame
"""


def status(
    output: OutputArgument,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="At most N of the results that are to be renewed.")
    ] = 10,
    as_json: JsonOption = False,
) -> int:
    """Show what is done, failed and still to do, step by step, and about how long the rest takes.

    Results that were made with other people or references than those of today are listed, each with the reason; the next
    `f2s restore` renews them.
    """
    from f2s_catalog.ledger import Catalog

    from f2s_ray.cli.runs import read_run
    from f2s_ray.cli.tally import step_counts, tally

    folder = existing_output(output)
    catalog = Catalog(folder)
    counts = tally(catalog, read_run(folder)["last_step"])
    steps = step_counts(catalog)
    rows = [{**asdict(step), "seconds_each": step.seconds / max(step.done + step.failed, 1)} for step in steps]
    remaining = counts.pending * sum(step.seconds for step in steps) / max(counts.done + counts.failed, 1)
    print_rows(rows, as_json=as_json, columns=["step", "done", "failed", "skipped", "seconds_each"])
    renewed = catalog.view("stale").to_pylist()
    if as_json:
        for row in renewed:
            print_json({"event": "stale", "path": row["path"], "why": row["why"], "pixels": row["has_pixels"]})
        summary = {**asdict(counts), "stale": len(renewed), "remaining_seconds": round(remaining)}
        print_json({"event": "summary", **summary})
        return counts.exit_code
    for row in renewed[:limit]:
        print_line(readable(f"stale: {row['path']}: {'; '.join(row['why'])}"))
    if renewed:
        names = sum(not row["has_pixels"] for row in renewed)
        print_line(f"{len(renewed)} stale, {names} of them by a name alone; `f2s restore` renews them")
    print_line(f"{counts}, about {duration(remaining)} of work left" if counts.pending else str(counts))
    return counts.exit_code


def failed(output: OutputArgument, as_json: JsonOption = False) -> int:
    """List what failed: the file, the kind of trouble, and in one line what it was and what can be done."""
    from f2s_catalog.ledger import Catalog

    failures = Catalog(existing_output(output)).view("failures").to_pylist()
    rows = [
        {
            "path": row["path"],
            "step": row["step"],
            "kind": row["error_kind"],
            "message": row["message"],
            "tries": row["number"],
        }
        for row in failures
    ]
    print_rows(rows, as_json=as_json, columns=["path", "step", "kind", "message", "tries"])
    return 0


def query(
    output: OutputArgument,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT over the catalog's tables and views.")],
    to: ToOption = None,
    as_json: JsonOption = False,
) -> int:
    """Ask the catalog in SQL. catalog/README.md lists its tables; `f2s query OUTPUT "SHOW TABLES"` their names."""
    from f2s_catalog.query import query as ask

    folder = existing_output(output)
    answer = ask(folder, sql)
    if to is not None:
        return _exported(answer, folder, to)
    print_rows(answer.to_pylist(), as_json=as_json, columns=answer.column_names)
    return 0


def find(
    output: OutputArgument,
    question: Annotated[str, typer.Argument(metavar="QUERY", help="Terms, parted by blanks; all of them must hold.")],
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most N photos and films.")
    ] = None,
    to: ToOption = None,
    as_json: JsonOption = False,
) -> int:
    """List the photos and films that show what is asked, and when a film shows whom.

    \b
    person:Ann             she is seen; by name, label of the report, or id (6 letters or more)
    person:Ann|Ben         one of them          person:"Ann Lee & Ben"   both at the same time
    only:Ann               she is seen, and nobody else
    faces:>=3              so many at once      also faces:2, faces:<3, faces:2..5
    noise:>0.05            the damage; also blur: (px), jpeg: (1..100), downscale: (factor)
    year:1990..1999        when it was taken    folder:albums/1994       in it or below
    kind:photo             or kind:film         gate:rejected            or restored, blended, kept
    similar:ann.jpg        a face like one of this file, of the archive or not; similar:damage:ann.jpg a damage like it
    christmas              a part of the path, in whatever case
    -person:Ann            a minus turns any term round
    """  # noqa: D301 - the backspace is what keeps the lines apart in the help
    from f2s_catalog.find import find as ask

    from f2s_ray.cli.faces_of import faces_reader

    folder = existing_output(output)
    files = ask(folder, question.strip(), limit=limit, read_faces=faces_reader(folder))
    rows = [_told(found) for found in files]
    if to is not None:
        import pyarrow as pa

        told = [{**row, "times": [f"{who} {', '.join(spans)}" for who, spans in row["times"].items()]} for row in rows]
        return _exported(pa.Table.from_pylist(told), folder, to)
    columns = ["path", "kind", "people", "times", *(["likeness"] if rows and "likeness" in rows[0] else [])]
    print_rows(rows, as_json=as_json, columns=columns)
    if not rows:
        error_line("nothing found")
    return 0


def _told(found: "Found") -> dict[str, Any]:
    """A row of the answer."""
    from f2s_ray.view.words import clock_words

    return {
        "path": found.path,
        "kind": found.kind,
        "people": list(found.people),
        "times": {
            label: [f"{clock_words(begin)}-{clock_words(end)}" for begin, end in spans]
            for label, spans in found.times.items()
        },
        **({} if found.likeness is None else {"likeness": round(found.likeness, 3)}),
    }


def _exported(answer: "pa.Table", folder: "Place", to: str) -> int:
    """Write an answer to a file, which lies anywhere but in INPUT."""
    from f2s_catalog.export import export

    from f2s_ray.cli.runs import has_run, read_run
    from f2s_ray.errors import ConfigError

    path = Path(to).resolve()
    if has_run(folder) and path.is_relative_to(read_run(folder)["input"]):
        raise ConfigError(f"{to} lies inside INPUT, which is never written to; choose another place")
    export(answer, path)
    print_line(f"{answer.num_rows} rows in {path}")
    return 0


def report(
    output: OutputArgument,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Most pictures and most people on the page.")
    ] = 200,
) -> int:
    """Write the newest run's page: one HTML file that opens without a network; prints where it lies."""
    from f2s_catalog.place import place

    from f2s_ray.cli.runs import read_run
    from f2s_ray.view.report import write_report

    folder = existing_output(output)
    run = read_run(folder)
    print_line(str(write_report(folder, place(run["input"]), run["run_id"], limit=limit)))
    return 0


def print_plan(output: "Place", *, as_json: bool) -> None:
    """The table of work, dearest first, and what it sums up to."""
    from f2s_catalog.query import query as ask

    answer = ask(output, PLAN_SQL)
    rows = answer.to_pylist()
    print_rows(rows, as_json=as_json, columns=answer.column_names)
    total = sum(row["seconds"] for row in rows)
    if as_json:
        print_json({"event": "plan", "tasks": len(rows), "seconds": round(total)})
    else:
        print_line(f"{len(rows)} pieces of work, about {duration(total)} of work")
