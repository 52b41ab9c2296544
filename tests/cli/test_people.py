"""`f2s people`: who is there, and what is said, on a terminal and in a pipe."""

import json
import sys

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Label

from f2s_ray.cli.app import run
from tests.flows.said_archive import ANN, BEN, CID, settled, who


@pytest.fixture
def output(tmp_path):
    settled(tmp_path)
    return tmp_path


@pytest.fixture
def say(output, capsys):
    """Run `f2s people WORD OUTPUT ...`; what it prints, as JSON."""

    def one(word, *more):
        assert run(["people", word, str(output), *more, "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return one


def test_people_are_listed_with_what_is_known_of_them(output, say):
    say("name", "Person 3", "Cid")
    rows = say("list")
    assert [(row["label"], row["faces"], row["media"], row["confirmed"], row["state"]) for row in rows] == [
        ("Cid", 2, 2, 0, "seen"),
        ("Person 1", 6, 5, 0, "seen"),
        ("Person 2", 6, 5, 0, "seen"),
    ]
    assert rows[1]["references"] == 4


def test_a_person_is_found_by_name_by_label_and_by_id(output, say):
    ann = who(output, ANN[0])
    (named,) = say("name", "Person 1", "Ann Lee")
    assert (named["label"], named["identity_id"]) == ("Ann Lee", ann.identity_id)
    for word in ("ann lee", ann.identity_id, ann.identity_id[:6]):
        (shown,) = say("show", word)
        assert shown["identity_id"] == ann.identity_id
    (taken,) = say("name", "Ann Lee", "--none")
    assert taken["label"] == "Person 1"


def test_what_is_shown_of_a_person(output, say):
    say("name", "Person 1", "Ann")
    (shown,) = say("show", "Ann")
    film = [row for row in shown["seen"] if row["kind"] == "film"]
    assert [(row["path"], row["seen_from_seconds"], row["seen_to_seconds"]) for row in film] == [("film.mkv", 1.0, 3.5)]
    assert shown["nearest"] in {"Person 2", "Person 3"}
    assert shown["references"] == say("references", "Ann")
    assert shown["references"][0]["why"]
    assert [(fact["kind"], fact["name"]) for fact in shown["said"]] == [("name", "Ann")]


def test_statements_change_who_is_who(output, say):
    (merged,) = say("merge", "Person 1", "Person 3")
    assert who(output, CID[0]).identity_id == merged["identity_id"]
    (split,) = say("split", "Person 1", CID[0].face_id, "3-1.jpg")
    assert who(output, CID[1]).identity_id == split["identity_id"]
    say("reject", "Person 2", "2-1.jpg")
    assert who(output, BEN[1]).identity_id != who(output, BEN[0]).identity_id
    (again,) = say("confirm", "Person 2", "2-1.jpg")
    assert (who(output, BEN[1]).identity_id, again["confirmed"]) == (who(output, BEN[0]).identity_id, 1)
    say("primary", "Person 1", "1-0.jpg")
    assert say("references", "Person 1")[0]["face_id"] == ANN[0].face_id
    say("ignore", "Person 2")
    assert say("list")[-1]["state"] == "ignored"
    say("notice", "Person 2")
    say("not-same", "Person 1", "Person 2")
    said_by = {fact.said_by for fact in Catalog(output).rows(Label)}
    assert len(said_by) == 1
    assert said_by != {""}


def test_on_a_terminal_it_reads_as_lines(output, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert run(["people", "name", str(output), "Person 1", "Ann"]) == 0
    assert capsys.readouterr().out == f"Ann {who(output, ANN[0]).identity_id}: 6 faces, 0 confirmed\n"
    assert run(["people", "show", str(output), "Ann"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Ann"
    assert any(line.startswith("  film.mkv 0:01.0-0:03.5: likeness 0.") for line in lines)
    assert any("name Ann (1 faces)" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["show", "Person 8"], "there is no person 'Person 8'; the nearest is 'Person"),
        (["name", "Person 1"], "give a NAME, or --none"),
        (["merge", "Person 1", "Person 1"], "two people"),
        (["confirm", "Person 1", "1-7.jpg"], "there is no face in '1-7.jpg'; the nearest is '1-"),
        (["split", "Person 1"], "FACE"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(output, words, part, capsys):
    word, *more = words
    assert run(["people", word, str(output), *more]) == 2
    captured = capsys.readouterr()
    assert part in captured.err
    assert captured.err.count("\n") == 1
    assert Catalog(output).rows(Label) == []
