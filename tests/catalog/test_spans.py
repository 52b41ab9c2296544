"""Spans that nearly touch become one; others stay as they are."""

from itertools import pairwise

import duckdb
import pytest
from f2s_catalog.spans import joined
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def stretches(spans) -> list[tuple[float, float]]:
    rows = "SELECT 'a' AS who, unnest($1::DOUBLE[]) AS seen_from_seconds, unnest($2::DOUBLE[]) AS seen_to_seconds"
    columns = [[float(begin) for begin, _ in spans], [float(end) for _, end in spans]]
    found = duckdb.execute(joined(rows, "who"), columns).fetchall()
    return sorted((begin, end) for _, begin, end in found)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(0, 0)], [(0, 0)]),
        ([(0, 2), (2.9, 4)], [(0, 4)]),
        ([(0, 2), (3, 4)], [(0, 2), (3, 4)]),
        ([(0, 9), (1, 2), (9.5, 10)], [(0, 10)]),
        ([(5, 6), (0, 1), (0, 1)], [(0, 1), (5, 6)]),
        ([(-3, -2), (-1.5, 0)], [(-3, 0)]),
    ],
)
def test_known_spans(spans, expected):
    assert stretches(spans) == expected


quarter_seconds = st.integers(0, 60).map(lambda quarters: quarters / 4)
any_spans = st.lists(st.tuples(quarter_seconds, quarter_seconds).map(lambda ends: (min(ends), max(ends))), max_size=8)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(spans=any_spans)
def test_stretches_hold_every_span_and_lie_a_second_apart(spans):
    found = stretches(spans)
    assert all(any(a <= begin and end <= b for a, b in found) for begin, end in spans)
    assert {a for a, _ in found} <= {begin for begin, _ in spans}
    assert {b for _, b in found} <= {end for _, end in spans}
    assert all(later[0] - earlier[1] >= 1 for earlier, later in pairwise(found))
