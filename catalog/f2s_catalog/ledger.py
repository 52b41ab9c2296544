"""Outcomes in, current rows out: what was tried, what came of it, and what is still to do."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.arrow import from_table, schema_of, stored_schema, to_table
from f2s_catalog.commits import Commits, Note, noted
from f2s_catalog.compact import MANY, compact
from f2s_catalog.erase import finish_all
from f2s_catalog.erase_journal import refuse_erased
from f2s_catalog.errors import CatalogError
from f2s_catalog.ids import digest
from f2s_catalog.locks import committing, job_lock, reducing, stating
from f2s_catalog.place import Place
from f2s_catalog.records import TABLES, Attempt, Record
from f2s_catalog.storage import remove
from f2s_catalog.store import fragments, sequence_of, write_fragment
from f2s_catalog.views import asked_again, needed, reading

__all__ = ["Catalog", "Outcome"]

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Outcome:
    """What one try of one step at one item left: its attempt and the records it made (none unless done).

    A reduction of millions of rows gives whole ``tables`` instead, with the columns of the record alone.
    """

    attempt: Attempt
    records: tuple[Record, ...]
    tables: Mapping[type[Record], pa.Table] = field(default_factory=dict)


class Catalog:
    """The tables of one OUTPUT folder. Reading needs no lock and creates nothing; writing holds the folder.

    Args:
        root: the OUTPUT folder.
        paths: of tables whose rows steps made of items, those alone that were made of these files; of all where not given.
    """

    def __init__(self, root: Place, paths: Sequence[str] | None = None) -> None:
        self.root = root
        self._paths = paths
        self._writing = False
        self._versions: dict[type[Record], tuple[tuple[str, ...], str]] = {}
        self._committed: tuple[list[str], dict[str, list[int]]] = ([], {})

    def of(self, paths: Sequence[str]) -> "Catalog":
        """The same for reading what was made of some files, which costs little more than these are worth."""
        return Catalog(self.root, paths)

    @contextmanager
    def writing(self, *, finish: bool = True) -> Iterator[None]:
        """Hold the right to run a job; inside itself it does nothing more. Single commits need no such right.

        An erasure that was cut off is finished first, unless the caller does it (``finish``).

        Raises:
            CatalogError: another process is writing, the folder cannot be written, or something is left of who was erased.
        """
        with ExitStack() as stack:
            if not self._writing:
                stack.enter_context(job_lock(self.root))
                stack.callback(setattr, self, "_writing", False)
                self._writing = True
                if finish:
                    finish_all(self.root)
                    with committing(self.root):
                        compact(self.root, patience_seconds=0)
            yield

    def reducing(self, step: str) -> AbstractContextManager[None]:
        """Wait for the right to run a reduction: no two of one name run at a time, so none is based on what is over.

        Raises:
            CatalogError: the folder cannot be written.
        """
        return reducing(self.root, step)

    def commit(self, writes: Sequence[type[Record]], outcomes: Sequence[Outcome]) -> None:
        """Append outcomes; their records become current together with their attempts, or not at all.

        Args:
            writes: the tables that the step may write.
            outcomes: at most one for each item.

        Raises:
            CatalogError: no space, no right.
            ValueError: a record is of no table in ``writes``, or a key of one item or an item stands twice.
        """
        if not outcomes:
            return
        _check(writes, outcomes)
        with committing(self.root) as sequence:
            written: dict[str, tuple[int, Commits]] = {}
            for record_type in writes:
                rows = [(o.attempt, r) for o in outcomes for r in o.records if type(r) is record_type]
                made = [
                    _stored(record_type, [a for a, _ in rows], to_table(record_type, (r for _, r in rows)), sequence)
                ]
                made += [
                    _stored(record_type, [o.attempt] * o.tables[record_type].num_rows, o.tables[record_type], sequence)
                    for o in outcomes
                    if record_type in o.tables
                ]
                table = pa.concat_tables(made)
                if table.num_rows:
                    write_fragment(self.root, record_type, table, sequence)
                    written[record_type.TABLE] = (1, Commits(sequence, sequence))
            attempts = [o.attempt for o in outcomes]
            previous = max(map(sequence_of, fragments(self.root, Attempt)), default=0)
            table = _stored(Attempt, attempts, to_table(Attempt, attempts), sequence)
            write_fragment(self.root, Attempt, noted(table, Note(previous, written)), sequence)
            if sequence % MANY == 0:
                compact(self.root)

    def say(self, facts: Sequence[Record]) -> None:
        """Append what a person said; it holds from then on, whatever is run.

        Args:
            facts: records of tables that are made of statements.

        Raises:
            CatalogError: no space, no right, or somebody of whom this is said is being erased or was.
        """
        with stating(self.root) as sequence:
            refuse_erased(self.root, facts)
            written = []
            for record_type in {type(fact): None for fact in facts}:
                own = [fact for fact in facts if type(fact) is record_type]
                written.append(write_fragment(self.root, record_type, to_table(record_type, own), sequence))
            try:
                # Where no lock shuts an erasure out, one that begins meanwhile sees the fragment, or is seen here.
                refuse_erased(self.root, facts)
            except CatalogError:
                for path in written:
                    remove(path)
                raise

    def table(self, record_type: type[Record], **only: Sequence[str]) -> pa.Table:
        """The current rows of a table, sorted by key, with the columns of the record alone.

        Args:
            record_type: the table.
            only: names of columns and the values that they may have.

        Raises:
            CatalogError: as ``scan`` says.
        """
        name, key = record_type.TABLE, ", ".join(record_type.KEY)
        wanted = " ".join(f'SEMI JOIN "_{column}" USING ({column})' for column in only)
        sql = f'SELECT * FROM "{name}" {wanted} ORDER BY {key}' if only else f'SELECT * FROM "{name}"'
        asked = {f"_{column}": pa.table({column: pa.array(values, pa.string())}) for column, values in only.items()}
        return self.ask((record_type,), sql, asked).cast(schema_of(record_type))

    def rows(self, record_type: type[R], **only: Sequence[str]) -> list[R]:
        """The current rows of a table as records, sorted by key; see ``table``.

        Raises:
            CatalogError: as ``scan`` says.
        """
        return from_table(record_type, self.table(record_type, **only))

    @asked_again
    def ask(
        self,
        record_types: Sequence[type[Record]],
        sql: str,
        asked: Mapping[str, pa.Table] | None = None,
        **parameters: str,
    ) -> pa.Table:
        """The answer to a question of our own about the current rows of some tables, with ``asked`` as tables beside them.

        Raises:
            CatalogError: as ``scan`` says.
        """
        with reading(self.root, record_types, self._paths) as connection:
            for name, table in (asked or {}).items():
                connection.register(name, table)
            return connection.sql(sql, params=parameters).to_arrow_table()

    @asked_again
    def view(self, name: str) -> pa.Table:
        """The rows of one of ``VIEWS``.

        Raises:
            CatalogError: as ``scan`` says.
        """
        with reading(self.root, needed(name)) as connection:
            return connection.table(name).to_arrow_table()

    def attempts(self) -> list[Attempt]:
        """The latest attempt of each step at each item, sorted by step and item.

        Raises:
            CatalogError: as ``scan`` says.
        """
        return self.rows(Attempt)

    def pending(self, step: str, items: pa.Table, retry_failed: frozenset[str] = frozenset()) -> dict[str, int]:
        """The items that are still to do, in their order, each with the number of the try to come.

        Left out are those whose latest attempt has their fingerprint and is done, skipped, or failed with another kind
        than those in ``retry_failed``; those that are gone are to do whatever their attempts say.

        Args:
            step: name of the step.
            items: columns item_id, fingerprint, and is_gone: it was done, and its file is not there any more.
            retry_failed: kinds of error to try again.

        Raises:
            CatalogError: as ``scan`` says.
            ValueError: an item stands twice.
        """
        counts = items.group_by("item_id").aggregate([([], "count_all")])
        if counts.num_rows < items.num_rows:
            twice = counts.filter(pc.greater(counts["count_all"], 1))["item_id"][0].as_py()
            raise ValueError(f"step {step!r} was given the item {twice!r} twice")
        kinds = pa.table({"error_kind": pa.array(sorted(retry_failed), pa.string())})
        found = self.ask((Attempt,), _PENDING, {"_items": items, "_kinds": kinds}, step=step)
        return dict(zip(found["item_id"].to_pylist(), found["number"].to_pylist(), strict=True))

    def state(self, steps: Sequence[str]) -> str:
        """Digest of what these steps have committed and of what people said: it changes when either grows, or loses something."""
        kinds: list[type[Record]] = [kind for kind in TABLES if kind.MADE == "said"]
        said = [fragment.name for kind in kinds for fragment in fragments(self.root, kind)]
        written = [fragment.name for fragment in fragments(self.root, Attempt)]
        if self._committed[0] != written:  # else it is the same as last time
            sql = "SELECT step, count(*) AS count, sum(sequence)::BIGINT AS sum FROM _stored_attempts GROUP BY step"
            found = {row["step"]: [row["count"], row["sum"]] for row in self.ask((Attempt,), sql).to_pylist()}
            self._committed = (written, found)
        return digest(said, [self._committed[1].get(step) for step in steps])

    def version(self, record_type: type[Record]) -> str:
        """Digest of which attempts made the current rows of a table, or of what was said: it changes with them."""
        return self.versions((record_type,))[0]

    def versions(self, record_types: Sequence[type[Record]]) -> list[str]:
        """The versions of several tables; what was told once is not read again as long as nothing was written."""
        kinds: list[type[Record]] = [*record_types, Attempt]
        written = {kind: tuple(one.name for one in fragments(self.root, kind)) for kind in kinds}
        states = {kind: (*written[Attempt], "", *written[kind]) for kind in record_types}
        unknown = [kind for kind in record_types if self._versions.get(kind, ((), ""))[0] != states[kind]]
        for kind, version in zip(unknown, self._versions_of(unknown) if unknown else (), strict=True):
            self._versions[kind] = (states[kind], version)
        return [self._versions[kind][1] for kind in record_types]

    @asked_again
    def _versions_of(self, record_types: Sequence[type[Record]]) -> list[str]:
        with reading(self.root, record_types) as connection:
            found = [connection.sql(_version_of(record_type)).fetchall() for record_type in record_types]
        return [str(version) for ((version,),) in found]


_PENDING = """
SELECT item_id, coalesce(number, 0) + 1 AS number
FROM (SELECT *, row_number() OVER () AS place FROM _items)
LEFT JOIN (SELECT item_id, fingerprint AS last, status, error_kind, number FROM attempts WHERE step = $step) USING (item_id)
WHERE last IS DISTINCT FROM fingerprint OR (status = 'done' AND is_gone)
    OR (status = 'failed' AND error_kind IN (FROM _kinds))
