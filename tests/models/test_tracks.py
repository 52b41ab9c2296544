import random

import numpy as np
import pytest

from f2s_ray.models.face_detector import Detection
from f2s_ray.models.tracks import Sample, SeenFace, TrackConfig, best_frames, follow

ANNA, BERT = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
POINTS = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.55], [0.35, 0.75], [0.65, 0.75]])


def face(x, y=100.0, size=40.0, person=None, score=0.95, quality=0.5):
    """A face whose box is centred on x y; ``person`` is its vector."""
    corner = np.array([x - size / 2, y - size / 2])
    box = (*corner.tolist(), *(corner + size).tolist())
    landmarks = tuple((corner + size * POINTS).ravel().tolist())
    return SeenFace(Detection(box, landmarks, score), quality, person)


def film(*columns, every=5):
    """Samples from one list per face, None where it is not seen."""
    return [
        Sample(every * number, tuple(one for one in faces if one is not None))
        for number, faces in enumerate(zip(*columns, strict=True))
    ]


def path(track):
    return [(sighting.frame, sighting.face) for sighting in track.sightings]


def test_no_samples_have_no_tracks():
    assert follow([]) == []
    assert follow([Sample(0, ()), Sample(5, ())]) == []


def test_two_people_who_stand_apart_are_two_tracks_from_left_to_right():
    left, right = [face(50 + i) for i in range(6)], [face(200 - i) for i in range(6)]
    tracks = follow(film(right, left))
    assert [[one for _, one in path(track)] for track in tracks] == [left, right]
    assert [sighting.face_index for sighting in tracks[0].sightings] == [1] * 6


@pytest.mark.parametrize("people", [(None, None), (ANNA, BERT)])
def test_people_who_cross_keep_their_tracks(people):
    going = [face(40 + 14 * i, person=people[0]) for i in range(12)]
    coming = [face(195 - 14 * i, y=104, person=people[1]) for i in range(12)]
    tracks = follow(film(going, coming))
    assert [[one for _, one in path(track)] for track in tracks] == [going, coming]


def test_people_who_turn_back_where_they_meet_are_told_apart_by_their_vectors():
    there = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0]
    anna = [face(60 + 7 * i, person=ANNA) for i in there]
    bert = [face(140 - 7 * i, person=BERT) for i in there]
    tracks = follow(film(anna, bert))
    assert [[one for _, one in path(track)] for track in tracks] == [anna, bert]


def test_missed_detections_are_bridged():
    seen = [face(50 + 3 * i) for i in range(12)]
    seen[3] = seen[7] = seen[8] = seen[9] = None
    (track,) = follow(film(seen))
    assert len(track.sightings) == 8


def test_a_face_that_stays_away_longer_begins_a_new_track():
    seen = [face(50, person=ANNA) for _ in range(12)]
    seen[4:8] = [None] * 4
    first, second = follow(film(seen))
    assert (len(first.sightings), len(second.sightings)) == (4, 4)
    assert len(follow(film(seen), TrackConfig(max_gap=4))) == 1


def test_another_person_in_the_same_place_begins_a_new_track():
    tracks = follow(film([face(50, person=ANNA)] * 4 + [face(50, person=BERT)] * 4))
    assert [len(track.sightings) for track in tracks] == [4, 4]


def test_a_false_detection_is_no_track_and_takes_no_face_away():
    seen = [face(50 + i) for i in range(8)]
    false = [None] * 8
    false[3], false[6] = face(62, score=0.72), face(300, 40, score=0.75)
    (track,) = follow(film(false, seen))
    assert [one for _, one in path(track)] == seen


def test_a_face_seen_once_is_a_track_where_it_is_sure_or_the_only_look():
    once = [None, None, face(50), None, None]
    assert len(follow(film(once))) == 1
    once[2] = face(50, score=0.72)
    assert follow(film(once)) == []
    assert len(follow([Sample(0, (face(50, score=0.72),))])) == 1


def test_two_identical_boxes_are_two_tracks():
    twins = [face(50)] * 5
    tracks = follow(film(twins, twins))
    assert [len(track.sightings) for track in tracks] == [5, 5]
    taken = [(sighting.frame, sighting.face_index) for track in tracks for sighting in track.sightings]
    assert len(set(taken)) == 10


def test_a_jump_or_a_sudden_zoom_is_another_face():
    assert len(follow(film([face(50)] * 3 + [face(120)] * 3))) == 2
    assert len(follow(film([face(50, size=20)] * 3 + [face(50, size=60)] * 3))) == 2


def test_a_quick_move_is_followed_where_the_vector_says_who_it_is():
    assert len(follow(film([face(50, person=ANNA)] * 3 + [face(120, person=ANNA)] * 3))) == 1


def test_the_order_of_faces_and_of_samples_does_not_matter():
    rng = random.Random(1)
    columns = [[face(40 + 45 * k + 3 * i * (-1) ** k, 100 + 6 * k) for i in range(10)] for k in range(5)]
    straight = follow(film(*columns))
    shuffled = [Sample(sample.frame, tuple(rng.sample(sample.faces, len(sample.faces)))) for sample in film(*columns)]
    rng.shuffle(shuffled)
    assert [path(track) for track in follow(shuffled)] == [path(track) for track in straight]


def only(*faces, every=5):
    (track,) = follow(film(list(faces), every=every))
    return track


def test_the_best_frames_are_good_and_spread_in_time():
    quality = [0.8, 0.9, 0.8, 0.7, 0.7, 0.6, 0.7, 0.7, 0.65, 0.7]
    chosen = best_frames(only(*(face(50, quality=value) for value in quality)), 3)
    frames = [sighting.frame for sighting in chosen]
    assert 5 in frames
    assert frames == sorted(frames)
    assert min(np.diff(frames)) >= 15


def test_frames_in_motion_and_frames_far_worse_than_the_best_are_not_chosen():
    places = [50, 50, 50, 65, 80, 80, 80]
    quality = [0.5, 0.6, 0.5, 0.6, 0.5, 0.1, 0.1]
    chosen = best_frames(only(*(face(x, quality=value) for x, value in zip(places, quality, strict=True))), 6)
    assert [sighting.frame for sighting in chosen] == [0, 5, 10, 20]


def test_a_track_gives_no_more_frames_than_asked_for_or_there_are():
    track = only(*[face(50)] * 4)
    assert len(best_frames(track, 3)) == 3
    assert len(best_frames(track, 9)) == 4
    assert len(best_frames(only(face(50)), 3)) == 1
