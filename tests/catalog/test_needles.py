"""Needles are found at any place of a file, as they are and as texts have them."""

import base64
import random

import pyarrow as pa
import pytest
from f2s_catalog.needles import LEAST_BYTES, Needles

VECTOR = random.Random(1).randbytes(512)
OTHER = random.Random(2).randbytes(512)
WORDS = Needles({VECTOR: "a vector", b"0123456789abcdef" * 2: "an id"})


def found(content: bytes, needles: Needles = WORDS) -> set[str]:
    return set(needles.find(pa.py_buffer(content)))


@pytest.mark.parametrize("before", range(18))
def test_a_needle_is_found_at_any_offset(before):
    assert found(bytes(before) + VECTOR) == {"a vector"}
    assert found(b"x" * before + VECTOR + b"x") == {"a vector"}
    assert found(b"\xff" * before + b"0123456789abcdef" * 2) == {"an id"}


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("code", [base64.b64encode, base64.urlsafe_b64encode, bytes.hex])
def test_a_needle_is_found_in_a_text_whatever_stands_before_it(code, before):
    coded = code(OTHER[:before] + VECTOR + OTHER)
    text = coded if isinstance(coded, bytes) else coded.encode()
    assert found(b'{"v": "' + text + b'"}') == {"a vector"}
    assert found(b"v=" + text.upper()) == ({"a vector"} if code is bytes.hex else set())


def test_what_is_like_a_needle_is_none():
    assert found(VECTOR[:-1]) == set()
    assert found(VECTOR[:100] + OTHER) == set()
    assert found(OTHER * 3) == set()
    assert found(b"") == set()


@pytest.mark.parametrize("length", range(LEAST_BYTES, LEAST_BYTES + 12))
@pytest.mark.parametrize("before", range(8))
def test_the_shortest_needles_are_found(length, before):
    needle = bytes(range(1, length + 1))
    assert found(bytes(before) + needle, Needles({needle: "short"})) == {"short"}


def test_a_vector_of_zeros_but_one_is_found_among_zeros():
    needle = bytes(200) + b"\0\0\x80\x3f" + bytes(308)
    assert found(bytes(1003) + b"\1" + needle, Needles({needle: "one"})) == {"one"}
    assert found(bytes(10_000), Needles({needle: "one"})) == set()


def test_a_needle_across_blocks_is_found(monkeypatch):
    monkeypatch.setattr("f2s_catalog.needles._BLOCK", 64)
    for before in range(40, 70):
        assert found(bytes(before) + VECTOR) == {"a vector"}
