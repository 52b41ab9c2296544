"""What is measured of source and result."""

import numpy as np
import pytest
import torch
from f2s_catalog.records import Source
from PIL import Image

from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from f2s_ray.stages.probe import ProbeMedia, ProbeSetup
from f2s_ray.stages.score import ScoreMedia, ScoreSetup
from f2s_ray.stages.units import ScoreUnit


@pytest.fixture
def unit(tmp_path):
    """A function from a side to noise of that size, and other noise as its result."""

    def made(side):
        generator = np.random.default_rng(side)
        for name in ("source.png", "result.png"):
            samples = generator.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(samples).save(tmp_path / name, compress_level=1)
        source = Source(path="source.png", byte_count=1, modified_ns=0, trouble=None)
        (media,) = ProbeMedia(ProbeSetup(input_root=str(tmp_path)))(source)
        digest = probe(tmp_path / "result.png", Limits()).content_digest
        return ScoreUnit(media=media, task_id="t", path="result.png", digest=digest, before=(0.2, 0.4), after=(0.6,))

    return made


def score(folder, unit):
    (report,) = ScoreMedia(ScoreSetup(input_root=str(folder), output_root=str(folder)))(unit)
    return report


def test_the_change_and_the_mean_similarities_are_those_of_the_pictures(unit, tmp_path):
    report = score(tmp_path, unit(64))
    pages = [np.asarray(Image.open(tmp_path / name)) / 255 for name in ("source.png", "result.png")]
    assert report.change_rms == pytest.approx(np.sqrt(np.mean((pages[0] - pages[1]) ** 2)), rel=1e-5)
    assert (report.identity_before, report.identity_after) == pytest.approx((0.3, 0.6))


def test_the_threads_of_the_process_decide_nothing(unit, tmp_path):
    before = torch.get_num_threads()
    try:
        for side in range(200, 280, 12):
            noise, reports = unit(side), []
            for threads in (1, 2, 4):
                torch.set_num_threads(threads)
                reports.append(score(tmp_path, noise))
            assert reports[0] == reports[1] == reports[2]
    finally:
        torch.set_num_threads(before)
