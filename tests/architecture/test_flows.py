"""A step reads only what a step before it has written, and no table has two writers."""

from pathlib import Path

import pytest
from f2s_catalog.records import MediaItem, Shot, Source

from f2s_ray.config import Config
from f2s_ray.flows.step import MapStep, ReduceStep, Step


def faults(steps: list[Step]) -> list[str]:
    """What is wrong with the order of the steps."""
    writer: dict[str, str] = {}
    found = []
    for step in steps:
        writes = {table.TABLE for table in ((step.writes,) if isinstance(step, MapStep) else step.writes)}
        reads = {table.TABLE for table in step.reads if table.MADE != "said"}
        found += [f"{step.name} reads {table} before it is written" for table in sorted(reads - writes - set(writer))]
        found += [f"{table} is written by {writer[table]} and {step.name}" for table in sorted(writes & set(writer))]
        writer |= dict.fromkeys(writes, step.name)
    return found


def reduction(name: str, reads: tuple, writes: tuple) -> ReduceStep:
    return ReduceStep(name, lambda _: [], Config().engine, reads, writes)


def test_a_wrong_order_and_a_second_writer_are_found():
    listing = reduction("list", (), (Source,))
    probing = reduction("probe", (Source,), (MediaItem,))
    assert faults([listing, probing]) == []
    assert faults([probing, listing]) == ["probe reads sources before it is written"]
    again = reduction("again", (), (Source, Shot))
    assert faults([listing, again]) == ["sources is written by list and again"]


@pytest.fixture(scope="module")
def flows(tiny_weights) -> dict[str, list[Step]]:
    pytest.importorskip("torch", reason="needs f2s-ray[restore]")
    from f2s_ray.flows import photo

    parts = (photo.index_flow, photo.identify_flow, photo.plan_flow, photo.restore_flow)
    config = Config.model_validate({"model": {"weights": str(tiny_weights)}})
    return {part.__name__: part(config, Path("/input"), Path("/output")) for part in parts}


def test_the_whole_way_is_in_order_and_each_step_has_a_name_of_its_own(flows):
    whole = flows["restore_flow"]
    assert faults(whole) == []
    assert len({step.name for step in whole}) == len(whole)


@pytest.mark.parametrize("part", ["index_flow", "identify_flow", "plan_flow"])
def test_a_part_of_the_way_is_a_piece_of_it(flows, part):
    whole = [step.name for step in flows["restore_flow"]]
    names = [step.name for step in flows[part]]
    begin = whole.index(names[0])
    assert whole[begin : begin + len(names)] == names
