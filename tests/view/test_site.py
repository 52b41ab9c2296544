"""The viewer over HTTP: what it shows, what it refuses, and that what is said there holds."""

import json
import re
import shutil
import time
from html import unescape
from urllib.parse import quote

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Identity, Label

from f2s_ray.view.site.runs import recent_runs
from f2s_ray.view.thumbnails import forget, thumbnail_folder
from tests.catalog.made import outcome
from tests.flows.said_archive import ANN, BEN, CID, who
from tests.view.asking import ask
from tests.view.site_archive import HOSTILE, make_archive, served


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def archive(made, tmp_path):
    for folder in made:
        shutil.copytree(folder, tmp_path / folder.name)
    return tmp_path / "photos", tmp_path / "restored"


@pytest.fixture
def site(archive):
    with served(*archive) as (address, guard):
        yield address, guard


def test_every_page_answers_and_bears_the_headers_that_keep_it_safe(site, archive):
    address, _ = site
    ann = who(archive[1], ANN[0]).identity_id
    for path in (
        "/", f"/people/{ann}", f"/media/{ANN[0].media_id}", "/media/film", "/find", "/find?q=faces:2", "/find?q=kind:flm",
        "/failures", "/stale", "/runs", f"/people/{ann}?least=true&page=7&files=9&confirmed=3", "/?q=nobody&ignored=true",
    ):  # fmt: skip
        page = ask(address + path)
        assert page.status == 200, path
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script>|<style>| on\w+=| style=", page.text), path


def test_names_of_files_and_people_are_text_and_nothing_else(site, archive):
    address, guard = site
    one = who(archive[1], ANN[0]).identity_id
    form = {"action": "name", "csrf": guard.csrf, "word": '<b>Ann</b> & "Co"'}
    assert ask(f"{address}/people/{one}", form, Origin=address).status == 303
    for path in ("/", f"/people/{one}", f"/media/{ANN[1].media_id}", "/find?q=folder:albums"):
        page = ask(address + path).text
        assert "<script>alert" not in page
        assert "<b>Ann" not in page
        assert "\u202e" not in page
    assert "<script>alert(1)</script>\\u202egpj.jpg" in unescape(ask(f"{address}/media/{ANN[1].media_id}").text)
    assert '<b>Ann</b> & "Co"' in unescape(ask(f"{address}/people/{one}").text)


def test_a_form_needs_our_origin_and_our_word(site, archive):
    address, guard = site
    page = f"{address}/people/{who(archive[1], ANN[0]).identity_id}"
    good = {"action": "name", "csrf": guard.csrf, "word": "Ann"}
    assert ask(page, good).status == 403
    assert ask(page, good, Origin="http://evil.example").status == 403
    assert ask(page, good, Origin="null").status == 403
    assert ask(page, {**good, "csrf": "guessed"}, Origin=address).status == 403
    assert ask(page, good, Origin=address, Sec_Fetch_Site="cross-site").status == 403
    assert ask(page, {"word": "Ann"}, Origin=address).status == 422
    assert Catalog(archive[1]).rows(Label) == []
    assert ask(page, good, Origin=address).status == 303
    assert [fact.name for fact in Catalog(archive[1]).rows(Label)] == ["Ann"]


def test_another_host_is_not_answered(site):
    address, _ = site
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:8300", "10.0.0.1"):
        assert ask(address, Host=host).status == 421, host
    assert ask(address, Host="localhost:1").status == 200


def test_away_from_loopback_nothing_is_shown_without_the_token(archive):
    with served(*archive, host="0.0.0.0") as (address, guard):
        assert ask(address).status == 401
        assert ask(f"{address}/?token=guessed").status == 401
        assert ask(f"{address}/image/before/{ANN[0].media_id}").status == 401
        admitted = ask(f"{address}/?token={guard.token}")
        cookie = admitted.headers["set-cookie"]
        assert (admitted.status, admitted.headers["location"]) == (303, "/")
        assert all(word in cookie.lower() for word in ("httponly", "samesite=strict"))
        assert ask(address, Cookie=cookie.split(";")[0]).status == 200


@pytest.mark.parametrize(
    "path",
    ["/people/none", "/media/none", "/image/face/none", "/image/before/../../etc/passwd", "/image/before/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
     "/static/../app.py", "/static/%2e%2e/app.py", "/nothing", "/image/other/none"],
)  # fmt: skip
def test_what_is_not_in_the_catalog_is_not_there(site, path):
    answer = ask(site[0] + path)
    assert answer.status == 404
    assert "root:" not in answer.text
    assert "make_site" not in answer.text


def test_a_wrong_question_is_shown_with_its_place(site):
    page = ask(site[0] + "/find?q=" + quote("kind:photo persn:Ann"))
    assert "there is no term 'persn:'; the nearest is 'person'" in unescape(page.text)
    assert "kind:photo <mark>persn:Ann</mark>" in page.text


