"""Whether people stay who they are as an archive changes: python -m benchmarks.steady_people [DATA] [--rounds N].

DATA is the folder that holds ``eval``; default: F2S_SHARED_DATA, or ``shared/data`` beside the repository. Faces of
gov_cc0 and azure_mit go the way of an archive: four fifths of the pictures first; then a person names those who are labelled,
merges, splits and confirms, as labels tell; then the last fifth comes, a tenth goes and comes back, every face is embedded
anew by a network of another kind, and all that is not said is looked at afresh. After each step a face that is there before
and after has moved when its identity has another id. Beside it stands the same without memory: each time everything is
clustered from nothing, and an identity goes on where most of its faces are.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from f2s_catalog.arrow import from_table, to_table
from f2s_catalog.ids import digest
from f2s_catalog.records import Constraint, Face, FaceMark, Identity, Label
from PIL import Image, ImageOps

from benchmarks.identities import score
from benchmarks.labelled_faces import Found, family_labels, gov_labels
from benchmarks.pictures import data_folder
from f2s_ray.evaluation.second_embedder import SecondEmbedder
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.face_quality import measure_quality
from f2s_ray.stages.identify import Memory, identify

SETS = {"gov_cc0": gov_labels, "azure_mit": family_labels}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
CONFIRMED_SHARE = 0.5
NEW_SHARE, GONE_SHARE = 0.2, 0.1


@dataclass(frozen=True)
class Shown:
    """A face by both networks, and whose it is where that is known."""

    face: Face
    second: tuple[float, ...]
    label: str | None


def shown_faces(data: Path) -> list[Shown]:
    """All faces of the sets."""
    networks = FaceDetector(), FaceEmbedder(), SecondEmbedder()
    shown = []
    for name, labels_of in SETS.items():
        root = data / "eval" / name
        seen = [
            one
            for file in sorted(root.rglob("*"))
            if file.suffix.lower() in SUFFIXES
            for one in _seen(root, file, *networks)
        ]
        labels, _ = labels_of(root, [found for _, _, found in seen])
        shown += [Shown(face, second, labels.get(number)) for number, (face, second, _) in enumerate(seen)]
    return shown


def _seen(
    root: Path, file: Path, detector: FaceDetector, embedder: FaceEmbedder, second: SecondEmbedder
) -> Iterator[tuple[Face, tuple[float, ...], Found]]:
    rgb = torch.from_numpy(np.array(ImageOps.exif_transpose(Image.open(file)).convert("RGB")))
    rgb = rgb.permute(2, 0, 1).float() / 255.0
    height, width = rgb.shape[1:]
    name = file.relative_to(root).as_posix()
    media_id = digest(root.name, name)
    for found in detector.detect(rgb):
        own, quality = embedder.embed(rgb, found.landmarks), measure_quality(rgb, found)
        other = second.embed(rgb, second.place(rgb, found.landmarks))
        box = [found.box[0] / width, found.box[1] / height, found.box[2] / width, found.box[3] / height]
        unit = tuple((other / np.linalg.norm(other)).tolist())
        yield _face(media_id, found, own, quality.quality), unit, Found(name, box, quality.quality, own)


def _face(media_id: str, found: Detection, embedding: np.ndarray, quality: float) -> Face:
    x0, y0, x1, y1 = found.box
    return Face(
        face_id=f"{media_id}/0/0.{(x0 + x1) / 2:.0f}x{(y0 + y1) / 2:.0f}x{x1 - x0:.0f}",
        shot_id=f"{media_id}/0",
        media_id=media_id,
        track_id=None,
        frame=0,
        pts_seconds=0.0,
        seen_from_seconds=0.0,
        seen_to_seconds=0.0,
        box_px=found.box,
        landmarks_px=found.landmarks,
        score=found.score,
        face_px=found.short_side_px,
        sharpness=0.5,
        yaw_degrees=0.0,
        quality=quality,
        embedding=tuple(float(value) for value in embedding),
        embedder="first@1",
    )


@dataclass
class Archive:
    """What is known, and how often a face has moved at each step."""

    has_memory: bool
    identities: list[Identity] = field(default_factory=list)
    facts: list[Label | Constraint] = field(default_factory=list)
    moved: dict[str, np.ndarray] = field(default_factory=dict)

    def step(self, name: str, faces: Sequence[Face], *, afresh: bool = False) -> None:
        """Settle; count faces that were confirmed, that are of a stated identity, and others: how many, and how many moved."""
        before = {face_id: one for one in self.identities for face_id in one.face_ids}
        digests = {face.media_id: face.media_id for face in faces}
        memory = Memory(to_table(Identity, self.identities), self.facts if self.has_memory else [], digests)
        afresh = afresh or not self.has_memory
        self.identities = from_table(
            Identity, identify(to_table(Face, faces), memory, ClusteringConfig(), afresh=afresh)
        )
        after = {face_id: one for one in self.identities for face_id in one.face_ids}
        counts = np.zeros((3, 2), dtype=np.int64)
        for face_id in before.keys() & after.keys():
            one = before[face_id]
            kind = 0 if face_id in one.confirmed_face_ids else 1 if one.name else 2
            has_moved = (one.identity_id, one.name) != (after[face_id].identity_id, after[face_id].name)
            counts[kind] += (1, int(has_moved))
        self.moved[name] = self.moved.get(name, np.zeros((3, 2), dtype=np.int64)) + counts

    def _number(self) -> str:
        return f"{len(self.facts):09d}"

    def label(self, kind: str, identity_id: str, faces: Sequence[Face], name: str | None = None) -> None:
        """Say something about one."""
        values = {"fact_id": self._number(), "said_at": "", "said_by": "", "kind": kind, "identity_id": identity_id}
        self.facts.append(Label.model_validate({**values, "name": name, "faces": tuple(map(_mark, faces))}))

    def same(self, one: Identity, other: Identity, faces: dict[str, Face]) -> None:
        """Say that two are one."""
        marks = [tuple(_mark(faces[face_id]) for face_id in who.face_ids) for who in (one, other)]
        values = {"fact_id": self._number(), "said_at": "", "said_by": "", "kind": "same"}
        ids = {"identity_id": one.identity_id, "other_id": other.identity_id}
        self.facts.append(Constraint.model_validate({**values, **ids, "faces": marks[0], "other_faces": marks[1]}))


def _mark(face: Face) -> FaceMark:
    return FaceMark(face_id=face.face_id, content_digest=face.media_id, frame=0, box_px=face.box_px)


def say_labels(archive: Archive, shown: Sequence[Shown], random: np.random.Generator) -> None:
    """Name, merge, split and confirm, as a person would who knows the labels."""
    faces = {one.face.face_id: one.face for one in shown}
    labels = {one.face.face_id: one.label for one in shown if one.label}
    homes: dict[str, Identity] = {}
    for identity in sorted(archive.identities, key=lambda one: (-len(one.face_ids), one.identity_id)):
        inside = [labels[face_id] for face_id in identity.face_ids if face_id in labels]
        if not inside:
            continue
        label = max(sorted(set(inside)), key=inside.count)
        if label in homes:
            archive.same(homes[label], identity, faces)
        else:
            homes[label] = identity
            archive.label("name", identity.identity_id, [faces[identity.face_ids[0]]], label)
        strangers = [face_id for face_id in identity.face_ids if labels.get(face_id, label) != label]
        if strangers:
            archive.label("reject", homes[label].identity_id, [faces[face_id] for face_id in strangers])
        own = [face_id for face_id in identity.face_ids if labels.get(face_id) == label]
        sure = [faces[face_id] for face_id in own if random.random() < CONFIRMED_SHARE]
        if sure:
            archive.label("confirm", homes[label].identity_id, sure)


def live(archive: Archive, shown: Sequence[Shown], random: np.random.Generator) -> None:
    """The way of one archive."""
    media = sorted({one.face.media_id for one in shown})
    order = [media[at] for at in random.permutation(len(media))]
    late, away = set(order[: round(NEW_SHARE * len(order))]), set(order[-round(GONE_SHARE * len(order)) :])
    everybody = [one.face for one in shown]
    early = [face for face in everybody if face.media_id not in late]
    archive.step("", early)
    if archive.has_memory:
        say_labels(archive, [one for one in shown if one.face.media_id not in late], random)
        archive.step("", early)
    archive.step("20 % new pictures come", everybody)
    archive.step("10 % of the pictures go", [face for face in everybody if face.media_id not in away])
    archive.step("they come back", everybody)
    if archive.has_memory:
        other = [one.face.model_copy(update={"embedding": one.second, "embedder": "second@1"}) for one in shown]
        archive.step("another embedder", other)
        archive.step("the first embedder again", everybody)
        archive.step("--afresh", everybody, afresh=True)
        archive.step("a plain run after it", everybody)


def agreement(shown: Sequence[Shown], random: np.random.Generator, parts: int) -> float:
    """Pairwise F1 of the labelled faces, where nobody says anything and pictures come in so many parts."""
    media = sorted({one.face.media_id for one in shown})
    order = [media[at] for at in random.permutation(len(media))]
    archive = Archive(has_memory=True)
    for part in range(1, parts + 1):
        there = set(order[: round(part * len(order) / parts)])
        archive.step("", [one.face for one in shown if one.face.media_id in there])
    at = {face_id: number for number, one in enumerate(archive.identities) for face_id in one.face_ids}
    labelled = [one for one in shown if one.label]
    return score([at[one.face.face_id] for one in labelled], [str(one.label) for one in labelled]).f1


def main(data: Path, rounds: int) -> None:
    shown = shown_faces(data)
    archives = [Archive(has_memory=True), Archive(has_memory=False)]
    for archive in archives:
        for number in range(rounds):
            archive.identities, archive.facts = [], []
            live(archive, shown, np.random.default_rng(number))
    labelled = sum(one.label is not None for one in shown)
    print(f"{len(shown)} faces, {labelled} of them labelled, {rounds} rounds with other pictures each\n")
    print(
        "| step | confirmed faces: moved | other faces of named people: moved | all other faces: moved | clustered from nothing: moved |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, counts in archives[0].moved.items():
        bare = archives[1].moved.get(name)
        cells = [f"{moved} of {count} ({100 * moved / max(count, 1):.2f} %)" for count, moved in counts]
        cells.append("" if bare is None else f"{100 * bare[:, 1].sum() / max(bare[:, 0].sum(), 1):.2f} %")
        if name:
            print(f"| {' | '.join([name, *cells])} |")
    print("\n| pictures come in | pairwise F1 of labelled faces, nothing said: mean (lowest) |\n| --- | --- |")
    for parts in (1, 2, 5, 20):
        found = [agreement(shown, np.random.default_rng(number), parts) for number in range(rounds)]
        print(f"| {parts} part{'s' * (parts > 1)} | {np.mean(found):.3f} ({min(found):.3f}) |")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", nargs="?", type=Path, help="the folder that holds eval")
    words.add_argument("--rounds", type=int, default=10, help="each with another choice of pictures")
    chosen = words.parse_args()
    main(chosen.data or data_folder(), chosen.rounds)
