"""Merged or not, a catalog answers the same; whoever is killed, sleeps, reads or erases meanwhile."""

import pytest
from f2s_catalog import cipher, compact
from f2s_catalog.commits import LOST, Commits, commits_of
from f2s_catalog.compact import MANY, sweep
from f2s_catalog.errors import CatalogError, MissingError
from f2s_catalog.ledger import Catalog
from f2s_catalog.lock_away import lock_away
from f2s_catalog.locks import committing
from f2s_catalog.records import TABLES, Attempt, Face, Label, Shot, Source
from f2s_catalog.store import fragments, stored
from f2s_catalog.views import VIEWS

from tests.catalog.made import asked, face, failed, label, outcome, shot, source
from tests.catalog.test_cipher import write_key


def fill(root, count, first=0):
    """Commits of two steps and a reduction, a second try and a failure; returns what is to be seen."""
    catalog = Catalog(root)
    for number in range(first, first + count):
        if number % 10 == 7:
            catalog.commit(
                (Source,), [outcome("*", source(f"{number}.jpg"), step="list", fingerprint=str(number), number=number)]
            )
        elif number % 10 == 8:
            catalog.commit((Face,), [failed(f"{number - 1}", step="detect"), outcome(f"{number}", step="detect")])
        elif number % 10 == 9:
            catalog.commit((Face,), [outcome(f"{number - 9}", face(number), step="detect", fingerprint="f2", number=2)])
        elif number % 2:
            catalog.commit((Shot,), [outcome(f"{number}", shot(number), step="split")])
        else:
            catalog.commit((Face,), [outcome(f"{number}", face(number), step="detect")])
    return catalog


def seen(root):
    """All that a reader can ask for."""
    catalog = Catalog(root)
    tables = {kind.TABLE: catalog.rows(kind) for kind in TABLES}
    views = {name: catalog.view(name).to_pylist() for name in VIEWS}
    return tables, views, catalog.versions(TABLES)


def merge(root):
    """As the next job does."""
    with Catalog(root).writing():
        pass


@pytest.fixture
def unmerged(monkeypatch):
    """Until it is called nothing is merged."""
    monkeypatch.setattr(compact, "MANY", 10**9)
    return lambda: monkeypatch.setattr(compact, "MANY", MANY)


def test_what_is_seen_is_the_same_before_and_after(tmp_path, unmerged):
    fill(tmp_path, 100)
    Catalog(tmp_path).say([label("1", "Ann")])
    before = seen(tmp_path)
    unmerged()
    merge(tmp_path)
    assert seen(tmp_path) == before
    for kind in (Attempt, Face, Shot):
        (path,) = fragments(tmp_path, kind)
        assert commits_of(path) == (1, 100)
    assert len(fragments(tmp_path, Source)) == 10
    merge(tmp_path)
    assert [len(stored(tmp_path, kind)) for kind in (Attempt, Face, Shot, Label)] == [1, 1, 1, 1]
    assert seen(tmp_path) == before


def test_of_a_table_that_two_steps_wrote_all_is_read_merged_or_not(tmp_path, unmerged):
    for number in range(MANY):
        made = outcome(f"{number}", face(number), step=f"it's {'detect' if number % 2 else 'portray'}")
        Catalog(tmp_path).commit((Face,), [made])
    assert len(Catalog(tmp_path).rows(Face)) == MANY
    unmerged()
    merge(tmp_path)
    assert len(fragments(tmp_path, Face)) == 1
    assert len(Catalog(tmp_path).rows(Face)) == MANY


def test_a_run_merges_as_it_goes_and_leaves_few(tmp_path):
    fill(tmp_path, 3 * MANY + 5)
    held = [tuple(commits_of(path)) for path in fragments(tmp_path, Attempt)]
    assert held == [(1, 3 * MANY), *((3 * MANY + number,) * 2 for number in range(1, 6))]
    assert Catalog(tmp_path).rows(Shot) == sorted(
        (shot(number) for number in range(3 * MANY + 5) if number % 10 in (1, 3, 5)), key=lambda one: one.shot_id
    )


def test_what_was_replaced_stays_a_while_for_who_reads_it(tmp_path):
    fill(tmp_path, MANY)
    assert (len(fragments(tmp_path, Attempt)), len(stored(tmp_path, Attempt))) == (1, MANY + 1)
    fill(tmp_path, MANY, first=MANY)
    assert len(stored(tmp_path, Attempt)) == 2 * MANY + 2
    with committing(tmp_path):
        sweep(tmp_path)
    assert len(stored(tmp_path, Attempt)) == 1


