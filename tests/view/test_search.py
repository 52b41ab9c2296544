"""Questions asked in the viewer are answered as f2s find answers them, a page at a time."""

import pytest
from f2s_catalog.errors import QueryError
from f2s_catalog.find import find

from benchmarks.made_catalog import make_catalog
from f2s_ray.view.site import people_pages
from f2s_ray.view.site.search import FILES_A_PAGE, Search, fault_of
from f2s_ray.view.site.snapshot import Snapshot

PICTURES, PEOPLE = 400, 150
QUESTIONS = [
    "", "kind:film", "-kind:film", "faces:>=3", "year:1960..1969", "folder:1960", "noise:>0.05 jpeg:..40", "0001",
    'person:"Person 1"', 'person:"Person 1"|"Person 2"', 'person:"Person 1 & Person 2"', 'only:"Person 3"',
    'person:"Person 1" -person:"Person 2" kind:film', 'kind:photo person:"Person 2" year:1970..',
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    make_catalog(folder, pictures=PICTURES, people=PEOPLE, faces=1200, films=60)
    return folder


@pytest.fixture(scope="module")
def snapshot(root):
    return Snapshot(root)


@pytest.fixture(scope="module")
def search(snapshot):
    return Search(snapshot)


@pytest.fixture(scope="module")
def labels(snapshot):
    rows = snapshot.rows("SELECT number, label FROM people JOIN identities USING (identity_id)")
    return {f"Person {row['number']}": row["label"] for row in rows}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_that_of_f2s_find(root, search, labels, question):
    for number, label in sorted(labels.items(), reverse=True):
        question = question.replace(number, label)
    expected = find(root, question)
    pages = [search.page(question, number) for number in range(1, search.page(question, 1).count + 1)]
    found = [row for page in pages for row in page.rows]
    assert [row["path"] for row in found] == [one.path for one in expected]
    assert [row["times"] for row in found] == [
        {who: list(spans) for who, spans in one.times.items()} for one in expected
    ]
    assert [[one["label"] for one in row["people"]] for row in found] == [list(one.people) for one in expected]
    assert all(page.total == len(expected) for page in pages)


def test_what_is_similar_is_that_of_f2s_find(root, search):
    path = find(root, "faces:>=2 kind:photo")[0].path
    for question in (f'similar:"{path}"', f'similar:"{path}" kind:film'):
        expected = {one.path: one.likeness for one in find(root, question)}
        pages = [search.page(question, number) for number in range(1, search.page(question, 1).count + 1)]
        found = [row for page in pages for row in page.rows]
        assert {row["path"]: pytest.approx(row["likeness"], abs=1e-6) for row in found} == expected
        assert [row["likeness"] for row in found] == sorted(expected.values(), reverse=True)


def test_a_page_beyond_the_last_is_the_last(root, search):
    last = search.page("", 10**6)
    assert (last.number, last.count, last.total) == (-(-PICTURES // FILES_A_PAGE),) * 2 + (PICTURES,)
    assert last.rows[-1]["path"] == find(root, "")[-1].path


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ("kind:photo persn:Ann", "persn:Ann"), ("person:Nobody kind:film", "Nobody"), ("folder:no/where", "no/where"),
        ("similar:../../etc/passwd", "../../etc/passwd"), ("person:", ""),
    ],
)  # fmt: skip
def test_a_wrong_question_has_its_place(search, question, at):
    with pytest.raises(QueryError) as caught:
        search.page(question, 1)
    fault = fault_of(caught.value, question)
    assert fault.at == at
    assert fault.before + fault.at + fault.after == question
    assert fault.message


def test_the_wall_has_everybody_once(snapshot):
    first = people_pages.wall(snapshot, "", 1, ignored=False)
    pages = [people_pages.wall(snapshot, "", number + 1, ignored=False) for number in range(first.count)]
    rows = [row for page in pages for row in page.rows]
    assert first.count > 1
    assert len({row["identity_id"] for row in rows}) == len(rows) == first.total == len(snapshot.rows("FROM people"))
    named = [row["name"] is not None for row in rows]
    assert named == sorted(named, reverse=True)
    assert all(row["photos"] + row["films"] == row["media_count"] for row in rows)


def test_a_filter_leaves_those_whose_label_holds_it_in_any_case(snapshot):
    found = people_pages.wall(snapshot, "NAME 1", 1, ignored=False)
    assert found.total == len([1 for row in snapshot.rows("FROM people") if "name 1" in row["label"].casefold()]) > 0
    assert people_pages.wall(snapshot, "", 1, ignored=True).rows == []
