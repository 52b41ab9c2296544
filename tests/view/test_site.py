import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html import unescape

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Identity, Label

from f2s_ray.view.site.runs import recent_runs
from f2s_ray.view.thumbnails import Thumbnails, forget, thumbnail_folder
from tests.catalog.made import outcome
from tests.flows.said_archive import ANN, BEN, who
from tests.view.site_archive import HOSTILE, make_archive, served


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]
    url: str


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(address, form=None, **headers) -> Answer:
    data = None if form is None else urllib.parse.urlencode(form, doseq=True).encode()
    request = urllib.request.Request(address, data, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=60) as got:
            return Answer(got.status, got.read().decode("utf-8", "replace"), dict(got.headers), got.url)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode("utf-8", "replace"), dict(error.headers), address)


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
    for path in ("/", f"/people/{ann}", f"/media/{ANN[0].media_id}", "/find?q=faces:2", "/failures", "/stale", "/runs"):
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
    assert Catalog(archive[1]).rows(Label) == []
    assert ask(page, good, Origin=address).status == 303
    assert [fact.name for fact in Catalog(archive[1]).rows(Label)] == ["Ann"]


def test_another_host_is_not_answered(site):
    address, _ = site
    assert ask(address, Host="evil.example").status == 421


def test_away_from_loopback_nothing_is_shown_without_the_token(archive):
    with served(*archive, host="0.0.0.0") as (address, guard):
        assert ask(address).status == 401
        assert ask(f"{address}/?token=guessed").status == 401
        assert ask(f"{address}/image/source/{ANN[0].media_id}").status == 401
        admitted = ask(f"{address}/?token={guard.token}")
        cookie = admitted.headers["set-cookie"]
        assert (admitted.status, admitted.headers["location"]) == (303, "/")
        assert all(word in cookie.lower() for word in ("httponly", "samesite=strict"))
        assert ask(address, Cookie=cookie.split(";")[0]).status == 200


@pytest.mark.parametrize(
    "path",
    ["/people/none", "/media/none", "/image/face/none", "/image/source/../../etc/passwd", "/image/source/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
     "/static/../app.py", "/static/%2e%2e/app.py", "/nothing", "/image/other/none"],
)  # fmt: skip
def test_what_is_not_in_the_catalog_is_not_there(site, path):
    answer = ask(site[0] + path)
    assert answer.status == 404
    assert "root:" not in answer.text
    assert "make_site" not in answer.text


def test_a_wrong_question_is_shown_with_its_place(site):
    page = ask(site[0] + "/find?q=" + urllib.parse.quote("kind:photo persn:Ann"))
    assert page.status == 400
    assert "column 12: there is no term 'persn:'; the nearest is 'person'" in unescape(page.text)


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


def test_a_thumbnail_is_made_once_and_again_when_it_is_forgotten(site, archive):
    address, _ = site
    photos, output = archive
    page = f"{address}/image/face/{ANN[0].face_id}"
    first = ask(page)
    (file,) = thumbnail_folder(output).rglob("*.jpg")
    stamp = file.stat().st_mtime_ns
    (photos / f"albums/{ANN[0].media_id}.jpg").unlink()
    assert ask(page).text == first.text
    assert file.stat().st_mtime_ns == stamp
    assert ask(page, If_None_Match=first.headers["etag"]).status == 304
    forget(output)
    assert "svg" in ask(page).headers["content-type"]


def test_with_a_key_no_thumbnail_is_kept_on_disk(archive, monkeypatch):
    photos, output = archive
    monkeypatch.setenv("F2S_KEY_FILE", "somewhere")
    path = f"albums/{ANN[0].media_id}.jpg"
    row = {
        "frame": 0,
        "face_id": "f",
        "content_digest": "c",
        "path": path,
        "format": "JPEG",
        "width_px": 800,
        "height_px": 600,
    }
    row |= {"byte_count": (photos / path).stat().st_size, "box_px": (0, 0, 99, 99)}
    thumbnails = Thumbnails(output, photos)
    content = thumbnails.face(row, row)
    assert content is not None
    assert thumbnails.face(row, row) is content
    assert not thumbnail_folder(output).exists()


def test_a_page_shows_what_was_committed_since(site, archive):
    address, _ = site
    assert unescape(ask(address).text).count('class="card"') == 3
    catalog = Catalog(archive[1])
    first, *_ = catalog.rows(Identity)
    named = [one.model_copy(update={"name": "Zoë"}) if one is first else one for one in catalog.rows(Identity)[:2]]
    named[0] = named[0].model_copy(update={"name": "Zoë"})
    catalog.commit((Identity,), [outcome("*", *named, step="identify", fingerprint="other", number=9)])
    page = unescape(ask(address).text)
    assert "Zoë" in page
    assert page.count('class="card"') == 2


def test_runs_are_told_as_far_as_they_are(tmp_path):
    folder = tmp_path / "runs" / "20260101T000000Z-abcdef"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"command": "restore"}))
    (folder / "events.jsonl").write_text('{"step": "probe", "finished": 2, "total": 3}\n{"step": "pro')
    (run,) = recent_runs(tmp_path)
    assert (run["command"], run["latest"]["finished"], run["summary"]) == ("restore", 2, {})


def test_the_hostile_name_is_on_disk(archive):
    assert (archive[0] / HOSTILE).is_file()
