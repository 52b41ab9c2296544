import pytest

from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.stages.plan import PlanConfig, known_rate, plan
from tests.stages.rows import code, media, region, unit, unit_face

ITEM = media("a/1.jpg", width=2000, height=1000)
MODEL = Face2SceneConfig(tile_px=256, overlap_px=32)
CONFIG = PlanConfig(seconds_per_megapixel=5.0, seconds_per_face=0.5)


def planned(*units, codes=None, rate=None, earlier=()):
    known = codes or {one.shot.shot_id: code(one.media) for one in units}
    return list(plan(units, known, rate, {task.task_id: task for task in earlier}, MODEL, CONFIG))


def risk_of(one, **damage):
    (task,) = planned(one, codes={one.shot.shot_id: code(one.media, **damage)})
    return task.risk


def test_a_task_says_what_is_done_to_which_photo():
    one = unit(ITEM, faces=[unit_face(ITEM, 0, references=2)])
    (task,) = planned(one)
    assert (task.task_id, task.shot_id, task.media_id, task.path) == (
        one.task_id,
        one.shot.shot_id,
        ITEM.media_id,
        "a/1.jpg",
    )
    assert task.code_origin == "face"
    assert task.restorer == one.restorer
    assert (task.tile_px, task.overlap_px) == (256, 32)
    assert task.faces[0].reference_face_ids == ("reference 0", "reference 1")
    assert task.faces[0].identity_id == "somebody"


def test_the_seed_comes_from_the_task():
    (first,), (again,), (other,) = (planned(unit(ITEM, task_id=name * 8)) for name in ("00ff", "00ff", "0100"))
    assert first.seed == again.seed == 0x00FF00FF
    assert other.seed != first.seed


def test_time_grows_with_the_picture_its_pages_and_its_faces():
    (one,) = planned(unit(ITEM))
    (paged,) = planned(unit(media("a/1.tif", width=2000, height=1000, pages=3)))
    (peopled,) = planned(unit(ITEM, faces=[unit_face(ITEM, 0), unit_face(ITEM, 1)]))
    assert one.megapixels == pytest.approx(2.0)
    assert one.expected_seconds == pytest.approx(10.0)
    assert paged.megapixels == pytest.approx(6.0)
    assert paged.expected_seconds == pytest.approx(30.0)
    assert peopled.expected_seconds == pytest.approx(11.0)


def test_a_measured_rate_replaces_the_guess():
    (task,) = planned(unit(ITEM), rate=3.0)
    assert task.expected_seconds == pytest.approx(6.0)


def test_a_rate_is_known_from_three_measured_results_on():
    assert known_rate([4.0, 6.0]) is None
    assert known_rate([4.0, 100.0, 6.0]) == 6.0


def test_a_task_that_stood_before_keeps_its_day():
    (before,) = planned(unit(ITEM, planned_on="2026-02-03"))
    (again,) = planned(unit(ITEM, planned_on="2026-05-06"), earlier=[before])
    (other,) = planned(unit(ITEM, task_id="9" * 64, planned_on="2026-05-06"), earlier=[before])
    assert again == before
    assert other.planned_on == "2026-05-06"


def test_a_plain_photo_bears_no_risk():
    assert risk_of(unit(ITEM, faces=[unit_face(ITEM, 0)])) == ""


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"origin": "blind", "blur": None, "noise": None, "agreement": None}, "no code"),
        ({"agreement": 0.1}, "its faces disagree: the damage may not be the same everywhere"),
        ({"agreement": 0.1, "regions": (region(0.2), region(0.8))}, "non-uniform damage, 2 regions"),
        ({"blur": 3.25}, "strong blur (3.2 px)"),
        ({"noise": 0.1}, "strong noise (0.10)"),
    ],
)
def test_what_stands_out_is_said(damage, words):
    assert risk_of(unit(ITEM), **damage) == words


def test_faces_without_references_are_counted():
    faces = [unit_face(ITEM, 0), unit_face(ITEM, 1, references=0), unit_face(ITEM, 2, references=0)]
    assert risk_of(unit(ITEM, faces=faces)) == "faces without a reference: 2 of 3"


def test_several_risks_stand_side_by_side():
    risk = risk_of(unit(ITEM, faces=[unit_face(ITEM, 0, references=0)]), blur=4.0)
    assert risk == "faces without a reference: 1 of 1; strong blur (4.0 px)"


def test_no_photo_is_no_task():
    assert planned() == []
