import pytest
from f2s_catalog.arrow import schema_of
from f2s_catalog.errors import CatalogError
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.query import query
from f2s_catalog.records import TABLES, Attempt, Face, Label, Shot, Source
from f2s_catalog.store import fragments

from tests.catalog.made import asked, attempt_of, face, failed, label, outcome, shot, source


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


def paths(catalog):
    return [row.path for row in catalog.rows(Source)]


def test_an_empty_catalog_has_every_table_and_creates_nothing(catalog):
    for record_type in TABLES:
        assert catalog.rows(record_type) == []
        assert catalog.table(record_type).schema.equals(schema_of(record_type), check_metadata=True)
    assert list(catalog.root.iterdir()) == []


def test_rows_come_back_sorted_by_key(catalog):
    catalog.commit((Face,), [outcome("2", face(1)), outcome("1", face(2), face(0))])
    assert catalog.rows(Face) == [face(0), face(1), face(2)]


def test_a_face_fewer_than_last_time_is_gone(catalog):
    catalog.commit((Face,), [outcome("s", face(0), face(1), face(2))])
    catalog.commit((Face,), [outcome("s", face(0), face(1), fingerprint="f2", number=2)])
    assert catalog.rows(Face) == [face(0), face(1)]


def test_a_configuration_that_comes_back_shows_only_its_newest_rows(catalog):
    catalog.commit((Face,), [outcome("s", face(0), face(1), fingerprint="old")])
    catalog.commit((Face,), [outcome("s", face(0), fingerprint="new", number=2)])
    catalog.commit((Face,), [outcome("s", face(2), fingerprint="old", number=3)])
    assert catalog.rows(Face) == [face(2)]


def test_an_item_that_now_fails_shows_nothing(catalog):
    catalog.commit((Face,), [outcome("a", face(0)), outcome("b", face(1))])
    catalog.commit((Face,), [failed("a", fingerprint="f2", number=2)])
    assert catalog.rows(Face) == [face(1)]


def test_records_without_their_attempts_are_not_seen_and_the_next_try_is(catalog):
    catalog.commit((Source, Face), [outcome("*", source("a"), face(0), face(1))])
    (ledger,) = fragments(catalog.root, Attempt)
    ledger.unlink()
    assert (paths(catalog), catalog.rows(Face)) == ([], [])
    catalog.commit((Source, Face), [outcome("*", source("a"), face(0))])
    assert (paths(catalog), catalog.rows(Face)) == (["a"], [face(0)])


def test_of_two_items_with_one_key_the_newest_counts(catalog):
    catalog.commit((Shot,), [outcome("x", shot(0, 0.25))])
    catalog.commit((Shot,), [outcome("y", shot(0, 0.75))])
    assert catalog.rows(Shot) == [shot(0, 0.75)]


def test_steps_with_the_same_items_do_not_hide_each_other(catalog):
    catalog.commit((Source,), [outcome("*", source("a"), step="list")])
    catalog.commit((Shot,), [outcome("*", shot(0), step="cut", fingerprint="f2")])
    assert paths(catalog) == ["a"]
    assert catalog.rows(Shot) == [shot(0)]


def test_a_reduction_replaces_what_it_wrote(catalog):
    catalog.commit((Source, Shot), [outcome("*", source("a"), shot(0))])
    catalog.commit((Source, Shot), [outcome("*", source("b"), fingerprint="f2", number=2)])
    assert paths(catalog) == ["b"]
    assert catalog.rows(Shot) == []


def test_the_ledger_shows_the_latest_attempt_of_each_step_at_each_item(catalog):
    catalog.commit((Source,), [failed("a"), outcome("b", step="other")])
    catalog.commit((Source,), [outcome("a", number=2)])
    assert catalog.attempts() == [attempt_of("b", step="other"), attempt_of("a", number=2)]


def test_what_is_done_skipped_or_failed_is_not_pending(catalog):
    skipped = outcome("c", status="skipped", kind="text")
    catalog.commit((Source,), [outcome("a"), failed("b"), skipped])
    items = asked(*((name, "f1") for name in "dcba"))
    assert catalog.pending("probe", items) == {"d": 1}
    assert catalog.pending("other", items) == {"d": 1, "c": 1, "b": 1, "a": 1}


def test_a_changed_configuration_makes_all_pending_with_the_next_number(catalog):
    catalog.commit((Source,), [outcome("a"), failed("b", number=4)])
    assert catalog.pending("probe", asked(("a", "f2"), ("b", "f2"), ("c", "f2"))) == {"a": 2, "b": 5, "c": 1}


def test_only_the_kinds_that_are_asked_for_are_tried_again(catalog):
    catalog.commit((Source,), [failed("a", "broken"), failed("b", "empty"), outcome("c")])
    items = asked(*((name, "f1") for name in "abc"))
    assert catalog.pending("probe", items, frozenset({"empty"})) == {"b": 2}


