from pathlib import Path

from f2s_catalog.dictionary import dictionary
from f2s_catalog.records import TABLES

README = Path(__file__).resolve().parents[2] / "catalog" / "README.md"


def test_the_data_dictionary_is_current():
    assert README.read_text() == dictionary(), "run: python -m f2s_catalog.dictionary > catalog/README.md"


def test_every_column_stands_in_it():
    text = dictionary()
    for record_type in TABLES:
        for name in record_type.model_fields:
            assert f"| `{name}` |" in text


def test_the_words_of_a_column_stand_in_it():
    assert "| `decision` |" not in dictionary()
    assert "| `gates[].decision` | restored blended kept |" in dictionary()
