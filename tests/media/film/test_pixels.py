"""What lies behind the lines of a frame never reaches an encoder."""

import numpy as np
import pytest
from av.video.frame import VideoFrame

from f2s_ray.media.film.pixels import clear_padding


@pytest.mark.parametrize(("pixel_format", "sample_bytes"), [("yuv420p", 1), ("yuv422p10le", 2), ("gray", 1)])
def test_only_what_lies_behind_the_lines_is_cleared(pixel_format, sample_bytes):
    frame = VideoFrame(90, 20, pixel_format)
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = 7
    clear_padding(frame)
    for plane in frame.planes:
        lines = np.frombuffer(plane, np.uint8, plane.height * plane.line_size).reshape(plane.height, plane.line_size)
        used = plane.width * sample_bytes
        assert used < plane.line_size
        assert (lines[:, :used] == 7).all()
        assert not lines[:, used:].any()
