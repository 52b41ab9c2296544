r"""The text of a question to its terms.

::

    question  =  { term }                                 joined by AND, parted by blanks
    term      =  ["-"] ( word ":" value | text )          a minus: not this
    value     =  people | number | choice | path | ["face:" | "damage:"] path
    people    =  group { "|" group }                      any of the groups
    group     =  name { "&" name }                        all of them at the same time
    number    =  [">=" | ">" | "=" | "<=" | "<"] digits  |  [digits] ".." [digits]
    choice    =  word { "|" word }

Quotes hold blanks together, anywhere in a term. Inside them ``|`` and ``&`` still part names, and a backslash takes the
next character as it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from f2s_catalog.errors import QueryError
from f2s_catalog.find_terms import (
    CHOICES,
    NUMBERS,
    TERMS,
    Asked,
    Bound,
    Choice,
    Folder,
    Like,
    Number,
    Operator,
    People,
    Question,
    Term,
    Who,
    Word,
    fault,
)
from f2s_catalog.nearest import nearest

__all__ = ["parse"]

_KEY = re.compile(r"([^\W\d_]+):")
_DIGITS = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_COMPARED = re.compile(rf"(>=|>|=|<=|<|)({_DIGITS})")
_RANGE = re.compile(rf"({_DIGITS})?\.\.({_DIGITS})?")
_NO_TERMS = {
    "AND": "terms are joined by themselves; leave it out",
    "OR": "write person:Ann|Ben for either of them",
    "NOT": "write a minus before the term, e.g. -person:Ann",
    "&": 'write the names in quotes, e.g. person:"Ann & Ben"',
    "|": "write the names without blanks or in quotes, e.g. person:Ann|Ben",
}


@dataclass(frozen=True)
class _Letter:
    """A character of a term without its quotes; ``is_literal`` where a backslash keeps it from parting names."""

    char: str
    column: int
    is_literal: bool = False


@dataclass(frozen=True)
class _Value:
    """What stands after the colon of a term; ``column`` is where it begins."""

    text: str
    key: str
    letters: tuple[_Letter, ...]
    column: int

    @property
    def string(self) -> str:
        """Its characters."""
        return "".join(letter.char for letter in self.letters)

    def fault(self, message: str, column: int | None = None) -> QueryError:
        """An error at the value, or at a place inside it, with an example of what it can be."""
        return fault(self.text, self.column if column is None else column, f"{message}, e.g. {TERMS[self.key][0]}")


def parse(text: str) -> Question:
    """The terms of a question.

    Raises:
        QueryError: it is no question; the message shows the place.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise fault(text, error.start, "this is no UTF-8 text; write the question in UTF-8") from error
    terms = tuple(_term(text, begin, stop) for begin, stop in _pieces(text))
    likes = [(term.asked, term.is_negated) for term in terms if isinstance(term.asked, Like)]
    for like, is_negated in likes:
        if len(likes) > 1 or is_negated:
            raise fault(text, like.column, "similar: stands once, and without a minus; ask twice")
    return Question(text, terms)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where each term begins and stops: at the blanks outside of quotes."""
    begin: int | None = None
    column = 0
    while column < len(text):
        if text[column].isspace():
            if begin is not None:
                yield begin, column
            begin = None
        else:
            begin = column if begin is None else begin
            column = _after_quote(text, column) - 1 if text[column] == '"' else column
        column += 1
    if begin is not None:
        yield begin, column


def _after_quote(text: str, opening: int) -> int:
    """The column after the quote that ends what one begins."""
    column = opening + 1
    while column < len(text):
        if text[column] == '"':
            return column + 1
        column += 2 if text[column] == "\\" else 1
    raise fault(text, opening, "this quote does not end; write another one after the last word")


def _letters(text: str, begin: int, stop: int) -> Iterator[_Letter]:
    """The characters of a piece, its quotes and backslashes taken away."""
    is_quoted = False
    column = begin
    while column < stop:
        if text[column] == '"':
            is_quoted = not is_quoted
        elif is_quoted and text[column] == "\\":
            column += 1
            yield _Letter(text[column], column, is_literal=True)
        else:
            yield _Letter(text[column], column)
        column += 1


def _term(text: str, begin: int, stop: int) -> Term:
    if (way_out := _NO_TERMS.get(text[begin:stop])) is not None:
        raise fault(text, begin, f"{text[begin:stop]} is no term: {way_out}; to look for it in the path, quote it")
    is_negated = text[begin] == "-"
    start = begin + is_negated
    if is_negated and (start == stop or text[start] == "-"):
        raise fault(text, begin, "one minus stands right before a term, e.g. -person:Ann; to look for it, quote it")
    key = _KEY.match(text, start, stop)
    if key is None:
        return Term(_word(text, start, stop), is_negated)
    if (word := key[1].lower()) not in TERMS:
        known = nearest(word, TERMS)
        raise fault(text, start, f"there is no term {word + ':'!r}; {known}; to look for it in the path, quote it")
    return Term(_READERS[word](_Value(text, word, tuple(_letters(text, key.end(), stop)), key.end())), is_negated)


def _word(text: str, begin: int, stop: int) -> Word:
    word = "".join(letter.char for letter in _letters(text, begin, stop))
    if not word:
        raise fault(text, begin, "there is nothing to look for; write a part of a path")
    return Word(word)


def _people(value: _Value) -> People:
    groups = [tuple(_who(value, name) for name in _parted(group, "&")) for group in _parted(value.letters, "|")]
    return People(tuple(groups), is_only=value.key == "only")


def _parted(letters: Sequence[_Letter], sign: str) -> list[list[_Letter]]:
    """What stands before, between and after the signs that no backslash takes the meaning from."""
    parts: list[list[_Letter]] = [[]]
    for letter in letters:
        if letter.char == sign and not letter.is_literal:
            parts.append([])
        else:
            parts[-1].append(letter)
    return parts


def _who(value: _Value, letters: Sequence[_Letter]) -> Who:
    name = "".join(letter.char for letter in letters)
    if not name.strip():
        raise value.fault("a name is missing here", letters[0].column if letters else None)
    return Who(name.strip(), letters[len(name) - len(name.lstrip())].column)


def _number(value: _Value) -> Number:
    text = value.string
    if compared := _COMPARED.fullmatch(text):
        return Number(value.key, (Bound(_OPERATORS[compared[1] or "="], float(compared[2])),))
    limits = _RANGE.fullmatch(text)
    if limits is None or not any(limits.groups()):
        raise value.fault(f"{text!r} is no number, comparison or range; write a number, >=, >, =, <=, < or a range")
    low, high = (None if limit is None else float(limit) for limit in limits.groups())
    if low is not None and high is not None and low > high:
        raise value.fault(f"the range {text} is empty; write the lower number first")
    bounds = (None if low is None else Bound(">=", low), None if high is None else Bound("<=", high))
    return Number(value.key, tuple(bound for bound in bounds if bound))


def _choice(value: _Value) -> Choice:
    known = CHOICES[value.key]
    words = ["".join(letter.char for letter in part).lower() for part in _parted(value.letters, "|")]
    for word in words:
        if word not in known:
            raise value.fault(f"{value.key}: is not {word!r}; {nearest(word, known)}")
    return Choice(value.key, tuple(words))


def _folder(value: _Value) -> Folder:
    path = value.string.removeprefix("./").rstrip("/")
    if not path:
        raise value.fault("folder: names no folder below INPUT; write its path")
    return Folder(path, value.column)


def _like(value: _Value) -> Like:
    kind, colon, rest = value.string.partition(":")
    what: Literal["face", "damage"] = "damage" if colon and kind == "damage" else "face"
    path = (rest if colon and kind in ("damage", "face") else value.string).removeprefix("./")
    if not path:
        raise value.fault("similar: names no file; write its path below INPUT, or on this machine")
    return Like(what, path, value.column)


_OPERATORS: dict[str, Operator] = {operator: operator for operator in get_args(Operator)}
_READERS: dict[str, Callable[[_Value], Asked]] = {
    "person": _people,
    "only": _people,
    "folder": _folder,
    "similar": _like,
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(CHOICES, _choice),
}
