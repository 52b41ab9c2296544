"""Every command says what it does, shows how, and what it shows can be typed."""

import shlex

import pytest
import typer

from f2s_ray.cli.app import app

COMMANDS = {}


def collect(command, name: str) -> None:
    COMMANDS[name] = command
    for child, inner in getattr(command, "commands", {}).items():
        collect(inner, f"{name} {child}")


collect(typer.main.get_command(app), "f2s")


def examples(name: str) -> list[str]:
    title, *lines = (COMMANDS[name].epilog or "").lstrip("\b\n").splitlines()
    assert title == "Examples:"
    return [line.strip() for line in lines]


def test_the_commands_of_the_product_are_all_there():
    promised = [
        "demo",
        "restore",
        "submit",
        "index",
        "identify",
        "plan",
        "status",
        "failed",
        "retry",
        "query",
        "find",
        "report",
        "view",
    ]
    promised += ["weights", "weights list", "weights pull", "weights verify"]
    said = ["name", "merge", "split", "confirm", "reject", "ignore", "notice", "primary", "references", "not-same"]
    said += ["erase", "encrypt"]
    promised += ["people", *(f"people {name}" for name in ["list", "show", *said, "import", "export"])]
    promised += ["train", "evaluate", "version"]
    assert {f"f2s {name}" for name in promised} == set(COMMANDS) - {"f2s"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_and_an_example_of_its_own(name):
    assert COMMANDS[name].help
    assert examples(name)
    assert all(line.startswith(name.removesuffix(" ")) for line in examples(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name):
    options = [known for known in COMMANDS[name].params if known.name != "help"]
    assert all(getattr(option, "help", None) for option in options)


@pytest.mark.parametrize("line", [line for name in COMMANDS for line in examples(name)])
def test_an_example_can_be_typed(line):
    program, *words = shlex.split(line)
    assert program == "f2s"
    command = COMMANDS["f2s"]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert command.make_context("f2s", words)
