"""Tables in memory are those of the catalog, and only what may have changed is read again."""

import pytest
from f2s_catalog import compact
from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase import rewrite
from f2s_catalog.errors import CatalogError
from f2s_catalog.ledger import Catalog
from f2s_catalog.locks import committing
from f2s_catalog.records import (
    TABLES,
    Attempt,
    Erasure,
    Face,
    Identity,
    Label,
    MediaItem,
    ReferenceSet,
    Shot,
    Sighting,
    Source,
)
from f2s_catalog.store import fragments
from f2s_catalog.views import connect

from f2s_ray.flows.people import People
from f2s_ray.view.site import snapshot as module
from f2s_ray.view.site.freshness import changed, listing, stamp, steps_of
from f2s_ray.view.site.snapshot import Snapshot
from tests.catalog.made import outcome
from tests.flows.said_archive import ANN, BEN, settled, who


@pytest.fixture
def root(tmp_path):
    settled(tmp_path)
    return tmp_path


@pytest.fixture
def snapshot(root):
    made = Snapshot(root)
    made.renew()
    return made


def others_wrote(root, write):
    """Which tables may have changed by it."""
    before = listing(root)
    with connect(root) as connection:
        steps = {kind: steps_of(kind, connection) for kind in TABLES}
    write()
    with connect(root) as connection:
        return changed(before, listing(root), steps, connection)


def test_a_name_changes_what_tells_of_people_and_nothing_else(root):
    found = others_wrote(root, lambda: People(root, "x").name(who(root, ANN[0]).identity_id, "Ann"))
    assert found == {Label, Identity, ReferenceSet, Sighting, Attempt}


def test_a_new_try_of_a_step_changes_all_tables_that_the_step_made(root):
    """An item that is tried again and fails has no rows any more, and no fragment of theirs tells it."""
    found = others_wrote(root, lambda: Catalog(root).commit((), [outcome("a", step="index", number=2)]))
    assert {Face, MediaItem} <= found
    assert not {Source, Identity, Shot} & found


def test_where_a_fragment_was_rewritten_all_is_read_again(root):
    path = fragments(root, Sighting)[-1]
    table = read_fragment(path, Sighting)
    assert others_wrote(root, lambda: rewrite(root, Sighting, path, table.slice(1))) == set(TABLES)


def test_where_fragments_were_merged_only_their_tables_are_read_again(root, monkeypatch):
    monkeypatch.setattr(compact, "MANY", 2)

    def merge():
        with committing(root):
            compact.compact(root)

    assert others_wrote(root, merge) == {Attempt}


def test_nothing_written_is_nothing_changed(root):
    before = stamp(root)
    assert others_wrote(root, lambda: None) == set()
    assert stamp(root) == before


def test_what_this_process_said_is_seen_after_renewing(root, snapshot):
    People(root, "x").name(who(root, ANN[0]).identity_id, "Ann")
    snapshot.renew()
    assert snapshot.rows("SELECT name FROM people WHERE name IS NOT NULL") == [{"name": "Ann"}]
    assert snapshot.rows("SELECT count(*) AS n FROM faces") == [{"n": len(Catalog(root).rows(Face))}]


def test_who_was_erased_is_not_shown_a_moment_longer(root, snapshot, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    count = "SELECT count(*) FROM vectors.faces"
    with snapshot.vectors() as vectors:
        assert vectors.sql(count).fetchall() == [(len(Catalog(root).rows(Face)),)]
    fewer = [one for one in Catalog(root).rows(Identity) if BEN[0].face_id not in one.face_ids]
    Catalog(root).commit((Identity,), [outcome("*", *fewer, step="identify", fingerprint="other", number=9)])
    Catalog(root).say(
        [Erasure(erasure_id="e", said_at="2026-01-01", said_by="x", places=(), name_salt="", name_digests=())]
    )
    assert len(snapshot.rows("FROM people")) == len(fewer)
    with snapshot.cursor() as cursor:
        assert cursor.sql(count).fetchall() == [(0,)]


def test_every_table_is_that_of_the_catalog(root, snapshot):
    with connect(root) as catalog:
        for name, sql in module.TABLES.items():
            assert snapshot.rows(f"FROM {name}") == catalog.sql(sql).to_arrow_table().to_pylist(), name


def test_pages_reach_nothing_but_these_tables(snapshot, tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(Exception, match="disabled by configuration"):
        snapshot.rows(f"FROM '{tmp_path / 'x.csv'}'")


def test_a_damaged_catalog_is_told(root):
    path = fragments(root, Sighting)[0]
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    with pytest.raises(CatalogError, match="is damaged"):
        Snapshot(root).rows("FROM people")


def test_stale_results_are_found_out_beside_the_pages(root, snapshot):
    for _ in range(600):
        if snapshot.has_stale(patient=True):
            break
    assert snapshot.rows("FROM stale") == []
