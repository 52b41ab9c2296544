"""The viewer in a real browser: what a person does with mouse, keyboard and phone."""

import os
import shutil
import time
from itertools import pairwise
from urllib.parse import urljoin

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Identity

from f2s_ray.flows.people import People
from tests.flows.said_archive import ANN, BEN, BOTH, CID, who
from tests.view.site_archive import make_archive, served

webdriver = pytest.importorskip("selenium.webdriver", reason="needs f2s-ray[dev]")
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException  # noqa: E402 - only where it is installed
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,1000",
]
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER) and os.environ.get("F2S_BROWSER") != "required",
    reason="no Chromium here; install the packages chromium and chromium-driver",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    assert CHROMIUM, "F2S_BROWSER says that Chromium must be there"
    assert DRIVER, "F2S_BROWSER says that Chromium's driver must be there"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.implicitly_wait(30)
    yield driver
    driver.quit()


@pytest.fixture
def site(made, tmp_path, browser):
    """OUTPUT of an archive of its own that the browser looks at; at the end nothing must have gone wrong in it."""
    for folder in made:
        shutil.copytree(folder, tmp_path / folder.name)
    output = tmp_path / "restored"
    with served(tmp_path / "photos", output) as (address, _):
        browser.get(address)
        yield output
        browser.get("about:blank")
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


@pytest.fixture
def phone(browser):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    yield browser
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def click(browser, words):
    browser.find_element(By.XPATH, f"//button[normalize-space()={words!r}]").click()


def fill(browser, field, text, *, enter=False):
    box = browser.find_element(By.ID, field)
    box.clear()
    box.send_keys(text, *([Keys.ENTER] if enter else []))


def heading(browser):
    return browser.find_element(By.TAG_NAME, "h1").text


def until(browser, is_so, words=""):
    """Wait; the page may go while it is looked at."""
    gone = [NoSuchElementException, StaleElementReferenceException]
    return WebDriverWait(browser, 90, ignored_exceptions=gone).until(is_so, words)


def shown(browser, label):
    """Wait until a page has this heading: forms lead to it after a while."""
    until(browser, lambda one: heading(one) == label, f"no page {label}")


def told(browser):
    return browser.find_element(By.CSS_SELECTOR, "[role=status]").text


def go(browser, path):
    browser.get(urljoin(browser.current_url, path))


def open_person(browser, label):
    browser.find_element(By.XPATH, f"//a[contains(@class,'card')][.//span[normalize-space()={label!r}]]").click()
    shown(browser, label)


def label_of(output, face):
    one = who(output, face)
    return one.name or f"Person {one.number}"


def press(browser, *keys):
    ActionChains(browser).send_keys(*keys).perform()


def choose(browser, faces):
    for face in faces:
        browser.find_element(By.CSS_SELECTOR, f'.choose input[value="{face.face_id}"]').click()


def chosen(browser):
    return browser.find_element(By.CSS_SELECTOR, "[data-chosen]").text


def wait_for_pictures(browser):
    script = "return [...document.images].filter(i => i.loading != 'lazy').every(i => i.complete && i.naturalWidth)"
    until(browser, lambda one: one.execute_script(script), "a picture does not come")


def test_a_person_is_found_named_and_found_by_that_name(browser, site):
    fill(browser, "filter", label_of(site, ANN[0]))
    click(browser, "Show")
    open_person(browser, label_of(site, ANN[0]))
    fill(browser, "name", "Ann Lee")
    click(browser, "Save")
    shown(browser, "Ann Lee")
    assert told(browser) == "Called Ann Lee now. To undo it, empty the field and save."
    fill(browser, "q", 'person:"Ann Lee"', enter=True)
    shown(browser, "Search")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".pictures > li")) == len(ANN) + 1
    assert "Ann Lee 0:01.0–0:03.5" in browser.find_element(By.CSS_SELECTOR, ".pictures").text
    end = time.monotonic() + 30
    while not (named := [one.name for one in Catalog(site).rows(Identity) if one.name]) and time.monotonic() < end:
        time.sleep(0.05)  # identities are settled behind the answer
    assert named == ["Ann Lee"]


