"""All commands under one name, and the one place where an error becomes a line and an exit code.

Exit codes: 0 all done, 1 finished but some items failed, 2 usage or configuration, 3 the job could not run,
130 interrupted.
"""

import sys
from functools import partial

import typer

from f2s_ray.cli import archive, demo, erase, evaluate, look, people, sidecars, submit, train, view, weights
from f2s_ray.cli.options import QueryCommand, examples
from f2s_ray.cli.text import error_line, print_line
from f2s_ray.engines.watched import watched

__all__ = ["app", "main", "version"]

EXTRAS = {
    "ray": "cluster",
    "aiohttp": "cluster",
    "skimage": "demo",
    "av": "demo",
    "skvideo": "demo",
    "scipy": "evaluate",
    "h5py": "evaluate",
    "dlib": "evaluate",
    "fastapi": "view",
    "uvicorn": "view",
}

_JOBS = frozenset({"index", "plan", "restore", "retry"})  # which open other people's files

app = typer.Typer(
    name="f2s",
    help="Restore photo archives: find the people, restore their faces from their own best pictures, and read from "
    "them how the rest was damaged. INPUT is never written to.",
    epilog=examples("f2s demo", "f2s restore photos restored", 'f2s query restored "SELECT * FROM failures"'),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _register_people() -> None:
    """Names, functions and examples of the commands about people."""
    group = typer.Typer(help="The people of an archive.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", epilog=examples("f2s people list restored", "f2s people list restored --json"))(
        people.list_people
    )
    group.command(epilog=examples('f2s people show restored "Person 12"', "f2s people show restored Ann --json"))(
        people.show
    )
    group.command(
        epilog=examples(
            'f2s people name restored "Person 12" "Ann Lee"',
            "f2s people name restored 5f0c2a91 Ben",
            'f2s people name restored "Ann Lee" --none',
        )
    )(people.name)
    group.command(epilog=examples('f2s people merge restored Ann "Person 12" "Person 31"'))(people.merge)
    group.command(epilog=examples("f2s people split restored Ann albums/1994/beach.jpg"))(people.split)
    group.command(epilog=examples("f2s people confirm restored Ann albums/1994/beach.jpg"))(people.confirm)
    group.command(epilog=examples("f2s people reject restored Ann albums/1994/beach.jpg"))(people.reject)
    group.command(epilog=examples('f2s people ignore restored "Person 12"'))(people.ignore)
    group.command(epilog=examples('f2s people notice restored "Person 12"'))(people.notice)
    group.command(epilog=examples("f2s people primary restored Ann albums/1994/beach.jpg"))(people.primary)
    group.command(epilog=examples("f2s people references restored Ann", "f2s people references restored Ann --json"))(
        people.references
    )
    group.command("not-same", epilog=examples('f2s people not-same restored Ann "Person 12"'))(people.not_same)
    group.command(
        "import",
        epilog=examples(
            "f2s people import restored --dry-run", "f2s people import restored --sidecars exported --json"
        ),
    )(sidecars.import_names)
    group.command("export", epilog=examples("f2s people export restored sidecars"))(sidecars.export_names)
    group.command(
        epilog=examples(
            "f2s people erase restored Ann --dry-run",
            'f2s people erase restored "Person 12" --yes',
            "f2s people erase restored --everybody --yes",
        )
    )(erase.erase)
    group.command(epilog=examples("f2s people encrypt restored"))(erase.encrypt)
    app.add_typer(group, name="people", epilog=examples("f2s people list restored"))


def version() -> int:
    """Print the version."""
    from f2s_ray import __version__

    print_line(f"f2s {__version__}")
    return 0


def _register() -> None:
    """Names, functions and examples of all commands, in the order of the help."""
    _register_work()
    _register_questions()
    _register_weights()
    _register_people()
    _register_training()
    app.command(epilog=examples("f2s version"))(version)


def _register_work() -> None:
    app.command(epilog=examples("f2s demo", "f2s demo /tmp/f2s-demo --json"))(demo.demo)
    app.command(
        epilog=examples(
            "f2s restore photos restored",
            "f2s restore photos restored -c archive --set model.tile_px=256",
            "f2s restore photos restored --set restore.fidelity=0.5",
            "f2s restore photos restored --limit 20 --ray local",
        )
    )(archive.restore)
    app.command(
        epilog=examples(
            "f2s submit s3://archive/photos s3://archive/restored --address http://127.0.0.1:8265",
            "f2s submit s3://archive/films s3://archive/masters --address http://127.0.0.1:8265 -c film --limit 20",
            "f2s submit /mnt/photos /mnt/restored --address https://head:8265 -c cluster --set engine.workers=64",
        )
    )(submit.submit)
    app.command(epilog=examples("f2s index photos restored", "f2s index photos restored --json"))(archive.index)
    app.command(epilog=examples("f2s identify restored", "f2s identify restored --afresh"))(archive.identify)
    app.command(epilog=examples("f2s plan restored", "f2s plan restored --limit 20"))(archive.plan)
    app.command(epilog=examples("f2s status restored", "f2s status restored --json"))(look.status)
    app.command(epilog=examples("f2s failed restored", "f2s failed restored --json"))(look.failed)
    app.command(epilog=examples("f2s retry restored", "f2s retry restored --kind truncated"))(archive.retry)


def _register_questions() -> None:
    app.command(
        epilog=examples(
            'f2s query restored "SELECT path, format, camera FROM media"',
            'f2s query restored "SELECT error_kind, count(*) FROM failures GROUP BY ALL" --json',
            'f2s query restored "SELECT * FROM appearances" --to appearances.csv',
        )
    )(look.query)
    app.command(
        cls=QueryCommand,
        epilog=examples(
            "f2s find restored person:Ann",
            """f2s find restored 'person:"Ann & Ben" -person:Cid kind:film'""",
            "f2s find restored 'only:Ann|Ben year:1990..1999 noise:>0.05' --limit 20",
            "f2s find restored 'folder:albums/1994 faces:>=3 gate:rejected' --json",
            "f2s find restored similar:albums/ann.jpg --limit 20",
            "f2s find s3://archive/restored person:Ann",
        ),
    )(look.find)
    app.command(epilog=examples("f2s view restored", "f2s view restored --port 8400"))(view.view)
    app.command(epilog=examples("f2s report restored", "f2s report restored --limit 1000"))(look.report)


def _register_weights() -> None:
    group = typer.Typer(help="The networks' weights: list, fetch, check.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", epilog=examples("f2s weights list"))(weights.list_weights)
    group.command(epilog=examples("f2s weights pull", "f2s weights pull sface_2021dec"))(weights.pull)
    group.command(epilog=examples("f2s weights verify"))(weights.verify)
    app.add_typer(group, name="weights", epilog=examples("f2s weights list"))


def _register_training() -> None:
    app.command(
        epilog=examples(
            "f2s train scene portraits streets --out weights",
            "f2s train code portraits --out weights --set steps=500",
            "f2s train face portraits --out weights --tensorboard",
        )
    )(train.train)
    app.command(
        epilog=examples(
            "f2s evaluate portraits",
            "f2s evaluate ../shared/data/eval --out figures --strength middle --strength strong --pictures 20",
            "f2s evaluate ../shared/data/eval --peer realesrgan-x4plus.safetensors --json",
        )
    )(evaluate.evaluate)


_register()


def main(words: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    words = sys.argv[1:] if words is None else words
    is_job = bool(words) and words[0] in _JOBS
    sys.exit(watched(partial(run, words), error_line) if is_job else run(words))


def run(words: list[str]) -> int:
    """Run one command.

    Returns:
        the exit code; what a user can mend is one line on standard error, a bug is a traceback.
    """
    try:
        code = int(app(words, prog_name="f2s", standalone_mode=False) or 0)
    except typer.TyperException as error:
        words_wrong = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        error_line(f"{words_wrong.rstrip('.')}; see `f2s --help`")
        return 2
    except typer.Abort:
        code = 130
    except ModuleNotFoundError as error:
        return _missing(error)
    except MemoryError:
        return _no_memory()
    except Exception as error:
        if str(error) == "can't start new thread":  # a bare RuntimeError
            return _no_memory()
        if (known := _known(error)) is None:
            raise
        error_line(str(error))
        return known
    if code == 130 and words[:1] != ["submit"]:  # which goes on elsewhere, and says so
        error_line("interrupted; what was finished is kept, the same command goes on from there")
    return code


def _no_memory() -> int:
    error_line("there is not enough memory; make room or use a larger machine, the same command goes on from there")
    return 3


def _known(error: Exception) -> int | None:
    """The exit code of an error that a user can mend; none for a bug."""
    from f2s_catalog.errors import CatalogError, QueryError

    from f2s_ray.errors import ConfigError, F2SError

    if isinstance(error, ConfigError | QueryError):
        return 2
    if isinstance(error, F2SError | CatalogError):
        return 3
    return None


def _missing(error: ModuleNotFoundError) -> int:
    """A package that the base installation leaves out; our own modules are never left out."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "f2s_ray", "f2s_catalog"):
        raise error
    error_line(f"{name} is not installed; run: pip install 'f2s-ray[{EXTRAS.get(name, 'restore')}]'")
    return 3
