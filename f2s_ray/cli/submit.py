"""The command that has an archive restored on a cluster, and stays with it until it ends."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f2s_ray.cli.options import ConfigOption, InputArgument, JsonOption, LimitOption, OutputArgument, SetOption
from f2s_ray.cli.preflight import apart, parsed
from f2s_ray.cli.text import error_line, print_line
from f2s_ray.errors import ConfigError

if TYPE_CHECKING:
    from f2s_ray.config import Config

__all__ = ["entrypoint", "submit"]


def submit(
    source: InputArgument,
    output: OutputArgument,
    address: Annotated[
        str, typer.Option("--address", metavar="URL", help="The dashboard of the cluster's head, http://HEAD:8265.")
    ],
    config: ConfigOption = None,
    overrides: SetOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> int:
    """Restore on a Ray cluster: submits `f2s restore` with this configuration as a job, follows its log, passes its exit code on.

    The same command again follows the job that still runs, or goes on from where the last one ended. Ctrl-C leaves the job running.

    The cluster's token is RAY_AUTH_TOKEN, or lies in the file RAY_AUTH_TOKEN_PATH. Keys of buckets do not travel: the nodes have their own
    (a role, or the AWS variables in the environment that Ray was started in). Folders must be the same on all nodes.
    """
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"--address {address}: give the dashboard of the head, http://HEAD:8265")

    from f2s_catalog.ids import digest

    from f2s_ray.config import load
    from f2s_ray.engines.ray_jobs import Jobs

    words = entrypoint(source, output, load(config, overrides or []), limit)
    jobs = Jobs(address.rstrip("/"))
    begun = jobs.begin(f"f2s-{digest(*words)[:16]}", shlex.join([*words, *(["--json"] if as_json else [])]))
    error_line(f"job {begun.job_id} {'begins' if begun.is_new else 'goes on'} at {address}")
    try:
        return jobs.follow(begun.job_id, print_line)
    except KeyboardInterrupt:
        stop = f"ray job stop {begun.job_id} --address {address}"
        error_line(f"job {begun.job_id} goes on; the same command follows it again, `{stop}` ends it")
        raise typer.Exit(130) from None


def entrypoint(source: str, output: str, config: "Config", limit: int | None) -> list[str]:
    """The words that a job runs: all that is not as by default stands in them.

    Raises:
        ConfigError: INPUT or OUTPUT is no place, or one lies in the other.
    """
    places = (parsed(source), parsed(output))
    apart(*places)
    for folder in places:
        if isinstance(folder, Path):
            error_line(f"{folder} is a folder: all nodes must have the same one there")
    chosen = config.model_dump(mode="json", exclude_defaults=True, exclude={"engine": {"kind", "address"}})
    words = ["f2s", "restore", *map(str, places), "--ray", "auto"]
    for setting in _settings(chosen):
        words += ["--set", setting]
    return [*words, *([] if limit is None else ["--limit", str(limit)])]


def _settings(values: dict[str, Any], prefix: str = "") -> list[str]:
    """Nested values as ``a.b=value``, in the order of their keys.

    >>> _settings({"plan": {"b": [1, None], "a": {"c": "x: y"}}})
    ['plan.a.c="x: y"', 'plan.b=[1, null]']
    """
    found = []
    for key, value in sorted(values.items()):
        deeper = isinstance(value, dict)
        found += _settings(value, f"{prefix}{key}.") if deeper else [f"{prefix}{key}={json.dumps(value)}"]
    return found
