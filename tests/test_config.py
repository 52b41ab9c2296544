"""Presets, files and words on the command line become one checked configuration."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from f2s_ray.config import PRESETS, Config, dump, load
from f2s_ray.errors import ConfigError


def write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


def test_without_a_file_the_defaults_hold():
    assert load(None, []) == Config()


def test_a_word_on_the_command_line_wins_over_the_file(tmp_path):
    path = write(tmp_path, "engine:\n  workers: 3\n  kind: ray\n")
    config = load(path, ["engine.workers=5"])
    assert (config.engine.workers, config.engine.kind) == (5, "ray")


def test_the_later_word_wins():
    assert load(None, ["engine.workers=2", "engine.workers=7"]).engine.workers == 7


def test_what_is_dumped_is_read_back(tmp_path):
    config = load("archive", ["engine.workers=4"])
    assert load(write(tmp_path, dump(config)), []) == config


def test_an_unknown_key_names_the_nearest_one():
    with pytest.raises(ConfigError, match=r"engine\.worker: no such key; the nearest is engine\.workers"):
        load(None, ["engine.worker=2"])


def test_a_key_in_the_wrong_section_is_found_in_the_right_one():
    with pytest.raises(ConfigError, match=r"the nearest is engine\.workers"):
        load(None, ["workers=2"])


def test_a_key_like_no_other_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"known here: .*engine"):
        load(None, ["zzz=1"])


def test_all_faults_are_told_at_once(tmp_path):
    path = write(tmp_path, "engine:\n  workers: 0\n  kind: dask\nengin: 3\n")
    with pytest.raises(ConfigError) as caught:
        load(path, ["engine.wrkers=1", "nonsense"])
    text = str(caught.value)
    assert text.startswith("5 faults")
    for part in (
        "workers = 0: input should be greater than or equal to 1",
        '"dask"',
        "engin: no such key",
        "wrkers",
        "--set nonsense",
    ):
        assert part in text


@pytest.mark.parametrize("word", ["1e-2", "1E-2", "0.01", "1.0e-2"])
def test_a_number_may_have_an_exponent(word):
    assert load(None, [f"restore.fidelity={word}"]).restore.fidelity == 0.01


def test_a_number_in_quotes_is_not_a_number():
    with pytest.raises(ConfigError, match='workers = "3"'):
        load(None, ['engine.workers="3"'])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("engine: &a {workers: 2}\nplan: *a\n", "aliases are not allowed"),
        ("engine:\n  workers: 2\n  workers: 3\n", "line 3: key 'workers' stands here twice"),
        ("engine: [1, 2\n", "mend the YAML"),
        ("engine: !!python/object/apply:os.getcwd []\n", "mend the YAML"),
        ("- a\n- b\n", "holds a list"),
        ("engine: 3\n", "engine = 3"),
        ("[" * 5000, "nested deeper"),
        ("# " + "x" * 70_000, "larger than"),
        ("engine:\n  workers: 2024-01-99\n", "mend the YAML"),
        ("1: 2\n", "is not a word"),
    ],
)
def test_a_hostile_or_broken_file_is_one_clear_line(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        load(write(tmp_path, text), [])


def test_a_missing_file_names_the_presets(tmp_path):
    with pytest.raises(ConfigError, match="archive, cluster, film, preview, smoke"):
        load(str(tmp_path / "none.yaml"), [])


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(path), [])


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_a_preset_is_valid_and_differs_and_says_why(name):
    assert load(name, []) != Config()
    lines = (PRESETS / f"{name}.yaml").read_text().splitlines()
    values = [line for line in lines if line.startswith("  ") and not line.partition("#")[0].rstrip().endswith(":")]
    assert values
    assert all("  # " in line for line in values)


def test_every_section_is_frozen_and_refuses_unknown_keys():
    sections = [field.annotation for name, field in Config.model_fields.items() if name != "identities"]
    assert sections
    for section in [Config, *sections]:
        assert issubclass(section, BaseModel)
        assert section.model_config.get("frozen") is True, section
        assert section.model_config.get("extra") == "forbid", section


def test_tiles_that_would_be_all_rim_are_refused():
    with pytest.raises(ConfigError, match="overlap_px must be below half of tile_px; set it to 48 or less"):
        load(None, ["model.tile_px=128", "model.overlap_px=64"])


def test_who_reads_one_does_not_load_diffusers():
    code = "import sys; from f2s_ray.config import load; load(None, []); sys.exit('diffusers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
