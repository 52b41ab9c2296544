"""The page is whole, says everything, loads nothing and believes nothing."""

from html.parser import HTMLParser
from itertools import pairwise

import pytest

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.view.reading import MOST_TROUBLES
from f2s_ray.view.report import render_report, write_report

VOID = {"meta", "img", "input", "link", "br", "hr", "rect", "path", "polyline"}


class Page(HTMLParser):
    """Tags with their attributes, the text outside script and style, and whether every tag is closed in turn."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self._open):
            self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def html_of(archive, **options):
    return "".join(render_report(archive.catalog(), archive.output, archive.input_root, "run", **options))


@pytest.fixture
def page(full):
    return Page(html_of(full))


def test_nothing_is_loaded_from_anywhere(page):
    addresses = [
        attributes[key] or ""
        for _, attributes in page.tags
        for key in ("src", "href", "srcset", "action", "poster", "data")
        if key in attributes
    ]
    assert addresses
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in addresses)
    assert not page.all("link") + page.all("iframe") + page.all("object") + page.all("base")
    policy = page.all("meta")[1]["content"]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_style_and_script_load_nothing_either(full):
    html = html_of(full)
    for opening, closing in (("<style>", "</style>"), ("<script>", "</script>")):
        own = html.split(opening)[1].split(closing)[0]
        assert len(own) > 100
        assert not any(word in own for word in ("url(", "@import", "http", "fetch", "import("))


def test_links_lead_to_places_on_the_page(page):
    places = {attributes.get("id") for _, attributes in page.tags}
    assert {link["href"][1:] for link in page.all("a")} <= places


def test_names_are_text_and_never_markup(full, page):
    assert len(page.all("script")) == 1
    assert not page.all("b")
    assert "<script>alert('x')</script>\\u202egpj.\"&'.jpg" in page.text
    assert "Ann <b>& Ben</b>" in page.text
    assert "\u202e" not in html_of(full)


@pytest.mark.parametrize("words", ['"><img src=x onerror=alert(1)>', "</style><script>", "{{ 7 * 7 }}", "a\u2067b\nc"])
def test_hostile_words_of_the_ledger_stay_words(archive, words):
    archive.add_source(words)
    archive.add_attempt(words, "failed", kind=words, message=words)
    page = Page(html_of(archive))
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert page.text.count(words.replace("\u2067", "\\u2067").replace("\n", "\\x0a")) == 3


def test_no_tag_carries_code_or_style(page):
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on") or a == "style"]


def test_every_picture_has_a_text(page):
    pictures = page.all("img")
    assert len(pictures) > 20
    assert all(picture["alt"].strip() for picture in pictures)
    assert all(int(picture["width"]) > 0 and int(picture["height"]) > 0 for picture in pictures)


def test_every_slider_has_a_label(page):
    sliders = [attributes["id"] for attributes in page.all("input")]
    assert len(sliders) == 5
    assert sliders == [attributes["for"] for attributes in page.all("label")]


def test_words_lie_on_pictures_that_are_wide_enough_for_them(page):
    sliders = [
        (int(picture["width"]), "tiny" in frame["class"].split())
        for (_, frame), (_, picture) in pairwise(page.tags)
        if "data-compare" in frame
    ]
    assert {is_tiny for _, is_tiny in sliders} == {True, False}
    assert all(is_tiny == (width < 200) for width, is_tiny in sliders)


def test_headings_never_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_the_page_tells_damage_origin_gate_people_and_failures(page):
    for words in (
        "noise clearly visible (sigma 0.04), slight blur (1.1 px), JPEG about quality 35",
        "Borrowed from another picture",
        "Blended in by 40 %",
        "0.41 → 0.58",
        "sharpest",
        "3 pictures, 3 faces",
        "truncated",
        "broken.jpg ends after 31 of 4,020 bytes; copy it again",
        "thumbnail renewed",
        "scene@0123456789ab",
    ):
        assert words in page.text


def test_beyond_the_limit_the_page_says_how_to_see_the_others(full):
    page = Page(html_of(full, limit=2))
    assert len(page.all("article")) == 2
    assert "The first 2 of 5 pictures" in page.text
    assert "f2s report OUTPUT --limit 5" in page.text


@pytest.mark.parametrize(("status", "way"), [("failed", "f2s failed OUTPUT"), ("skipped", "f2s query OUTPUT")])
def test_of_many_troubles_the_first_are_shown_and_how_to_list_all(archive, status, way):
    for number in range(MOST_TROUBLES + 1):
        archive.add_source(f"{number:04d}.jpg")
        archive.add_attempt(f"{number:04d}.jpg", status, kind="broken", message="it is broken")
    page = Page(html_of(archive))
    assert page.text.count("it is broken") == MOST_TROUBLES
    assert f"{MOST_TROUBLES:04d}.jpg" not in page.text
    assert f"The first {MOST_TROUBLES}" in page.text
    assert str(MOST_TROUBLES + 1) in page.text
    assert way in page.text


def test_missing_files_become_placeholders_with_a_text(full):
    for file in [*full.input_root.rglob("*.jpg"), *(full.output / "restored").rglob("*.jpg")]:
        file.unlink()
    page = Page(html_of(full))
    assert not page.all("img")
    missing = [a for a in page.all("span") if a.get("role") == "img"]
    assert len(missing) > 20
    assert all(attributes["aria-label"] for attributes in missing)


def test_the_settings_of_the_run_are_shown(full):
    run = full.output / "runs" / "run"
    run.mkdir(parents=True)
    (run / "config.yaml").write_text("restore:\n  tile_px: 512  # <b>\n")
    assert "restore:\n  tile_px: 512  # <b>\n" in Page(html_of(full)).text


def test_a_page_of_nothing_is_written_whole(tmp_path):
    target = write_report(tmp_path / "out", tmp_path, "run")
    assert target == tmp_path / "out" / "runs" / "run" / "report.html"
    assert "No picture is restored yet" in Page(target.read_text(encoding="utf-8")).text
    assert [file.name for file in target.parent.iterdir()] == ["report.html"]


def test_the_same_archive_gives_the_same_bytes(full):
    assert html_of(full) == html_of(full)


def test_a_limit_below_one_is_the_users_mistake(tmp_path):
    with pytest.raises(ConfigError, match="limit=0 must be at least 1"):
        write_report(tmp_path, tmp_path, "run", limit=0)


def test_a_page_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder must be")
    with pytest.raises(JobError, match=r"cannot write .*report\.html"):
        write_report(tmp_path, tmp_path, "run")


def test_a_film_moves_on_the_page_and_nothing_is_loaded_for_it(archive):
    archive.add_film("film.mkv", seen=((0.0, 0.4),))
    page = Page(html_of(archive))
    (video,) = page.all("video")
    assert video["src"].startswith("data:video/mp4;base64,")
    assert {"controls", "muted", "loop", "playsinline"} <= set(video)
    assert "autoplay" not in video
    assert "before restoration in the left half" in video["aria-label"]
    assert "media-src data:;" in page.all("meta")[1]["content"]
    assert "0:00.0 to 0:00.4, where people are seen longest" in page.text


def test_a_film_whose_result_is_gone_has_a_page_without_clip(archive):
    archive.add_film("film.mkv")
    (archive.output / "restored" / "film.mkv").unlink()
    page = Page(html_of(archive))
    assert not page.all("video")
    assert "No clip: the source or the result is gone" in page.text


def test_only_the_first_films_move_but_all_show_frames(archive):
    for number in range(7):
        archive.add_film(f"{number}.mkv", count=2)
    page = Page(html_of(archive))
    assert len(page.all("video")) == 6
    assert "No clip" not in page.text
    assert len([image for image in page.all("img") if image["alt"].startswith("6.mkv at ")]) == 2


def test_a_film_gives_the_same_bytes_again(archive):
    archive.add_film("film.mkv")
    assert html_of(archive) == html_of(archive)
