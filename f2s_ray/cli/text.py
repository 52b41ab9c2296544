"""Values to what a terminal or a pipe shows."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta

__all__ = ["duration", "error_line", "print_json", "print_line", "print_rows", "readable"]


def readable(text: str) -> str:
    r"""A text on one line, with control characters spelled out: a file name must not drive the terminal.

    >>> readable("a\nb\x1b[31m.jpg")
    'a\\nb\\x1b[31m.jpg'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(3725), duration(42.4)
    ('1:02:05', '0:00:42')
    """
    return str(timedelta(seconds=round(seconds)))


def print_line(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_json(value: Mapping[str, object]) -> None:
    """One JSON object on one line of standard output, in which nothing drives a terminal or ends the line early."""
    print_line("".join(map(_shown, json.dumps(value, default=str, ensure_ascii=False))))


def _shown(char: str) -> str:
    """A character as it is, or as JSON spells it: control characters beyond ASCII, and those that turn text round."""
    return char if char.isprintable() else json.dumps(char)[1:-1]


def error_line(text: str) -> None:
    """What went wrong, on standard error, after the program's name."""
    first, *rest = text.split("\n")
    sys.stderr.write("\n".join([f"f2s: {readable(first)}", *map(readable, rest)]) + "\n")


def print_rows(rows: Iterable[Mapping[str, object]], *, as_json: bool, columns: list[str]) -> None:
    """Rows as a table on a terminal, as JSON lines in a pipe or where asked for.

    Args:
        rows: the rows, each with the named columns.
        as_json: JSON lines on a terminal too.
        columns: what the table shows, in this order.
    """
    if as_json or not sys.stdout.isatty():
        for row in rows:
            print_json(row)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    Console().print(table)


def _cell(value: object) -> str:
    """A value in a table: short numbers, nothing for null, lists without their brackets."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return "; ".join(f"{readable(str(key))} {_cell(inner)}" for key, inner in value.items())
    return f"{value:.4g}" if isinstance(value, float) else readable(str(value))
