"""The catalog's rows become the page's words."""

import pytest
from f2s_catalog.records import DegradationCode, RestoredSegment, Shot, TrackGate

from f2s_ray.view.compose import compose
from f2s_ray.view.reading import read_tables


@pytest.fixture
def page(full):
    return compose(read_tables(full.catalog(), 200))


@pytest.fixture
def by_path(page):
    return {picture.original.path: picture for picture in page.pictures}


def test_the_summary_counts_files_not_attempts(full):
    full.add_attempt("broken.jpg", "failed", step="split", kind="truncated", message="again")
    summary = compose(read_tables(full.catalog(), 200)).summary
    assert summary.sentence == "5 photos restored, 1 failed, 1 skipped."
    assert dict(summary.numbers)["faces pasted in"] == "2 of 3"


def test_every_model_that_had_a_part_is_named_once(page):
    assert page.summary.models == ("scene@0123456789ab", "sface@0ba9fbfa01b5")


def test_the_damage_is_told_in_words(by_path):
    told = by_path["1984/astronaut.jpg"].damage
    assert told == "noise clearly visible (sigma 0.04), slight blur (1.1 px), JPEG about quality 35"


def test_a_blind_picture_tells_what_its_frame_shows(by_path):
    picture = by_path["roll 2/landscape.jpg"]
    assert picture.damage.endswith("measured in the frame")
    assert picture.origin.startswith("Blind")
    assert picture.focus_words == "the centre"


def test_a_borrowed_code_leads_to_its_lender(by_path):
    picture = by_path["roll 2/later.jpg"]
    assert picture.lender == "1984/astronaut.jpg"
    assert picture.lender_anchor == by_path["1984/astronaut.jpg"].anchor


def test_a_lender_beyond_the_limit_is_named_without_a_link(full):
    full.add_photo("0 first.jpg", origin="borrowed", lender="m0/0", face=False)
    picture = compose(read_tables(full.catalog(), 1)).pictures[0]
    assert (picture.lender, picture.lender_anchor) == ("1984/astronaut.jpg", None)


def test_a_face_tells_person_decision_numbers_and_references(by_path, page):
    (face,) = by_path["1984/astronaut.jpg"].faces
    assert (face.person, face.person_anchor) == ("Ann <b>& Ben</b>", page.people[0].anchor)
    assert face.decision_words == "Restored"
    assert dict(face.numbers)["to this person"] == "0.41 → 0.58"
    assert [(r.path, r.why) for r in face.references] == [("1984/astronaut.jpg", "sharpest")]


def test_the_limit_holds_and_the_rest_is_counted(full):
    page = compose(read_tables(full.catalog(), 2))
    assert len(page.pictures) == 2
    assert page.picture_count == 5


def test_people_without_a_name_are_numbered(archive):
    archive.add_photo("a.jpg")
    archive.add_person()
    (person,) = compose(read_tables(archive.catalog(), 9)).people
    assert person.label == "Person 1"
    assert person.counts == "1 picture, 1 face"


def test_failures_and_skipped_files_keep_their_words(page):
    assert [(f.path, f.kind) for f in page.failures.rows] == [("broken.jpg", "truncated")]
    assert [f.message for f in page.skipped.rows] == ["notes.txt is not a picture"]


def test_a_picture_whose_task_is_gone_is_still_told(archive):
    archive.add_photo("a.jpg")
    kept = [r for r in archive.records if r.TABLE in {"media", "restored", "sources"}]
    archive.records[:] = kept
    (picture,) = compose(read_tables(archive.catalog(), 9)).pictures
    assert (picture.damage, picture.faces, picture.bars) == ("unknown", (), ())


def test_films_are_counted_apart(full):
    full.add_film("film.mkv")
    assert compose(read_tables(full.catalog(), 200)).summary.sentence.startswith("5 photos and 1 film restored, ")


def test_a_film_tells_its_ends_and_where_its_shots_are_cut(archive):
    archive.add_film("film.mkv", count=20, shots=((0, 5), (5, 20)))
    (picture,) = compose(read_tables(archive.catalog(), 200)).pictures
    assert picture.film.ends == ("0:00.0", "0:00.8")
    assert picture.film.cuts == pytest.approx((25.0,))
    assert picture.film.curves == ()


def test_a_curve_steps_where_a_shot_begins_and_ends_at_the_end_of_its_axis(archive):
    archive.add_film("film.mkv", count=20, shots=((0, 5), (5, 20)))
    archive.add_photo("still.jpg")
    code = next(row for row in archive.made(DegradationCode))
    for shot, noise in zip(archive.made(Shot)[:2], (0.03, 0.06), strict=True):
        archive.records.append(code.model_copy(update={"shot_id": shot.shot_id, "noise_sigma": noise}))
    film = compose(read_tables(archive.catalog(), 200)).pictures[0].film
    noise = film.curves[0]
    assert (noise.low, noise.high, noise.axis_end) == ("0.030", "0.060", "0.06")
    assert [value for point in noise.points for value in point] == pytest.approx([0, 50, 25, 50, 25, 0, 100, 0])


def test_a_film_of_one_segment_tells_its_faces_as_one_of_several(archive):
    """Its result bears the id of its only task, as a photo's does; what became of its faces stands with its tracks."""
    archive.add_photo("a.jpg")
    item = archive.add_film("film.mkv", seen=((0.0, 0.4),))
    gate = archive.made(RestoredSegment)[0].gates[0].model_copy(update={"face_id": f"{item.media_id}/f0"})
    segment = archive.made(RestoredSegment)[0].model_copy(
        update={"task_id": "task of film.mkv", "media_id": item.media_id, "gates": ()}
    )
    track = TrackGate(
        track_id="track", shot_id=f"{item.media_id}/0", media_id=item.media_id, face_ids=(gate.face_id,), version="whole",
        gate=gate,
    )  # fmt: skip
    archive.records += [segment, track]
    page = compose(read_tables(archive.catalog(), 200))
    (film,) = [picture for picture in page.pictures if picture.film]
    assert [face.decision for face in film.faces] == ["restored"]
    assert film.focus_words == "the largest face"
    assert dict(page.summary.numbers)["faces pasted in"] == "2 of 2"
