import time

import numpy as np
import pytest
import torch
from f2s_catalog.records import RegionCode

from f2s_ray.engines.overlap import overlapped
from f2s_ray.models.gate import GateConfig
from f2s_ray.stages.restore import RestoreMedia
from tests.stages.people import original, piece_of, restored, setup_of, unit_of


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def people(root):
    unit = unit_of(root, original())
    assert len(unit.faces) == 6
    return unit


@pytest.fixture(scope="module")
def boldly(root, people, tiny_weights):
    """The result with all faces pasted whole."""
    return restored(root, root / "bold", people, tiny_weights)


@pytest.fixture(scope="module")
def scene(root, people, tiny_weights):
    """The result without any face."""
    alone = people.model_copy(update={"faces": ()})
    return restored(root, root / "scene", alone, tiny_weights)


@pytest.fixture(scope="module")
def shut(root, people, tiny_weights):
    """The result behind a gate that nothing passes."""
    gate = GateConfig(max_loss=0, max_margin_loss=0, max_behind=0, min_self=1)
    return restored(root, root / "shut", people, tiny_weights, fidelity=0.2, gate=gate)


def with_landmarks(unit, move):
    """The same picture with the first face's landmarks moved, and no other face."""
    first = unit.faces[0]
    landmarks = np.asarray(first.face.landmarks_px).reshape(5, 2)
    face = first.face.model_copy(update={"landmarks_px": tuple(move(landmarks).flatten().tolist())})
    return unit.model_copy(update={"faces": (first.model_copy(update={"face": face}),)})


class Counting(RestoreMedia):
    """How many pieces it has in hand at once, at most; each waits a little for others."""

    most = inside = 0

    def _written(self, record, aside):
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.3)
        self.inside -= 1
        return super()._written(record, aside)


def box(face):
    x0, y0, x1, y1 = (int(value) for value in face.face.box_px)
    return slice(y0, y1), slice(x0, x1)


def test_every_face_is_restored_and_has_its_row(boldly, scene, people):
    pixels, segment = boldly
    assert [gate.face_id for gate in segment.gates] == [face.face.face_id for face in people.faces]
    assert {(gate.decision, gate.weight) for gate in segment.gates} == {("restored", 1.0)}
    for face in people.faces:
        assert np.abs(pixels - scene[0])[box(face)].max() > 5


def test_beyond_the_faces_the_scene_stands(boldly, scene, people):
    far = np.ones(boldly[0].shape[:2], bool)
    for face in people.faces:
        x0, y0, x1, y1 = face.face.box_px
        reach = 1.2 * max(x1 - x0, y1 - y0)
        far[max(0, int(y0 - reach)) : int(y1 + reach), max(0, int(x0 - reach)) : int(x1 + reach)] = False
    assert far.mean() > 0.05
    assert (boldly[0] == scene[0])[far].all()


def test_full_fidelity_is_the_scene_as_it_was_restored(root, people, tiny_weights, scene):
    pixels, segment = restored(root, root / "true", people, tiny_weights, fidelity=1.0)
    assert (pixels == scene[0]).all()
    assert {(gate.decision, gate.weight) for gate in segment.gates} == {("kept", 0.0)}


def test_half_the_fidelity_lies_half_way(root, people, tiny_weights, boldly, scene):
    """For one face: where squares of neighbours meet, the second is restored on top of the first."""
    alone = people.model_copy(update={"faces": people.faces[:1]})
    whole, _ = restored(root, root / "whole", alone, tiny_weights)
    pixels, segment = restored(root, root / "half", alone, tiny_weights, fidelity=0.5)
    between = (whole + scene[0]) / 2
    inside = (whole > 5) & (whole < 250)  # where nothing was clipped
    assert np.abs(pixels - between)[inside].max() <= 1
    assert np.abs(pixels - scene[0]).max() > 5
    (gate,) = segment.gates
    assert (gate.decision, gate.weight) == ("blended", 0.5)
    assert gate.reason == "50% of the restored face: stays with its person"


