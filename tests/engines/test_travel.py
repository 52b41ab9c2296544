"""What an engine sends to another process arrives whole, whatever stands in it."""

import pytest
from f2s_catalog.records import Record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import f2s_ray.stages.assemble
import f2s_ray.stages.units  # noqa: F401 - so that all kinds are known

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))  # what JSON can write
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=8))


def kinds(base):
    return [one for kind in base.__subclasses__() for one in (kind, *kinds(kind)) if one.__module__.startswith("f2s_")]


@pytest.mark.parametrize("kind", kinds(Record), ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_record_survives_its_journey(kind, data):
    record = data.draw(st.from_type(kind))
    assert kind.model_validate_json(record.model_dump_json()) == record
