"""The whole way on Ray gives the bytes and the tables that it gives in one process."""

import pytest

from tests.whole.made import files, left_aside, rows


@pytest.mark.engine
@pytest.mark.slow
def test_an_archive_restored_on_ray_equals_the_one_restored_here(restored, elsewhere):
    pytest.importorskip("f2s_ray.engines.ray_data")  # before ray itself, which reads what this sets
    ended = elsewhere.restore("--ray", "local", "--set", "engine.workers=2")
    assert (ended.code, ended.err) == (1, "")
    here = restored.archive.output
    assert files(elsewhere.output / "restored") == files(here / "restored")
    ours, theirs = rows(here), rows(elsewhere.output)
    assert [table for table in ours if ours[table] != theirs[table]] == []
    assert left_aside(elsewhere.output) == []