def test_what_was_told_is_told_once(browser, site):
    open_person(browser, label_of(site, ANN[0]))
    fill(browser, "name", "Ann", enter=True)
    shown(browser, "Ann")
    assert told(browser)
    browser.refresh()
    browser.implicitly_wait(0)
    assert browser.find_elements(By.CSS_SELECTOR, "[role=status]") == []
    browser.implicitly_wait(30)


def test_naming_like_somebody_else_offers_a_merge(browser, site):
    home, ann = browser.current_url, who(site, ANN[0]).identity_id
    People(site, "x").name(ann, "Ann")
    shown_soon = "what another process said is not shown"
    until(browser, lambda one: one.get(f"{home}people/{ann}") or heading(one) == "Ann", shown_soon)
    browser.get(f"{home}people/{who(site, CID[0]).identity_id}")
    fill(browser, "name", "ann")
    click(browser, "Save")
    until(browser, lambda one: "There is a Ann already" in one.find_element(By.ID, "namesake").text)
    click(browser, "Yes, merge")
    shown(browser, "Ann")
    assert who(site, CID[0]).identity_id == who(site, ANN[0]).identity_id


def test_names_are_suggested(browser, site):
    ann = who(site, ANN[0]).identity_id
    People(site, "x").name(ann, "Ann Lee")
    home, people = browser.current_url, (ann, who(site, CID[0]).identity_id)
    shown_soon = "what another process said is not shown"
    until(browser, lambda one: one.get(f"{home}people/{people[0]}") or heading(one) == "Ann Lee", shown_soon)
    browser.get(f"{home}people/{people[1]}")
    fill(browser, "name", "lee")
    until(
        browser,
        lambda one: (
            one.execute_script("return [...document.querySelectorAll('#names option')].map(o => o.value)")
            == ["Ann Lee"]
        ),
    )


def test_faces_are_split_off_and_merged_back(browser, site):
    own = who(site, ANN[0])
    open_person(browser, label_of(site, ANN[0]))
    assert not browser.find_element(By.CSS_SELECTOR, ".actions").is_displayed()
    choose(browser, ANN[2:])
    assert chosen(browser) == "2 chosen"
    fill(browser, "to", "Anna")
    click(browser, "Split off")
    shown(browser, "Anna")
    assert set(who(site, ANN[2]).face_ids) == {face.face_id for face in ANN[2:]}
    browser.find_element(By.CSS_SELECTOR, "aside summary").click()
    fill(browser, "other", f"Person {own.number}")
    click(browser, "Merge")
    until(browser, lambda one: "one person now" in one.find_element(By.TAG_NAME, "main").text)
    assert {face.face_id for face in ANN} <= set(who(site, ANN[2]).face_ids)


def test_faces_are_moved_to_somebody_else(browser, site):
    go(browser, f"people/{who(site, BEN[0]).identity_id}")
    choose(browser, [BEN[1]])
    fill(browser, "to", label_of(site, CID[0]))
    click(browser, "Move there")
    shown(browser, label_of(site, CID[0]))
    assert who(site, BEN[1]).identity_id == who(site, CID[0]).identity_id


def test_what_cannot_be_done_is_told_with_the_way_out(browser, site):
    open_person(browser, label_of(site, ANN[0]))
    choose(browser, ANN[:2])
    click(browser, "Show by this face")
    until(browser, lambda one: "Not done: one face shows a person" in told(one))


def test_shift_takes_all_between_by_mouse_and_by_space(browser, site):
    open_person(browser, label_of(site, ANN[0]))
    boxes = browser.find_elements(By.CSS_SELECTOR, ".choose input[type=checkbox]")
    boxes[0].click()
    ActionChains(browser).key_down(Keys.SHIFT).click(boxes[-1]).key_up(Keys.SHIFT).perform()
    assert chosen(browser) == f"{len(boxes)} chosen"
    press(browser, Keys.ESCAPE)
    assert not browser.find_element(By.CSS_SELECTOR, ".actions").is_displayed()
    boxes[1].send_keys(Keys.SPACE)
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.SPACE).key_up(Keys.SHIFT).perform()
    assert chosen(browser) == "3 chosen"
    click(browser, "Confirm")
    until(browser, lambda one: "3 faces confirmed" in told(one))


