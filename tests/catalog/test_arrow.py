from pathlib import Path

import pyarrow as pa
import pytest
from f2s_catalog.arrow import PROVENANCE, from_table, schema_of, stored_schema, to_table
from f2s_catalog.records import TABLES, Attempt, Face, Record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FROZEN = Path(__file__).with_name("schemas.txt")
# A surrogate is no Unicode text; the listing keeps such names out.
words = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


def described() -> str:
    """All stored schemas in words."""
    lines = []
    for record_type in TABLES:
        lines.append(f"{record_type.TABLE} ({', '.join(record_type.KEY)})")
        for field in stored_schema(record_type):
            lines.append(f"    {field.name}: {field.type}{'' if field.nullable else ' not null'}")
    return "\n".join(lines) + "\n"


def records_of(record_type: type[Record]) -> st.SearchStrategy:
    """Any record of a type; numbers in tuples are those that float32 can tell."""
    return st.builds(record_type, **{name: values(info.annotation) for name, info in record_type.model_fields.items()})


def values(annotation) -> st.SearchStrategy:
    arguments = getattr(annotation, "__args__", ())
    if annotation is str:
        return words
    if annotation is int:
        return st.integers(-(2**63), 2**63 - 1)
    if annotation is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if annotation is bool:
        return st.booleans()
    if type(None) in arguments:
        return st.none() | values(arguments[0])
    if arguments and all(isinstance(word, str) for word in arguments):
        return st.sampled_from(arguments)
    if arguments:
        inner = float32 if arguments[0] is float else values(arguments[0])
        open_end = arguments[-1] is ...
        return st.lists(inner, max_size=3).map(tuple) if open_end else st.tuples(*[inner] * len(arguments))
    return records_of(annotation)


def test_the_stored_schemas_are_frozen():
    assert described() == FROZEN.read_text(), (
        f"a stored table changed; if that is meant, write the new text to {FROZEN}"
    )


@pytest.mark.parametrize("record_type", TABLES, ids=lambda kind: kind.TABLE)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_records_come_back_as_they_were(record_type, data):
    records = data.draw(st.lists(records_of(record_type), max_size=3))
    assert from_table(record_type, to_table(record_type, records)) == records


def test_each_column_says_what_it_means():
    for record_type in TABLES:
        for field in stored_schema(record_type):
            assert field.metadata[b"description"]


def test_a_box_has_four_numbers_and_a_vector_has_any():
    schema = schema_of(Face)
    assert schema.field("box_px").type == pa.list_(pa.float32(), 4)
    assert schema.field("embedding").type == pa.list_(pa.float32())


def test_only_optional_fields_may_be_null():
    schema = schema_of(Face)
    assert [field.name for field in schema if field.nullable] == ["track_id"]


def test_the_ledger_has_its_own_columns_and_the_number_of_the_commit():
    assert set(stored_schema(Attempt).names) == set(Attempt.model_fields) | {"sequence"}
    assert set(stored_schema(Face).names) == set(Face.model_fields) | set(PROVENANCE)


def test_a_type_without_a_column_is_refused():
    class Odd(Record):
        parts: dict[str, int]

    with pytest.raises(TypeError, match="has no Arrow column"):
        schema_of(Odd)


def test_a_record_holds_no_number_that_is_not_finite():
    with pytest.raises(ValueError, match="finite"):
        Attempt(
            step="s",
            item_id="i",
            fingerprint="f",
            path="p",
            status="done",
            error_kind=None,
            message=None,
            number=1,
            run_id="r",
            elapsed_seconds=float("nan"),
        )
