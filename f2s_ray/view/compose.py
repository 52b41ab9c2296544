"""The tables of a catalog to the model of the page; pure, no pixels."""

from itertools import chain

from f2s_catalog.records import Attempt, FaceGate, Identity, MediaItem, RestoredMedia, RestoreTask

from f2s_ray.view.bars import quality_bars
from f2s_ray.view.film_story import ORIGINS, damage_words, film_story
from f2s_ray.view.model import FaceStory, Failure, FilmStory, Page, Person, Picture, Reference, Summary
from f2s_ray.view.stretch import choose_stretch
from f2s_ray.view.tables import Tables, original_of
from f2s_ray.view.words import count_words, decision_words, duration_words

__all__ = ["compose"]

_MOST_FACES = 12
_MOST_REFERENCES = 6
_MOST_CLIPS = 6  # a clip is up to 400 kB of page
_DIGEST_LETTERS = 12


def compose(tables: Tables, *, limit: int) -> Page:
    """The page for the first ``limit`` pictures by path and as many people, those most often seen first."""
    shown = tables.restored[:limit]
    people = tables.people()
    labels = tables.labels
    anchors = {p.identity_id: f"person-{n}" for n, p in enumerate(people[:limit], start=1)}
    pictures = {r.media_id: f"picture-{n}" for n, r in enumerate(shown, start=1)}
    films = [r.media_id for r in shown if tables.media[r.media_id].film]
    teller = _Teller(tables, labels, anchors, pictures, films[:_MOST_CLIPS])
    return Page(
        summary=_summary(tables),
        pictures=tuple(teller.picture(restored) for restored in shown),
        picture_count=len(tables.restored),
        people=tuple(teller.person(identity) for identity in people[:limit]),
        person_count=len(people),
        failures=_with_status(tables.attempts, "failed"),
        skipped=_with_status(tables.attempts, "skipped"),
    )


class _Teller:
    """Tells one picture or person with the names and anchors of the whole page at hand, and which films move on it."""

    def __init__(
        self,
        tables: Tables,
        labels: dict[str, str],
        people: dict[str, str],
        pictures: dict[str, str],
        moving: list[str],
    ) -> None:
        self._tables, self._labels, self._people, self._pictures = tables, labels, people, pictures
        self._moving = moving

    def picture(self, restored: RestoredMedia) -> Picture:
        """One restored picture."""
        tables, item = self._tables, self._tables.media[restored.media_id]
        gates = self._gates(restored)
        focus, focus_words, frame = self._focus(item, gates)
        task = tables.task_of(restored)
        shot_id = self._shot_at(item, frame) if item.film else task.shot_id if task else ""
        code = tables.codes.get(shot_id)
        lender = tables.shots.get(code.lender_shot_id) if code and code.lender_shot_id else None
        report = tables.quality.get(restored.media_id)
        return Picture(
            anchor=self._pictures[restored.media_id],
            original=original_of(item, frame),
            result_path=restored.path,
            focus_px=focus,
            focus_words=focus_words,
            facts=_facts(item, task, frame),
            damage=damage_words(tables, code),
            origin=ORIGINS[code.origin] if code else "Unknown",
            origin_words=code.why if code else "the catalog holds no code for this picture",
            lender=tables.media[lender.media_id].path if lender and lender.media_id in tables.media else None,
            lender_anchor=self._pictures.get(lender.media_id) if lender else None,
            risk=task.risk if task else "",
            faces=tuple(self._face(gate) for gate in gates[:_MOST_FACES]),
            faces_left_out=max(0, len(gates) - _MOST_FACES),
            carried_over=restored.carried_over,
            changed=restored.changed,
            bars=quality_bars(report) if report else (),
            film=self._film(item, frame),
        )

    def person(self, identity: Identity) -> Person:
        """One identity with its best face and its references."""
        chosen = self._tables.references.get(identity.identity_id)
        photos = self._tables.photo_counts[identity.identity_id]
        faces = len(identity.face_ids)
        alone = "seen once" if faces == 1 else f"its faces agree by {identity.cohesion:.2f}"
        return Person(
            anchor=self._people[identity.identity_id],
            label=self._labels[identity.identity_id],
            best=self._tables.cut(identity.face_ids[0]) if identity.face_ids else None,
            counts=f"{count_words(photos, 'picture', 'pictures')}, {count_words(faces, 'face', 'faces')}",
            certainty=f"{alone}, the next person is {identity.margin:.2f} away",
            references=tuple(self._reference(c.face_id, c.why) for c in (chosen.choices if chosen else ()))[
                :_MOST_REFERENCES
            ],
        )

    def _gates(self, restored: RestoredMedia) -> list[FaceGate]:
        """Its faces, largest first."""
        faces = self._tables.faces
        gates = self._tables.gates_of(restored)
        return sorted(gates, key=lambda g: -faces[g.face_id].face_px if g.face_id in faces else 0.0)

    def _focus(self, item: MediaItem, gates: list[FaceGate]) -> tuple[tuple[float, float], str, int]:
        """The point that the 1:1 detail shows, in words, and its frame: the largest face, else the centre of the middle."""
        face = self._tables.faces.get(gates[0].face_id) if gates else None
        if face is None:
            middle = item.film.frame_count // 2 if item.film else 0
            return (item.width_px / 2, item.height_px / 2), "the centre", middle
        x0, y0, x1, y1 = face.box_px
        return ((x0 + x1) / 2, (y0 + y1) / 2), "the largest face", face.frame

    def _film(self, item: MediaItem, frame: int) -> FilmStory | None:
        if item.film is None:
            return None
        stretch = choose_stretch(self._tables, item, frame) if item.media_id in self._moving else None
        return film_story(self._tables, item, self._labels, self._people, stretch)

    def _shot_at(self, item: MediaItem, frame: int) -> str:
        """The shot that a frame of a film is part of."""
        shots = self._tables.shots_by_media.get(item.media_id, ())
        return next((shot.shot_id for shot in shots if shot.first_frame <= frame < shot.stop_frame), "")

    def _face(self, gate: FaceGate) -> FaceStory:
        """One face with its references and the numbers that decided."""
        identity = gate.identity_id
        return FaceStory(
            cut=self._tables.cut(gate.face_id),
            person=self._labels.get(identity, "Unknown person") if identity else "Nobody known",
            person_anchor=self._people.get(identity) if identity else None,
            decision=gate.decision,
            decision_words=decision_words(gate.decision, gate.weight),
            numbers=_similarities(gate),
            reason=gate.reason,
            references=tuple(self._reference(f, self._why(identity, f)) for f in gate.reference_face_ids),
        )

    def _reference(self, face_id: str, why: str) -> Reference:
        cut = self._tables.cut(face_id)
        return Reference(cut, cut.original.path if cut else "no longer in the catalog", why)

    def _why(self, identity_id: str | None, face_id: str) -> str:
        """Why a face is among the references of a person; empty when it is not (any more)."""
        chosen = self._tables.references.get(identity_id or "")
        return next((c.why for c in (chosen.choices if chosen else ()) if c.face_id == face_id), "")


