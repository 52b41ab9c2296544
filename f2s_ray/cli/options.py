"""The words that several commands share, said once."""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

__all__ = [
    "Common",
    "ConfigOption",
    "InputArgument",
    "JsonOption",
    "LimitOption",
    "OutputArgument",
    "QueryCommand",
    "QuietOption",
    "RayOption",
    "SetOption",
    "ToOption",
    "VerboseOption",
    "examples",
]

InputArgument = Annotated[
    str, typer.Argument(metavar="INPUT", help="Folder or s3://BUCKET/PREFIX with the photos; never written to.")
]
OutputArgument = Annotated[
    str,
    typer.Argument(metavar="OUTPUT", help="Folder or s3://BUCKET/PREFIX for the results, the catalog and the runs."),
]
ConfigOption = Annotated[
    str | None, typer.Option("-c", "--config", metavar="PRESET|FILE", help="smoke, preview, archive, or a YAML file.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One value, e.g. model.tile_px=256; wins over the file."),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N files of the listing.")
]
RayOption = Annotated[
    str | None, typer.Option("--ray", metavar="ADDRESS|auto|local", help="Run on Ray; local starts a private cluster.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, as in a pipe.")]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="FILE", help="Write the answer to FILE.csv, FILE.json or FILE.parquet.")
]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Nothing but the last line.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="A line for each finished item.")]


class QueryCommand(typer.core.TyperCommand):
    """A command whose words may begin with a minus, as in ``-person:Ann``; its options are long, but for ``-h``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # private to typer
        """Keep such words from being read as options: with a blank in front they are none."""
        return super().parse_args(ctx, [f" {word}" if re.match("-[^-h]|-h.", word) else word for word in args])


@dataclass(frozen=True)
class Common:
    """What a user said about how to run and what to show."""

    config: str | None = None
    overrides: tuple[str, ...] = ()
    limit: int | None = None
    ray: str | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False

    def all_overrides(self) -> list[str]:
        """The ``--set`` words, and ``--ray`` in the same words."""
        ray = [] if self.ray is None else ["engine.kind=ray", f"engine.address={self.ray}"]
        return [*self.overrides, *ray]


def examples(*lines: str) -> str:
    """The end of a command's help; a test runs every line of it through the parser."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
