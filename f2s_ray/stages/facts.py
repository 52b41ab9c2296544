"""Statements about people, in the order in which they were made, to what holds now: which face is whom, and whom not.

Nothing is taken back but by a later statement. A statement whose faces are gone sleeps: it says nothing of faces, and
holds again when they come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from f2s_catalog.records import Constraint, FaceMark, Label

__all__ = ["Holding", "Said", "marks_of", "replay"]

Fact = Label | Constraint


@dataclass(frozen=True)
class Holding:
    """Whose face it is. ``is_said``: somebody said so of this face, else it only was seen when something else was said."""

    identity_id: str
    is_said: bool
    is_confirmed: bool


@dataclass(frozen=True)
class Said:
    """What holds. Identities stand under the id by which they go on; faces are rows.

    ``joined`` leads from the id of one that became another to that other; ``stated`` are those of whom something holds.
    """

    faces: Mapping[int, Holding]
    rejected: Mapping[int, frozenset[str]]
    joined: Mapping[str, str]
    stated: frozenset[str]
    names: Mapping[str, str]
    ignored: frozenset[str]
    primaries: Mapping[str, int]

    def root(self, identity_id: str) -> str:
        """The id by which somebody goes on."""
        return self.joined.get(identity_id, identity_id)


def marks_of(facts: Sequence[Fact]) -> list[FaceMark]:
    """All faces that are spoken of."""
    return [mark for fact in facts for mark in (*fact.faces, *getattr(fact, "other_faces", ()))]


def replay(facts: Sequence[Fact], rows: Mapping[FaceMark, int]) -> Said:
    """Say everything again, from the first to the last.

    Args:
        facts: in any order; their ids tell it.
        rows: of each mark whose face is there, where it is.
    """
    state = _State(rows)
    for number, fact in enumerate(sorted(facts, key=lambda fact: fact.fact_id)):
        if isinstance(fact, Constraint):
            state.constrain(fact, number)
        else:
            state.label(fact, number)
    return state.settled()


@dataclass
class _State:
    """What holds after some of the statements; identities stand under the ids by which they were spoken of."""

    rows: Mapping[FaceMark, int]
    faces: dict[int, Holding] = field(default_factory=dict)
    rejected: dict[int, set[str]] = field(default_factory=dict)
    parents: dict[str, tuple[str, int]] = field(default_factory=dict)
    spoken_of: dict[str, None] = field(default_factory=dict)
    names: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    ignored: dict[str, bool] = field(default_factory=dict)
    primaries: dict[str, FaceMark] = field(default_factory=dict)

    def label(self, fact: Label, number: int) -> None:
        who = fact.identity_id
        self.spoken_of[who] = None
        if fact.kind == "confirm":
            self._confirm(who, self._there(fact.faces))
        elif fact.kind == "reject":
            self._reject(who, self._there(fact.faces))
        else:
            self._see(who, self._there(fact.faces))
        if fact.kind == "name":
            self.names[self._root(who)] = (fact.name, number)
        elif fact.kind in ("ignore", "notice"):
            self.ignored[self._root(who)] = fact.kind == "ignore"
        elif fact.kind == "primary" and fact.faces:
            self.primaries[self._root(who)] = fact.faces[0]

    def constrain(self, fact: Constraint, number: int) -> None:
        self.spoken_of |= {fact.identity_id: None, fact.other_id: None}
        one, other = self._root(fact.identity_id), self._root(fact.other_id)
        faces, other_faces = self._there(fact.faces), self._there(fact.other_faces)
        if fact.kind == "not_same":
            if one == other:
                self._part(fact.identity_id, fact.other_id)
            self._see(fact.identity_id, faces)
            self._see(fact.other_id, other_faces)
            return
        if one != other:
            self.parents[other] = (one, number)
        for who, some in ((fact.identity_id, faces), (fact.other_id, other_faces)):
            for row in some:
                self._spare(row, who)
                held = self.faces.get(row)
                if held is None or not held.is_confirmed:
                    self.faces[row] = Holding(who, is_said=True, is_confirmed=False)

    def settled(self) -> Said:
        """All under the ids by which they go on."""
        joined = {who: self._root(who) for who in self.parents}
        faces = {
            row: Holding(self._root(held.identity_id), held.is_said, held.is_confirmed)
            for row, held in self.faces.items()
        }
        rejected = {row: frozenset(map(self._root, some)) for row, some in self.rejected.items()}
        # Who a face is not may have become who it is said to be: then it stays.
        own = {row: {held.identity_id} for row, held in faces.items() if held.is_said}
        rejected = {row: left for row, some in rejected.items() if (left := some - own.get(row, set()))}
        roots = {self._root(who) for who in self.spoken_of}
        return Said(
            faces=faces,
            rejected=rejected,
            joined=joined,
            stated=frozenset(roots),
            names={who: name for who in roots if (name := self._name(who)) is not None},
            ignored=frozenset(who for who in roots if self.ignored.get(who, False)),
            primaries={who: row for who in roots if (row := self._primary(who)) is not None},
        )

    def _there(self, marks: Sequence[FaceMark]) -> list[int]:
        return [self.rows[mark] for mark in marks if mark in self.rows]

    def _root(self, who: str) -> str:
        while who in self.parents:
            who = self.parents[who][0]
        return who

    def _confirm(self, who: str, rows: Sequence[int]) -> None:
        for row in rows:
            self._spare(row, who)
            self.faces[row] = Holding(who, is_said=True, is_confirmed=True)

    def _reject(self, who: str, rows: Sequence[int]) -> None:
        for row in rows:
            if (held := self.faces.get(row)) and self._root(held.identity_id) == self._root(who):
                del self.faces[row]
            self.rejected.setdefault(row, set()).add(who)

    def _see(self, who: str, rows: Sequence[int]) -> None:
        """These were somebody's when something else was said; nothing that was said of them yields to that."""
        root = self._root(who)
        for row in rows:
            if row not in self.faces and root not in map(self._root, self.rejected.get(row, ())):
                self.faces[row] = Holding(who, is_said=False, is_confirmed=False)

    def _spare(self, row: int, who: str) -> None:
        """It is not rejected any more."""
        root = self._root(who)
        self.rejected[row] = {one for one in self.rejected.get(row, ()) if self._root(one) != root}

    def _part(self, one: str, other: str) -> None:
        """Undo that both became one."""
        self.parents.pop(other if other in self.parents else one)

    def _children(self, root: str) -> list[tuple[int, str]]:
        """Who became this one, the latest first."""
        return sorted(((number, who) for who, (parent, number) in self.parents.items() if parent == root), reverse=True)

    def _name(self, who: str) -> str | None:
        """The name given last; one that has none takes that of who became them since."""
        name, given = self.names.get(who, (None, -1))
        if name is not None:
            return name
        return next((name for at, child in self._children(who) if at > given and (name := self._name(child))), None)

    def _primary(self, who: str) -> int | None:
        if who in self.primaries:
            return self.rows.get(self.primaries[who])
        return next((row for _, child in self._children(who) if (row := self._primary(child)) is not None), None)
