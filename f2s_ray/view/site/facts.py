"""What a form says to a statement about people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from f2s_ray.errors import ConfigError
from f2s_ray.flows.people import People

__all__ = ["Form", "say"]


@dataclass(frozen=True)
class Form:
    """The fields of a form: about whom, which faces, and a word, which is a name, a label or an id."""

    identity_id: str
    faces: Sequence[str]
    word: str


def say(people: People, action: str, form: Form) -> tuple[str, str]:
    """Say it; whom to show then, and what to tell.

    Raises:
        ConfigError, QueryError: it cannot be said, with the way out.
    """
    if action not in _ACTIONS:
        raise ConfigError(f"there is no action {action!r}")
    return _ACTIONS[action](people, form)


def _name(people: People, form: Form) -> tuple[str, str]:
    people.name(form.identity_id, form.word or None)
    return form.identity_id, f"Called {form.word} now." if form.word else "The name is taken away."


def _merge(people: People, form: Form) -> tuple[str, str]:
    other = people.find(form.word)
    people.merge(form.identity_id, [other])
    return form.identity_id, "Both are one person now. To undo it, choose the faces of one and split them off."


def _not_same(people: People, form: Form) -> tuple[str, str]:
    people.not_same(form.identity_id, people.find(form.word))
    return form.identity_id, "Noted: these are two people."


def _confirm(people: People, form: Form) -> tuple[str, str]:
    people.confirm(form.identity_id, form.faces)
    return form.identity_id, f"{len(form.faces)} confirmed."


def _reject(people: People, form: Form) -> tuple[str, str]:
    people.reject(form.identity_id, form.faces)
    return form.identity_id, f"{len(form.faces)} taken out: somebody else. To undo it, confirm them on this page again."


def _split(people: People, form: Form) -> tuple[str, str]:
    new = people.split(form.identity_id, form.faces)
    if form.word:
        people.name(new, form.word)
    return new, "Split off as a person of their own."


def _move(people: People, form: Form) -> tuple[str, str]:
    target = people.find(form.word)
    people.confirm(target, form.faces)
    return target, f"{len(form.faces)} moved here."


def _primary(people: People, form: Form) -> tuple[str, str]:
    if len(form.faces) != 1:
        raise ConfigError("one face shows a person; choose one")
    people.primary(form.identity_id, form.faces[0])
    return form.identity_id, "Shown by this face now; it is the first reference, too."


def _ignore(people: People, form: Form) -> tuple[str, str]:
    people.ignore(form.identity_id)
    return form.identity_id, "Left out of the wall. Notice them again on this page."


def _notice(people: People, form: Form) -> tuple[str, str]:
    people.notice(form.identity_id)
    return form.identity_id, "Back on the wall."


_ACTIONS: dict[str, Callable[[People, Form], tuple[str, str]]] = {
    "name": _name,
    "merge": _merge,
    "not_same": _not_same,
    "confirm": _confirm,
    "reject": _reject,
    "split": _split,
    "move": _move,
    "primary": _primary,
    "ignore": _ignore,
    "notice": _notice,
}
