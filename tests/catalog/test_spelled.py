"""A name is found however a file writes it, and is not found in words that only contain it."""

import json
from html import escape
from unicodedata import normalize
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pytest
from f2s_catalog.spelled import Spelled, folded

NAME = "Zoë d'Été-Quist"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"


def in_file(content: bytes, *names: str, is_elsewhere: bool = False) -> bool:
    return Spelled(names or (NAME,), is_elsewhere=is_elsewhere).in_file(pa.py_buffer(content))


WAYS = {
    "as it is": NAME.encode(),
    "capitals": NAME.upper().encode(),
    "small letters": NAME.lower().encode(),
    "mixed letters": b"zO\xc3\x8b D'\xc3\xa9T\xc3\x89-qUIST",
    "decomposed": normalize("NFD", NAME).encode(),
    "Latin-1": NAME.encode("latin-1"),
    "capitals in Latin-1": NAME.upper().encode("latin-1"),
    "UTF-16, little end first": NAME.encode("utf-16-le"),
    "UTF-16, big end first": NAME.upper().encode("utf-16-be"),
    "HTML": escape(NAME).encode(),
    "decimal entities": "".join(f"&#{ord(letter)};" for letter in NAME).encode(),
    "hexadecimal entities": "".join(f"&#x{ord(letter):X};" for letter in NAME).encode(),
    "small hexadecimal entities": "".join(f"&#x{ord(letter):04x};" for letter in NAME).encode(),
    "named entities": b"Zo&euml; d&apos;&Eacute;t&eacute;-Quist",
    "JSON": json.dumps(NAME)[1:-1].encode(),
    "JSON in capitals": json.dumps(NAME.upper())[1:-1].upper().replace("\\U", "\\u").encode(),
    "URL": quote(NAME).encode(),
    "URL, small digits": quote(NAME).lower().encode(),
    "a form": quote_plus(NAME).encode(),
    "URL of Latin-1": quote(NAME, encoding="latin-1").encode(),
    "a line broken in it": "Zoë\n  d'Été-Quist".encode(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("around", [b"%s", b"to %s, today", b'{"who": "%s"}', b"/%s.html"])
def test_a_name_is_found_however_it_is_written(way, around):
    written = WAYS[way]
    if "UTF-16" in way:
        around = b"%s"
    assert in_file(JPEG + around.replace(b"%s", written) + b"\0\1")
    if b"\0" not in written:
        assert in_file(around.replace(b"%s", written))


def test_letters_beyond_latin_are_found():
    assert in_file("von Øystein Ærøskøbing".encode("cp1252"), "Øystein Ærøskøbing")
    assert in_file("ДМИТРИЙ ИВАНОВ".encode(), "Дмитрий Иванов")
    assert in_file(json.dumps("𝒵oe 🙂 Quist").encode(), "𝒵oe 🙂 Quist")
    assert in_file(b"GROSSMANN & S\xc3\x96HNE", "Großmann & Söhne")


@pytest.mark.parametrize("text", ["Annabel", "Hannah", "xAnn", "Zo\xeb", "Ann\xe9"])
def test_a_word_that_contains_a_name_is_no_name(text):
    assert not in_file(f"so {text} said".encode(), "Ann")


def test_a_short_name_in_small_letters_is_a_word_like_any_other():
    assert not in_file(b"it will be marked", "Will")
    assert in_file(b"it is WILL", "Will")
    assert in_file(b'{"name": "will"}', "Will")
    assert in_file(b"<rdf:li>will</rdf:li>", "Will")


def test_a_short_name_among_bytes_counts_only_as_metadata_have_it():
    assert not in_file(JPEG + b"\0 Ann \0", "Ann")
    assert in_file(JPEG + b"mwg-rs:Name='ann'", "Ann")
    assert in_file(JPEG + "Dora".encode("utf-16-le"), "Dora")


def test_a_name_that_is_elsewhere_counts_between_quotes_alone():
    assert not in_file(b"restored/Zoe Quist/a.jpg", "Zoe Quist", is_elsewhere=True)
    assert in_file(b'name="Zoe Quist"', "Zoe Quist", is_elsewhere=True)


def test_nobody_is_found_nowhere():
    assert not Spelled(()).in_file(pa.py_buffer(b"anything"))
    assert not Spelled(()).in_column(pa.array(["anything"]), is_about_people=True)


def test_columns_are_searched_as_words_and_names_as_a_whole():
    spelled = Spelled(("Ann", "Zoë Quist"))
    column = pa.array(["with Ann", None, "annals"])
    assert spelled.in_column(column, is_about_people=True)
    assert not spelled.in_column(column, is_about_people=False)
    assert spelled.in_column(pa.array(["of ZOE\u0308 QUIST"]), is_about_people=False)
    assert spelled.in_names(["Ben", None, "zoe\u0308  quist"])
    assert not spelled.in_names(["Zoë Quist jr"])


def test_what_a_reader_takes_for_one_name_is_folded_to_one():
    assert len({folded(name) for name in ("Zoë", "ZOE\u0308", " zoë ", "Zoe\u0308")}) == 1
    assert folded("Zoe") != folded("Zoë")