@pytest.mark.parametrize("byte_count", [300, 5_000, 60_000, 3_000_000])
def test_few_are_left_of_many_and_each_row_is_written_few_times_again(byte_count):
    held: dict[Commits, int] = {}
    written, count = 0, 100 * MANY
    for number in range(1, count + 1):
        held[Commits(number, number)] = byte_count
        if number % MANY == 0:
            for group in compact._groups(list(held), list(held.values())):
                own = [one for one in held if group.has(one)]
                held[group] = sum(held.pop(one) for one in own)
                held = dict(sorted(held.items()))
                written += held[group]
    assert len(held) < MANY + count * byte_count / 2**23
    assert max(held.values()) <= 2**26
    assert written < 8 * max(count * byte_count, 2**23)


@pytest.fixture
def keyed(tmp_path, monkeypatch):
    monkeypatch.setenv(cipher.KEY_FILE, str(write_key(tmp_path / "key")))
    return tmp_path / "out"


def test_encrypted_tables_are_merged_by_who_has_the_key(keyed, unmerged, monkeypatch):
    fill(keyed, 70)
    before = seen(keyed)
    unmerged()
    with monkeypatch.context() as without:
        without.delenv(cipher.KEY_FILE)
        merge(keyed)
    assert (len(fragments(keyed, Attempt)), len(fragments(keyed, Shot)), len(fragments(keyed, Face))) == (1, 1, 35)
    assert seen(keyed) == before
    merge(keyed)
    (path,) = fragments(keyed, Face)
    assert cipher.is_sealed(path)
    assert seen(keyed) == before


def test_what_is_encrypted_later_lies_nowhere_open(tmp_path, monkeypatch):
    fill(tmp_path / "out", MANY)
    before = seen(tmp_path / "out")
    monkeypatch.setenv(cipher.KEY_FILE, str(write_key(tmp_path / "key")))
    lock_away(tmp_path / "out")
    assert all(map(cipher.is_sealed, stored(tmp_path / "out", Face)))
    assert seen(tmp_path / "out") == before


@pytest.mark.parametrize("kind", [Face, Shot, Source, Attempt])
@pytest.mark.parametrize("is_merged", [False, True])
def test_a_fragment_that_went_is_named_with_the_way_out(tmp_path, unmerged, kind, is_merged):
    fill(tmp_path, 78)
    if is_merged:
        unmerged()
        merge(tmp_path)
        merge(tmp_path)
        fill(tmp_path, 1, first=78)
    path = fragments(tmp_path, kind)[-1 if kind is Source else 0]
    path.unlink()
    name = path.name.rpartition("-")[0]
    with pytest.raises(
        MissingError, match=rf"(?s){path.parent}.*{name if kind is not Attempt else ''}.* restore it"
    ) as told:
        Catalog(tmp_path).rows(kind)
    assert "\n" not in str(told.value)
    with pytest.raises(CatalogError, match="restore it from a backup"), Catalog(tmp_path).writing():
        Catalog(tmp_path).rows(kind)


def test_a_table_of_which_nothing_went_is_read_all_the_same(tmp_path):
    fill(tmp_path, 20)
    shots = Catalog(tmp_path).rows(Shot)
    fragments(tmp_path, Face)[0].unlink()
    assert Catalog(tmp_path).rows(Shot) == shots


def at(root, kind, number):
    """The fragment of one commit."""
    (path,) = (path for path in fragments(root, kind) if commits_of(path) == (number, number))
    return path


@pytest.mark.parametrize("kind", [Face, Attempt])
def test_what_a_person_gives_up_is_done_again(tmp_path, unmerged, kind):
    fill(tmp_path, 20)
    ledger = at(tmp_path, Attempt, 3)
    at(tmp_path, kind, 3).unlink()
    if kind is Attempt:
        (ledger.parent / f"part-{3:014d}-x{LOST}").touch()
    else:
        ledger.rename(ledger.with_suffix(LOST))
    catalog = Catalog(tmp_path)
    items = asked(("2", "f1"), ("4", "f1"))
    assert (catalog.pending("detect", items), face(2) in catalog.rows(Face)) == ({"2": 1}, False)
    catalog.commit((Face,), [outcome("2", face(2), step="detect")])
    unmerged()
    fill(tmp_path, 60, first=20)
    merge(tmp_path)
    assert len(fragments(tmp_path, Attempt)) == 1
    assert (catalog.pending("detect", items), face(2) in catalog.rows(Face)) == ({}, True)
