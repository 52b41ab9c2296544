"""Pictures are drawn from their files, and missing files never stop the page."""

from dataclasses import replace

import pytest
from PIL import Image

from f2s_ray.view.album import Album
from f2s_ray.view.compose import compose
from f2s_ray.view.reading import read_tables
from tests.media.film.films import QUARTER


@pytest.fixture
def album_of(archive):
    def make():
        page = compose(read_tables(archive.catalog(), 200))
        return Album(page, archive.input_root, archive.output), page

    return make


def test_a_picture_is_drawn_with_its_detail_and_faces(archive, album_of):
    archive.add_photo("a.jpg")
    archive.add_person()
    album, page = album_of()
    drawn = album.draw(page.pictures[0])
    assert drawn.before.width_px == drawn.after.width_px == 512
    assert drawn.detail_before.width_px == drawn.detail_after.width_px == 304
    assert drawn.faces[0].before.uri != drawn.faces[0].after.uri
    assert album.thumb(page.people[0].best).width_px == 96


def test_a_source_that_is_gone_leaves_the_result(archive, album_of):
    archive.add_photo("a.jpg")
    archive.add_person()
    (archive.input_root / "a.jpg").unlink()
    album, page = album_of()
    drawn = album.draw(page.pictures[0])
    assert (drawn.before, drawn.detail_before, drawn.faces[0].before) == (None, None, None)
    assert drawn.after is not None
    assert album.thumb(page.people[0].best) is None


def test_a_source_that_was_replaced_is_not_shown_as_before(archive, album_of):
    archive.add_photo("a.jpg")
    archive.add_photo("b.jpg", face=False)
    (archive.input_root / "a.jpg").write_bytes((archive.input_root / "b.jpg").read_bytes())
    album, page = album_of()
    assert album.draw(page.pictures[0]).before is None


def test_a_reference_of_another_picture_is_shown_although_its_picture_comes_later(archive, album_of):
    archive.add_photo("z sharp.jpg")
    archive.add_photo("a.jpg")
    archive.add_person()
    album, page = album_of()
    (reference,) = page.pictures[0].faces[0].references
    assert reference.path == "z sharp.jpg"
    assert album.thumb(reference.cut).width_px == 96


@pytest.mark.parametrize(("count", "width_px"), [(40, 900), (41, 640)])
def test_panels_shrink_when_there_are_many(archive, count, width_px):
    archive.add_photo("a.jpg")
    Image.new("RGB", (1800, 600)).save(archive.output / "restored" / "a.jpg")
    page = compose(read_tables(archive.catalog(), 200))
    album = Album(replace(page, pictures=page.pictures * count), archive.input_root, archive.output)
    assert album.draw(page.pictures[0]).after.width_px == width_px


def test_a_film_is_drawn_large_at_even_moments_and_moving(archive, album_of):
    archive.add_film("film.mkv")
    album, page = album_of()
    drawn = album.draw(page.pictures[0])
    assert drawn.before.width_px == drawn.after.width_px == 96
    assert [moment.when for moment in drawn.moments] == ["0:00.0", "0:00.2", "0:00.4"]
    assert {moment.pair.width_px for moment in drawn.moments} == {drawn.clip.width_px}
    assert (drawn.clip.start_seconds, drawn.clip.stop_seconds) == pytest.approx((0, 0.48))


def test_a_turned_film_is_upright_everywhere(archive, album_of):
    archive.add_film("film.mp4", matrix=QUARTER)
    album, page = album_of()
    drawn = album.draw(page.pictures[0])
    assert (drawn.before.width_px, drawn.before.height_px) == (64, 96)
    assert (drawn.clip.width_px, drawn.clip.height_px) == (132, 96)


def test_a_film_whose_source_was_replaced_has_no_clip(archive, album_of):
    archive.add_film("film.mkv")
    (archive.input_root / "film.mkv").write_bytes((archive.output / "restored" / "film.mkv").read_bytes())
    album, page = album_of()
    drawn = album.draw(page.pictures[0])
    assert (drawn.before, drawn.moments, drawn.clip) == (None, (), None)
    assert drawn.after is not None


def test_a_result_that_is_no_film_any_more_leaves_the_source(archive, album_of):
    archive.add_film("film.mkv")
    (archive.output / "restored" / "film.mkv").write_bytes(b"not a film")
    album, page = album_of()
    drawn = album.draw(page.pictures[0])
    assert (drawn.after, drawn.moments, drawn.clip) == (None, (), None)
    assert drawn.before is not None
