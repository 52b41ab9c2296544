"""What is said of people makes some results stale: these are named with the reason, and they alone are made again."""

import json
import shutil

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Identity, MediaItem, RestoredMedia
from PIL import Image

from f2s_ray.flows.people import People
from f2s_ray.media.exiv2 import read_tags
from tests.media.samples import saved
from tests.whole.made import FILM, PEOPLE, f2s, files


def stale(output):
    return Catalog(output).view("stale").to_pylist()


@pytest.fixture
def archive(copied):
    """Restored, and nothing is stale."""
    copied.restore()
    assert stale(copied.output) == []
    return copied


@pytest.fixture
def people(archive):
    return People(archive.output, "tester")


def identities(archive):
    """Identities of which something is seen in the picture of friends, those with most faces first."""
    catalog = Catalog(archive.output)
    media = {item.path: item.media_id for item in catalog.rows(MediaItem)}
    found = [
        one for one in catalog.rows(Identity) if any(face_id.startswith(media[PEOPLE[2]]) for face_id in one.face_ids)
    ]
    return sorted(found, key=lambda one: (-len(one.face_ids), one.identity_id))


def told(archive):
    """What `f2s status` says is stale: path to why, and whether pixels are."""
    lines = [json.loads(line) for line in f2s("status", archive.output, "--json").out.splitlines()]
    (summary,) = [line for line in lines if line.get("event") == "summary"]
    found = {line["path"]: line for line in lines if line.get("event") == "stale"}
    assert summary["stale"] == len(found)
    return found


def renewed(archive, *more):
    """The results that the next run makes again, by their source's path."""
    before = files(archive.output / "restored")
    archive.restore(*more)
    after = files(archive.output / "restored")
    assert before.keys() == after.keys()
    assert told(archive) == {}
    return {path for path in before if before[path][0] != after[path][0]}, before, after


def worked(archive):
    newest = max((archive.output / "runs").iterdir())
    events = [json.loads(line) for line in (newest / "events.jsonl").read_text().splitlines()]
    return {(event["step"], event["path"]) for event in events if event["event"] == "item"}


def test_a_merge_renews_the_pictures_of_both_and_no_other(archive, people):
    one, other = identities(archive)[:2]
    people.merge(one.identity_id, [other.identity_id])
    found = told(archive)
    assert FILM in found
    assert PEOPLE[2] in found
    assert "merged into Person " in " ".join(found[PEOPLE[2]]["why"])
    assert {path for step, path in _restored(archive)} == set(found)


def _restored(archive):
    archive.restore()
    assert told(archive) == {}
    return {(step, path) for step, path in worked(archive) if step == "restore"}


def test_results_that_are_not_stale_keep_their_bytes_and_their_time(archive, people):
    one, other = identities(archive)[:2]
    people.merge(one.identity_id, [other.identity_id])
    named = set(told(archive))
    again, before, after = renewed(archive)
    assert again <= named
    assert {path: after[path] for path in set(before) - named} == {path: before[path] for path in set(before) - named}


def test_a_split_and_a_rejected_face_name_who_moved(archive, people):
    one = next(identity for identity in identities(archive) if len(identity.face_ids) > 1)
    media = {item.path: item.media_id for item in Catalog(archive.output).rows(MediaItem)}
    own = [face_id for face_id in one.face_ids if face_id.startswith(media[PEOPLE[2]])]
    people.split(one.identity_id, own)
    found = told(archive)
    assert any(why.startswith(f"face moved from Person {one.number} to Person") for why in found[PEOPLE[2]]["why"])
    assert {path for _, path in _restored(archive)} == set(found)
    people.merge(one.identity_id, [_holder(archive, own[0])])
    archive.restore()
    people.reject(one.identity_id, own)
    found = told(archive)
    assert PEOPLE[2] in found
    assert {path for _, path in _restored(archive)} == set(found)


def _holder(archive, face_id):
    return next(one.identity_id for one in Catalog(archive.output).rows(Identity) if face_id in one.face_ids)


def test_a_better_picture_changes_references_and_only_what_they_restored(archive):
    """Whose references they are is told; who was not in need of them is left alone."""
    better = Image.open(archive.source / PEOPLE[0]).resize((720, 720))
    (archive.source / "launch" / "better.png").write_bytes(saved(better, "PNG"))
    before = files(archive.output / "restored")
    f2s("index", archive.source, archive.output, "--set", f"model.weights={archive.weights}")
    f2s("identify", archive.output)
    found = told(archive)
    assert set(found) & {PEOPLE[0], PEOPLE[1]}
    assert all(
        "references of Person" in why or "was told by" in why or "most like" in why
        for row in found.values()
        for why in row["why"]
    )
    archive.restore()
    after = files(archive.output / "restored")
    assert {path for step, path in worked(archive) if step == "restore"} == {*found, "launch/better.png"}
    assert {path for path in before if before[path] != after[path]} <= set(found)


def test_a_name_is_written_without_the_networks_and_asks_for_nothing_else(archive, people):
    catalog = Catalog(archive.output)
    media = {item.path: item.media_id for item in catalog.rows(MediaItem)}
    who = next(
        one.identity_id for one in catalog.rows(Identity) if any(f.startswith(media[PEOPLE[0]]) for f in one.face_ids)
    )
    people.name(who, "Ada Lovelace")
    found = told(archive)
    assert found[PEOPLE[0]]["why"] == ["name Ada Lovelace is not in its metadata yet"]
    assert not any(row["pixels"] for row in found.values())
    segments = {row.media_id: row.task_id for row in catalog.rows(RestoredMedia)}
    again, before, after = renewed(archive)
    assert again == set(found)
    assert {step for step, _ in worked(archive)} == {"assemble", "score"}
    assert {row.media_id: row.task_id for row in catalog.rows(RestoredMedia)} == segments
    for path in found:
        assert _names(archive.output / "restored" / path) == ["Ada Lovelace"]
        with Image.open(archive.output / "restored" / path) as named:
            named.load()
        assert after[path][1] == before[path][1]
    people.name(who, None)
    assert set(told(archive)) == set(found)
    _, _, last = renewed(archive)
    assert last == before


def _names(path):
    return [str(value) for key, value in read_tags(path.read_bytes()).xmp.items() if key.endswith("mwg-rs:Name")]


def test_on_a_terminal_some_are_listed_and_all_are_counted(archive, people):
    one, other = identities(archive)[:2]
    people.merge(one.identity_id, [other.identity_id])
    count = len(told(archive))
    lines = f2s("status", archive.output, "--limit", "1").out.splitlines()
    assert len([line for line in lines if line.startswith("stale: ")]) == 1
    assert f"{count} stale, 0 of them by a name alone; `f2s restore` renews them" in lines


def test_a_result_is_not_stale_for_another_folder(archive, tmp_path):
    shutil.copytree(archive.output / "catalog", tmp_path / "moved" / "catalog")
    assert stale(tmp_path / "moved") == []
