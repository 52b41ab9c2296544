import pytest
import torch
import torch.nn.functional as F

from f2s_ray.models.shot_code import find_changes, segment_weights, settle, shot_code
from f2s_ray.models.votes import Readings

BLURRED, NOISY, BLOCKY = torch.eye(3)


def readings(*frames):
    """Frames as (signature, weight); the n-th one's map is all n."""
    count = len(frames)
    return Readings(
        pooled=torch.arange(count).float()[:, None, None].expand(-1, 21, 2),
        signatures=F.normalize(torch.stack([signature for signature, _ in frames]), dim=1),
        values=torch.linspace(0.2, 0.6, count)[:, None].expand(-1, 4),
        weights=torch.tensor([weight for _, weight in frames]),
        places=torch.full((count, 2), 0.5),
    )


def leaning(share):
    return NOISY + share * BLOCKY


def test_frames_that_agree_count_by_their_weight():
    settled = settle(readings((NOISY, 1.0), (leaning(0.2), 3.0)))
    assert settled.voters == (0, 1)
    assert torch.allclose(settled.reading.pooled, torch.full((1, 21, 2), 0.75))
    assert settled.reading.weights.tolist() == [4.0]
    assert settled.agreement == pytest.approx(1 / 1.04**0.5, abs=1e-5)


def test_misread_frames_are_left_out_even_where_they_pull_the_mean_away():
    settled = settle(readings((leaning(0.1), 1.0), (BLURRED, 1.2), (NOISY, 1.0), (-NOISY, 0.9), (leaning(0.3), 1.0)))
    assert settled.voters == (0, 2, 4)
    assert torch.allclose(settled.reading.pooled, torch.full((1, 21, 2), 2.0))
    assert settled.reading.signatures.norm() == pytest.approx(1)


def test_of_two_frames_that_contradict_each_other_the_heavier_speaks():
    assert settle(readings((NOISY, 0.4), (BLURRED, 0.6))).voters == (1,)


def test_the_order_of_frames_does_not_matter():
    told = readings((NOISY, 0.9), (leaning(0.4), 0.5), (BLURRED, 0.8), (leaning(-0.3), 0.7))
    order = [2, 0, 3, 1]
    there, back = settle(told), settle(Readings(*(value[order] for value in vars(told).values())))
    assert sorted(order[i] for i in back.voters) == list(there.voters)
    assert torch.allclose(there.reading.signatures, back.reading.signatures, atol=1e-6)
    assert torch.allclose(there.reading.pooled, back.reading.pooled, atol=1e-6)


def test_one_track_is_the_code_of_its_shot():
    settled = settle(readings((NOISY, 1.0), (leaning(0.2), 1.0)))
    code = shot_code([settled])
    assert code.voters == (0,)
    assert torch.allclose(code.pooled, settled.reading.pooled[0])


def test_tracks_vote_as_faces_do():
    tracks = [
        settle(readings((NOISY, 1.0))),
        settle(readings((BLURRED, 0.3))),
        settle(readings((leaning(0.1), 1.0), (NOISY, 1.0))),
    ]
    code = shot_code(tracks)
    assert code.voters == (0, 2)
    assert code.regions == ()
    assert torch.allclose(code.pooled, torch.full((21, 2), 1 / 3))


@pytest.mark.parametrize(
    ("probes", "starts"),
    [
        ("", []),
        ("n", []),
        ("nb", []),
        ("nnnn", []),
        ("nnbnn", []),
        ("nbnbnbn", []),
        ("nnbb", [2]),
        ("bnnn", []),
        ("nnnbbbnnn", [3, 6]),
        ("nnbnbbkbkkk", [4, 8]),
    ],
)
def test_two_probes_in_a_row_open_a_segment(probes, starts):
    known = {"n": NOISY, "b": BLURRED, "k": BLOCKY}
    signatures = torch.stack([known[probe] for probe in probes]) if probes else torch.empty(0, 3)
    assert find_changes(signatures) == starts


def test_probes_at_a_cosine_of_0_6_and_more_change_nothing():
    near, far = F.normalize(leaning(1.25), dim=0), F.normalize(leaning(1.45), dim=0)
    assert find_changes(torch.stack([NOISY] * 6 + [near] * 2)) == []
    assert find_changes(torch.stack([NOISY] * 6 + [far] * 2)) == [6]


def test_a_shot_without_a_change_has_one_code():
    assert segment_weights(7, []).tolist() == [1.0]


def test_codes_cross_fade_over_eight_frames():
    weights = torch.stack([segment_weights(frame, [20]) for frame in range(10, 30)])
    assert torch.allclose(weights.sum(1), torch.ones(20))
    assert weights[:6, 0].tolist() == [1.0] * 6
    assert weights[14:, 1].tolist() == [1.0] * 6
    assert torch.allclose(weights[6:14, 1].diff(), torch.full((7,), 1 / 8))
    assert weights[9, 1] + weights[10, 1] == pytest.approx(1)


def test_weights_stay_shares_where_segments_are_shorter_than_the_fade():
    weights = torch.stack([segment_weights(frame, [10, 13, 15]) for frame in range(30)])
    assert torch.allclose(weights.sum(1), torch.ones(30))
    assert float(weights.min()) >= 0
    assert weights[-1].tolist() == [0, 0, 0, 1]
