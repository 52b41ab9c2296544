"""f2s demo: an archive of real pictures and a film, restored before one's eyes."""

from pathlib import Path
from typing import Annotated

import typer

from f2s_ray.cli.options import Common, JsonOption, QuietOption, SetOption
from f2s_ray.cli.text import print_line, print_rows

__all__ = ["demo"]


def demo(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where to make it.")] = "f2s-demo",
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Make a small archive of real pictures and a film, damage most of them, restore it, and compare with the truth.

    They come from installed packages; nothing is fetched. One file is broken on purpose: it ends as a row that
    says so, and the others do not care.
    """
    from f2s_ray.cli.archive import restore_and_report
    from f2s_ray.cli.job import new_job
    from f2s_ray.demo import build_archive, compare

    place = Path(folder).resolve()
    build_archive(place)
    common = Common(overrides=tuple(overrides or ()), as_json=as_json, quiet=quiet)
    job = new_job("demo", str(place / "archive"), str(place / "restored"), common)
    restore_and_report(job)
    rows = compare(place)
    print_rows(rows, as_json=as_json, columns=["path", "psnr_damaged", "psnr_restored", "gain"])
    page = max((place / "restored" / "runs").glob("*/report.html"))
    print_line(str(page))
    return 0