def _facts(item: MediaItem, task: RestoreTask | None, frame: int) -> tuple[str, ...]:
    """What the file is, in short."""
    facts = (
        f"{item.film.codec if item.film else item.format}, {item.width_px} × {item.height_px} px",
        f"{duration_words(item.film.duration_seconds)}, {item.film.frame_count:,} frames" if item.film else "",
        f"frame {frame:,} shown" if item.film else "",
        f"{item.bit_depth} bit" if item.bit_depth != 8 else "",
        item.colour if item.colour != "rgb" else "",
        f"page 1 of {item.page_count} shown" if item.page_count > 1 else "",
        f"taken {item.captured_at.replace('T', ' ')}" if item.captured_at else "",
        item.camera or "",
        f"restored as {'one tile' if max(item.width_px, item.height_px) <= task.tile_px else 'tiles'}" if task else "",
    )
    return tuple(fact for fact in facts if fact)


def _similarities(gate: FaceGate) -> tuple[tuple[str, str], ...]:
    """The cosines that the gate saw, with what each is of."""
    pairs = (
        ("to this person", gate.similarity_before, gate.similarity_after),
        ("to the nearest other", gate.other_before, gate.other_after),
    )
    told = tuple((label, f"{_cosine(b)} → {_cosine(a)}") for label, b, a in pairs if b is not None or a is not None)
    return (*told, ("before to after", _cosine(gate.self_similarity)))


def _cosine(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _with_status(attempts: tuple[Attempt, ...], status: str) -> tuple[Failure, ...]:
    """Attempts of one status as rows, by path."""
    rows = (
        Failure(a.path or a.item_id, a.step, a.error_kind or "unknown", a.message or "no message")
        for a in attempts
        if a.status == status
    )
    return tuple(sorted(rows, key=lambda row: (row.path, row.step)))


def _summary(tables: Tables) -> Summary:
    """Counts, times and models of the archive as it stands."""
    finished = {tables.media[r.media_id].path for r in tables.restored}
    films = {tables.media[r.media_id].path for r in tables.restored if tables.media[r.media_id].film}
    kinds = ((finished - films, "photo", "photos"), (films, "film", "films"))
    done = [count_words(len(paths), one, many) for paths, one, many in kinds if paths]
    failed = {a.path for a in tables.attempts if a.status == "failed"} - finished
    skipped = {a.path for a in tables.attempts if a.status == "skipped"} - finished - failed
    decisions = [gate.decision for restored in tables.restored for gate in tables.gates_of(restored)]
    models = {*chain.from_iterable(r.models for r in tables.restored), *(f.embedder for f in tables.faces.values())}
    worked = sum(a.elapsed_seconds for a in tables.attempts)
    return Summary(
        sentence=f"{' and '.join(done) or 'Nothing'} restored, {len(failed):,} failed, {len(skipped):,} skipped.",
        numbers=(
            ("restored", f"{len(finished):,}"),
            ("failed", f"{len(failed):,}"),
            ("skipped", f"{len(skipped):,}"),
            ("people found", f"{len(tables.identities):,}"),
            ("faces pasted in", f"{len(decisions) - decisions.count('kept'):,} of {len(decisions):,}"),
            ("work time", duration_words(worked)),
        ),
        models=tuple(sorted(_short(model) for model in models)),
    )


def _short(model: str) -> str:
    """A model's name@digest with as many letters of the digest as one can compare by eye."""
    name, at, digest = model.partition("@")
    return f"{name}{at}{digest[:_DIGEST_LETTERS]}"