def test_an_item_given_twice_is_a_bug(catalog):
    with pytest.raises(ValueError, match="'a' twice"):
        catalog.pending("probe", asked(("a", "f1"), ("a", "f1")))


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([outcome("a", shot(0))], "made a Shot, which it does not declare to write"),
        ([outcome("a", source("x"), source("x", 2))], r"made Source \('x',\) twice of 'a'"),
        ([outcome("a", source("x")), outcome("a", source("y"))], "stands twice in one commit"),
    ],
)
def test_a_bug_of_a_stage_is_refused_before_it_is_on_disk(catalog, outcomes, words):
    with pytest.raises(ValueError, match=words):
        catalog.commit((Source,), outcomes)
    assert list(catalog.root.iterdir()) == []


def test_nothing_to_commit_writes_nothing(catalog):
    catalog.commit((Source,), [])
    assert list(catalog.root.iterdir()) == []


def test_the_version_of_a_table_changes_with_who_made_it_and_not_with_others(catalog):
    catalog.commit((Source, Face), [outcome("*", source("a"), face(0))])
    before = catalog.version(Source), catalog.version(Face)
    catalog.commit((Shot,), [outcome("m", shot(0), step="cut")])
    assert (catalog.version(Source), catalog.version(Face)) == before
    catalog.commit((Source, Face), [outcome("*", source("a"), face(0), fingerprint="f2", number=2)])
    assert not {catalog.version(Source), catalog.version(Face)} & set(before)


def test_the_same_catalog_may_commit_inside_its_own_lock(catalog):
    with catalog.writing(), catalog.writing():
        catalog.commit((Face,), [outcome("a", face(0))])
    catalog.commit((Face,), [outcome("b", face(1))])
    assert catalog.rows(Face) == [face(0), face(1)]


def tried(catalog, step, status, run_id):
    """The file a, with bytes of its own in each run."""
    attempt = attempt_of(run_id, step=step, status=status, path="a").model_copy(update={"run_id": run_id})
    catalog.commit((), [Outcome(attempt, ())])


def standing(catalog):
    return [
        (row["step"], row["run_id"])
        for row in query(catalog.root, "SELECT * FROM standing WHERE step <> 'list'").to_pylist()
    ]


def listed(catalog, *paths):
    catalog.commit((Source,), [outcome("*", *map(source, paths), step="list", number=len(paths))])


def test_of_the_failures_of_a_file_only_those_of_its_latest_run_stand(catalog):
    listed(catalog, "a")
    tried(catalog, "detect", "failed", "run 1")
    tried(catalog, "probe", "failed", "run 2")
    assert standing(catalog) == [("probe", "run 2")]


def test_a_failure_stands_until_its_file_is_no_longer_listed(catalog):
    listed(catalog, "a")
    tried(catalog, "probe", "done", "run 2")
    tried(catalog, "detect", "failed", "run 1")
    assert sorted(standing(catalog)) == [("detect", "run 1"), ("probe", "run 2")]
    listed(catalog, "b", "c")
    assert standing(catalog) == []


def test_the_view_of_failures_follows_the_same_rule(catalog):
    def commit(step, run_id, number):
        row = attempt_of("a", step=step, status="failed", kind="broken", number=number)
        catalog.commit((), [Outcome(row.model_copy(update={"run_id": run_id}), ())])

    catalog.commit((Source,), [outcome("*", source("a.jpg"), step="list")])
    commit("detect", "run 1", 1)
    commit("probe", "run 2", 2)
    assert [row["step"] for row in query(catalog.root, "SELECT step FROM failures").to_pylist()] == ["probe"]
    catalog.commit((Source,), [outcome("*", source("b.jpg"), step="list", number=2)])
    assert query(catalog.root, "SELECT step FROM failures").to_pylist() == []


def test_what_people_say_is_current_whatever_is_run_and_the_version_changes_with_it(catalog):
    before = catalog.version(Label)
    catalog.say([label("1", "Ann")])
    catalog.commit((Source,), [outcome("*", source("a"))])
    catalog.say([label("2", "Ben")])
    assert [row.name for row in catalog.rows(Label)] == ["Ann", "Ben"]
    assert catalog.version(Label) != before


def test_something_can_be_said_and_committed_while_a_job_holds_the_catalog(catalog):
    with catalog.writing():
        Catalog(catalog.root).say([label("1", "Ann")])
        Catalog(catalog.root).commit((Face,), [outcome("a", face(0))])
    assert ([row.name for row in catalog.rows(Label)], catalog.rows(Face)) == (["Ann"], [face(0)])


def test_of_a_table_that_a_reduction_replaces_only_the_last_commit_is_opened(catalog):
    catalog.commit((Source,), [outcome("*", source("old"))])
    catalog.commit((Source,), [outcome("*", source("new"), fingerprint="f2", number=2)])
    old, new = fragments(catalog.root, Source)
    old.write_bytes(b"spoilt")
    assert paths(catalog) == ["new"]
    new.write_bytes(b"spoilt")
    with pytest.raises(CatalogError, match=f"{new} is damaged"):
        paths(catalog)
