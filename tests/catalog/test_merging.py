"""Who merges in a folder or in a bucket is killed, read beside, overtaken in its sleep; real processes, a real server."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from f2s_catalog import compact
from f2s_catalog import lease as leases
from f2s_catalog.arrow import stored_schema, to_table
from f2s_catalog.commits import Commits, Note, commits_of, noted
from f2s_catalog.errors import RewrittenError
from f2s_catalog.lease import leased
from f2s_catalog.ledger import Catalog, _stored
from f2s_catalog.place import S3Prefix
from f2s_catalog.records import TABLES, Attempt, Face, Shot, Source
from f2s_catalog.store import fragments, stored, write_fragment
from f2s_catalog.views import reading

from tests.catalog.made import asked, face, outcome
from tests.catalog.merging import FEW, commit_faces
from tests.catalog.test_compact import fill, merge
from tests.s3_server import BUCKET

ROOT = Path(__file__).parents[2]
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def bucket(variables, tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", 3.0)
    return S3Prefix(BUCKET, f"merging/{tmp_path.name}")


@pytest.fixture(params=["folder", "bucket"])
def root(request, tmp_path):
    return tmp_path / "out" if request.param == "folder" else request.getfixturevalue("bucket")


def seen(root):
    catalog = Catalog(root)
    return [catalog.rows(kind) for kind in (Attempt, Face, Shot, Source)]


def begin(root, how, count):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}", "F2S_LEASE_SECONDS": "3"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.catalog.merging", str(root), how, str(count)], env=environment, cwd=ROOT
    )


@pytest.mark.parametrize(("how", "count"), [("write", 1), ("write", 2), ("write", 3), ("remove", 1), ("remove", 9)])
def test_who_is_killed_at_any_step_changed_nothing_and_the_next_one_ends_it(root, how, count, monkeypatch):
    with Catalog(root).writing():
        fill(root, 12)
    before = seen(root)
    assert begin(root, how, count).wait(120) == -signal.SIGKILL
    assert seen(root) == before
    monkeypatch.setattr(compact, "MANY", FEW)
    merge(root)
    merge(root)
    assert seen(root) == before
    assert [len(stored(root, kind)) for kind in (Attempt, Face, Shot)] == [1, 1, 1]


def test_who_reads_while_another_merges_sees_all_commits_or_is_told_to_ask_again(root):
    last = answers = 0
    writer = begin(root, "go", 24)
    while writer.poll() is None:
        try:
            with reading(root, (Face,)) as connection:
                tried = connection.sql("SELECT count(*) FROM attempts").fetchall()[0][0]
                found = connection.sql("SELECT count(*) FROM faces").fetchall()[0][0]
        except RewrittenError:
            continue
        assert found == tried >= last
        last, answers = tried, answers + 1
    assert (writer.wait(), Catalog(root).rows(Face)) == (
        0,
        sorted((face(n) for n in range(24)), key=lambda one: one.face_id),
    )
    assert answers


def put(root, number, item_id):
    """What a commit writes, whenever."""
    made = outcome(item_id, face(99), step="detect")
    for kind, row in ((Face, face(99)), (Attempt, made.attempt)):
        table = _stored(kind, [made.attempt], to_table(kind, [row]), number)
        write_fragment(root, kind, noted(table, Note(0, {Face.TABLE: (1, Commits(number, number))})), number)


@pytest.mark.parametrize("writes", [1, 3])
def test_what_a_sleeper_writes_of_commits_that_were_merged_is_not_seen(bucket, monkeypatch, writes):
    """Be it when only the ledger is merged, or all."""
    with leased(bucket) as sleeper:
        late = sleeper.next_sequence() + 1
        write_fragment(bucket, Attempt, noted(stored_schema(Attempt).empty_table(), Note(0, {})), late - 1)
        sleeper.end()
    with Catalog(bucket).writing():
        fill(bucket, 12)
    before = seen(bucket)
    if writes == 1:
        assert begin(bucket, "write", 2).wait(120) == -signal.SIGKILL
    else:
        monkeypatch.setattr(compact, "MANY", FEW)
        merge(bucket)
    put(bucket, late, "late")
    assert seen(bucket) == before
    assert Catalog(bucket).pending("detect", asked(("late", "f1"))) == {"late": 1}
    monkeypatch.setattr(compact, "MANY", FEW)
    merge(bucket)
    merge(bucket)
    assert seen(bucket) == before
    assert len(stored(bucket, Attempt)) == 1


def dream(root, place, asleep, go_on):
    """Merge, and fall asleep just before a fragment of the ledger is put: before looking whose turn it is, or after."""
    leases.LEASE_SECONDS = 3.0
    compact.MANY = FEW
    function = getattr(compact, place)

    def sleeping(*arguments):
        if not asleep.is_set():
            asleep.set()
            go_on.wait()
        return function(*arguments)

    setattr(compact, place, sleeping)
    merge(root)


@pytest.mark.parametrize("place", ["refuse_overtaken", "write_fragment"])
def test_who_slept_while_it_merged_takes_nothing_away(bucket, place, monkeypatch):
    with Catalog(bucket).writing():
        commit_faces(bucket, 8)
    asleep, go_on = SPAWN.Event(), SPAWN.Event()
    sleeper = SPAWN.Process(target=dream, args=(bucket, place, asleep, go_on))
    sleeper.start()
    try:
        assert asleep.wait(60)
        os.kill(sleeper.pid, signal.SIGSTOP)
        with Catalog(bucket).writing():
            fill(bucket, 3, first=20)
            before = seen(bucket)
            lay = {path for kind in TABLES for path in stored(bucket, kind)}
            os.kill(sleeper.pid, signal.SIGCONT)
            go_on.set()
            sleeper.join(60)
            assert sleeper.exitcode == 1
            assert lay <= {path for kind in TABLES for path in stored(bucket, kind)}
            assert seen(bucket) == before
        monkeypatch.setattr(compact, "MANY", FEW)
        merge(bucket)
        merge(bucket)
        assert seen(bucket) == before
        assert [commits_of(path).last for path in fragments(bucket, Attempt)] == [max(commits_of(p).last for p in lay)]
    finally:
        sleeper.kill()
        sleeper.join(10)
