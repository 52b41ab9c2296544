"""A catalog whose files are harmed one by one: each harm is found, its file named, and nothing is made on top of it."""

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.whole.made import f2s, files


@pytest.fixture
def harmed(calm, command):
    """A finished OUTPUT of its own, and the command on it."""
    for part in ("catalog", "restored"):
        shutil.copytree(Path(calm.command.output) / part, Path(command.output) / part)
    return command


def parts(output) -> list[Path]:
    return sorted(Path(output, "catalog").rglob("*.parquet"))


def flip(part: Path, chance: Random) -> None:
    """One bit, anywhere."""
    content = bytearray(part.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    part.write_bytes(content)


def cut(part: Path, chance: Random) -> None:
    """The end is gone."""
    content = part.read_bytes()
    part.write_bytes(content[: chance.randrange(len(content))])


def fill(part: Path, chance: Random) -> None:
    """Another file of the catalog lies there, as after two were swapped."""
    others = [
        one for one in parts(next(folder for folder in part.parents if folder.name == "catalog").parent) if one != part
    ]
    part.write_bytes(chance.choice(others).read_bytes())


def rows_of(output, part: Path) -> tuple[int, str, str]:
    asked = f2s("query", output, f'SELECT * FROM "{part.parent.name}"', "--json")
    return asked.code, asked.out, asked.err


@pytest.mark.fault("F19", "found, and the file named")
@pytest.mark.parametrize("harm", [flip, cut, fill])
def test_a_harm_to_any_file_of_the_catalog_is_found_by_who_reads_it(harm, harmed, record_property):
    chance = Random(41)
    found, harmless = 0, 0
    for part in parts(harmed.output):
        whole, (_, before, _) = part.read_bytes(), rows_of(harmed.output, part)
        for _ in range(4):
            harm(part, chance)
            code, out, err = rows_of(harmed.output, part)
            if code == 0:
                assert harm is flip
                assert out == before, f"{part} says something else"
                harmless += 1
            else:
                assert (code, err.count("\n")) == (3, 1), err
                assert str(part) in err
                found += 1
            part.write_bytes(whole)
    record_property("seen", f"{found} found, {harmless} bits that say nothing, 0 answers of other rows")
    assert found > 50


@pytest.mark.long
@pytest.mark.fault("F19", "the run refuses, and results stay as they are")
@pytest.mark.parametrize("harm", [flip, cut, fill])
def test_a_run_makes_nothing_on_top_of_a_harmed_catalog(harm, harmed, record_property):
    chance = Random(42)
    first = f2s(*harmed.words)
    refused, unread = 0, []
    for part in parts(harmed.output):
        whole, before = part.read_bytes(), files(Path(harmed.output, "restored"))
        harm(part, chance)
        ended = f2s(*harmed.words, "--quiet")
        if ended.code == 3:
            assert str(part) in ended.err
            refused += 1
        else:
            assert ended.code == first.code, ended.err
            assert harm is flip
            unread.append(part.parent.name)
        assert files(Path(harmed.output, "restored")) == before
        part.write_bytes(whole)
    record_property("seen", f"{refused} refused; not looked at: {', '.join(unread) or 'none'}")
    assert f2s(*harmed.words).out.splitlines()[-1] == first.out.splitlines()[-1]
