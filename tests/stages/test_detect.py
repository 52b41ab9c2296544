import hashlib

import numpy as np
import pytest
from f2s_catalog.records import MediaItem, Shot
from PIL import Image
from skimage.data import astronaut

from f2s_ray.errors import MediaError
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, network_names
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
