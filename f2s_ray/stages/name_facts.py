"""Names on faces to statements: what a person would have said in the catalog to have them there.

Nothing is taken back and no name is overwritten: where programs disagree with each other, or with a person, that is a
conflict and nothing is said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from f2s_catalog.ids import digest
from f2s_catalog.records import Box, Constraint, Face, FaceMark, Identity, Label

from f2s_ray.media.named_regions import same_name
from f2s_ray.stages.place_names import NamedFace

__all__ = ["Known", "Said", "say_names"]

ORDER = ("reject", "same", "confirm", "name")  # faces leave before identities merge, and a name comes to faces


@dataclass(frozen=True)
class Known:
    """What the catalog tells: faces by id, who is who, what was said before, and digests of the bytes by media_id."""

    faces: Mapping[str, Face]
    identities: Sequence[Identity]
    labels: Sequence[Label]
    constraints: Sequence[Constraint]
    digests: Mapping[str, str]
    paths: Mapping[str, str]

    @cached_property
    def called(self) -> dict[str, list[Identity]]:
        """Who has a name, by the name."""
        found: dict[str, list[Identity]] = {}
        for identity in self.identities:
            if identity.name:
                found.setdefault(_key(identity.name), []).append(identity)
        return found

    @cached_property
    def rejected(self) -> set[tuple[str, str, int, Box]]:
        """Identities and places of faces that somebody said are not theirs."""
        marks = [(fact.identity_id, mark) for fact in self.labels if fact.kind == "reject" for mark in fact.faces]
        return {(identity_id, mark.content_digest, mark.frame, mark.box_px) for identity_id, mark in marks}

    @cached_property
    def apart(self) -> set[frozenset[str]]:
        """Pairs of identities that somebody said are not the same."""
        return {frozenset((fact.identity_id, fact.other_id)) for fact in self.constraints if fact.kind == "not_same"}


@dataclass
class Said:
    """Statements without their number and time, in their order, and a line for each conflict."""

    facts: list[Label | Constraint] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Group:
    """Faces of one name in one identity: they speak for all of it, or are to be split off; and whom they speak for."""

    identity: Identity
    faces: list[NamedFace]
    is_split: bool
    face_ids: tuple[str, ...]


def say_names(named: Sequence[NamedFace], known: Known) -> Said:
    """What is to be said so that these faces have these names; nothing that holds or was said already.

    - An unnamed identity whose faces all have one name gets it, and its faces are confirmed.
    - Of several names in one identity the one of most faces stays, the others become identities of their own.
    - Identities of one name become one, unless they are seen in one picture, or a person said that they are not the same.
    """
    said = Said()
    groups = _groups(_agreed(named, said), known, said)
    stays: dict[str, list[_Group]] = {}
    splits: dict[str, list[_Group]] = {}
    for identity, by_name in groups:
        first = _staying(identity, by_name)
        leaving = {one.face.face_id for name, faces in by_name.items() if name != first for one in faces}
        rest = tuple(face_id for face_id in identity.face_ids if face_id not in leaving)
        for name, faces in by_name.items():
            ids = rest if name == first else tuple(one.face.face_id for one in faces)
            group = _Group(identity, faces, name != first, ids)
            (splits if group.is_split else stays).setdefault(_key(name), []).append(group)
    for key in sorted(stays.keys() | splits.keys()):
        _say_name(stays.get(key, []), splits.get(key, []), known, said)
    said.facts = sorted(_unsaid(said.facts, known), key=lambda fact: ORDER.index(fact.kind))
    return said


def _agreed(named: Sequence[NamedFace], said: Said) -> list[NamedFace]:
    """One name a face; a face that has two is a conflict."""
    by_face: dict[str, list[NamedFace]] = {}
    for one in named:
        by_face.setdefault(one.face.face_id, []).append(one)
    agreed = []
    for faces in by_face.values():
        other = next((one for one in faces if not same_name(one.name, faces[0].name)), None)
        if other is None:
            agreed.append(faces[0])
        else:
            first = faces[0]
            said.conflicts.append(
                f"{first.path}: one face is {first.name} ({first.program}) and {other.name} ({other.program})"
            )
    return agreed


def _groups(named: Sequence[NamedFace], known: Known, said: Said) -> list[tuple[Identity, dict[str, list[NamedFace]]]]:
    """Names by identity, without those that a name given before speaks against."""
    owner = {face_id: identity for identity in known.identities for face_id in identity.face_ids}
    found: dict[str, dict[str, list[NamedFace]]] = {}
    spelled: dict[str, str] = {}
    for one in named:
        identity = owner.get(one.face.face_id)
        if identity is None:
            said.conflicts.append(f"{one.path}: {one.name} is a face of nobody; run `f2s identify` first")
        elif identity.name is not None and not same_name(identity.name, one.name):
            said.conflicts.append(f"{one.path}: {one.name} ({one.program}) is called {identity.name} here")
        else:
            name = spelled.setdefault(_key(one.name), identity.name or one.name)
            found.setdefault(identity.identity_id, {}).setdefault(name, []).append(one)
    identities = {identity.identity_id: identity for identity in known.identities}
    return [(identities[identity_id], found[identity_id]) for identity_id in sorted(found)]


def _staying(identity: Identity, by_name: Mapping[str, Sequence[NamedFace]]) -> str:
    """The name that an identity keeps; of several that of most faces, and of the best of them."""
    rank = {face_id: place for place, face_id in enumerate(identity.face_ids)}
    return min(by_name, key=lambda name: (-len(by_name[name]), min(rank[one.face.face_id] for one in by_name[name])))


def _say_name(stays: Sequence[_Group], splits: Sequence[_Group], known: Known, said: Said) -> None:
    """All of one name: who has it, who joins, who is taken out of somebody else."""
    groups = [*stays, *splits]
    programs = Counter(one.program for group in groups for one in group.faces)
    speaker = f"import: {programs.most_common(1)[0][0]}"
    name = groups[0].faces[0].name
    holders = known.called.get(_key(name), [])
    home = _home(holders, stays)
    if home is None:
        home_id = digest("named", _key(name), splits[0].identity.identity_id, splits[0].faces[0].face.face_id)
    else:
        home_id, name = home.identity_id, home.name or name
    shown = _pictures(home.face_ids if home else (), known)
    joined = [one for group in groups if group.identity is home for one in group.faces]
    parts = [group for group in groups if group.identity is not home]
    for group in sorted(parts, key=lambda part: (-len(part.face_ids), part.identity.identity_id)):
        seen = _pictures(group.face_ids, known)
        if any(group.identity is one for one in holders):
            said.facts += _confirmed(group.identity.identity_id, group.identity, group.faces, known, speaker)
            continue
        if hindrance := _hindrance(group, name, home_id, shown & seen, known):
            said.conflicts.append(hindrance)
            continue
        if len(holders) > 1:
            said.conflicts.append(f"{group.faces[0].path}: {len(holders)} people are called {name} here")
            continue
        shown |= seen
        joined += group.faces
        if not group.is_split and home is not None:
            said.facts.append(_same(home, group, known, speaker))
        elif group.is_split:
            said.facts.append(_label("reject", group.identity.identity_id, group.faces, known, speaker))
    said.facts += _confirmed(home_id, home, joined, known, speaker)
    if joined and (home is None or home.name is None):
        said.facts.append(_label("name", home_id, joined[:1], known, speaker, name))


def _hindrance(group: _Group, name: str, home_id: str, both: set[str], known: Known) -> str | None:
    """Why a group cannot be somebody, in words."""
    first = group.faces[0]
    if both:
        path = min(known.paths.get(media_id, media_id) for media_id in both)
        return f"{path}: {name} is there twice; only one of them is taken"
    if frozenset((home_id, group.identity.identity_id)) in known.apart:
        return f"{first.path}: {name} ({first.program}) is said not to be the {name} of the catalog"
    if group.is_split and set(group.face_ids) & set(group.identity.confirmed_face_ids):
        return f"{first.path}: the face of {name} ({first.program}) was confirmed as somebody else's here"
    faces = [known.faces[face_id] for face_id in group.face_ids]
    if any((home_id, known.digests[face.media_id], face.frame, face.box_px) in known.rejected for face in faces):
        return f"{first.path}: the face of {name} ({first.program}) was rejected here"
    return None


def _confirmed(
    home_id: str, home: Identity | None, faces: Sequence[NamedFace], known: Known, speaker: str
) -> list[Label]:
    fresh = [one for one in faces if home is None or one.face.face_id not in home.confirmed_face_ids]
    return [_label("confirm", home_id, fresh, known, speaker)] if fresh else []


def _home(holders: Sequence[Identity], stays: Sequence[_Group]) -> Identity | None:
    """Who has the name, or is to get it: the largest, those first that are called so."""
    own = [group.identity for group in stays]
    called = [identity for identity in holders if any(identity is one for one in own)] or holders or own
    return min(called, key=lambda identity: (-len(identity.face_ids), identity.identity_id), default=None)


def _pictures(face_ids: Iterable[str], known: Known) -> set[str]:
    """The photos where they are seen: two faces of one photo are two people."""
    return {face.media_id for face_id in face_ids if (face := known.faces[face_id]).track_id is None}


def _mark(face: Face, known: Known) -> FaceMark:
    return FaceMark(
        face_id=face.face_id, content_digest=known.digests[face.media_id], frame=face.frame, box_px=face.box_px
    )


def _label(
    kind: str, identity_id: str, faces: Sequence[NamedFace], known: Known, speaker: str, name: str | None = None
) -> Label:
    marks = tuple(_mark(one.face, known) for one in sorted(faces, key=lambda one: one.face.face_id))
    values = {"kind": kind, "identity_id": identity_id, "name": name, "faces": marks}
    return Label.model_validate({"fact_id": "", "said_at": "", "said_by": speaker, **values})


def _same(home: Identity, group: _Group, known: Known, speaker: str) -> Constraint:
    marks = [tuple(_mark(known.faces[face_id], known) for face_id in ids) for ids in (home.face_ids, group.face_ids)]
    return Constraint(
        fact_id="",
        said_at="",
        said_by=speaker,
        kind="same",
        identity_id=home.identity_id,
        other_id=group.identity.identity_id,
        faces=marks[0],
        other_faces=marks[1],
    )


def _unsaid(facts: Sequence[Label | Constraint], known: Known) -> list[Label | Constraint]:
    """Those that were never said: a statement that a person has overruled since is not said again."""
    before = {_content(fact) for fact in known.labels} | {_content(fact) for fact in known.constraints}
    return [fact for fact in facts if _content(fact) not in before]


def _content(fact: Label | Constraint) -> str:
    places = sorted(f"{mark.content_digest} {mark.frame} {mark.box_px}" for mark in fact.faces)
    if isinstance(fact, Label):
        return digest(fact.kind, fact.identity_id, fact.name, places)
    return digest(fact.kind, fact.identity_id, fact.other_id)


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
