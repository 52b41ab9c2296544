import pickle

import pytest
from f2s_catalog.records import Source
from pydantic import BaseModel

from f2s_ray.errors import MediaError
from f2s_ray.flows.step import Item, MapStep, attempt, new_attempt


class Config(BaseModel):
    strength: float = 0.5


def source(path="a.jpg", byte_count=3):
    return Source(path=path, byte_count=byte_count, modified_ns=0, trouble=None)


def step(**config):
    return MapStep("probe", lambda _: iter, Config(**config), lambda *_: [], (Source,), Source)


def started():
    return new_attempt(step(), "a.jpg", "f", "a.jpg", 2, "run")


def test_what_a_stage_yields_is_the_outcome():
    outcome = attempt(lambda record: iter([record, record]), source(), started())
    assert outcome.records == (source(), source())
    assert outcome.attempt.status == "done"
    assert (outcome.attempt.number, outcome.attempt.run_id, outcome.attempt.error_kind) == (2, "run", None)


def test_trouble_of_the_item_is_a_failed_attempt_without_records():
    def stage(record):
        yield record
        raise MediaError("truncated", "a.jpg: ends early; restore it from a backup")

    outcome = attempt(stage, source(), started())
    assert outcome.records == ()
    assert (outcome.attempt.status, outcome.attempt.error_kind) == ("failed", "truncated")
    assert outcome.attempt.message == "a.jpg: ends early; restore it from a backup"


def test_what_is_left_alone_by_design_is_skipped():
    def stage(_):
        raise MediaError("skipped:text", "a.txt: not a picture")

    outcome = attempt(stage, source(), started())
    assert (outcome.attempt.status, outcome.attempt.error_kind) == ("skipped", "text")


def test_a_bug_flies_on():
    with pytest.raises(ZeroDivisionError):
        attempt(lambda _: iter([1 / 0]), source(), started())


def test_the_fingerprint_changes_with_the_record_and_the_configuration_alone():
    item = Item("a.jpg", "a.jpg", source())
    fingerprint = step().fingerprint(item)
    assert fingerprint == step().fingerprint(Item("a.jpg", "a.jpg", source(), cost=9.0))
    assert fingerprint != step(strength=0.6).fingerprint(item)
    assert fingerprint != step().fingerprint(Item("a.jpg", "a.jpg", source(byte_count=4)))


def test_trouble_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(MediaError("broken", "a.jpg: broken")))
    assert (error.kind, error.message) == ("broken", "a.jpg: broken")
