import cv2
import numpy as np
import pytest
import torch

from f2s_ray.errors import ConfigError
from f2s_ray.media.geometry import TEMPLATE
from f2s_ray.training.pictures import load_pictures
from tests.training.made import frame


def write(path, height, width, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), frame(height, width, seed)[..., ::-1])


def known_faces(cache, pictures, *rows):
    """A cache as an earlier run left it: picture, side, person."""
    np.savez(
        cache,
        pictures=pictures,
        picture=np.array([row[0] for row in rows], np.int64),
        landmarks=np.array([TEMPLATE * row[1] for row in rows], np.float64).reshape(-1, 5, 2),
        person=np.array([row[2] for row in rows], np.int64),
    )


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "faces.npz"


def test_pictures_come_in_the_order_of_their_paths(tmp_path, cache):
    for seed, name in enumerate(("b/2.png", "a/3.png", "a/1.PNG")):
        write(tmp_path / "in" / name, 150, 150 + 10 * seed, seed)
    known_faces(cache, 3)
    pictures = load_pictures([tmp_path / "in"], cache)
    assert [one.shape for one in pictures.frames] == [(150, 170, 3), (150, 160, 3), (150, 150, 3)]
    assert np.array_equal(pictures.frames[2], frame(150, 150, 0))
    assert torch.equal(pictures.rgb(2), torch.from_numpy(frame(150, 150, 0)).permute(2, 0, 1).float() / 255)


def test_what_is_no_usable_picture_is_left_out(tmp_path, cache):
    write(tmp_path / "good.png", 160, 160)
    write(tmp_path / "small.png", 160, 100)
    write(tmp_path / "narrow.png", 160, 2000)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("no picture")
    known_faces(cache, 1)
    assert len(load_pictures([tmp_path], cache).frames) == 1


def test_a_large_picture_is_made_smaller(tmp_path, cache):
    write(tmp_path / "large.png", 1200, 1536)
    known_faces(cache, 1)
    assert load_pictures([tmp_path], cache).frames[0].shape == (800, 1024, 3)


def test_faces_know_their_picture_their_size_and_their_person(tmp_path, cache):
    for seed in range(2):
        write(tmp_path / f"{seed}.png", 200, 200, seed)
    known_faces(cache, 2, (0, 100, 0), (1, 120, 0), (1, 80, 2))
    pictures = load_pictures([tmp_path], cache)
    assert [face.side_px for face in pictures.faces] == pytest.approx([100, 120, 80])
    assert [face.person for face in pictures.faces_of(1)] == [0, 2]


def test_a_cache_of_other_pictures_is_refused(tmp_path, cache):
    write(tmp_path / "one.png", 160, 160)
    known_faces(cache, 7)
    with pytest.raises(ConfigError, match=r"belongs to other pictures \(7, now 1\); remove it"):
        load_pictures([tmp_path], cache)


def test_a_folder_without_pictures_is_refused(tmp_path, cache):
    with pytest.raises(ConfigError, match="no picture of at least 144 px"):
        load_pictures([tmp_path], cache)
