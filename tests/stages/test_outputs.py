import pytest

from f2s_ray.errors import JobError
from f2s_ray.stages.outputs import refuse_full


def test_results_that_will_not_fit_are_told_before_any_is_made(tmp_path):
    with pytest.raises(JobError, match="make room"):
        refuse_full(tmp_path, 10**18)


def test_what_is_restored_already_needs_no_room_again(tmp_path):
    (tmp_path / "restored").mkdir()
    with (tmp_path / "restored" / "large.tif").open("wb") as file:
        file.truncate(10**12)
    refuse_full(tmp_path, 10**12)
