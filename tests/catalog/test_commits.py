"""Names of fragments, whatever lies beside what: every row is held by one that is read."""

from pathlib import Path

import pyarrow as pa
from f2s_catalog.commits import Commits, Held, Note, commits_of, name_of, note_in, noted, visible
from hypothesis import given
from hypothesis import strategies as st

RANGES = st.builds(lambda first, more: Commits(first, first + more), st.integers(1, 40), st.integers(0, 30))


def paths(*ranges):
    return [Path(name_of(Commits(*one), "d")) for one in ranges]


def read(*ranges):
    return [tuple(commits_of(path)) for path in visible(paths(*ranges))]


def test_a_name_tells_the_commits():
    assert name_of(Commits(7, 7), "c0ffee") == "part-00000000000007-c0ffee.parquet"
    assert name_of(Commits(1, 64), "c0ffee") == "part-00000000000001-00000000000064-c0ffee.parquet"
    for commits in (Commits(7, 7), Commits(1, 64)):
        assert commits_of(Path(name_of(commits, "c0ffee"))) == commits


def test_what_a_merged_one_holds_is_not_read_besides():
    assert read((1, 1), (2, 2), (3, 3), (1, 2)) == [(1, 2), (3, 3)]
    assert read((1, 64), (1, 128), (65, 65), (130, 130)) == [(1, 128), (130, 130)]


def test_both_of_a_rewriting_that_was_cut_off_are_read():
    both = [Path(name_of(Commits(1, 2), digest)) for digest in "ab"]
    assert visible([*paths((1, 1)), *both]) == both


@given(st.lists(RANGES, max_size=12))
def test_whatever_lies_there_each_is_read_or_held_by_one_that_is_read(ranges):
    found = [commits_of(path) for path in visible(set(paths(*ranges)))]
    for one in ranges:
        assert any(other.has(one) for other in found)
    assert not any(one != other and one.has(other) for one in found for other in found)


@given(st.lists(RANGES, max_size=12), RANGES)
def test_what_is_held_is_found_as_by_looking_at_each(ranges, wanted):
    held = Held(ranges)
    assert held.has(wanted) is any(one.has(wanted) for one in ranges)
    assert list(held.within(wanted)) == sorted(one for one in ranges if wanted.has(one))


def test_a_note_comes_back():
    note = Note(6, {"faces": (3, Commits(1, 7)), "media": (1, Commits(7, 7))})
    table = pa.table({"a": [1]})
    assert note_in(noted(table, note).schema) == note
    assert note_in(table.schema) is None
