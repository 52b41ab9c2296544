"""Folders of sharp pictures to all figures, resumable: what was measured once with the same networks and seeds is not measured again."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from f2s_catalog.ids import digest, file_digest
from PIL import Image

from f2s_ray.errors import JobError
from f2s_ray.evaluation.cases import Case, Sample, choose, open_case, sample
from f2s_ray.evaluation.codes import code_rows, operators
from f2s_ray.evaluation.gallery import Say, open_gallery
from f2s_ray.evaluation.ledger import Ledger
from f2s_ray.evaluation.likeness import FACES_AT, People, face_rows, gate_rows
from f2s_ray.evaluation.meters import Meters
from f2s_ray.evaluation.methods import FILTER, INPUT, NULL, OURS, PEER, SCENE, SWAPPED, Methods, Results
from f2s_ray.evaluation.peer import Peer
from f2s_ray.evaluation.pictures import stored
from f2s_ray.evaluation.product import Product
from f2s_ray.evaluation.sheet import SheetRow, draw_sheet
from f2s_ray.evaluation.summary import summarise
from f2s_ray.evaluation.tables import report
from f2s_ray.models import face_detector, face_embedder, networks
from f2s_ray.models.face2scene import Face2SceneConfig, digests
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig

__all__ = ["Settings", "evaluate"]

VERSION = 4  # of what is measured: another number makes all rows of an OUT folder stale
SHEET_PICTURES = 12
SHEET_STRENGTHS = ("middle", "strong")
TRUTH = "truth"
SHEET_COLUMNS = (INPUT, FILTER, PEER, NULL, SWAPPED, OURS, TRUTH)
MIN_LIKENESS_PX = 24.0
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """What the user said. ``weights``, ``blind``: folders of networks; ``peer``: a file."""

    folders: tuple[Path, ...]
    out: Path
    pictures: int = 40
    side_px: int = 320
    strengths: tuple[str, ...] = ("mild", "middle", "strong", "none")
    weights: Path | None = None
    blind: Path | None = None
    peer: Path | None = None
    seed: int = 1
    threads: int = 2


def evaluate(settings: Settings, say: Say) -> tuple[dict[str, Any], str]:
    """All that was measured, as in ``OUT/evaluation.json``, and the tables in Markdown; the contact sheets lie beside it.

    Raises:
        ConfigError: DATA, or a file or folder of weights, is not what it should be.
        JobError: OUT cannot be written, or a network is missing.
    """
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        return _Evaluation(settings, say).run()
    except OSError as error:
        raise JobError(f"cannot write {settings.out}: {error.strerror}; free space or grant the right") from error


class _Evaluation:
    """Everything that is loaded once."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        weights = None if settings.weights is None else str(settings.weights)
        config = Face2SceneConfig(weights=weights, threads=settings.threads)
        self._peer = Peer(settings.peer, settings.out / "peer") if settings.peer else None
        self._networks = self._digests(config)
        self._ledger = Ledger(settings.out / "rows.jsonl")
        self._gallery = open_gallery(settings.folders, self._ledger, say)
        embedder = FaceEmbedder()
        self._meters = Meters(embedder)
        self._people = People(self._gallery, self._meters, self._ledger, say)
        self._product = Product(config, self._gallery, embedder)
        self._methods = Methods(self._product, self._peer, settings.blind)
        self._drawn = operators(settings.seed)
        self._who = digest([[face.candidate.face_id, face.person] for face in self._gallery.faces])

    def _digests(self, config: Face2SceneConfig) -> dict[str, str]:
        """Of everything that decides a figure."""
        found = digests(config)
        found["detector"] = face_detector.network_name()
        found["embedder"] = face_embedder.network_name(FaceEmbedderConfig())
        if self._settings.blind:
            found["blind"] = file_digest(networks.existing("scene_restorer", self._settings.blind))[:12]
        if self._peer:
            found["peer"] = self._peer.digest
        return found

    def run(self) -> tuple[dict[str, Any], str]:
        """Measure what is not measured yet, sum up, write."""
        chosen = choose(self._gallery, self._settings.pictures, self._settings.seed)
        cases = [open_case(self._gallery, index, self._settings.side_px, self._settings.seed) for index in chosen]
        shown = self._shown(cases)
        rows: list[Row] = []
        codes: list[Row] = []
        total = len(cases) * (len(self._settings.strengths) + 1)
        for strength in self._settings.strengths:
            for number in range(len(cases)):
                self._say(f"measuring {len(rows) + 1}/{total}: {strength} {cases[number].picture.name}")
                rows.append(self._row(cases, number, strength, keep=number in shown and strength in SHEET_STRENGTHS))
        for case in cases:
            self._say(f"measuring {len(rows) + len(codes) + 1}/{total}: the code of {case.picture.name}")
            codes.append(self._code_row(case))
        for strength in self._settings.strengths:
            if strength in SHEET_STRENGTHS:
                self._sheet(
                    strength,
                    [rows[i] for i in range(len(rows)) if rows[i]["strength"] == strength and "tiles" in rows[i]],
                )
        return self._written(rows, codes)

    def _shown(self, cases: Sequence[Case]) -> set[int]:
        """Which cases stand on the sheet: those with the largest windows, drawn among equals."""
        order = random.Random(self._settings.seed).sample(range(len(cases)), len(cases))
        return set(sorted(order, key=lambda number: -cases[number].clean.numel())[:SHEET_PICTURES])

    def _written(self, rows: Sequence[Row], codes: Sequence[Row]) -> tuple[dict[str, Any], str]:
        settings = self._settings
        figures = summarise(rows, codes, self._drawn)
        everything = {
            "seed": settings.seed,
            "side_px": settings.side_px,
            "networks": self._networks,
            "not measured": self._meters.missing,
            "left out": self._gallery.left_out,
            "sharp pictures": len(self._gallery.pictures),
            "people": sum(len(faces) > 1 for faces in self._gallery.people().values()),
            "figures": figures,
            "operators of the code": [asdict(operator) for operator in self._drawn],
            "rows": list(rows),
            "codes": list(codes),
        }
        aside = settings.out / "evaluation.writing"
        text = json.dumps(everything, indent=1, allow_nan=False)
        aside.write_text(text, encoding="utf-8")
        aside.replace(settings.out / "evaluation.json")
        return json.loads(text), report(figures, self._meters.missing)

    def _row(self, cases: Sequence[Case], number: int, strength: str, *, keep: bool) -> Row:
        """One picture at one strength; ``keep``: its pictures are wanted for the sheet."""
        case = cases[number]
        partner = _next(cases, number, lambda other: True)
        lender = _next(cases, number, lambda other: bool(other.faces[0].references))
        strangers = lender.faces[0].references if lender else ()
        key = self._key(case, "restoration", strength, partner.picture.digest if partner else None, _ids(strangers))
        row = self._ledger.get(key)
        tiles = {name: self._settings.out / "pictures" / f"{key}-{name}.png" for name in SHEET_COLUMNS}
        if row is None or (keep and not tiles[OURS].exists()):
            this = sample(case, strength)
            results = self._methods(this, partner)
            if keep:
                _keep({**results.pictures, TRUTH: case.clean}, tiles)
            row = self._ledger.put(key, self._measured(this, results, strangers))
        return {**row, "tiles": {name: str(file) for name, file in tiles.items() if file.exists()}} if keep else row

    def _measured(self, this: Sample, results: Results, strangers: Sequence[Any]) -> Row:
        case = this.case
        landmarks = [face.landmarks for face in case.faces if face.face_px >= MIN_LIKENESS_PX]
        pixels = self._meters.pixels(results.pictures, case.clean)
        likeness = self._meters.likeness(results.pictures, case.clean, landmarks)
        methods = {name: {**pixels[name], **likeness[name]} for name in results.pictures}
        faces = []
        if this.strength == FACES_AT and strangers:
            faces = face_rows(this, results.pictures[SCENE], self._product, self._meters, strangers)
        return {
            "set": case.picture.dataset,
            "name": case.picture.name,
            "strength": this.strength,
            "operator": asdict(this.operator),
            "window": asdict(case.window),
            "picture px": list(case.truth.shape[1:]),
            "faces in window": len(case.faces),
            "told by a face": results.told,
            "methods": methods,
            "gates": gate_rows(this, results.pictures[OURS], results.pasted, self._meters, self._people),
            "faces": faces,
        }

    def _code_row(self, case: Case) -> Row:
        key = self._key(case, "code")
        return self._ledger.get(key) or self._ledger.put(key, code_rows(case, self._drawn, self._product))

    def _key(self, case: Case, *parts: Any) -> str:  # noqa: ANN401
        faces = [[face.known.candidate.face_id, *_ids(face.references)] for face in case.faces]
        what: Any = [
            VERSION,
            self._settings.seed,
            self._settings.side_px,
            self._settings.threads,
            self._networks,
            sorted(self._meters.missing),
            self._who,
        ]
        return digest(what, case.picture.digest, faces, list(parts))

    def _sheet(self, strength: str, rows: Sequence[Row]) -> None:
        columns = [name for name in SHEET_COLUMNS if any(name in row["tiles"] for row in rows)]
        lines = [
            SheetRow(
                {name: Path(file) for name, file in row["tiles"].items()},
                {name: _words(row["methods"].get(name)) for name in SHEET_COLUMNS},
            )
            for row in rows
        ]
        draw_sheet(columns, lines, self._settings.side_px, self._settings.out / f"sheet-{strength}.png")


def _next(cases: Sequence[Case], number: int, fits: Any) -> Case | None:  # noqa: ANN401
    """The next case around the circle that shows another person and fits; None when there is none."""
    own = {face.known.person for face in cases[number].faces}
    for step in range(1, len(cases)):
        other = cases[(number + step) % len(cases)]
        if other.faces and other.faces[0].known.person not in own and fits(other):
            return other
    return None


def _ids(faces: Sequence[Any]) -> list[str]:
    return [face.candidate.face_id for face in faces]


def _keep(pictures: Mapping[str, Any], tiles: Mapping[str, Path]) -> None:
    for name, file in tiles.items():
        if name in pictures:
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(stored(pictures[name])).save(file)


def _words(found: Row | None) -> str:
    if found is None:
        return ""
    vgg = "" if found["VGG"] is None else f"   VGG {found['VGG']:.3f}"
    return f"{found['PSNR']:.2f} dB{vgg}"
