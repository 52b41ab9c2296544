"""The viewer in a real browser: what a person does with mouse, keyboard and phone."""

import os
import shutil

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Identity

from tests.flows.said_archive import ANN, BEN, who
from tests.view.site_archive import make_archive, served

webdriver = pytest.importorskip("selenium.webdriver", reason="needs f2s-ray[dev]")
from selenium.webdriver.common.by import By  # noqa: E402 - only where it is installed
from selenium.webdriver.common.keys import Keys  # noqa: E402

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
pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER) and os.environ.get("F2S_BROWSER") != "required",
        reason="no Chromium here; install the packages chromium and chromium-driver",
    ),
]


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
    driver.implicitly_wait(10)
    yield driver
    driver.quit()


@pytest.fixture
def site(made, tmp_path, browser):
    for folder in made:
        shutil.copytree(folder, tmp_path / folder.name)
    output = tmp_path / "restored"
    with served(tmp_path / "photos", output) as (address, _):
        browser.get(address)
        yield output
    wrong = [
        entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "400" not in entry["message"]
    ]
    assert wrong == []


def click(browser, words):
    browser.find_element(By.XPATH, f"//button[normalize-space()={words!r}]").click()


def fill(browser, field, text):
    box = browser.find_element(By.ID, field)
    box.clear()
    box.send_keys(text)


def heading(browser):
    return browser.find_element(By.TAG_NAME, "h1").text


def open_person(browser, label):
    browser.find_element(By.XPATH, f"//strong[normalize-space()={label!r}]").click()
    assert heading(browser) == label


def label_of(output, face):
    one = who(output, face)
    return one.name or f"Person {one.number}"


def choose(browser, faces):
    for face in faces:
        browser.find_element(By.CSS_SELECTOR, f'.choose input[value="{face.face_id}"]').click()


def test_a_person_is_found_named_and_found_by_that_name(browser, site):
    fill(browser, "filter", label_of(site, ANN[0]))
    click(browser, "Show")
    open_person(browser, label_of(site, ANN[0]))
    fill(browser, "name", "Ann Lee")
    click(browser, "Save name")
    assert heading(browser) == "Ann Lee"
    assert "Called Ann Lee now" in browser.find_element(By.CSS_SELECTOR, "[role=status]").text
    fill(browser, "q", 'person:"Ann Lee"')
    browser.find_element(By.ID, "q").send_keys(Keys.ENTER)
    assert len(browser.find_elements(By.CSS_SELECTOR, ".grid li")) == len(ANN)
    assert [one.name for one in Catalog(site).rows(Identity) if one.name] == ["Ann Lee"]


def test_faces_are_split_off_and_merged_back(browser, site):
    own = who(site, ANN[0])
    open_person(browser, label_of(site, ANN[0]))
    choose(browser, ANN[2:])
    assert browser.find_element(By.CSS_SELECTOR, "[data-chosen]").text == "2 chosen"
    fill(browser, "to", "Anna")
    click(browser, "Split off")
    assert heading(browser) == "Anna"
    assert set(who(site, ANN[2]).face_ids) == {face.face_id for face in ANN[2:]}
    fill(browser, "other", f"Person {own.number}")
    click(browser, "Merge")
    assert set(who(site, ANN[2]).face_ids) == {face.face_id for face in ANN}


def test_shift_takes_all_between_two_clicks(browser, site):
    open_person(browser, label_of(site, ANN[0]))
    first, *_, last = browser.find_elements(By.CSS_SELECTOR, ".choose input[type=checkbox]")
    first.click()
    webdriver.ActionChains(browser).key_down(Keys.SHIFT).click(last).key_up(Keys.SHIFT).perform()
    assert browser.find_element(By.CSS_SELECTOR, "[data-chosen]").text == f"{len(ANN)} chosen"
    click(browser, "Confirm")
    assert f"{len(ANN)} confirmed" in browser.find_element(By.TAG_NAME, "main").text
    assert len(who(site, ANN[0]).confirmed_face_ids) == len(ANN)


def test_the_slider_moves_with_the_keyboard_and_shows_more_of_what_was(browser, site):
    browser.get(f"{browser.current_url}media/{BEN[0].media_id}")
    edge, slide = browser.find_element(By.ID, "edge"), browser.find_element(By.ID, "slide")
    assert float(edge.get_attribute("x")) == 400
    slide.send_keys(*[Keys.ARROW_RIGHT] * 10)
    assert float(edge.get_attribute("x")) == 480
    slide.send_keys(Keys.HOME)
    assert float(edge.get_attribute("x")) == 0
    for image in browser.find_elements(By.CSS_SELECTOR, "svg.stage image"):
        address = browser.execute_script("return new URL(arguments[0], location).href", image.get_attribute("href"))
        assert (
            browser.execute_async_script(
                "const done = arguments[1]; fetch(arguments[0]).then(r => done(r.headers.get('content-type')))", address
            )
            == "image/jpeg"
        )


def test_a_wrong_question_points_at_its_place(browser, site):
    fill(browser, "q", "kind:photo persn:Ann")
    browser.find_element(By.ID, "q").send_keys(Keys.ENTER)
    told = browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    assert "column 12" in told
    assert "the nearest is 'person'" in told
    assert browser.find_element(By.ID, "q").get_attribute("value") == "kind:photo persn:Ann"


def test_all_is_done_with_the_keyboard_alone(browser, site):
    def press(*keys):
        webdriver.ActionChains(browser).send_keys(*keys).perform()

    def focused():
        return browser.switch_to.active_element

    def tab_to(is_there):
        for _ in range(60):
            press(Keys.TAB)
            if is_there(focused()):
                outline = focused().value_of_css_property("outline-style")
                assert outline != "none", "the focus is not seen"
                return
        raise AssertionError("the keyboard does not get there")

    label = label_of(site, BEN[0])
    tab_to(lambda one: label in one.text)
    press(Keys.ENTER)
    tab_to(lambda one: one.get_attribute("id") == "name")
    press("Ben", Keys.ENTER)
    assert heading(browser) == "Ben"
    tab_to(lambda one: one.get_attribute("type") == "checkbox")
    press(Keys.SPACE)
    tab_to(lambda one: one.text == "Confirm")
    press(Keys.ENTER)
    assert "1 confirmed" in browser.find_element(By.TAG_NAME, "main").text
    assert len(who(site, BEN[0]).confirmed_face_ids) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_every_page_without_moving_sideways(browser, site, theme):
    home = browser.current_url
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    try:
        for path in (
            "",
            f"people/{who(site, ANN[0]).identity_id}",
            f"media/{ANN[1].media_id}",
            "find?q=",
            "runs",
            "failures",
        ):
            browser.get(home + path)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 360, (path, wide)
            ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
            assert ground == {"light": "rgb(250, 249, 246)", "dark": "rgb(21, 24, 27)"}[theme]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
