import errno
import hashlib
import multiprocessing
import os
import random

import pytest
from f2s_catalog.arrow import stored_schema
from f2s_catalog.commits import LOST
from f2s_catalog.errors import CatalogError
from f2s_catalog.ledger import Catalog
from f2s_catalog.locks import committing, job_lock
from f2s_catalog.records import Attempt, Face, Source
from f2s_catalog.store import (
    catalog_folder,
    fragments,
    scan,
    table_folder,
    write_fragment,
)

from tests.catalog.made import asked, face, outcome, source


def empty(record_type):
    return stored_schema(record_type).empty_table()


def hold(root, held, go_on):
    with job_lock(root):
        held.set()
        go_on.wait()


def answer(catalog):
    """The rows, or what is wrong with them."""
    try:
        return catalog.rows(Source)
    except CatalogError as error:
        return str(error)


def test_a_fragment_bears_its_commit_and_its_footer_in_its_name(tmp_path):
    path = write_fragment(tmp_path, Source, empty(Source), 12)
    content = path.read_bytes()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") :]
    assert path.name == f"part-00000000000012-{hashlib.sha256(footer).hexdigest()[:16]}.parquet"
    assert fragments(tmp_path, Source) == [path]
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_faces_lie_apart(tmp_path):
    assert table_folder(tmp_path, Face) == tmp_path / "catalog" / "biometric" / "faces"
    assert table_folder(tmp_path, Source) == tmp_path / "catalog" / "sources"


def test_a_table_without_a_folder_is_empty(tmp_path):
    assert scan(tmp_path, Face).rows.count_rows() == 0
    assert not catalog_folder(tmp_path).exists()


def test_the_number_of_a_commit_is_above_all_there_are(tmp_path):
    with committing(tmp_path) as sequence:
        assert sequence == 1
    write_fragment(tmp_path, Face, empty(Face), 41)
    write_fragment(tmp_path, Source, empty(Source), 7)
    with committing(tmp_path) as sequence:
        assert sequence == 42


def test_no_flipped_bit_goes_unseen(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.commit((Source,), [outcome("*", *[source(f"{index}.jpg", index) for index in range(50)])])
    (path,) = fragments(tmp_path, Source)
    whole, chance = path.read_bytes(), random.Random(4)
    rows, harmless = catalog.rows(Source), 0
    for _ in range(60):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        told = answer(catalog)
        harmless += told == rows
        assert told == rows or (f"{path} is damaged; " in told and "remove it, rename " in told)
    assert harmless < 10
    path.write_bytes(whole)
    assert len(catalog.rows(Source)) == 50


def test_without_the_damaged_commit_only_its_items_are_to_do_again(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.commit((Face,), [outcome("a", face(0))])
    catalog.commit((Face,), [outcome("b", face(1))])
    fragments(tmp_path, Face)[1].unlink()
    ledger = fragments(tmp_path, Attempt)[1]
    ledger.rename(ledger.with_suffix(LOST))
    assert catalog.rows(Face) == [face(0)]
    assert catalog.pending("probe", asked(("a", "f1"), ("b", "f1"))) == {"b": 1}


def test_a_fragment_of_another_version_is_named(tmp_path):
    columns = stored_schema(Source)
    older = columns.remove(columns.get_field_index("trouble")).empty_table()
    path = write_fragment(tmp_path, Source, older, 1)
    with pytest.raises(CatalogError, match=f"{path} was written by another version of f2s"):
        scan(tmp_path, Source)


def test_a_cut_fragment_is_named_with_the_way_out(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.commit((Source,), [outcome("a", source("a.jpg"))])
    (path,) = fragments(tmp_path, Attempt)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CatalogError, match=f"{path} is damaged"):
        catalog.rows(Source)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CatalogError, match=r"cannot write .*No space left on device; free space") as caught:
        write_fragment(tmp_path, Source, empty(Source), 1)
    assert "\n" not in str(caught.value)
    assert fragments(tmp_path, Source) == []
    assert Catalog(tmp_path).rows(Source) == []


def test_a_place_where_nothing_can_be_written_is_one_line(tmp_path):
    (tmp_path / "catalog").write_text("a file where the folder should be")
    with pytest.raises(CatalogError, match=r"cannot write .*catalog.*: File exists"), job_lock(tmp_path):
        pass


def test_a_second_writer_is_turned_away_until_the_first_ends(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    held, go_on = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold, args=(tmp_path, held, go_on))
    other.start()
    try:
        assert held.wait(30)
        with pytest.raises(CatalogError, match=f"another run is writing to {tmp_path}"), Catalog(tmp_path).writing():
            pass
    finally:
        go_on.set()
        other.join(30)
    with Catalog(tmp_path).writing():
        pass


def test_what_a_dead_writer_left_aside_is_removed(tmp_path):
    left = table_folder(tmp_path, Source) / ".part-00000000000003-abc.parquet.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert fragments(tmp_path, Source) == []
    with job_lock(tmp_path):
        assert not left.exists()


def test_the_locks_leave_no_other_file(tmp_path):
    with job_lock(tmp_path):
        pass
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".lock", ".commit.lock"}
