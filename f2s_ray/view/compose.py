"""The tables of a catalog to the model of the page; pure, no pixels."""

from f2s_catalog.records import FaceGate, MediaItem, RestoredMedia, RestoreTask

from f2s_ray.view.bars import quality_bars
from f2s_ray.view.film_story import ORIGINS, damage_words, film_story
from f2s_ray.view.model import FaceStory, FilmStory, Page, Person, Picture, Reference, Summary
from f2s_ray.view.stretch import choose_stretch
from f2s_ray.view.tables import Known, Tables, original_of
from f2s_ray.view.totals import Totals
from f2s_ray.view.words import count_words, decision_words, duration_words

__all__ = ["compose"]

_MOST_FACES = 12
_MOST_REFERENCES = 6
_MOST_CLIPS = 6  # a clip is up to 400 kB of page
_DIGEST_LETTERS = 12


def compose(tables: Tables) -> Page:
    """The page for the pictures and people of the tables."""
    anchors = {identity_id: f"person-{n}" for n, identity_id in enumerate(tables.wall, start=1)}
    pictures = {r.media_id: f"picture-{n}" for n, r in enumerate(tables.restored, start=1)}
    films = [r.media_id for r in tables.restored if tables.media[r.media_id].film]
    teller = _Teller(tables, anchors, pictures, films[:_MOST_CLIPS])
    return Page(
        summary=_summary(tables.totals),
        pictures=tuple(teller.picture(restored) for restored in tables.restored),
        picture_count=tables.totals.picture_count,
        people=tuple(teller.person(tables.known[identity_id]) for identity_id in tables.wall),
        person_count=tables.totals.person_count,
        failures=tables.failures,
        skipped=tables.skipped,
    )


class _Teller:
    """Tells one picture or person with the anchors of the whole page at hand, and which films move on it."""

    def __init__(self, tables: Tables, people: dict[str, str], pictures: dict[str, str], moving: list[str]) -> None:
        self._tables, self._people, self._pictures = tables, people, pictures
        self._moving = moving

    def picture(self, restored: RestoredMedia) -> Picture:
        """One restored picture."""
        tables, item = self._tables, self._tables.media[restored.media_id]
        gates = self._gates(restored)
        focus, focus_words, frame = self._focus(item, gates)
        task = tables.task_of(restored)
        shot_id = self._shot_at(item, frame) if item.film else task.shot_id if task else ""
        code = tables.codes.get(shot_id)
        lender = tables.lender(code)
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
            lender=lender.path if lender else None,
            lender_anchor=self._pictures.get(lender.media_id) if lender else None,
            risk=task.risk if task else "",
            faces=tuple(self._face(gate) for gate in gates[:_MOST_FACES]),
            faces_left_out=max(0, len(gates) - _MOST_FACES),
            carried_over=restored.carried_over,
            changed=restored.changed,
            bars=quality_bars(report) if report else (),
            film=self._film(item, frame),
        )

    def person(self, known: Known) -> Person:
        """One identity with its best face and its references."""
        chosen = self._tables.references.get(known.identity_id)
        counts = count_words(known.picture_count, "picture", "pictures"), count_words(known.face_count, "face", "faces")
        alone = "seen once" if known.face_count == 1 else f"its faces agree by {known.cohesion:.2f}"
        return Person(
            anchor=self._people[known.identity_id],
            label=known.label,
            best=self._tables.cut(known.best_face_id),
            counts=", ".join(counts),
            certainty=f"{alone}, the next person is {known.margin:.2f} away",
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
        return film_story(self._tables, item, self._people, stretch)

    def _shot_at(self, item: MediaItem, frame: int) -> str:
        """The shot that a frame of a film is part of."""
        shots = self._tables.shots_by_media.get(item.media_id, ())
        return next((shot.shot_id for shot in shots if shot.first_frame <= frame < shot.stop_frame), "")

    def _face(self, gate: FaceGate) -> FaceStory:
        """One face with its references and the numbers that decided."""
        identity = gate.identity_id
        return FaceStory(
            cut=self._tables.cut(gate.face_id),
            person=self._label(identity),
            person_anchor=self._people.get(identity) if identity else None,
            decision=gate.decision,
            decision_words=decision_words(gate.decision, gate.weight),
            numbers=_similarities(gate),
            reason=gate.reason,
            references=tuple(self._reference(f, self._why(identity, f)) for f in gate.reference_face_ids),
        )

    def _label(self, identity_id: str | None) -> str:
        if identity_id is None:
            return "Nobody known"
        known = self._tables.known.get(identity_id)
        return known.label if known else "Unknown person"

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


def _summary(totals: Totals) -> Summary:
    """Counts, times and models of the archive as it stands."""
    kinds = ((totals.photo_count, "photo", "photos"), (totals.film_count, "film", "films"))
    done = [count_words(*kind) for kind in kinds if kind[0]]
    failed, skipped = f"{totals.failed_count:,}", f"{totals.skipped_count:,}"
    return Summary(
        sentence=f"{' and '.join(done) or 'Nothing'} restored, {failed} failed, {skipped} skipped.",
        numbers=(
            ("restored", f"{totals.photo_count + totals.film_count:,}"),
            ("failed", failed),
            ("skipped", skipped),
            ("people found", f"{totals.identity_count:,}"),
            ("faces pasted in", f"{totals.pasted_count:,} of {totals.face_count:,}"),
            ("work time", duration_words(totals.work_seconds)),
        ),
        models=tuple(sorted(_short(model) for model in totals.models)),
    )


def _short(model: str) -> str:
    """A model's name@digest with as many letters of the digest as one can compare by eye."""
    name, at, digest = model.partition("@")
    return f"{name}{at}{digest[:_DIGEST_LETTERS]}"