def test_statements_of_forms_hold(site, archive):
    address, guard = site
    _, output = archive

    def say(one, action, **fields):
        form = {"action": action, "csrf": guard.csrf, **fields}
        return ask(f"{address}/people/{one.identity_id}", form, Origin=address)

    ann, ben = who(output, ANN[0]), who(output, BEN[0])
    say(ann, "confirm", faces=[ANN[0].face_id, ANN[1].face_id])
    assert set(who(output, ANN[0]).confirmed_face_ids) == {ANN[0].face_id, ANN[1].face_id}
    split = say(ann, "split", faces=[ANN[2].face_id, ANN[3].face_id], word="Anna")
    anna = who(output, ANN[2])
    assert split.headers["location"] == f"/people/{anna.identity_id}"
    assert (anna.name, set(anna.face_ids)) == ("Anna", {ANN[2].face_id, ANN[3].face_id})
    say(anna, "move", faces=[ANN[3].face_id], word=ann.identity_id)
    assert who(output, ANN[3]).identity_id == ann.identity_id
    say(ann, "merge", word="Anna")
    assert who(output, ANN[2]).identity_id == ann.identity_id
    say(ann, "ignore")
    assert who(output, ANN[0]).is_ignored
    assert f"/people/{ann.identity_id}" not in ask(address).text
    assert f"/people/{ann.identity_id}" in ask(address + "/?ignored=true").text
    say(ann, "notice")
    say(ben, "primary", faces=[BEN[1].face_id])
    assert who(output, BEN[0]).primary_face_id == BEN[1].face_id
    refused = say(ben, "split", faces=[])
    told = refused.headers["set-cookie"].split(";")[0]
    assert "Not done: no face is named" in ask(f"{address}/people/{ben.identity_id}", Cookie=told).text
    assert (
        "Not done: there is no action" in ask(f"{address}/people/{ben.identity_id}", Cookie=told_by(say(ben, "x"))).text
    )


def told_by(answer):
    return answer.headers["set-cookie"].split(";")[0]


def soon(holds):
    """Whether something comes to be true within some seconds."""
    end = time.monotonic() + 30
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def test_who_is_named_like_somebody_else_is_asked_about_first(site, archive):
    address, guard = site
    ann, cid = who(archive[1], ANN[0]).identity_id, who(archive[1], CID[0]).identity_id

    def say(one, action, word):
        return ask(f"{address}/people/{one}", {"action": action, "csrf": guard.csrf, "word": word}, Origin=address)

    say(ann, "name", "Ann")
    asked = say(cid, "name", "ann ")
    assert asked.headers["location"] == f"/people/{cid}?namesake={ann}&name=ann"
    assert who(archive[1], CID[0]).name is None
    page = ask(address + asked.headers["location"]).text
    assert all(word in page for word in ("Yes, merge", "No, somebody else of that name", 'value="name_anyway"'))
    say(cid, "name_anyway", "ann")
    assert ">ann<" in ask(f"{address}/people/{cid}").text  # before anybody is settled
    assert soon(lambda: who(archive[1], CID[0]).name == "ann")
    joined = say(cid, "join", ann)
    assert joined.headers["location"] == f"/people/{ann}"
    assert who(archive[1], CID[0]).identity_id == ann


def test_names_are_suggested_as_they_are_typed(site, archive):
    address, guard = site
    form = {"action": "name", "csrf": guard.csrf, "word": "Zoë"}
    ask(f"{address}/people/{who(archive[1], CID[0]).identity_id}", form, Origin=address)
    assert json.loads(ask(f"{address}/names.json?q={quote('ZO')}").text) == ["Zoë"]
    assert len(json.loads(ask(f"{address}/names.json").text)) == 3


def test_a_picture_tells_what_became_of_its_faces(site):
    page = unescape(ask(f"{site[0]}/media/{ANN[0].media_id}").text)
    words = ("Blended in by 40 %", "closer to the person than before", "0.41 → 0.58", "0.22 → 0.19", f"/media/{ANN[3].media_id}",
             "made@0", "thumbnail renewed", "noise clearly visible (sigma 0.04), slight blur (1.1 px)", "read from 2 faces")  # fmt: skip
    for word in words:
        assert word.casefold() in page.casefold(), word
    assert page.count("<rect x=") == 2


def test_a_film_tells_who_is_seen_when(site):
    page = unescape(ask(f"{site[0]}/media/film").text)
    assert "Person 1: 0:01.0 to 0:03.5" in page
    assert "Person 2: 0:02.0 to 0:09.0" in page


def test_a_failure_is_told_with_the_way_out(site):
    assert "broken.jpg ends after 31 bytes; copy it again" in ask(f"{site[0]}/failures").text


def test_no_question_reaches_a_file_outside_of_the_archive(site):
    page = unescape(ask(f"{site[0]}/find?q={quote('similar:/etc/passwd')}").text)
    assert "there is no file '/etc/passwd' here" in page
    assert "<mark>/etc/passwd</mark>" in page


