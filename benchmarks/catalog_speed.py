"""The catalog beside DuckDB alone over one sorted Parquet file: python -m benchmarks.catalog_speed FOLDER [--faces N] [--items N].

A made catalog of ten million sightings of a million files. DuckDB's file holds the same rows as the table of a question does,
sorted by what the question looks for; it proves nothing that it reads, and knows of no rows that are no longer current.

append      1,024 faces with vectors at a time, until there are two hundred such commits, merged as they come; DuckDB copies the
            same rows, as Arrow, to a file each time, and all of them to one sorted file in the end
resume      which of so many items are still to do, where all but a thousand are done
questions   where two people are without a third, and where one is in films: of people who are seen as often as most
"""

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from f2s_catalog.arrow import to_table
from f2s_catalog.find import find
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.query import query
from f2s_catalog.records import Face

from benchmarks.lines import compared, parser_of, report
from benchmarks.made_catalog import make_catalog, path_of
from benchmarks.questions import together_by_hand
from tests.catalog.made import attempt_of, face

COMMITS, ITEMS = 200, 1024
NEW = 1000
FILMS = 1000
FACES_EACH = 100  # of a person, in the mean
IN_FILMS = "FROM '{files}' WHERE identity_id = '{one}' AND kind = 'film'"
PENDING = """SELECT item_id FROM asked ANTI JOIN (FROM '{file}' WHERE step = 'probe' AND status IN ('done', 'skipped'))
USING (item_id, fingerprint)"""


def batch(number: int, vectors: np.ndarray) -> list[Outcome]:
    """What a commit holds."""
    outcomes = []
    for index, vector in enumerate(vectors):
        item = f"{number:04}-{index:04}.jpg"
        attempt = attempt_of(item, step="detect")
        outcomes.append(Outcome(attempt, (face(item).model_copy(update={"embedding": tuple(vector.tolist())}),)))
    return outcomes


def append(folder: Path) -> tuple[float, float]:
    """Seconds of the catalog, and of DuckDB."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "duckdb").mkdir(parents=True)
    catalog, chance = Catalog(folder / "catalog"), np.random.default_rng(0)
    ours = that = 0.0
    for number in range(COMMITS):
        outcomes = batch(number, chance.standard_normal((ITEMS, 128)).astype(np.float32))
        begin = time.perf_counter()
        catalog.commit((Face,), outcomes)
        ours += time.perf_counter() - begin
        rows = to_table(Face, [record for outcome in outcomes for record in outcome.records])  # noqa: F841 (DuckDB looks for it)
        begin = time.perf_counter()
        duckdb.sql(f"COPY rows TO '{folder}/duckdb/{number:04}.parquet'")
        that += time.perf_counter() - begin
    begin = time.perf_counter()
    duckdb.sql(f"COPY (FROM '{folder}/duckdb/*.parquet' ORDER BY face_id) TO '{folder}/duckdb/one.parquet'")
    return ours, that + time.perf_counter() - begin


def sorted_file(root: Path, table: str, order: str) -> Path:
    """All rows of a table, in one file."""
    target = root.parent / f"{table.replace('/', '-')}.parquet"
    if not target.exists():
        duckdb.sql(f"COPY (FROM '{root}/catalog/{table}/*.parquet' ORDER BY {order}) TO '{target}'")
    return target


def alone(sql: str, **places: object) -> Callable[[], int]:
    """The question to DuckDB."""

    def ask() -> int:
        with duckdb.connect() as connection:
            return len(connection.sql(sql.format(**places)).fetchall())

    return ask


def to_do(root: Path, items: int) -> tuple[Callable[[], int], Callable[[], int]]:
    """How many items are still to do, asked of both."""
    names = [path_of(number, FILMS) for number in range(items - NEW)] + [f"new/{number}.jpg" for number in range(NEW)]
    prints, gone = ["made"] * items, [False] * items
    asked = pa.table({"item_id": names, "fingerprint": prints, "is_gone": gone})
    file = sorted_file(root, "attempts", "step, item_id")

    def by_hand() -> int:
        with duckdb.connect() as connection:
            connection.register("asked", asked)
            return len(connection.sql(PENDING.format(file=file)).fetchall())

    return lambda: len(Catalog(root).pending("probe", asked)), by_hand


def seconds(ask: Callable[[], int], answers: list[int]) -> float:
    """Of one call; what it answers is kept."""
    begin = time.perf_counter()
    answers.append(ask())
    return time.perf_counter() - begin


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=5)
    parser.add_argument("--faces", type=int, default=10_000_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    asked = parser.parse_args(words)
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    root, kept = folder / "made", folder / "truth.npy"
    if not kept.exists():
        people = asked.faces // FACES_EACH
        np.save(kept, make_catalog(root, pictures=asked.items, people=people, faces=asked.faces, films=FILMS))
    counts = np.bincount(np.load(kept)[:, 1])
    usual = int(np.argsort(-counts, kind="stable")[len(counts) // 2])
    one, two, three = (f"{usual + number:032x}" for number in (1, 2, 3))
    file = sorted_file(root, "biometric/sightings", "identity_id")
    sql = f"SELECT * FROM appearances WHERE identity_id = '{one}' AND kind = 'film'"
    questions: dict[str, tuple[Callable[[], int], Callable[[], int]]] = {
        f"what is to do of {asked.items:,} items": to_do(root, asked.items),
        "A and B and not C": (
            lambda: len(find(root, f'person:"{one} & {two}" -person:{three}')),
            alone(together_by_hand(one, two, three), files=file),
        ),
        "A in films": (lambda: query(root, sql).num_rows, alone(IN_FILMS, files=file, one=one)),
    }
    ours, that = zip(*(append(folder / "append") for _ in range(max(1, asked.repeat // 2))), strict=True)
    what = f"{COMMITS} commits of {ITEMS:,} faces"
    lines = [compared(what, ours, "DuckDB to Parquet, then one sorted file", that, "s", "2 at most")]
    for name, (ask, by_hand) in questions.items():
        answers: list[int] = []
        pairs = [(seconds(ask, answers), seconds(by_hand, answers)) for _ in range(asked.repeat)]
        if len(set(answers)) > 1:
            raise RuntimeError(f"{name}: {sorted(set(answers))} answers")
        ours, that = zip(*pairs, strict=True)
        lines.append(compared(name, ours, "DuckDB over one sorted file", that, "s", "2 at most"))
    report(lines, asked.keep)


if __name__ == "__main__":
    main(sys.argv[1:])
