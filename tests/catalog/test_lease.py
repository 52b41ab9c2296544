"""Who may write to object storage, on a real server: one at a time, whoever dies or sleeps."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from f2s_catalog import lease as leases
from f2s_catalog import ledger, storage
from f2s_catalog.errors import CatalogError
from f2s_catalog.lease import claim, leased
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import S3Prefix
from f2s_catalog.records import Label, Source
from f2s_catalog.storage import walk, write
from f2s_catalog.store import fragments, sequence_of

from f2s_ray.flows.people import People
from tests.catalog.made import outcome, source
from tests.s3_server import BUCKET

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def root(variables, tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", 3.0)
    return S3Prefix(BUCKET, f"lease/{tmp_path.name}")


def hold(root, held, go_on):
    leases.LEASE_SECONDS = 3.0
    with Catalog(root).writing() as _:
        held.set()
        go_on.wait()
        Catalog(root).commit((Source,), [outcome("*", source("late.jpg"))])


@pytest.fixture
def other(root):
    """Another process that has the lease; it commits something when it is let go on."""
    held, go_on = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(root, held, go_on))
    process.start()
    assert held.wait(60)
    yield process, go_on
    process.kill()
    process.join(10)


def test_a_second_writer_is_turned_away_until_the_first_ends(root, other):
    process, go_on = other
    with pytest.raises(CatalogError, match=f"another run is writing to {root}; wait"), Catalog(root).writing():
        pass
    go_on.set()
    process.join(60)
    with Catalog(root).writing():
        assert [row.path for row in Catalog(root).rows(Source)] == ["late.jpg"]


def test_who_died_on_this_machine_is_not_waited_for(root, other, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", 600.0)
    process, _ = other
    process.kill()
    process.join(10)
    with Catalog(root).writing():
        pass


def test_who_died_elsewhere_is_waited_for(root, other, monkeypatch):
    process, _ = other
    process.kill()
    process.join(10)
    monkeypatch.setattr(leases, "_process", lambda _: {})  # as on another machine
    begin = time.monotonic()
    with Catalog(root).writing():
        assert time.monotonic() - begin > 3


def test_who_slept_through_its_time_writes_nothing_more(root, other):
    process, go_on = other
    os.kill(process.pid, signal.SIGSTOP)
    with Catalog(root).writing():
        Catalog(root).commit((Source,), [outcome("*", source("mine.jpg"))])
        os.kill(process.pid, signal.SIGCONT)
        go_on.set()
        process.join(60)
        assert process.exitcode == 1
    assert [row.path for row in Catalog(root).rows(Source)] == ["mine.jpg"]


def test_what_a_sleeper_had_begun_to_write_does_not_count(root):
    """It had its number and was stopped between that and the writing."""
    with leased(root) as sleeper:
        late = sleeper.next_sequence()
        sleeper.end()
        with Catalog(root).writing():
            Catalog(root).commit((Source,), [outcome("*", source("mine.jpg"))])
            (mine,) = fragments(root, Source)
    assert late < sequence_of(mine)


def test_a_job_shuts_out_another_thread_of_its_process_too(root):
    entered = threading.Event()

    def reduce():
        with Catalog(root).reducing("x"):
            entered.set()

    thread = threading.Thread(target=reduce)
    with Catalog(root).writing():
        thread.start()
        assert not entered.wait(1)
    thread.join(60)
    assert entered.is_set()


@pytest.mark.parametrize("is_conditional", [True, False])
def test_of_many_who_claim_at_once_each_has_a_number_of_its_own(root, monkeypatch, is_conditional):
    if not is_conditional:  # a server that takes the condition and does not keep it
        monkeypatch.setattr(leases, "write_new", lambda where, content: write(where, content) is None)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: claim(root / "numbers"), range(24)))
    assert len(set(numbers)) == 24


def test_people_say_something_while_a_job_runs(root, other):
    label = Label(fact_id="1", said_at="", said_by="a", kind="name", identity_id="i", name="Ann", faces=())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: Catalog(root).say([label.model_copy(update={"fact_id": str(n)})]), range(8)))
    assert sorted(row.fact_id for row in Catalog(root).rows(Label)) == [str(n) for n in range(8)]


def test_what_is_said_while_a_job_runs_waits_for_the_next_one(root, other):
    assert not People(root, "tester").settle()
    process, go_on = other
    go_on.set()
    process.join(60)
    assert People(root, "tester").settle()


def test_a_statement_that_an_erasure_overtook_is_taken_back(root, monkeypatch):
    label = Label(fact_id="1", said_at="", said_by="a", kind="name", identity_id="i", name="Ann", faces=())
    written = ledger.write_fragment

    def overtaken(*arguments):
        path = written(*arguments)
        write(root / "catalog/biometric/.erasing-20260101T000000Z-abc.json", b"{}")
        return path

    monkeypatch.setattr(ledger, "write_fragment", overtaken)
    with pytest.raises(CatalogError, match="somebody is being erased"):
        Catalog(root).say([label])
    assert fragments(root, Label) == []


def test_a_catalog_that_was_brought_here_goes_on_counting(root, tmp_path, s3):
    with Catalog(root).writing():
        for name in ("a.jpg", "b.jpg"):
            Catalog(root).commit((Source,), [outcome("*", source(name))])
    for found in list(walk(root / "catalog/writers")):
        storage.remove(root / "catalog/writers" / found.path)
    with Catalog(root).writing():
        Catalog(root).commit((Source,), [outcome("*", source("c.jpg"))])
    assert [row.path for row in Catalog(root).rows(Source)] == ["c.jpg"]
