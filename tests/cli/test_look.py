"""`f2s find` on a terminal, in a pipe, and with wrong words."""

import json
import re
import sys

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, MediaItem, Sighting

from f2s_ray.cli.app import run
from f2s_ray.cli.job import new_job, run_job
from f2s_ray.cli.options import Common
from tests.catalog.made import face, outcome, person

from .conftest import small_flow


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> str:
    """A listed photo with Ann, and a film in which Ann and an unnamed person are seen."""
    root = tmp_path_factory.mktemp("archive")
    (root / "photos" / "sub").mkdir(parents=True)
    for path in ("a.png", "sub/film.mov"):
        (root / "photos" / path).write_text(path)
    out = root / "out"
    run_job(new_job("restore", str(root / "photos"), str(out), Common(quiet=True)), small_flow)
    add_people(Catalog(out))
    return str(out)


FIRST = {0: ("a" * 32,), 1: ("a" * 32, "b" * 32), 3: ("a" * 32, "b" * 32)}
"""Who is seen in the photo and in the film, in the first row of each."""


def add_people(catalog: Catalog) -> None:
    photo, film = sorted(catalog.rows(MediaItem), key=lambda item: item.path)
    spans = [(photo, 0.0, 0.0), (film, 3.2, 7.9), (film, 3700.0, 3701.5), (film, 5.0, 6.0)]
    faces = [
        face(number).model_copy(
            update={"media_id": item.media_id, "track_id": f"t{number}", "seen_from_seconds": a, "seen_to_seconds": b}
        )
        for number, (item, a, b) in enumerate(spans)
    ]
    ids = [one.face_id for one in faces]
    people = [person("a" * 32, 1, ids[:3], "Ann"), person("b" * 32, 2, ids[3:])]
    retold = film.model_copy(update={"kind": "film"})
    seen = [
        Sighting(
            identity_id=("b" if number == 3 else "a") * 32, path=item.path, track_id=f"t{number}", media_id=item.media_id,
            kind="photo" if item is photo else "film", face_id=ids[number], face_count=1, seen_from_seconds=begin,
            seen_to_seconds=end, is_confirmed=False, likeness=1, is_first=number in FIRST, company=FIRST.get(number, ()),
        )
        for number, (item, begin, end) in enumerate(spans)
    ]  # fmt: skip
    made = (*faces, *people, *sorted(seen, key=lambda row: (row.identity_id, row.path, row.track_id)))
    catalog.commit(TABLES, [outcome("*", *made, step="who"), outcome(film.path, retold, step="later")])


def test_in_a_pipe_each_answer_is_a_line_of_json(output, capsys):
    assert run(["find", output, "person:Ann"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"path": "a.png", "kind": "photo", "people": ["Ann"], "times": {}},
        {
            "path": "sub/film.mov",
            "kind": "film",
            "people": ["Ann", "Person 2"],
            "times": {"Ann": ["0:03.2-0:07.9", "1:01:40.0-1:01:41.5"]},
        },
    ]


def test_on_a_terminal_it_is_a_table(output, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["find", output, 'person:"Ann & Person 2"']) == 0
    head, row = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert head.split() == ["path", "kind", "people", "times"]
    assert row.split("  ", 1)[0] == "sub/film.mov"
    told = "Ann 0:03.2-0:07.9, 1:01:40.0-1:01:41.5; Person 2 0:05.0-0:06.0; Ann & Person 2 0:05.0-0:06.0"
    assert told in row


def test_nothing_found_is_said_and_is_no_failure(output, capsys):
    assert run(["find", output, "nowhere", "--json"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "f2s: nothing found\n")


def test_a_question_may_begin_with_a_minus(output, capsys):
    assert run(["find", output, "-sub", "--limit", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "a.png"
    assert run(["find", output, "-heaven", "--limit", "1"]) == 0
    assert run(["find", output, "-person:Ben"]) == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["  -person:Ben", "          ^"]


def test_a_wrong_word_is_shown_where_it_stands(output, capsys):
    assert run(["find", output, 'person:Ann persn:"Ben"']) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "f2s: column 12: there is no term 'persn:'; the nearest is 'person'; to look for it in the path, quote it",
        '  person:Ann persn:"Ben"',
        "             ^",
    ]
