"""What faces say, to one code, or one a region, or one a stretch of time; on made signatures with known answers."""

import pytest
import torch
import torch.nn.functional as F

from f2s_ray.models.votes import Readings
from f2s_ray.stages.told import coded, local_code, pooled_of, tell
from tests.stages.rows import media, unit_face

NOISY, BLURRED = torch.eye(8)[:2]


def reading(signatures, places=None):
    count = len(signatures)
    unit = torch.stack(list(signatures))
    values = torch.tensor([[0.5, 0.3, 0.8, 0.0]]).repeat(count, 1)
    pooled = unit[:, None, :].repeat(1, 21, 1)
    spots = torch.tensor(places or [(0.5, 0.5)] * count)
    return Readings(pooled, F.normalize(unit, dim=1), values, torch.ones(count), spots)


def faces(frames, tracks=None):
    rows = [unit_face(media("a.mkv"), index).face for index in range(len(frames))]
    return [
        face.model_copy(
            update={"frame": frame, "pts_seconds": frame / 25, "track_id": None if tracks is None else tracks[index]}
        )
        for index, (face, frame) in enumerate(zip(rows, frames, strict=True))
    ]


def test_faces_of_one_track_speak_with_one_voice():
    told = tell(reading([NOISY, NOISY, NOISY, BLURRED]), faces([0, 5, 10, 15], ["t0", "t0", "t0", "t0"]))
    assert float(told.code.signature @ NOISY) > 0.99
    assert len(told.face_ids) == 3
    assert told.changes == ()
    assert told.regions == ()


def test_a_track_weighs_as_much_as_its_frames_together():
    many = reading([NOISY] * 5 + [F.normalize(NOISY + BLURRED, dim=0)])
    told = tell(many, faces(range(6), ["t0"] * 5 + ["t1"]))
    share = told.code.pooled[0]
    assert float(share[1] / share[0]) == pytest.approx(0.5**0.5 / (5 + 0.5**0.5), rel=1e-4)
    assert len(told.face_ids) == 6


def test_where_the_damage_changes_each_stretch_has_its_code():
    told = tell(reading([NOISY] * 4 + [BLURRED] * 4), faces(range(0, 80, 10), ["t0"] * 8))
    assert [change.first_frame for change in told.changes] == [0, 40]
    assert [change.seconds for change in told.changes] == pytest.approx([0.0, 1.6])
    codes = [pooled_of(change.code)[0] for change in told.changes]
    assert float(codes[0][0]) > 0.99
    assert float(codes[1][1]) > 0.99


def test_the_order_of_the_faces_does_not_matter():
    signatures, rows = [NOISY] * 4 + [BLURRED] * 4, faces(range(0, 80, 10), ["t0"] * 8)
    order = [5, 2, 7, 0, 3, 6, 1, 4]
    straight = tell(reading(signatures), rows)
    other = tell(reading([signatures[i] for i in order]), [rows[i] for i in order])
    assert other.changes == straight.changes
    assert coded(other.code) == coded(straight.code)


def test_in_a_photo_a_disagreement_is_one_of_places_not_of_time():
    places = [(0.2, 0.5), (0.25, 0.5), (0.8, 0.5), (0.85, 0.5)]
    told = tell(reading([NOISY, NOISY, BLURRED, BLURRED], places), faces([0] * 4))
    assert told.changes == ()
    assert [region.x for region in told.regions] == pytest.approx([0.225, 0.825])
    assert [len(region.face_ids) for region in told.regions] == [2, 2]
    assert local_code(told.regions[0]).pooled.shape == (21, 8)


def test_no_code_is_none():
    assert pooled_of(()) is None
