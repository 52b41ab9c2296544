"""A command that works on an archive to its end: checks, configuration, flow, engine, summary, exit code."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place, is_folder, place, read_text

from f2s_ray import __version__
from f2s_ray.cli.options import Common
from f2s_ray.cli.preflight import existing_output, input_place, output_place
from f2s_ray.cli.progress import watch
from f2s_ray.cli.runs import Run, has_run, read_run
from f2s_ray.cli.tally import Tally, tally
from f2s_ray.cli.text import error_line, print_json, print_line
from f2s_ray.config import Config, dump, load, load_text
from f2s_ray.engines import local
from f2s_ray.engines.run import Selection, Summary
from f2s_ray.errors import ConfigError, JobError
from f2s_ray.flows.people import left_over
from f2s_ray.flows.step import MapStep, Step

__all__ = ["Ended", "Job", "again", "new_job", "run_job"]

Flow = Callable[[Config, Place, Place], list[Step]]


@dataclass(frozen=True)
class Job:
    """What to do to which archive."""

    command: str
    source: Place
    output: Place
    config: Config
    common: Common
    retry: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ended:
    """A run that came to its end: its name, and the exit code 0 (all done) or 1 (some items failed)."""

    run_id: str
    exit_code: int


def new_job(command: str, source: str, output: str, common: Common) -> Job:
    """A job from the words INPUT and OUTPUT, all checks passed.

    Raises:
        ConfigError: the words or the configuration are wrong.
        JobError: OUTPUT cannot be written.
    """
    config = load(common.config, common.all_overrides())
    there = input_place(source)
    where = output_place(output, there)
    _refuse_other_archive(where, there)
    return Job(command, there, where, config, common)


def again(command: str, output: str, common: Common, retry: frozenset[str] = frozenset()) -> Job:
    """A job on an OUTPUT that knows its INPUT from an earlier run, whose configuration holds unless another is given.

    Raises:
        ConfigError: there was no earlier run, or its INPUT has gone.
        JobError: OUTPUT cannot be written.
    """
    folder = existing_output(output)
    before = read_run(folder)
    kept = folder / "runs" / before["run_id"] / "config.yaml"
    overrides = common.all_overrides()
    config = load(common.config, overrides) if common.config else load_text(read_text(kept), str(kept), overrides)
    source = input_place(before["input"])
    output_place(output, source)
    return Job(command, source, folder, config, common, retry)


def run_job(job: Job, flow: Flow) -> Ended:
    """Run the flow and print the last line."""
    engine = _engine(job.config)
    steps = flow(job.config, job.source, job.output)
    last_step = _last_step(steps, job.output)
    facts = {"command": job.command, "input": str(job.source), "last_step": last_step, "version": __version__}
    run = Run.start(job.output, dump(job.config), facts)
    catalog = Catalog(job.output)
    with watch(run, job.common) as on_progress:
        selection = Selection(job.retry, job.common.limit)
        engine(steps, catalog, run.run_id, selection=selection, on_progress=on_progress)
    if not job.config.identities and (left := left_over(job.output)):
        error_line(left)
    counts = tally(catalog, last_step)
    run.finish({**facts, **asdict(counts)})
    _print_last_line(counts, job.common)
    return Ended(run.run_id, counts.exit_code)


def _last_step(steps: list[Step], output: Place) -> str:
    """The step that makes a file done: the last that works on files; with reductions alone, that of the run before."""
    names = [step.name for step in steps if isinstance(step, MapStep)]
    return names[-1] if names else str(read_run(output)["last_step"])


def _engine(whole: Config) -> Callable[..., Summary]:
    """The engine's ``run``; Ray is loaded only when it is asked for."""
    config = whole.engine
    if config.kind == "local":
        return partial(local.run, item_seconds=config.item_seconds)
    try:
        from f2s_ray.engines import ray_data
    except ModuleNotFoundError as error:
        raise JobError(f"{error.name} is not installed: pip install 'f2s-ray[cluster]', or leave --ray out") from error
    if config.gpus_per_worker and whole.model.device == "cpu":
        held = f"engine.gpus_per_worker={config.gpus_per_worker:g}"
        raise ConfigError(f"{held}, but model.device=cpu leaves them idle; add --set model.device=cuda")
    address = None if config.address == "local" else config.address
    settings = config.model_dump(exclude={"kind", "address"})
    return partial(ray_data.run, config=ray_data.RayConfig(address=address, **settings))


def _refuse_other_archive(output: Place, source: Place) -> None:
    """Two archives in one OUTPUT would overwrite each other's results; one that has only moved is welcome."""
    if not has_run(output):
        return
    before = place(read_run(output)["input"])
    if before != source and is_folder(before):
        raise ConfigError(f"OUTPUT {output} holds the results of {before}, not of {source}; choose another OUTPUT")


def _print_last_line(counts: Tally, common: Common) -> None:
    """Counts in words; as JSON where that is asked for."""
    if common.as_json:
        print_json({"event": "summary", **asdict(counts)})
    else:
        print_line(str(counts))
