"""What a network and a server may do to a request, and what comes of it: the right bytes or an error, never other bytes."""

import os

import pytest
from f2s_catalog import s3_client, storage
from f2s_catalog.errors import CatalogError
from f2s_catalog.ids import file_digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import S3Prefix, files_in
from f2s_catalog.records import Source
from f2s_catalog.storage import digest_of, fetch, look, read, read_first, read_range, upload, walk, write, write_new
from f2s_catalog.store import fragments

from tests.catalog.made import outcome, source
from tests.faulty_wire import Fault, faulty_wire
from tests.s3_server import BUCKET

CONTENT = os.urandom(3_000_000)


@pytest.fixture
def wire(s3, variables, monkeypatch):
    with faulty_wire(s3.endpoint) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.endpoint)
        for module in (s3_client, storage):
            monkeypatch.setattr(module, "ATTEMPTS", 3)  # two faults, and then it goes well
        s3_client.client.cache_clear()
        yield found


@pytest.fixture
def one(wire, tmp_path) -> S3Prefix:
    where = S3Prefix(BUCKET, f"faults/{tmp_path.name}/one")
    write(where, CONTENT)
    wire.requests.clear()
    return where


@pytest.mark.parametrize("kind", ["503", "500", "reset", "cut", "short", "flip", "empty", "lost", "slow"])
def test_a_reader_gets_the_right_bytes_after_two_faults(wire, one, kind):
    wire.faults = [Fault(kind, "GET", "one", times=2)]
    assert read(one) == CONTENT
    assert wire.faults[0].done == (1 if kind == "slow" else 2)


@pytest.mark.parametrize("kind", ["503", "500", "reset", "cut", "short", "empty", "lost", "slow"])
def test_a_reader_of_a_range_gets_the_right_bytes_after_two_faults(wire, one, kind):
    stamp = look(one).stamp
    wire.faults = [Fault(kind, "GET", "one", times=2)]
    assert read_range(one, 1_000_001, 2_000_002, stamp) == CONTENT[1_000_001:2_000_002]
    assert wire.faults[0].done == (1 if kind == "slow" else 2)


@pytest.mark.parametrize("kind", ["cut", "short", "flip", "empty"])
def test_the_first_bytes_that_are_all_are_the_right_ones_after_two_faults(wire, one, kind):
    stamp = look(one).stamp
    wire.faults = [Fault(kind, "GET", "one", times=2)]
    assert read_first(one, len(CONTENT), stamp)[1] == CONTENT
    assert wire.faults[0].done == 2


@pytest.mark.parametrize("kind", ["cut", "short", "flip", "empty"])
def test_what_is_fetched_to_a_file_is_the_right_bytes_after_two_faults(wire, one, kind, tmp_path):
    stamp = look(one).stamp
    wire.faults = [Fault(kind, "GET", "one", times=2)]
    with (tmp_path / "one").open("w+b") as file:
        fetch(one, stamp, file)
    assert (tmp_path / "one").read_bytes() == CONTENT
    assert wire.faults[0].done == 2
    with pytest.raises(FileExistsError), (tmp_path / "one").open("w+b") as file:
        fetch(one, '"of another one"', file)


@pytest.mark.parametrize("kind", ["503", "500", "reset", "lost"])
def test_what_is_written_arrives_after_two_faults(wire, one, kind, tmp_path):
    wire.faults = [Fault(kind, "PUT", "other", times=2)]
    write(one / "other", CONTENT[::-1])
    assert wire.faults[0].done == 2
    assert read(one / "other") == CONTENT[::-1]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("kind", ["503", "reset", "lost"])
def test_a_file_of_many_parts_arrives_after_a_fault(wire, one, method, kind, tmp_path):
    file, content = tmp_path / "large", os.urandom(s3_client.PART_BYTES + 1234567)
    file.write_bytes(content)
    wire.faults = [Fault(kind, method, "large")]
    upload(one / "large", file)
    assert wire.faults[0].done == 1
    assert read(one / "large") == content
    assert digest_of(one / "large") == file_digest(file)


