import pytest

from f2s_ray.evaluation.ledger import Ledger


def test_rows_are_there_after_a_restart(tmp_path):
    Ledger(tmp_path / "rows.jsonl").put("a", {"x": (1.5, None)})
    assert Ledger(tmp_path / "rows.jsonl").get("a") == {"x": [1.5, None]}
    assert Ledger(tmp_path / "rows.jsonl").get("b") is None


def test_a_row_that_a_crash_tore_is_not_there_and_harms_no_other(tmp_path):
    file = tmp_path / "rows.jsonl"
    Ledger(file).put("a", {"x": 1})
    with file.open("a") as lines:
        lines.write('{"key": "b", "row": {"x"')
    torn = Ledger(file)
    assert torn.get("b") is None
    torn.put("c", {"x": 3})
    again = Ledger(file)
    assert (again.get("a"), again.get("b"), again.get("c")) == ({"x": 1}, None, {"x": 3})


def test_the_last_row_of_a_key_counts(tmp_path):
    ledger = Ledger(tmp_path / "rows.jsonl")
    ledger.put("a", {"x": 1})
    ledger.put("a", {"x": 2})
    assert Ledger(tmp_path / "rows.jsonl").get("a") == {"x": 2}


def test_what_is_no_number_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        Ledger(tmp_path / "rows.jsonl").put("a", {"x": float("nan")})
    assert Ledger(tmp_path / "rows.jsonl").get("a") is None
