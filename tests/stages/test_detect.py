import hashlib

import numpy as np
import pytest
from f2s_catalog.records import FaceMark, FilmFacts, MediaItem, Shot
from PIL import Image
from skimage.data import astronaut

from f2s_ray.errors import MediaError
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, is_erased, network_names
from f2s_ray.stages.units import ShotUnit


@pytest.fixture
def stage(tmp_path):
    return DetectFaces(DetectSetup(networks=network_names(DetectConfig()), input_root=str(tmp_path)))


def source(folder, name, picture, exif_orientation=1):
    exif = Image.Exif()
    exif[0x0112] = exif_orientation
    Image.fromarray(picture).save(folder / name, exif=exif)
    return pointer(folder, name)


def pointer(folder, name):
    media = MediaItem(
        media_id="m",
        path=name,
        content_digest=hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        byte_count=1,
        modified_ns=0,
        kind="photo",
        format="PNG",
        width_px=512,
        height_px=512,
        orientation=1,
        page_count=1,
        bit_depth=8,
        colour="rgb",
        has_alpha=False,
        has_icc=False,
        has_exif=False,
        has_xmp=False,
        has_iptc=False,
        captured_at=None,
        camera=None,
        film=None,
    )
    shot = Shot(
        shot_id="m/0", media_id="m", start_seconds=0.0, stop_seconds=0.0, first_frame=0, stop_frame=1, cut_score=1.0
    )
    return ShotUnit(shot=shot, media=media)


def test_a_portrait_gives_one_whole_row(stage, tmp_path):
    (face,) = stage(source(tmp_path, "a.png", astronaut()))
    x0, _, x1, _ = face.box_px
    assert (face.shot_id, face.media_id) == ("m/0", "m")
    assert face.face_id.startswith(f"m/0/0.{(x0 + x1) / 2:.0f}x")
    assert 170 < face.box_px[0] < face.box_px[2] < 290
    assert np.linalg.norm(face.embedding) == pytest.approx(1.0, abs=1e-5)
    assert face.face_px == pytest.approx(min(face.box_px[2] - face.box_px[0], face.box_px[3] - face.box_px[1]))
    assert 0.3 < face.sharpness <= 1.0
    assert 0.2 < face.quality <= 1.0
    assert face.embedder.startswith("face_recognition_sface")


def test_a_turned_photo_gives_the_same_face_in_the_upright_frame(stage, tmp_path):
    (upright,) = stage(source(tmp_path, "a.png", astronaut()))
    (turned,) = stage(source(tmp_path, "b.png", np.ascontiguousarray(np.rot90(astronaut())), exif_orientation=6))
    assert turned.box_px == upright.box_px
    assert turned.embedding == upright.embedding


def test_a_photo_without_a_face_gives_no_row(stage, tmp_path):
    assert list(stage(source(tmp_path, "grey.png", np.full((200, 300, 3), 90, dtype=np.uint8)))) == []


def test_a_broken_photo_is_a_media_error(stage, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(MediaError):
        list(stage(pointer(tmp_path, "broken.png")))


def test_a_photo_that_changed_since_it_was_listed_is_a_media_error(stage, tmp_path):
    photo = source(tmp_path, "a.png", astronaut())
    source(tmp_path, "a.png", astronaut()[:, ::-1].copy())
    with pytest.raises(MediaError, match="changed"):
        list(stage(photo))


def test_the_same_photo_twice_gives_the_same_rows(stage, tmp_path):
    photo = source(tmp_path, "a.png", astronaut())
    assert list(stage(photo)) == list(stage(photo))


def erased(photo, *boxes, frame=0):
    marks = [FaceMark(face_id="", content_digest="d", frame=frame, box_px=box) for box in boxes]
    return photo.model_copy(update={"erased": tuple(marks)})


def test_a_face_at_an_erased_place_is_not_found_again(stage, tmp_path):
    photo = source(tmp_path, "a.png", astronaut())
    (face,) = stage(photo)
    x0, y0, x1, y1 = face.box_px
    assert list(stage(erased(photo, (x0 + 20, y0, x1 + 20, y1)))) == []
    assert list(stage(erased(photo, (x1, y0, 2 * x1 - x0, y1)))) == [face]


def test_a_shot_of_which_nobody_was_erased_is_the_record_that_it_was(stage, tmp_path):
    photo = source(tmp_path, "a.png", astronaut())
    assert set(photo.model_dump(mode="json")) == {"shot", "media"}
    assert set(erased(photo, (0, 0, 1, 1)).model_dump(mode="json")) == {"shot", "media", "erased"}


def test_in_a_film_an_erased_place_holds_for_a_second_before_and_after():
    facts = {"frame_count": 100, "duration_seconds": 4.0}
    media = MediaItem.model_construct(film=FilmFacts.model_construct(**facts))
    place = FaceMark(face_id="", content_digest="d", frame=50, box_px=(0, 0, 10, 10))
    shot = ShotUnit.model_construct(media=media, erased=(place,))
    assert [is_erased(shot, frame, (1, 0, 11, 10)) for frame in (24, 25, 50, 75, 76)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not is_erased(shot, 50, (9, 0, 19, 10))


def test_without_identities_faces_have_no_vector(tmp_path):
    photo = source(tmp_path, "a.png", astronaut())
    setup = DetectSetup(networks=network_names(DetectConfig()), input_root=str(tmp_path), has_embeddings=False)
    (face,) = DetectFaces(setup)(photo)
    assert (face.embedding, face.embedder) == ((), "")
    assert "has_embeddings" not in setup.model_copy(update={"has_embeddings": True}).model_dump()
