"""What can be asked of an archive: the terms of a question as small frozen values, each with its place in the text."""

from dataclasses import dataclass
from typing import Literal, get_args
from unicodedata import combining, east_asian_width

from f2s_catalog.errors import QueryError
from f2s_catalog.records import FaceGate, MediaItem

__all__ = [
    "CHOICES",
    "NUMBERS",
    "TERMS",
    "Asked",
    "Bound",
    "Choice",
    "Folder",
    "Like",
    "Number",
    "Operator",
    "People",
    "Question",
    "Term",
    "Who",
    "Word",
    "fault",
]

TERMS = {
    "person": ("person:Ann", "who is seen: a name, a label of the report, or the first 6 letters or more of an id"),
    "only": ("only:Ann", "who is seen, and nobody else"),
    "faces": ("faces:>=3", "how many faces are seen at once"),
    "noise": ("noise:>0.05", "noise of the damage code, standard deviation on a 0..1 scale"),
    "blur": ("blur:1..3", "blur of the damage code, standard deviation in pixels"),
    "jpeg": ("jpeg:20..60", "compression of the damage code, 1..100; 100 is none"),
    "downscale": ("downscale:>=2", "factor by which it was once smaller"),
    "year": ("year:1990..1999", "when it was taken"),
    "folder": ("folder:albums/1994", "in this folder, or below it"),
    "kind": ("kind:film", "a photo or a film"),
    "gate": ("gate:rejected", "what became of a restored face: restored, blended or kept; rejected is kept"),
    "similar": (
        "similar:albums/ann.jpg",
        "a face like one in this file; similar:damage:FILE asks for damage like that of this file; most alike first",
    ),
}
"""Terms: word to (an example, what it asks)."""

NUMBERS = ("faces", "noise", "blur", "jpeg", "downscale", "year")
"""The terms that take a number, a comparison or a range."""

CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(MediaItem.model_fields["kind"].annotation),
    "gate": (*get_args(FaceGate.model_fields["decision"].annotation), "rejected"),
}
"""The terms that take one of a few words, with these words."""

Operator = Literal[">=", ">", "=", "<=", "<"]
"""How a number is compared; SQL writes it the same."""


@dataclass(frozen=True)
class Who:
    """A person as somebody wrote them; ``column`` counts from 0."""

    name: str
    column: int


@dataclass(frozen=True)
class People:
    """Any of these groups is seen, all of a group at the same time; ``is_only``: and nobody else in that medium."""

    groups: tuple[tuple[Who, ...], ...]
    is_only: bool = False


@dataclass(frozen=True)
class Bound:
    """One side of a range."""

    operator: Operator
    value: float


@dataclass(frozen=True)
class Number:
    """A number of the medium, or of one of its shots, is within all bounds; ``term`` is one of ``NUMBERS``."""

    term: str
    bounds: tuple[Bound, ...]


@dataclass(frozen=True)
class Choice:
    """The medium has one of these words; ``term`` is a key of ``CHOICES``."""

    term: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Folder:
    """The medium lies in a folder or below it; the path has no slash at its end."""

    path: str
    column: int


@dataclass(frozen=True)
class Like:
    """The medium has a face, or a damage, like that of a file: of the archive, or of the machine."""

    what: Literal["face", "damage"]
    path: str
    column: int


@dataclass(frozen=True)
class Word:
    """The path holds this text, in whatever case."""

    text: str


Asked = People | Number | Choice | Folder | Like | Word
"""What a term asks."""


@dataclass(frozen=True)
class Term:
    """One thing that is asked, or that is not to be."""

    asked: Asked
    is_negated: bool = False


@dataclass(frozen=True)
class Question:
    """What is asked: all of the terms; none asks for everything."""

    text: str
    terms: tuple[Term, ...]


def fault(text: str, column: int, message: str) -> QueryError:
    """An error that points at a place of the question.

    Args:
        text: the question.
        column: the place, counted from 0; the message counts from 1.
        message: what is wrong, and the way out.
    """
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return QueryError(f"column {column + 1}: {message}\n  {shown}\n  {' ' * _width(shown[:column])}^")


def _width(text: str) -> int:
    """How many places of a terminal a text takes: none for a combining mark, two for a wide letter."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
