import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from f2s_ray.models.face_detector import FaceDetector, FaceDetectorConfig, to_bgr


def resized(rgb, factor):
    return interpolate(rgb[None], scale_factor=factor, mode="bicubic", antialias=True)[0].clamp(0, 1)


def test_six_people_are_six_faces_from_left_to_right(six_people, detector):
    faces = detector.detect(six_people)
    assert len(faces) == 6
    assert [face.box[0] for face in faces] == sorted(face.box[0] for face in faces)
    assert all(face.score >= 0.7 for face in faces)


def test_landmarks_are_eyes_nose_and_mouth_inside_the_box(six_people, detector):
    for face in detector.detect(six_people):
        x0, y0, x1, y1 = face.box
        points = np.array(face.landmarks).reshape(5, 2)
        assert ((points >= (x0, y0)) & (points <= (x1, y1))).all()
        assert points[0, 0] < points[1, 0]
        assert points[:2, 1].max() < points[2, 1] < points[3:, 1].min()


def test_a_face_cut_by_the_frame_has_its_box_in_the_frame(six_people, detector):
    cut = six_people[:, 290:, 80:]
    faces = detector.detect(cut)
    assert faces
    for face in faces:
        assert face.box[0] >= 0
        assert face.box[1] >= 0
        assert face.box[2] <= cut.shape[2]
        assert face.box[3] <= cut.shape[1]


def test_a_face_twice_as_large_has_a_box_twice_as_large(six_people, detector):
    small = detector.detect(resized(six_people, 0.5))
    large = detector.detect(six_people)
    assert len(small) == len(large)
    for half, whole in zip(small, large, strict=True):
        assert np.allclose(2 * np.array(half.box), whole.box, atol=0.12 * whole.short_side_px)


def test_small_faces_of_a_large_picture_are_found_by_the_finer_look(six_people):
    large = torch.full((3, 2000, 3600), 0.4)
    small = resized(six_people, 0.35)
    large[:, 900 : 900 + small.shape[1], 1500 : 1500 + small.shape[2]] = small
    assert len(FaceDetector().detect(large)) == 6
    assert len(FaceDetector(FaceDetectorConfig(fine_side_px=1280)).detect(large)) < 6


def test_a_face_below_the_least_size_is_dropped(six_people):
    widths = sorted(face.short_side_px for face in FaceDetector().detect(six_people))
    kept = FaceDetector(FaceDetectorConfig(min_face_px=widths[3])).detect(six_people)
    assert len(kept) == 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 9), (64, 64), (3, 4000)])
def test_a_picture_without_a_face_has_none_whatever_its_shape(detector, shape):
    assert detector.detect(torch.zeros(3, *shape)) == []


def test_the_number_of_threads_changes_nothing(six_people, detector):
    before = cv2.getNumThreads()
    found = []
    for threads in (1, 2, 4):
        cv2.setNumThreads(threads)
        found.append(detector.detect(six_people))
    cv2.setNumThreads(before)
    assert found[0] == found[1] == found[2]


def test_what_was_seen_before_changes_nothing(six_people):
    detector = FaceDetector()
    first = detector.detect(six_people)
    detector.detect(six_people[:, 100:500, 200:600])
    assert detector.detect(six_people) == first


def test_bytes_for_opencv_are_blue_first_and_clamped():
    rgb = torch.tensor([[[0.0]], [[0.5]], [[1.5]]])
    assert to_bgr(rgb).tolist() == [[[255, 128, 0]]]


def test_the_landmarks_of_a_tilted_head_follow_its_tilt(six_people, detector):
    upright = detector.detect(six_people)[3]
    centre = ((upright.box[0] + upright.box[2]) / 2, (upright.box[1] + upright.box[3]) / 2)
    turn = cv2.getRotationMatrix2D(centre, 25, 1.0)
    picture = np.ascontiguousarray(six_people.permute(1, 2, 0).numpy())
    turned = torch.from_numpy(cv2.warpAffine(picture, turn, (picture.shape[1], picture.shape[0]))).permute(2, 0, 1)
    expected = np.array(upright.landmarks).reshape(5, 2) @ turn[:, :2].T + turn[:, 2]
    found = [np.array(face.landmarks).reshape(5, 2) for face in detector.detect(turned)]
    nearest = min(found, key=lambda points: np.abs(points - expected).max())
    assert np.abs(nearest - expected).mean() < 0.05 * upright.short_side_px
    assert tilt_degrees(nearest) == pytest.approx(tilt_degrees(expected), abs=5)


def tilt_degrees(points):
    across = points[1] - points[0]
    return np.degrees(np.arctan2(across[1], across[0]))