def test_an_answer_that_was_lost_is_no_loser(wire, one):
    wire.faults = [Fault("lost", "PUT", "claim")]
    assert write_new(one / "claim", b"mine")
    assert wire.faults[0].done == 1
    assert not write_new(one / "claim", b"theirs")


@pytest.mark.parametrize("kind", ["503", "403", "reset", "cut", "flip"])
def test_what_never_ends_well_is_an_error(wire, one, kind):
    wire.faults = [Fault(kind, "GET", "one", times=10**6), Fault(kind, "PUT", "one", times=10**6)]
    with pytest.raises(OSError, match="one") as told:
        read(one)
    assert told.value.strerror
    if kind in ("503", "403", "reset"):
        with pytest.raises(OSError, match="one"):
            write(one, b"other")
        wire.faults = []
        assert read(one) == CONTENT


def test_a_listing_is_whole_or_an_error(wire, one):
    root = S3Prefix(BUCKET, one.key.rpartition("/")[0])
    for kind in ("503", "reset", "cut", "lost"):
        wire.faults = [Fault(kind, "GET", "list-type", times=2)]
        assert [found.path for found in walk(root)] == ["one"]
        assert wire.faults[0].done == 2
    wire.faults = [Fault("503", "GET", "list-type", times=10**6)]
    with pytest.raises(OSError, match="SlowDown"):
        list(walk(root))


@pytest.mark.parametrize("kind", ["cut", "short", "flip", "empty"])
def test_what_comes_torn_of_a_catalog_is_asked_for_again_and_not_called_damaged(wire, one, kind):
    with Catalog(one).writing():
        Catalog(one).commit((Source,), [outcome("*", source("a.jpg"), source("b.jpg"))])
    for table in ("attempts", "sources"):
        wire.faults = [Fault(kind, "GET", f"catalog/{table}/part-", times=2)]
        assert [row.path for row in Catalog(one).rows(Source)] == ["a.jpg", "b.jpg"]
        assert wire.faults[0].done == 2
    for seed in range(6):
        wire.faults = [Fault(kind, "GET", "catalog/.*/part-", times=10**6, probability=0.1)]
        wire.chance.seed(seed)
        assert [row.path for row in Catalog(one).rows(Source)] == ["a.jpg", "b.jpg"], wire.requests


def test_what_was_read_of_a_ledger_is_not_fetched_again(wire, one):
    catalog = Catalog(one)
    with catalog.writing():
        for name in ("a.jpg", "b.jpg", "c.jpg"):
            catalog.commit((Source,), [outcome(name, source(name))])
    assert len(catalog.attempts()) == 3
    wire.requests.clear()
    assert len(catalog.attempts()) == 3
    assert [method for method, path in wire.requests if "/part-" in path] == []


def test_a_server_that_falters_now_and_then_is_asked_again_however_often_it_did_before(wire, one):
    for _ in range(120):
        wire.faults = [Fault("503", "GET", "list-type")]
        assert files_in(one) == []
        assert wire.faults[0].done == 1


def test_a_catalog_that_is_damaged_where_it_lies_is_called_so(wire, one):
    with Catalog(one).writing():
        Catalog(one).commit((Source,), [outcome("*", source("a.jpg"))])
    (fragment,) = fragments(one, Source)
    content = read(fragment)
    write(fragment, content[:150] + bytes([content[150] ^ 1]) + content[151:])
    with pytest.raises(CatalogError, match=f"{fragment} is damaged"):
        Catalog(one).rows(Source)


def test_a_list_without_a_body_is_not_an_empty_one(wire, one):
    wire.faults = [Fault("empty", "GET", "list-type")]
    assert files_in(S3Prefix(one.bucket, one.key.removesuffix("/one"))) == [one]
    assert wire.faults[0].done == 1
    wire.faults = [Fault("empty", "GET", "list-type")]
    with pytest.raises(OSError, match="has no body"):
        list(walk(one))
    assert list(walk(one / "nothing")) == []
