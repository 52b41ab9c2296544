"""f2s weights: what is needed, under which licence, where it lies, whether its digest holds."""

from typing import Annotated

import typer

from f2s_ray.cli.options import JsonOption
from f2s_ray.cli.text import print_line, print_rows
from f2s_ray.errors import JobError

__all__ = ["list_weights", "pull", "verify"]

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Names from `f2s weights list`; none: what restoring needs."),
]


def list_weights(as_json: JsonOption = False) -> int:
    """List all weights: purpose, size, licence, and where each lies or will lie."""
    from f2s_ray.models.full_base import LICENCE, WAYS
    from f2s_ray.models.weights import registry

    rows: list[dict[str, object]] = [
        {
            "name": weight.name,
            "purpose": weight.purpose,
            "bytes": weight.byte_count,
            "licence": weight.licence,
            "sha256": weight.sha256,
            "present": weight.location.is_file(),
            "location": str(weight.location),
        }
        for weight in registry().values()
    ]
    rows.append(
        {
            "name": "sd-turbo",
            "purpose": f"base of model.size=full; never fetched unless you name it: {WAYS}",
            "bytes": None,
            "licence": LICENCE,
            "sha256": None,
            "present": None,
            "location": "where model.base says",
        }
    )
    print_rows(rows, as_json=as_json, columns=["name", "purpose", "bytes", "licence", "present", "location"])
    return 0


def pull(names: Names = None) -> int:
    """Fetch what is missing into this machine's cache (F2S_CACHE, else ~/.cache/f2s_ray), and check the digests."""
    from f2s_ray.models.weights import pull as fetch

    for path in fetch(names or []):
        print_line(str(path))
    return 0


def verify(names: Names = None, as_json: JsonOption = False) -> int:
    """Check the digests of the weights that are here."""
    from f2s_ray.models.weights import verify as check

    troubles = check(names or [])
    rows = [{"name": name, "state": trouble or "good"} for name, trouble in troubles.items()]
    print_rows(rows, as_json=as_json, columns=["name", "state"])
    if wrong := [name for name, trouble in troubles.items() if trouble]:
        raise JobError(
            f"{len(wrong)} of {len(troubles)} weights are missing or wrong: {', '.join(wrong)}; run `f2s weights pull`"
        )
    return 0