def split_of(browser):
    wait_for_pictures(browser)
    over, frame = (browser.find_element(By.CSS_SELECTOR, one) for one in (".over", ".stage .frame"))
    return over.value_of_css_property("clip-path"), frame.rect


def test_the_slider_moves_with_the_keyboard_and_shows_more_of_what_was(browser, site):
    go(browser, f"media/{BEN[0].media_id}")
    slide = browser.find_element(By.ID, "split")
    assert split_of(browser)[0] == "inset(0px 50% 0px 0px)"
    slide.send_keys(*[Keys.ARROW_RIGHT] * 10)
    assert split_of(browser)[0] == "inset(0px 40% 0px 0px)"
    assert slide.get_attribute("aria-valuetext") == "60 percent before, 40 percent after"
    slide.send_keys(Keys.HOME)
    assert split_of(browser)[0] == "inset(0px 100% 0px 0px)"


def test_the_slider_is_dragged_by_mouse_anywhere_on_the_picture(browser, site):
    go(browser, f"media/{BEN[0].media_id}")
    _, frame = split_of(browser)
    stage = browser.find_element(By.CSS_SELECTOR, ".stage .frame")
    move = ActionChains(browser).move_to_element_with_offset(stage, 0, int(frame["height"] * 0.3)).click_and_hold()
    move.move_by_offset(int(frame["width"] * 0.25), 0).release().perform()
    assert float(browser.find_element(By.ID, "split").get_attribute("value")) == pytest.approx(75, abs=3)


def test_the_slider_follows_a_finger(phone, site):
    go(phone, f"media/{BEN[0].media_id}")
    _, frame = split_of(phone)
    top = phone.execute_script("return document.querySelector('.stage .frame').getBoundingClientRect().top")
    y = top + frame["height"] * 0.8
    points = [frame["x"] + frame["width"] * part for part in (0.5, 0.4, 0.3, 0.2)]
    for kind, x in [("touchStart", points[0]), *(("touchMove", x) for x in points[1:])]:
        phone.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    phone.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert float(phone.find_element(By.ID, "split").get_attribute("value")) == pytest.approx(20, abs=5)


def test_a_box_in_the_picture_leads_to_the_person(browser, site):
    go(browser, f"media/{ANN[0].media_id}")
    wait_for_pictures(browser)
    box = browser.find_element(By.CSS_SELECTOR, f".boxes a[href$='{who(site, BOTH[1]).identity_id}'] rect")
    place, stage = box.rect, browser.find_element(By.CSS_SELECTOR, ".stage .frame").rect
    assert (place["x"] - stage["x"]) / stage["width"] == pytest.approx(0.5, abs=0.01)
    assert place["width"] / stage["width"] == pytest.approx(100 / 800, abs=0.01)
    box.click()
    shown(browser, label_of(site, BOTH[1]))


def test_a_film_shows_the_moment_that_is_chosen_and_moves(browser, site):
    go(browser, "media/film")
    wait_for_pictures(browser)
    moment = browser.find_elements(By.CSS_SELECTOR, ".moments a")[2]
    assert moment.rect["height"] == pytest.approx(moment.rect["width"] * 240 / 320, abs=2)
    moment.click()
    until(browser, lambda one: "frame=" in one.current_url)
    wait_for_pictures(browser)
    assert len(browser.find_elements(By.CSS_SELECTOR, ".times .is")) == 2
    browser.find_element(By.XPATH, "//summary[contains(., 'moving')]").click()
    length = browser.execute_async_script(
        "const done = arguments[0], video = document.querySelector('video');"
        "video.addEventListener('loadedmetadata', () => done(video.duration)); video.play().catch(() => {});"
    )
    assert length == pytest.approx(3, abs=0.2)


