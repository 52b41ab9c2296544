"""The commands that work on an archive: the whole way, and each part of it by itself."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from f2s_ray.cli.options import (
    Common,
    ConfigOption,
    InputArgument,
    JsonOption,
    LimitOption,
    OutputArgument,
    QuietOption,
    RayOption,
    SetOption,
    VerboseOption,
)

if TYPE_CHECKING:
    from f2s_ray.cli.job import Job

__all__ = ["identify", "index", "plan", "restore", "retry"]


def restore(
    source: InputArgument,
    output: OutputArgument,
    config: ConfigOption = None,
    overrides: SetOption = None,
    limit: LimitOption = None,
    ray: RayOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Restore the photos of INPUT into OUTPUT. The same command again continues where it stopped."""
    from f2s_ray.cli.job import new_job

    common = Common(config, tuple(overrides or ()), limit, ray, as_json, quiet, verbose)
    return restore_and_report(new_job("restore", source, output, common))


def index(
    source: InputArgument,
    output: OutputArgument,
    config: ConfigOption = None,
    overrides: SetOption = None,
    limit: LimitOption = None,
    ray: RayOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """List and read the photos of INPUT and find the faces; restores nothing."""
    from f2s_ray.cli.job import new_job, run_job
    from f2s_ray.flows.photo import index_flow

    common = Common(config, tuple(overrides or ()), limit, ray, as_json, quiet, verbose)
    return run_job(new_job("index", source, output, common), index_flow).exit_code


def identify(
    output: OutputArgument,
    afresh: Annotated[
        bool,
        typer.Option(
            "--afresh", help="Also look again at who is who already, but for those of whom something was said."
        ),
    ] = False,
    config: ConfigOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Tell who is who among the faces of an indexed archive, and choose each person's references.

    Who is known stays who they are, and new faces join them.
    """
    from f2s_ray.cli.job import again, run_job
    from f2s_ray.flows.photo import identify_flow

    common = Common(config, tuple(overrides or ()), as_json=as_json, quiet=quiet, verbose=verbose)
    flow = partial(identify_flow, afresh=afresh)
    return run_job(again("identify", output, common), flow).exit_code


def plan(
    output: OutputArgument,
    config: ConfigOption = None,
    overrides: SetOption = None,
    limit: LimitOption = None,
    ray: RayOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Read the damage and write the table of work: pictures, references, seconds, risk; restores nothing."""
    from f2s_ray.cli.job import again, run_job
    from f2s_ray.cli.look import print_plan
    from f2s_ray.flows.photo import plan_flow

    common = Common(config, tuple(overrides or ()), limit, ray, as_json, quiet, verbose)
    job = again("plan", output, common)
    ended = run_job(job, plan_flow)
    if not quiet:
        print_plan(job.output, as_json=as_json)
    return ended.exit_code


def retry(
    output: OutputArgument,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="K", help="Only failures of this kind, see `f2s failed`.")
    ] = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    limit: LimitOption = None,
    ray: RayOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Try again what failed, and go on with what is still to do."""
    from f2s_catalog.ledger import Catalog
    from f2s_catalog.records import Attempt

    from f2s_ray.cli.job import again
    from f2s_ray.cli.preflight import existing_output
    from f2s_ray.errors import ConfigError

    common = Common(config, tuple(overrides or ()), limit, ray, as_json, quiet, verbose)
    kinds = "SELECT DISTINCT error_kind FROM attempts WHERE status = 'failed' ORDER BY error_kind"
    known = set(Catalog(existing_output(output)).ask((Attempt,), kinds)["error_kind"].to_pylist())
    if unknown := set(kind or ()) - known:
        raise ConfigError(
            f"--kind {', '.join(sorted(unknown))}: no such failure; there are {', '.join(sorted(known)) or 'none'}"
        )
    return restore_and_report(again("retry", output, common, frozenset(kind or known)))


def restore_and_report(job: "Job") -> int:
    """The whole way, and the page that shows it."""
    from f2s_ray.cli.job import run_job
    from f2s_ray.flows.photo import restore_flow
    from f2s_ray.view.report import write_report

    ended = run_job(job, restore_flow)
    write_report(job.output, job.source, ended.run_id)
    return ended.exit_code
