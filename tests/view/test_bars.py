"""Bars tell which way a measure went."""

from f2s_catalog.records import QualityReport

from f2s_ray.view.bars import quality_bars


def report(**changes):
    same = {
        "noise_before": 0.02, "noise_after": 0.02, "sharpness_before": 0.5, "sharpness_after": 0.5,
        "blockiness_before": 0.1, "blockiness_after": 0.1, "identity_before": None, "identity_after": None,
    }  # fmt: skip
    return QualityReport(media_id="m", task_id="t", change_rms=0.0, **{**same, **changes})


def test_an_unchanged_picture_is_told_to_be_the_same():
    assert [bar.verdict for bar in quality_bars(report())] == ["same noise", "as sharp", "same"]


def test_a_difference_that_nobody_sees_is_none():
    bars = quality_bars(report(sharpness_before=0.551, sharpness_after=0.538, blockiness_after=0.112))
    assert [bar.verdict for bar in bars] == ["same noise", "as sharp", "same"]


def test_a_result_that_got_worse_is_told_so():
    bars = quality_bars(report(noise_after=0.05, sharpness_after=0.2, identity_before=0.6, identity_after=0.3))
    assert [bar.verdict for bar in bars] == ["more noise", "softer", "same", "less like the person"]


def test_a_bar_never_leaves_its_rail():
    bars = quality_bars(report(noise_before=0.9, identity_before=-0.2, identity_after=0.4))
    assert bars[0].before_fraction == 1.0
    assert bars[-1].before_fraction == 0.0
