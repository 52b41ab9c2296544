"""Records for the tests of the stages that look at tables only."""

from f2s_catalog.records import (
    CodeEstimate,
    DegradationCode,
    Face,
    MediaItem,
    RegionCode,
    RestoredSegment,
    RestoreTask,
    Shot,
)

from f2s_ray.stages.units import ReferencePicture, RestoreUnit, UnitFace


def media(path, *, camera=None, film=None, width=400, height=300, pages=1):
    return MediaItem(
        media_id=f"id of {path}",
        path=path,
        content_digest="0" * 64,
        byte_count=1,
        modified_ns=1,
        kind="photo",
        format="JPEG",
        width_px=width,
        height_px=height,
        orientation=1,
        page_count=pages,
        bit_depth=8,
        colour="rgb",
        has_alpha=False,
        has_icc=False,
        has_exif=False,
        has_xmp=False,
        has_iptc=False,
        captured_at=None,
        camera=camera,
        film=None,
    )


def shot(item):
    return Shot(
        shot_id=f"{item.media_id}/0",
        media_id=item.media_id,
        start_seconds=0,
        stop_seconds=0,
        first_frame=0,
        stop_frame=1,
        cut_score=1,
    )


def region(x=0.25, faces=("a",), value=1.0):
    """One part of a picture, with a code of its own."""
    return RegionCode(
        x=x,
        y=0.5,
        code=(value, value),
        signature=(1.0, 0.0),
        blur_sigma_px=1.0,
        noise_sigma=0.01,
        jpeg_quality=90.0,
        downscale=1.0,
        face_ids=faces,
    )


def estimate(item, *, faces=0, noise=0.02, sharpness=0.5, blockiness=0.1, regions=(), changes=()):
    """What one picture told; without faces it has no code."""
    told = faces > 0
    return CodeEstimate(
        shot_id=shot(item).shot_id,
        code=(1.0, 2.0) if told else (),
        signature=(0.6, 0.8) if told else (),
        blur_sigma_px=1.5 if told else None,
        noise_sigma=noise if told else None,
        jpeg_quality=70.0 if told else None,
        downscale=1.0 if told else None,
        face_ids=tuple(f"{item.media_id}/0/{i}" for i in range(faces)),
        agreement=0.9 if told else None,
        regions=regions,
        changes=changes,
        noise_measured=noise,
        sharpness_measured=sharpness,
        blockiness_measured=blockiness,
        estimator="fadex@1",
    )


def code(item, *, origin="face", blur=1.0, noise=0.01, agreement=1.0, regions=(), changes=()):
    return DegradationCode(
        shot_id=shot(item).shot_id,
        origin=origin,
        lender_shot_id=None,
        why="",
        code=(),
        signature=(),
        blur_sigma_px=blur,
        noise_sigma=noise,
        jpeg_quality=90.0,
        downscale=1.0,
        agreement=agreement,
        regions=regions,
        changes=changes,
        estimator="fadex@1",
    )


def unit_face(item, index, *, references=1):
    face = Face(
        face_id=f"{item.media_id}/0/{index}",
        shot_id=shot(item).shot_id,
        media_id=item.media_id,
        track_id=None,
        frame=0,
        pts_seconds=0,
        seen_from_seconds=0,
        seen_to_seconds=0,
        box_px=(0, 0, 50, 60),
        landmarks_px=tuple(range(10)),
        score=0.9,
        face_px=50,
        sharpness=0.5,
        yaw_degrees=0,
        quality=0.5,
        embedding=(1.0, 0.0),
        embedder="sface@1",
    )
    pictures = tuple(
        ReferencePicture(
            face_id=f"reference {i}",
            path=f"{i}.jpg",
            content_digest=f"{i}",
            scan="",
            frame=0,
            landmarks_px=tuple(range(10)),
        )
        for i in range(references)
    )
    return UnitFace(face=face, identity_id="somebody", person=(), other=(), references=pictures, other_face_ids=())


def unit(item, *, faces=(), task_id="0123abcd" * 8, planned_on="2026-02-03"):
    return RestoreUnit(
        task_id=task_id,
        shot=shot(item),
        media=item,
        first_frame=0,
        stop_frame=1,
        faces=tuple(faces),
        gates=(),
        code=(),
        regions=(),
        changes=(),
        restorer="face2scene@1",
        planned_on=planned_on,
    )


def segment(task: RestoreTask, seconds):
    return RestoredSegment(
        task_id=task.task_id,
        shot_id=task.shot_id,
        media_id=task.media_id,
        path="work/x.jpg",
        digest="0" * 64,
        byte_count=1,
        first_frame=0,
        frame_count=1,
        carried_over=(),
        changed=(),
        faces=(),
        gates=(),
        seconds=seconds,
        model_seconds=seconds,
        peak_memory_bytes=1,
    )
