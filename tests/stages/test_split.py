import pytest
from pydantic import ValidationError

from f2s_ray.stages.split import SplitConfig, SplitSetup, SplitShots
from tests.stages.rows import media


def test_a_photo_is_one_shot_of_one_frame():
    item = media("a/one.jpg", pages=3)
    (shot,) = SplitShots(SplitSetup(input_root="."))(item)
    assert shot.shot_id == f"{item.media_id}/0"
    assert shot.media_id == item.media_id
    assert (shot.first_frame, shot.stop_frame) == (0, 1)
    assert (shot.start_seconds, shot.stop_seconds) == (0.0, 0.0)
    assert shot.cut_score == 1.0


def test_there_is_nothing_to_configure():
    with pytest.raises(ValidationError):
        SplitConfig(threshold=0.5)
