"""Outcomes for the tests of the catalog."""

import pyarrow as pa
from f2s_catalog.ledger import Outcome
from f2s_catalog.records import Attempt, Face, Identity, Label, Record, Shot, Source


def attempt_of(item_id, fingerprint="f1", *, step="probe", status="done", kind=None, number=1, path=None) -> Attempt:
    return Attempt(
        step=step,
        item_id=item_id,
        fingerprint=fingerprint,
        path=path or f"{item_id}.jpg",
        status=status,
        error_kind=kind,
        message=None if kind is None else f"{item_id}: {kind}",
        number=number,
        run_id="run",
        elapsed_seconds=0.5,
    )


def outcome(item_id, *records: Record, **attempt) -> Outcome:
    return Outcome(attempt_of(item_id, **attempt), records)


def failed(item_id, kind="broken", **attempt) -> Outcome:
    return Outcome(attempt_of(item_id, status="failed", kind=kind, **attempt), ())


def asked(*items: tuple[str, str]) -> pa.Table:
    """Items by id and fingerprint, as a flow asks for them."""
    ids, fingerprints = zip(*items, strict=True)
    return pa.table({"item_id": ids, "fingerprint": fingerprints, "is_gone": [False] * len(items)})


def source(path, byte_count=1) -> Source:
    return Source(path=path, byte_count=byte_count, modified_ns=7, trouble=None)


def shot(index, score=1.0) -> Shot:
    return Shot(
        shot_id=f"m/{index}",
        media_id="m",
        start_seconds=0,
        stop_seconds=0,
        first_frame=0,
        stop_frame=1,
        cut_score=score,
    )


def face(index, score=0.5) -> Face:
    return Face(
        face_id=f"m/0/{index}",
        shot_id="m/0",
        media_id="m",
        track_id=None,
        frame=0,
        pts_seconds=0,
        seen_from_seconds=0,
        seen_to_seconds=0,
        box_px=(1, 2, 3, 4),
        landmarks_px=tuple(range(10)),
        score=score,
        face_px=2,
        sharpness=0.5,
        yaw_degrees=0,
        quality=0.5,
        embedding=(0.0, 1.0),
        embedder="made@0",
    )


def person(identity_id, number, face_ids, name=None) -> Identity:
    return Identity(
        identity_id=identity_id,
        number=number,
        face_ids=tuple(face_ids),
        confirmed_face_ids=(),
        primary_face_id=face_ids[0],
        centroid=(1.0,),
        cohesion=1,
        margin=1,
        nearest_id=None,
        name=name,
        is_ignored=False,
    )


def label(fact_id, name, identity_id="a" * 32) -> Label:
    return Label(fact_id=fact_id, said_at="", said_by="test", kind="name", identity_id=identity_id, name=name, faces=())
