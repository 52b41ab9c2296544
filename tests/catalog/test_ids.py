import hashlib

import pytest
from f2s_catalog.ids import digest, file_digest


def test_a_digest_is_the_same_in_every_run():
    assert digest("probe", {"b": 1, "a": 0.1}, ["x", None]) == "48638dab8537f14b275650b551114318"


def test_parts_do_not_run_into_each_other():
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


def test_the_order_of_keys_does_not_matter_and_that_of_lists_does():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_neighbouring_floats_differ():
    assert digest(0.1) != digest(0.1 + 2**-56)


def test_a_name_that_is_no_unicode_has_a_digest():
    assert digest("\udcff") != digest("\udcfe")


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        digest(float("nan"))


def test_a_file_has_the_digest_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert file_digest(tmp_path / "a") == hashlib.sha256(content).hexdigest()