def test_a_wrong_question_is_marked_at_its_place_and_can_be_mended(browser, site):
    fill(browser, "q", "kind:photo persn:Ann", enter=True)
    assert "the nearest is 'person'" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    assert browser.find_element(By.TAG_NAME, "mark").text == "persn:Ann"
    box = browser.switch_to.active_element
    assert (box.get_attribute("id"), box.get_attribute("value")) == ("q", "kind:photo persn:Ann")
    assert box.get_attribute("aria-describedby") == "fault"
    fill(browser, "q", "kind:photo", enter=True)
    until(browser, lambda one: len(one.find_elements(By.CSS_SELECTOR, ".pictures > li")) == 9)


def test_all_is_done_with_the_keyboard_alone(browser, site):
    def tab_to(is_there):
        for _ in range(80):
            press(browser, Keys.TAB)
            one = browser.switch_to.active_element
            if is_there(one):
                script = "return [...function*(e){for(;e;e=e.parentElement) yield getComputedStyle(e).outlineStyle}(arguments[0])]"
                assert set(browser.execute_script(script, one)) != {"none"}, "the focus is not seen"
                return
        raise AssertionError("the keyboard does not get there")

    press(browser, Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the content"
    tab_to(lambda one: "card" in (one.get_attribute("class") or ""))
    for _ in range(10):
        if label_of(site, BEN[0]) in browser.switch_to.active_element.text:
            break
        press(browser, Keys.ARROW_RIGHT)
    press(browser, Keys.ENTER)
    shown(browser, label_of(site, BEN[0]))
    tab_to(lambda one: one.get_attribute("id") == "name")
    press(browser, "Ben", Keys.ENTER)
    shown(browser, "Ben")
    tab_to(lambda one: one.get_attribute("type") == "checkbox")
    press(browser, Keys.SPACE)
    tab_to(lambda one: one.text == "Confirm")
    press(browser, Keys.ENTER)
    until(browser, lambda one: "1 face confirmed" in told(one))
    assert len(who(site, BEN[0]).confirmed_face_ids) == 1


PAGES = ("", "?q=nobody", "find", "find?q=persn:", "media/film", "runs", "failures", "stale", "nothing")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_every_page_without_moving_sideways(phone, site, theme):
    home = phone.current_url
    emulated = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    phone.execute_cdp_cmd("Emulation.setEmulatedMedia", emulated)
    try:
        own = (f"people/{who(site, ANN[0]).identity_id}", f"media/{ANN[1].media_id}")
        for path in (*own, *PAGES):
            phone.get(home + path)
            phone.execute_script("for (const part of document.querySelectorAll('details')) part.open = true")
            wide = phone.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 360, (path, wide)
            ground = phone.execute_script("return getComputedStyle(document.body).backgroundColor")
            assert ground == {"light": "rgb(250, 249, 246)", "dark": "rgb(21, 24, 27)"}[theme]
    finally:
        phone.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        missing = [entry for entry in phone.get_log("browser") if "404" not in entry["message"]]
    assert missing == []


def test_every_field_has_a_label_and_every_page_its_landmarks(browser, site):
    home = browser.current_url
    for path in (f"people/{who(site, ANN[0]).identity_id}", f"media/{ANN[0].media_id}", *PAGES[:-1]):
        browser.get(home + path)
        found = browser.execute_script(
            "const all = (what) => [...document.querySelectorAll(what)];"
            "return {fields: all('input:not([type=hidden])').filter(i => !i.labels.length && !i.getAttribute('aria-label')).length,"
            " images: all('img:not([alt])').length, main: all('main').length, titles: all('h1').length,"
            " levels: all('h1,h2,h3').map(h => +h.tagName[1]), names: all('nav:not([aria-label])').length,"
            " language: document.documentElement.lang}"
        )
        levels = found.pop("levels")
        assert found == {"fields": 0, "images": 0, "main": 1, "titles": 1, "names": 0, "language": "en"}, path
        assert all(after - before <= 1 for before, after in pairwise(levels)), (path, levels)
