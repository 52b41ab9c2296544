"""``python -m benchmarks.questions [--faces N] [--folder DIR]``: questions about people to a catalog of N made sightings.

Each is asked of the catalog in a folder, of the same behind a real S3 server on loopback, and, where one can be written by
hand, of the same Parquet files by DuckDB alone, which neither proves what it reads nor knows which rows are current. Told
are seconds of a call in a process that runs already (median of five), and the bytes that came from the server.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
from f2s_catalog.find import find
from f2s_catalog.place import Place, place
from f2s_catalog.query import query

from benchmarks.made_catalog import Truth, make_catalog
from tests.s3_server import s3_server, wire_to

Ask = Callable[[Place], int]
"""Asks the catalog that lies there, and counts the answers."""

ROUNDS = 5
FILMS_SHARE = 0.001
FACES_EACH = 100  # of a person, in the mean
FACES_PER_PICTURE = 3


def main() -> None:
    """Make the catalog where it is not there yet, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the catalog is made, and kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = (asked.folder or Path(scratch)) / "made"
        truth = made(root, asked.faces)
        print(
            f"{len(truth):,} sightings, {size_of(root) / 1e9:.2f} GB; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n"
        )
        server_folder = Path(scratch) / "s3"
        server_folder.mkdir()
        with s3_server(server_folder) as server, wire_to(server.endpoint) as wire:
            os.environ.update(server.variables, AWS_ENDPOINT_URL=wire.endpoint)
            there = place(server.upload(root, "made"))
            print("| question | answers | folder s | S3 s | S3 MB | DuckDB alone s |")
            print("|---|---|---|---|---|---|")
            for text, ask, by_hand in questions(truth):
                answers, local = timed(ask, root)
                wire.received = 0
                same, remote = timed(ask, there)
                if same != answers:
                    raise AssertionError(f"{text}: {same} answers from S3, {answers} from the folder")
                fetched = wire.received / ROUNDS / 1e6
                alone = "" if by_hand is None else f"{timed(by_hand, root)[1]:.2f}"
                print(f"| {text} | {answers} | {local:.2f} | {remote:.2f} | {fetched:.0f} | {alone} |", flush=True)


def made(root: Path, faces: int) -> Truth:
    """The truth of the catalog, which is made where it is not there."""
    kept = root / "truth.npy"
    if not kept.exists():
        pictures, people = faces // FACES_PER_PICTURE, faces // FACES_EACH
        truth = make_catalog(root, pictures=pictures, people=people, faces=faces, films=int(pictures * FILMS_SHARE))
        np.save(kept, truth)
    return np.load(kept)


def questions(truth: Truth) -> list[tuple[str, Ask, Ask | None]]:
    """What is asked, how, and the same by hand; among those who are seen most, and among those seen as often as most."""
    counts = np.bincount(truth[:, 1])
    usual = int(np.argsort(-counts, kind="stable")[len(counts) // 2])
    asked: list[tuple[str, Ask, Ask | None]] = []
    for who, (a, b, c) in (("seen most", (0, 1, 2)), ("usual", (usual, usual + 1, usual + 2))):
        one, two, three = (f"{number + 1:032x}" for number in (a, b, c))
        together = f'person:"{one} & {two}" -person:{three}'
        by_hand = {
            f"person:{one} -person:{three}": _ALONE.format(one=one, three=three, joined=""),
            together: together_by_hand(one, two, three),
        }
        for terms in (*by_hand, f"only:{one}", f"person:{one}|{two} kind:film"):
            shown = terms.replace(one, "A").replace(two, "B").replace(three, "C")
            alone = partial(_by_hand, sql=by_hand[terms]) if terms in by_hand else None
            asked.append((f"`{shown}`, {who}", partial(_find, terms=terms), alone))
        sql = f"SELECT * FROM appearances WHERE identity_id = '{one}' AND kind = 'film'"
        asked.append((f"SQL: appearances of A in films, {who}", partial(_query, sql=sql), None))
    asked.append(("SQL: the twenty people seen most", partial(_query, sql="FROM people LIMIT 20"), None))
    return asked


def _find(where: Place, terms: str) -> int:
    return len(find(where, terms))


def _query(where: Place, sql: str) -> int:
    return query(where, sql).num_rows


def _by_hand(where: Place, sql: str) -> int:
    with duckdb.connect() as connection:
        return len(connection.sql(sql.format(files=f"{where}/catalog/biometric/sightings/*.parquet")).fetchall())


def together_by_hand(one: str, two: str, three: str) -> str:
    """Where the first two are seen at once and the third is not, of sightings in ``{files}``."""
    return _ALONE.format(one=one, three=three, joined=_JOINED.format(two=two))


_JOINED = """ JOIN (FROM s WHERE identity_id = '{two}') AS b ON a.media_id = b.media_id
    AND a.seen_from_seconds <= b.seen_to_seconds AND b.seen_from_seconds <= a.seen_to_seconds"""
_ALONE = """WITH s AS (FROM read_parquet('{{files}}')),
found AS (SELECT DISTINCT a.media_id, a.path FROM (FROM s WHERE identity_id = '{one}') AS a{joined}
    WHERE a.media_id NOT IN (SELECT media_id FROM s WHERE identity_id = '{three}'))
SELECT found.path, list(DISTINCT identity_id) FROM found JOIN s USING (media_id) GROUP BY ALL"""


def timed(ask: Ask, where: Place) -> tuple[int, float]:
    """The answer, and the median of seconds."""
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        answer = ask(where)
        seconds.append(time.perf_counter() - begin)
    return answer, statistics.median(seconds)


def size_of(root: Path) -> int:
    """Bytes of the catalog."""
    return sum(path.stat().st_size for path in (root / "catalog").rglob("*.parquet"))


if __name__ == "__main__":
    main()
