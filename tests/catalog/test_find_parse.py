"""The text of a question becomes terms, or an error that points at the place."""

import pytest
from f2s_catalog.errors import QueryError
from f2s_catalog.find_parse import parse
from f2s_catalog.find_terms import TERMS, Bound, Choice, Folder, Number, People, Term, Who, Word
from hypothesis import example, given
from hypothesis import strategies as st


def people(*groups, is_only=False) -> People:
    return People(tuple(tuple(Who(*who) for who in group) for group in groups), is_only)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("person:Ann", people([("Ann", 7)])),
        ("PERSON:Ann", people([("Ann", 7)])),
        ('person:"Ann Lee"', people([("Ann Lee", 8)])),
        ("person:Ann|Ben", people([("Ann", 7)], [("Ben", 11)])),
        ('person:"Ann Lee"|Ben&Cid', people([("Ann Lee", 8)], [("Ben", 17), ("Cid", 21)])),
        ('person:"Ann & Ben | Cid"', people([("Ann", 8), ("Ben", 14)], [("Cid", 20)])),
        (r'person:"A \& B \| \"C\" \\"', people([(r'A & B | "C" \\'[:-1], 8)])),
        (r"person:A\B", people([(r"A\B", 7)])),
        ("only:Ann", people([("Ann", 5)], is_only=True)),
        ("faces:>=3", Number("faces", (Bound(">=", 3),))),
        ("faces:=3", Number("faces", (Bound("=", 3),))),
        ("faces:3", Number("faces", (Bound("=", 3),))),
        ("noise:>0.05", Number("noise", (Bound(">", 0.05),))),
        ("noise:<0.05", Number("noise", (Bound("<", 0.05),))),
        ('blur:"<=1"', Number("blur", (Bound("<=", 1),))),
        ("jpeg:20..60", Number("jpeg", (Bound(">=", 20), Bound("<=", 60)))),
        ("downscale:1.5..2.5", Number("downscale", (Bound(">=", 1.5), Bound("<=", 2.5)))),
        ("year:..1999", Number("year", (Bound("<=", 1999),))),
        ("year:1990..", Number("year", (Bound(">=", 1990),))),
        ("folder:a/b/", Folder("a/b", 7)),
        ('folder:"./a b"', Folder("a b", 7)),
        ("kind:film", Choice("kind", ("film",))),
        ("gate:Kept|blended", Choice("gate", ("kept", "blended"))),
        ("beach", Word("beach")),
        ('"two words"', Word("two words")),
        ('a"b c"d', Word("ab cd")),
        ('"person:Ann"', Word("person:Ann")),
        ('"AND"', Word("AND")),
        ('"-"', Word("-")),
        ("12:30", Word("12:30")),
        ("a|b", Word("a|b")),
        (r"a\b", Word(r"a\b")),
    ],
)
def test_a_term_and_its_opposite(text, asked):
    assert parse(text).terms == (Term(asked),)
    (negated,) = parse(f"-{text}").terms
    assert negated.is_negated
    assert type(negated.asked) is type(asked)


def test_terms_are_parted_by_blanks_of_any_kind():
    assert parse(" a\tb\u3000-c\n").terms == (Term(Word("a")), Term(Word("b")), Term(Word("c"), is_negated=True))
    assert parse("  ").terms == ()


@pytest.mark.parametrize("example_of", [written for written, _ in TERMS.values()])
def test_the_example_of_a_term_is_one(example_of):
    assert len(parse(example_of).terms) == 1


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("a persn:Ann", 3, "there is no term 'persn:'; the nearest is 'person'"),
        ("person:", 8, "a name is missing here, e.g. person:Ann"),
        ("person:Ann|", 8, "a name is missing"),
        ('person:" & Ann"', 9, "a name is missing"),
        ('a "b', 3, "this quote does not end"),
        (r'"a\"', 1, "this quote does not end"),
        ("faces:", 7, "'' is no number"),
        ("faces:many", 7, "'many' is no number, comparison or range"),
        ("faces:-1", 7, "is no number"),
        ("faces:>1..3", 7, "is no number"),
        ("faces:..", 7, "is no number"),
        ("jpeg:60..20", 6, "the range 60..20 is empty; write the lower number first"),
        ("noise:\u0663", 7, "is no number"),
        ("kind:movie", 6, "kind: is not 'movie'; there are photo, film"),
        ("gate:blendet", 6, "gate: is not 'blendet'; the nearest is 'blended'"),
        ("folder:/", 8, "folder: names no folder below INPUT"),
        ('""', 1, "there is nothing to look for"),
        ("a AND b", 3, "AND is no term: terms are joined by themselves; leave it out"),
        ("a OR b", 3, "write person:Ann|Ben"),
        ("NOT a", 1, "write a minus"),
        ("person:A & B", 10, 'write the names in quotes, e.g. person:"Ann & Ben"'),
        ("- a", 1, "one minus stands right before a term"),
        ("--a", 1, "one minus stands right before a term"),
        ("a\ud800", 2, "this is no UTF-8 text"),
    ],
)
def test_an_error_points_at_its_place(text, column, words):
    with pytest.raises(QueryError) as caught:
        parse(text)
    message, _, caret = str(caught.value).split("\n")
    assert message.startswith(f"column {column}: ")
    assert words in message
    assert caret == f"  {' ' * (column - 1)}^"


def test_the_caret_stands_below_its_letter_on_a_terminal():
    with pytest.raises(QueryError) as caught:
        parse("\u65e5e\u0301 x:y")
    assert str(caught.value).splitlines()[1:] == ["  \u65e5e\u0301 x:y", "      ^"]


def refusal(text) -> str | None:
    try:
        parse(text)
    except QueryError as error:
        return str(error)
    return None


@given(st.text() | st.text(st.sampled_from(' "\\|&-:.<>=1aperson')) | st.text(st.characters(categories=["Cs", "Cc"])))
@example('person:"\\')
def test_any_text_is_parsed_or_refused_in_three_lines(text):
    message = refusal(text)
    assert message is None or len(message.splitlines()) == 3
