"""What is installed is not older than what is known to be safe, and the pins are what the package asks for."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("packaging", reason="needs f2s-ray[dev]")

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
# torch before 2.10: a file of weights can run code; ray before 2.60: no token by default; pillow before 12.3: bombs in FITS and JPEG 2000.
FLOORS = {"pillow": "12.3", "ray": "2.60", "torch": "2.10"}


def asked() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    words = [*project["dependencies"], *(word for extra in project["optional-dependencies"].values() for word in extra)]
    return [found for word in words if (found := Requirement(word)).name != "f2s-ray"]


def pinned() -> dict[str, Version]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines())
    return {name.lower(): Version(number) for name, _, number in (line.partition("==") for line in lines if line)}


@pytest.mark.parametrize("name", FLOORS)
def test_neither_the_package_nor_its_pins_nor_this_machine_is_below_what_is_safe(name):
    floor = Version(FLOORS[name])
    for requirement in asked():
        if requirement.name == name:
            assert max(Version(one.version) for one in requirement.specifier if one.operator == ">=") >= floor
    assert pinned()[name] >= floor
    assert Version(version(name)) >= floor


def test_every_package_that_is_asked_for_is_pinned_to_a_version_that_will_do():
    pins = pinned()
    missing = {one.name for one in asked() if one.name.lower() not in pins} - {"opencv-python-headless"}
    assert missing == set()
    wrong = [str(one) for one in asked() if not one.specifier.contains(pins[one.name.lower()], prereleases=True)]
    assert wrong == []
