"""What a person says about people: facts appended, and the identities settled by them, while a job may run."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

from f2s_catalog.errors import BusyError, QueryError
from f2s_catalog.everybody import collected
from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.nearest import nearest
from f2s_catalog.place import Place, folders_in, read_text
from f2s_catalog.records import Constraint, FaceMark, Identity, Label
from f2s_catalog.views import LABEL, asked_again, needed, reading
from f2s_catalog.whom import whom

from f2s_ray.errors import ConfigError
from f2s_ray.flows.identify import identify_steps, no_identities
from f2s_ray.flows.reduction import run_reduction
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.strict_yaml import parse

__all__ = ["People", "has_identities", "left_over", "refuse_without_identities"]

RUN_ID = "people"
LONGEST_NAME = 200
MOST_NAMES = 10_000  # among which the nearest is looked for
WHO_SQL = f"SELECT face_ids, primary_face_id, {LABEL} AS label FROM identities"
MARKS_SQL = """
SELECT face_id, content_digest, frame, box_px FROM faces JOIN media USING (media_id)
WHERE face_id IN (SELECT unnest($face_ids)) ORDER BY face_id
"""


class People:
    """The people of one OUTPUT folder.

    Every statement is appended, nothing is overwritten; it holds at once, and the identities are settled by it before the
    call is over. No job is held up, and none needs to be over.

    Args:
        output: the OUTPUT folder.
        by: who says it.
        settle: called instead of ``settle`` after each statement, to have that done later.
    """

    def __init__(self, output: Place, by: str, settle: Callable[[], object] | None = None) -> None:
        self._output, self._by = output, by
        self._catalog, self._settle = Catalog(output), settle or self.settle

    def name(self, identity_id: str, name: str | None) -> None:
        """Call somebody so; ``None`` takes the name away."""
        self._say([self._label("name", identity_id, self._shown(identity_id), _named(name))])

    def merge(self, identity_id: str, others: Sequence[str]) -> None:
        """They are all one person, who goes on under the first id."""
        merged = [other for other in dict.fromkeys(others) if other != identity_id]
        if not merged:
            raise ConfigError("a merge needs two people; name another one")
        own = self._known(identity_id)
        facts = []
        for other in merged:
            faces = self._known(other)
            facts.append(self._constraint("same", (identity_id, other), own, faces))
            own = (*own, *faces)
        self._say(facts)

    def split(self, identity_id: str, face_ids: Sequence[str]) -> str:
        """These faces are somebody else, together; the id of the new one."""
        faces = self._faces(face_ids)
        own = self._known(identity_id)
        if strange := set(faces) - set(own):
            raise ConfigError(f"{min(strange)} is no face of {self._word(identity_id)}; confirm it where it belongs")
        if set(faces) == set(own):
            raise ConfigError(f"that is all of {self._word(identity_id)}; leave at least one face behind")
        new = digest("split", identity_id, sorted(faces), secrets.token_hex(8))
        self._say([self._label("reject", identity_id, faces), self._label("confirm", new, faces)])
        return new

    def confirm(self, identity_id: str, face_ids: Sequence[str]) -> None:
        """These faces are this one, whoever they were taken for."""
        self._known(identity_id)
        self._say([self._label("confirm", identity_id, self._faces(face_ids))])

    def reject(self, identity_id: str, face_ids: Sequence[str]) -> None:
        """These faces are not this one."""
        self._known(identity_id)
        self._say([self._label("reject", identity_id, self._faces(face_ids))])

    def ignore(self, identity_id: str) -> None:
        """Nobody needs to see this one."""
        self._say([self._label("ignore", identity_id, self._shown(identity_id))])

    def notice(self, identity_id: str) -> None:
        """This one is to be seen again."""
        self._say([self._label("notice", identity_id, self._shown(identity_id))])

    def primary(self, identity_id: str, face_id: str) -> None:
        """Show this one by this face, and take it as the first reference."""
        if face_id not in self._known(identity_id):
            self._faces([face_id])
            raise ConfigError(f"{face_id} is no face of {self._word(identity_id)}; confirm it first")
        self._say([self._label("primary", identity_id, [face_id])])

    def not_same(self, identity_id: str, other_id: str) -> None:
        """These are two people."""
        if identity_id == other_id:
            raise ConfigError("one person is not two; name another one")
        shown = (self._shown(identity_id), self._shown(other_id))
        self._say([self._constraint("not_same", (identity_id, other_id), *shown)])

    def says(self, facts: Sequence[Label | Constraint]) -> None:
        """Append ready-made facts; those without a number or a time get them, in their order. ``settle`` applies them."""
        refuse_without_identities(self._output)
        said_at = datetime.now(UTC).isoformat(timespec="microseconds")
        stamp = f"{said_at}-{secrets.token_hex(4)}"
        self._catalog.say(
            [
                fact.model_copy(
                    update={"fact_id": fact.fact_id or f"{stamp}-{number:06d}", "said_at": fact.said_at or said_at}
                )
                for number, fact in enumerate(facts)
            ]
        )

    def settle(self) -> bool:
        """Bring identities, references and sightings up to all that was said.

        Returns:
            whether that was done. In a bucket a run that is writing goes first; the next one settles what was said meanwhile.
        """
        steps = identify_steps(*_chosen(self._output)) if has_identities(self._output) else no_identities()
        try:
            for step in steps:
                run_reduction(self._catalog, step, RUN_ID)
        except BusyError:
            return False
        return True

    @asked_again
    def find(self, word: str) -> str:
        """The identity that a name, a label or the beginning of an id means.

        Raises:
            QueryError: nobody is called so, or more than one.
        """
        refuse_without_identities(self._output)
        with reading(self._output, (Identity,)) as connection:
            return whom(word, connection)

    def face(self, word: str, identity_id: str) -> str:
        """The face that an id or a path means: in a path the one of this person, else the only one that there is.

        Raises:
            QueryError: there is no such face, or more than one.
        """
        rows = self._rows(
            "SELECT face_id, coalesce(track_id, face_id) AS track, quality FROM faces JOIN media USING (media_id)"
            " WHERE path = $word OR face_id = $word ORDER BY quality DESC, face_id",
            word=word,
        )
        if not rows:
            paths = [row["path"] for row in self._rows(f"SELECT path FROM media ORDER BY path LIMIT {MOST_NAMES}")]
            raise QueryError(f"there is no face in {word!r}; {nearest(word, paths)}")
        own = set(self._known(identity_id))
        rows = [row for row in rows if row["face_id"] in own] or rows
        if len({row["track"] for row in rows}) > 1:
            shown = ", ".join(row["face_id"] for row in rows[:4])
            raise QueryError(f"{word} shows {len(rows)} faces that may be meant: {shown}; name one of them")
        return str(rows[0]["face_id"])

    def _say(self, facts: Sequence[Label | Constraint]) -> None:
        self.says(facts)
        self._settle()

    def _who(self, identity_id: str) -> dict[str, Any]:
        """Somebody who is there: faces, the one that is shown, and label."""
        rows = self._rows(f"{WHO_SQL} WHERE identity_id = $identity_id", identity_id=identity_id)
        if not rows:
            labels = [row["label"] for row in self._rows(f"{WHO_SQL} ORDER BY name IS NULL, number LIMIT {MOST_NAMES}")]
            raise QueryError(f"there is no person {identity_id!r}; {nearest(identity_id, labels)}")
        return rows[0]

    def _known(self, identity_id: str) -> tuple[str, ...]:
        """The faces of somebody, who is there."""
        return tuple(self._who(identity_id)["face_ids"])

    def _word(self, identity_id: str) -> str:
        return str(self._who(identity_id)["label"])

    def _shown(self, identity_id: str) -> list[str]:
        primary = self._who(identity_id)["primary_face_id"]
        return [primary] if primary else []

    def _faces(self, face_ids: Sequence[str]) -> list[str]:
        """The same, each once and all of them there."""
        wanted = list(dict.fromkeys(face_ids))
        there = {mark.face_id for mark in self._marks(wanted)}
        if not wanted:
            raise ConfigError("no face is named; name one or more")
        if missing := [face_id for face_id in wanted if face_id not in there]:
            media_id = missing[0].partition("/")[0]
            near = self._rows("SELECT face_id FROM faces WHERE media_id = $media_id", media_id=media_id)
            raise QueryError(
                f"there is no face {missing[0]!r}; {nearest(missing[0], [row['face_id'] for row in near])}"
            )
        return wanted

    def _marks(self, face_ids: Iterable[str]) -> tuple[FaceMark, ...]:
        rows = self._rows(MARKS_SQL, face_ids=list(face_ids))
        return tuple(FaceMark.model_validate(row) for row in rows)

    def _label(self, kind: str, identity_id: str, face_ids: Sequence[str], name: str | None = None) -> Label:
        values = {"kind": kind, "identity_id": identity_id, "name": name, "faces": self._marks(face_ids)}
        return Label.model_validate({"fact_id": "", "said_at": "", "said_by": self._by, **values})

    def _constraint(
        self, kind: str, ids: tuple[str, str], faces: Sequence[str], other_faces: Sequence[str]
    ) -> Constraint:
        values = {"identity_id": ids[0], "other_id": ids[1]}
        marks = {"faces": self._marks(faces), "other_faces": self._marks(other_faces)}
        return Constraint.model_validate(
            {"fact_id": "", "said_at": "", "said_by": self._by, "kind": kind, **values, **marks}
        )

    @asked_again
    def _rows(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        with reading(self._output, needed(sql)) as connection:
            return connection.sql(sql, params=parameters).to_arrow_table().to_pylist()


def _named(name: str | None) -> str | None:
    if name is None:
        return None
    tidy = normalize("NFC", " ".join(name.split()))
    if not tidy or len(tidy) > LONGEST_NAME or not tidy.isprintable():
        raise ConfigError(f"{name!r} is no name; give 1 to {LONGEST_NAME} printable characters, or take the name away")
    return tidy


def _chosen(output: Place) -> tuple[ClusteringConfig, ReferenceConfig]:
    """What the newest run was asked: a job that runs beside this must not see other identities."""
    values = _asked(output)
    return (
        ClusteringConfig.model_validate(values.get("identify", {})),
        ReferenceConfig.model_validate(values.get("references", {})),
    )


def refuse_without_identities(output: Place) -> None:
    """See that people are told apart in this archive.

    Raises:
        ConfigError: the newest run was asked not to.
    """
    if not has_identities(output):
        left = left_over(output)
        raise ConfigError(
            left or f"identities are off in {output}, nobody is told apart; run again with --set identities=on"
        )


def left_over(output: Place) -> str:
    """One line on what earlier runs left of people where nobody is told apart any more; empty where that is nothing.

    Raises:
        CatalogError: a table cannot be read.
    """
    found = collected(output)
    if not any(found):
        return ""
    return (
        f"identities are off in {output}, but earlier runs left {found.vectors} vectors of faces and {found.rows} rows"
        f" about people; f2s people erase {output} --everybody removes them"
    )


def has_identities(output: Place) -> bool:
    """Whether the newest run told people apart."""
    return bool(_asked(output).get("identities", True))


def _asked(output: Place) -> dict[str, Any]:
    """The configuration of the newest run."""
    for folder in reversed(folders_in(output / "runs")):
        config = folder / "config.yaml"
        with suppress(FileNotFoundError):  # the folder of an erasure, or of a run that was cut off before it began
            values: Any = parse(read_text(config), str(config))
            return values or {}
    return {}
