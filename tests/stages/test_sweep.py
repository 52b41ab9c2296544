"""What nobody needs any more is removed from the work folder, and nothing else."""

from f2s_catalog.records import RestoredSegment

from f2s_ray.stages.sweep import sweep


def segment(name):
    return RestoredSegment(
        task_id=name,
        shot_id="m/0",
        media_id="m",
        path=f"work/{name}.png",
        digest="",
        byte_count=1,
        first_frame=0,
        frame_count=1,
        carried_over=(),
        changed=(),
        faces=(),
        gates=(),
        seconds=1.0,
        model_seconds=1.0,
        peak_memory_bytes=1,
    )


def test_what_a_killed_run_left_is_removed_and_what_waits_for_its_place_stays(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    for name in ("waiting.png", "waiting.writing.png", "of an earlier plan.png"):
        (work / name).write_bytes(b"x")
    sweep(tmp_path, [segment("waiting"), segment("in its place")])
    assert [path.name for path in work.iterdir()] == ["waiting.png"]


def test_an_empty_work_folder_goes_and_a_missing_one_is_fine(tmp_path):
    (tmp_path / "work").mkdir()
    sweep(tmp_path, [])
    sweep(tmp_path, [])
    assert list(tmp_path.iterdir()) == []