ORDER BY place
"""


def _version_of(record_type: type[Record]) -> str:
    """SQL for a version: the database sorts and digests, since there may be a row for each of a million files."""
    if record_type.MADE == "said":
        keys, rows = ", ".join(record_type.KEY), record_type.TABLE
    else:
        keys = "step, item_id, fingerprint"
        rows = f"(SELECT DISTINCT {keys} FROM _stored_{record_type.TABLE} SEMI JOIN _done USING ({keys}, sequence))"
    return f"SELECT sha256(coalesce(string_agg(concat_ws(' ', {keys}), chr(10) ORDER BY {keys}), '')) FROM {rows}"


def _stored(record_type: type[Record], attempts: Sequence[Attempt], table: pa.Table, sequence: int) -> pa.Table:
    """Rows with the columns that say which attempt made each of them."""
    provenance = {
        "step": [attempt.step for attempt in attempts],
        "item_id": [attempt.item_id for attempt in attempts],
        "fingerprint": [attempt.fingerprint for attempt in attempts],
        "sequence": [sequence] * len(attempts),
    }
    schema = stored_schema(record_type)
    for column in list(schema)[len(table.schema) :]:
        table = table.append_column(column, pa.array(provenance[column.name], column.type))
    return table


def _check(writes: Sequence[type[Record]], outcomes: Sequence[Outcome]) -> None:
    """Catch the bugs of a stage before they are on disk."""
    items: set[tuple[str, str]] = set()
    for outcome in outcomes:
        item = (outcome.attempt.step, outcome.attempt.item_id)
        if item in items:
            raise ValueError(f"{item} stands twice in one commit")
        items.add(item)
        for record_type, table in outcome.tables.items():
            if record_type not in writes:
                raise ValueError(f"step {item[0]!r} made a {record_type.__name__}, which it does not declare to write")
            if table.group_by(list(record_type.KEY)).aggregate([]).num_rows < table.num_rows:
                raise ValueError(f"step {item[0]!r} made one {record_type.__name__} twice of {item[1]!r}")
        keys: set[tuple[object, ...]] = set()
        for record in outcome.records:
            if type(record) not in writes:
                raise ValueError(f"step {item[0]!r} made a {type(record).__name__}, which it does not declare to write")
            key = (type(record), *(getattr(record, name) for name in record.KEY))
            if key in keys:
                raise ValueError(f"step {item[0]!r} made {type(record).__name__} {key[1:]} twice of {item[1]!r}")
            keys.add(key)
