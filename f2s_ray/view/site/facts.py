"""What a form says to a statement about people, and what to tell of it: what was done, and how it is undone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from f2s_ray.errors import ConfigError
from f2s_ray.flows.people import People
from f2s_ray.view.words import count_words

__all__ = ["NAMING", "Form", "say"]

NAMING = frozenset({"name", "name_anyway"})
"""Actions that give or take a name."""


@dataclass(frozen=True)
class Form:
    """The fields of a form: about whom, which faces, and a word, which is a name, a label or an id."""

    identity_id: str
    faces: Sequence[str]
    word: str

    @property
    def faces_words(self) -> str:
        """How many faces."""
        return count_words(len(self.faces), "face", "faces")


def say(people: People, action: str, form: Form) -> tuple[str, str]:
    """Say it; whom to show then, and what to tell.

    Raises:
        ConfigError, QueryError: it cannot be said, with the way out.
    """
    if action not in _ACTIONS:
        raise ConfigError(f"there is no action {action!r}; choose one of the buttons")
    return _ACTIONS[action](people, form)


def _name(people: People, form: Form) -> tuple[str, str]:
    people.name(form.identity_id, form.word or None)
    if not form.word:
        return form.identity_id, "The name is taken away. To undo it, type it again."
    return form.identity_id, f"Called {form.word} now. To undo it, empty the field and save."


def _merge(people: People, form: Form) -> tuple[str, str]:
    people.merge(form.identity_id, [people.find(form.word)])
    return form.identity_id, "Both are one person now. To undo it, choose the faces of one below and split them off."


def _join(people: People, form: Form) -> tuple[str, str]:
    """The other one goes on, under its own name."""
    other = people.find(form.word)
    people.merge(other, [form.identity_id])
    return other, "Both are one person now. To undo it, choose the faces of one below and split them off."


def _not_same(people: People, form: Form) -> tuple[str, str]:
    people.not_same(form.identity_id, people.find(form.word))
    return form.identity_id, "Noted: two people. They never become one by themselves; to undo it, merge them."


def _confirm(people: People, form: Form) -> tuple[str, str]:
    people.confirm(form.identity_id, form.faces)
    return form.identity_id, f"{form.faces_words} confirmed. To undo it, choose them again: Not this person."


def _reject(people: People, form: Form) -> tuple[str, str]:
    people.reject(form.identity_id, form.faces)
    return form.identity_id, f"{form.faces_words} taken out. To undo it, move them back from the person they went to."


def _split(people: People, form: Form) -> tuple[str, str]:
    new = people.split(form.identity_id, form.faces)
    if form.word:
        people.name(new, form.word)
    return new, f"{form.faces_words} split off as a new person. To undo it, merge this one with the former."


def _move(people: People, form: Form) -> tuple[str, str]:
    if not form.word:
        raise ConfigError("nobody is named to move the faces to; type a name or a label like Person 12")
    target = people.find(form.word)
    people.confirm(target, form.faces)
    return target, f"{form.faces_words} moved here. To undo it, move them back."


def _primary(people: People, form: Form) -> tuple[str, str]:
    if len(form.faces) != 1:
        raise ConfigError(f"one face shows a person, and {len(form.faces)} are chosen; choose one")
    people.primary(form.identity_id, form.faces[0])
    return form.identity_id, "Shown by this face now, and it is the first reference. To undo it, choose another."


def _ignore(people: People, form: Form) -> tuple[str, str]:
    people.ignore(form.identity_id)
    return form.identity_id, "Not on the wall any more. To undo it: Notice again."


def _notice(people: People, form: Form) -> tuple[str, str]:
    people.notice(form.identity_id)
    return form.identity_id, "Back on the wall."


_ACTIONS: dict[str, Callable[[People, Form], tuple[str, str]]] = {
    "name": _name,
    "name_anyway": _name,
    "merge": _merge,
    "join": _join,
    "not_same": _not_same,
    "confirm": _confirm,
    "reject": _reject,
    "split": _split,
    "move": _move,
    "primary": _primary,
    "ignore": _ignore,
    "notice": _notice,
}