def test_the_next_candidate_has_half_the_weight(shut):
    """A gate that nothing passes is asked about each; the face stays as it was."""
    for gate in shut[1].gates:
        assert (gate.decision, gate.weight) == ("kept", 0.0)
        assert "80% of the restored face moved away" in gate.reason
        assert "40% of the restored face moved away" in gate.reason


def test_a_face_left_as_it_was_shows_the_source(shut, people, scene):
    for face in people.faces:
        place = box(face)
        assert np.abs(shut[0] - original())[place].mean() < 0.3 * np.abs(scene[0] - original())[place].mean()


@pytest.mark.parametrize(
    "move",
    [
        lambda points: np.stack([points[:, 0].mean() + 0.05 * (points[:, 0] - points[:, 0].mean()), points[:, 1]], 1),
        lambda points: points[[4, 0, 1, 2, 3]],
    ],
)
def test_a_face_in_profile_is_left_to_the_scene_and_says_so(root, people, tiny_weights, scene, move):
    pixels, segment = restored(root, root / "profile", with_landmarks(people, move), tiny_weights)
    (gate,) = segment.gates
    assert (gate.decision, gate.weight) == ("kept", 0.0)
    assert gate.reason == "face of the restored scene: too far in profile to be aligned"
    assert (pixels == scene[0]).all()


@pytest.mark.parametrize("shift", [(-150, 0), (0, -120), (-150, -120)])
def test_a_face_across_the_border_is_pasted_as_far_as_it_is_there(root, people, tiny_weights, scene, shift):
    pixels, segment = restored(
        root, root / "border", with_landmarks(people, lambda points: points + shift), tiny_weights
    )
    assert len(segment.gates) == 1
    assert pixels.shape == scene[0].shape


def test_faces_that_overlap_are_both_restored(root, people, tiny_weights, scene):
    first = people.faces[0]
    near = with_landmarks(people, lambda points: points + np.array([15.0, 5.0])).faces[0]
    both = people.model_copy(update={"faces": (first, near)})
    pixels, segment = restored(root, root / "overlap", both, tiny_weights)
    assert [gate.decision for gate in segment.gates] == ["restored", "restored"]
    assert np.abs(pixels - scene[0])[box(first)].max() > 5


def test_a_grey_picture_stays_exactly_grey(tmp_path, tiny_weights):
    grey = original().mean(2, keepdims=True).astype(np.uint8).repeat(3, 2)
    unit = unit_of(tmp_path, grey)
    assert len(unit.faces) >= 5
    pixels, segment = restored(tmp_path, tmp_path / "out", unit, tiny_weights)
    assert {gate.decision for gate in segment.gates} == {"restored"}
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()
    assert np.abs(pixels - grey).max() > 5


def test_regions_reach_the_picture(root, people, tiny_weights, scene):
    alone = people.model_copy(update={"faces": ()})
    chance = torch.Generator().manual_seed(0)
    parts = tuple(
        RegionCode(
            x=x, y=0.5, code=tuple(torch.randn(21 * 16, generator=chance).tolist()), signature=(1.0,), blur_sigma_px=1,
            noise_sigma=0.1, jpeg_quality=90, downscale=1, face_ids=(),
        )
        for x in (0.2, 0.8)
    )  # fmt: skip
    pixels, _ = restored(root, root / "regions", alone, tiny_weights, regions=parts)
    assert (pixels != scene[0]).any()


@pytest.mark.parametrize(("side_px", "most"), [(1000, 3), (5000, 1)])
def test_large_pieces_follow_each_other_and_small_ones_overlap(root, people, tiny_weights, side_px, most):
    stage = Counting(setup_of(root, root / f"large {side_px}", tiny_weights))
    sized = people.media.model_copy(update={"width_px": side_px, "height_px": side_px})
    piece = piece_of(people).model_copy(update={"media": sized, "faces": ()})
    pieces = [piece.model_copy(update={"task_id": f"{number}" * 64}) for number in range(3)]
    segments = list(overlapped(lambda one: list(stage(one)), pieces, 3))
    assert stage.most == most
    assert len({segment.digest for (segment,) in segments}) == 1