def test_the_token_is_taken_off_the_address_and_never_leads_elsewhere(archive):
    with served(*archive, host="0.0.0.0") as (address, guard):
        assert ask(f"{address}//evil.example/?token={guard.token}").headers["location"] == "/evil.example/"


def test_a_thumbnail_is_made_once_and_again_when_it_is_forgotten(site, archive):
    address, _ = site
    photos, output = archive
    page = f"{address}/image/face/{ANN[0].face_id}?v=1"
    first = ask(page)
    (file,) = thumbnail_folder(output).rglob("*.jpg")
    assert file.parent.name == file.name[:2]
    stamp = file.stat().st_mtime_ns
    assert "immutable" in first.headers["cache-control"]
    (photos / f"albums/{ANN[0].media_id}.jpg").unlink()
    assert ask(page).content == first.content
    assert file.stat().st_mtime_ns == stamp
    with served(photos, output) as (again, _):
        assert ask(page.replace(address, again), If_None_Match=first.headers["etag"]).status == 304
    assert forget(output, [ANN[1].face_id]) == 0
    assert forget(output, [ANN[0].face_id]) == 1
    gone = ask(page)
    assert (gone.headers["content-type"], gone.headers["cache-control"]) == ("image/svg+xml", "no-store")


def test_a_source_that_is_not_the_one_of_the_catalog_is_not_shown(site, archive):
    address, _ = site
    with (archive[0] / f"albums/{ANN[0].media_id}.jpg").open("ab") as file:
        file.write(b"more")
    assert "svg" in ask(f"{address}/image/before/{ANN[0].media_id}").headers["content-type"]


@pytest.mark.parametrize("what", ["before", "small", "after", "small-after"])
def test_pictures_and_frames_come_as_small_jpegs(site, what):
    address, _ = site
    for one in (ANN[0].media_id, "film?frame=99"):
        answer = ask(f"{address}/image/{what}/{one}")
        assert answer.content.startswith(b"\xff\xd8"), one
        assert answer.headers["content-type"] == "image/jpeg"
    assert ask(f"{address}/image/{what}/film?frame=100").status == 404


def test_a_film_has_a_clip_and_a_picture_has_none(site):
    address, _ = site
    clip = ask(f"{address}/image/clip/film")
    assert (clip.headers["content-type"], clip.content[4:8]) == ("video/mp4", b"ftyp")
    assert ask(f"{address}/image/clip/{ANN[0].media_id}").status == 404


def test_with_a_key_nothing_is_kept_on_disk_here_or_by_the_browser(archive, monkeypatch, tmp_path):
    monkeypatch.setenv("F2S_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "key").write_text("0f" * 32)
    (tmp_path / "key").chmod(0o600)
    with served(*archive) as (address, _):
        first = ask(f"{address}/image/before/{ANN[0].media_id}?v=1")
        assert first.content.startswith(b"\xff\xd8")
        assert first.headers["cache-control"] == "no-store"
        (archive[0] / f"albums/{ANN[0].media_id}.jpg").unlink()
        assert ask(f"{address}/image/before/{ANN[0].media_id}?v=1").content == first.content
    assert not thumbnail_folder(archive[1]).exists()


def eventually(look, is_so):
    """What others write is shown soon, not at once."""
    for _ in range(200):
        if is_so(found := look()):
            return found
        time.sleep(0.1)
    raise AssertionError("it is not shown")


def test_a_page_shows_what_was_committed_since(site, archive):
    address, _ = site
    assert unescape(ask(address).text).count('class="card"') == 3
    catalog = Catalog(archive[1])
    first, *_ = catalog.rows(Identity)
    named = [one.model_copy(update={"name": "Zoë"}) if one is first else one for one in catalog.rows(Identity)[:2]]
    named[0] = named[0].model_copy(update={"name": "Zoë"})
    catalog.commit((Identity,), [outcome("*", *named, step="identify", fingerprint="other", number=9)])
    page = eventually(lambda: unescape(ask(address).text), lambda text: "Zoë" in text)
    assert page.count('class="card"') == 2


def test_runs_are_told_as_far_as_they_are(tmp_path):
    folder = tmp_path / "runs" / "20260101T000000Z-abcdef"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"command": "restore"}))
    (folder / "events.jsonl").write_text('{"step": "probe", "finished": 2, "total": 3}\n{"step": "pro')
    (run,) = recent_runs(tmp_path)
    assert (run["command"], run["state"], run["step"], run["finished"], run["total"]) == (
        "restore",
        "open",
        "probe",
        2,
        3,
    )
    (folder / "summary.json").write_text(json.dumps({"done": 3, "failed": 0, "pending": 0}))
    assert recent_runs(tmp_path)[0]["state"] == "done"


def test_the_hostile_name_is_on_disk(archive):
    assert (archive[0] / HOSTILE).is_file()
