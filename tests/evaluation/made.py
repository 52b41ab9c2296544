"""A small tree of sharp pictures: two people, one of them in two shots, and nobody; and galleries without any picture."""

from pathlib import Path

import insightface
import numpy as np
from PIL import Image

from f2s_ray.evaluation.gallery import Gallery, KnownFace
from f2s_ray.evaluation.pictures import Picture
from f2s_ray.models.face_detector import Detection
from f2s_ray.models.references import Candidate

FRIENDS = Path(insightface.__file__).parent / "data" / "images" / "t1.jpg"


def texture(height, width, seed=0):
    """Smooth patches and edges, RGB uint8."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def another_shot(image):
    """The same people seen from elsewhere, in other light, mirrored."""
    turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    bent = (1, 0.12, -20, 0.05, 1, -10, 1e-4, 0.5e-4)
    turned = turned.transform(turned.size, Image.Transform.PERSPECTIVE, bent, Image.Resampling.BICUBIC)
    return Image.fromarray((255 * (np.asarray(turned) / 255.0) ** 1.8).astype(np.uint8))


def sharp_pictures(folder):
    """DATA with two sets."""
    friends = Image.open(FRIENDS).convert("RGB")
    woman, man = friends.crop((796, 0, 1116, 320)), friends.crop((160, 60, 480, 380))
    for name, image in {
        "one/woman.png": woman,
        "two/woman again.png": another_shot(woman),
        "two/man.png": man,
        "one/nobody.png": Image.fromarray(texture(200, 260)),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def made_face(picture, person, *, face_px=100.0, quality=0.8, seed=0):
    chance = np.random.default_rng(1000 * person + seed).normal(size=8)
    box = (10.0, 10.0, 10.0 + face_px, 10.0 + face_px)
    eye, low = 10 + 0.3 * face_px, 10 + 0.75 * face_px
    high = 10 + 0.7 * face_px
    landmarks = (eye, eye, high, eye, 10 + 0.5 * face_px, 10 + 0.55 * face_px, eye, low, high, low)
    return KnownFace(
        picture=picture,
        detection=Detection(box, landmarks, 0.9),
        candidate=Candidate(f"{picture}/{person}", quality, 0.8, 0.0, face_px),
        embedding=chance / np.linalg.norm(chance),
        thumb=np.zeros(1024, np.float32),
        person=person,
    )


def made_gallery(sets, people, shots=None):
    """``sets``: the set of each picture; ``people``: the persons in each."""
    pictures = [
        Picture(dataset, f"{dataset}/{i}.png", Path(f"{i}.png"), f"digest {i}", (300, 400))
        for i, dataset in enumerate(sets)
    ]
    faces = [made_face(i, person) for i, persons in enumerate(people) for person in persons]
    return Gallery(tuple(pictures), tuple(faces), {}, tuple(shots or range(len(sets))))
