"""The report in a real browser: opened from the disk, without a network, played with by mouse and keyboard, in a narrow window."""

import json
import os
import shutil

import pytest
from reporting import run

from calcisim.studies import report as study

BROWSER, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
HOW = "no chromium with chromedriver: install both (Debian: apt-get install chromium chromium-driver), and selenium"
MUST = os.environ.get("CALCISIM_NEEDS_BROWSER") == "1"
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1200,900",
)  # fmt: skip


@pytest.fixture(scope="module")
def webdriver():
    """selenium's, where there is a browser to drive; a skip, or a failure where CALCISIM_NEEDS_BROWSER is 1, otherwise."""
    try:
        from selenium import webdriver
    except ImportError:
        webdriver = None
    if webdriver is None or BROWSER is None or DRIVER is None:
        (pytest.fail if MUST else pytest.skip)(HOW)
    return webdriver


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of a joint with maps and of an implant with measured points: both kinds of map, several curves."""
    base = tmp_path_factory.mktemp("browser")
    places = [run(base / "joint", "metastatic/ckd-constant"), run(base / "cusp", "dystrophic/subdermal-cusp")]
    return study.write(places, base / "a report.html")["report"]


@pytest.fixture(scope="module")
def driver(webdriver, tmp_path_factory):
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for one in (*_OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    driver.set_page_load_timeout(60)
    driver.implicitly_wait(10)  # s, for a page that a busy machine is slow to lay out
    yield driver
    driver.quit()


@pytest.fixture
def opened(driver, page):
    """The page, fresh; at the end nothing was said on the console and nothing was asked of a network."""
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(page.as_uri())
    yield driver
    assert driver.get_log("browser") == []
    asked = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    addresses = {one["params"]["request"]["url"] for one in asked if one["method"] == "Network.requestWillBeSent"}
    assert all(address.startswith(("file:", "data:")) for address in addresses), addresses
    assert page.as_uri() in addresses


def _find(driver, css):
    from selenium.webdriver.common.by import By

    return driver.find_element(By.CSS_SELECTOR, css)


def _pixels(driver, css):
    return driver.execute_script("return document.querySelector(arguments[0]).toDataURL()", css)


def _wait(driver, wanted):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 20, poll_frequency=0.05).until(lambda _: wanted())


JOINT = '[data-maps="run-1"]'
CUSP = '[data-maps="run-2"]'


@pytest.mark.parametrize("root", [JOINT, CUSP])
def test_the_slider_moves_the_map_and_its_day(opened, root):
    from selenium.webdriver.common.keys import Keys

    slider, day = _find(opened, f"{root} .time"), _find(opened, f"{root} .day")
    last, picture = day.text, _pixels(opened, f"{root} canvas")
    assert last in ("Day 14", "Day 3")
    slider.send_keys(Keys.HOME)
    assert day.text == "Day 0"
    assert slider.get_attribute("aria-valuetext") == "Day 0"
    empty = _pixels(opened, f"{root} canvas")
    assert empty != picture
    slider.send_keys(Keys.ARROW_RIGHT)
    assert day.text not in ("Day 0", last)
    assert _pixels(opened, f"{root} canvas") not in (empty, picture)
    slider.send_keys(Keys.ARROW_LEFT)
    assert (day.text, _pixels(opened, f"{root} canvas")) == ("Day 0", empty)
    slider.send_keys(Keys.END)
    assert (day.text, _pixels(opened, f"{root} canvas")) == (last, picture)


def test_a_scale_of_the_moment_brightens_early_frames(opened):
    from selenium.webdriver.common.keys import Keys

    slider, high = _find(opened, f"{JOINT} .time"), _find(opened, f"{JOINT} .high")
    slider.send_keys(Keys.HOME, Keys.ARROW_RIGHT)
    fixed, shown = _pixels(opened, f"{JOINT} canvas"), high.text
    _find(opened, f"{JOINT} .rescale").click()
    assert _pixels(opened, f"{JOINT} canvas") != fixed
    assert high.text != shown
    assert high.text.endswith("mg/cm³")


def test_play_goes_through_all_frames_and_stops(opened):
    play, day = _find(opened, f"{JOINT} .play"), _find(opened, f"{JOINT} .day")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", play)
    watch = "window.seen = []; new MutationObserver(() => seen.push(arguments[0].textContent)).observe(arguments[0], {childList: true})"
    opened.execute_script(watch, day)
    play.click()
    assert (play.text, play.get_attribute("aria-pressed")) == ("Pause", "true")
    _wait(opened, lambda: play.text == "Play")
    assert opened.execute_script("return window.seen") == ["Day 0", "Day 7", "Day 14"]
    assert play.get_attribute("aria-pressed") == "false"


def test_another_quantity_draws_another_curve(opened):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    chart = '[data-chart="run-2"]'
    select = Select(_find(opened, f"{chart} select"))
    assert select.first_selected_option.get_attribute("value") == "calcium_ug_per_mg_dry"  # which was measured
    assert len(opened.execute_script(f"return document.querySelectorAll('{chart} .point')")) == 2  # the point and its spread
    before = _find(opened, f"{chart} .curve").get_attribute("d")
    select.select_by_value("calcium_phosphorus_ratio")
    after = _find(opened, f"{chart} .curve").get_attribute("d")
    assert after != before
    assert "Calcium to phosphorus" in _find(opened, f"{chart} svg").get_attribute("aria-label")
    _find(opened, f"{chart} svg").send_keys(Keys.END)
    told = _find(opened, f"{chart} .readout").text
    assert told.startswith("Day 3: 1.")
    assert told.endswith("mol/mol")
    _find(opened, f"{chart} svg").send_keys(Keys.ARROW_LEFT)
    assert _find(opened, f"{chart} .readout").text.startswith("Day 2: 1.")


def test_pointing_at_curves_and_maps_tells_values(opened):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(opened).move_to_element(_find(opened, '[data-chart="together"] svg')).perform()
    told = _find(opened, '[data-chart="together"] .readout').text
    assert told.startswith("Day 7: joint ")
    assert "; cusp –" in told  # its three days are over
    assert told.endswith(" mg")
    ActionChains(opened).move_to_element(_find(opened, f"{JOINT} canvas")).perform()
    assert _find(opened, f"{JOINT} .pointed").text.endswith("mg/cm³")


def test_parameters_are_filtered_by_word_and_quality(opened):
    from selenium.webdriver.support.ui import Select

    rows = "return [...document.querySelectorAll('#parameter-table tbody tr')].filter((row) => row.offsetParent).length"
    _wait(opened, lambda: opened.execute_script(rows) > 0)  # laid out
    every = opened.execute_script(rows)
    box, count = _find(opened, "#parameter-filter"), _find(opened, "#parameter-count")
    box.send_keys("nucleation habraken2013")
    few = opened.execute_script(rows)
    assert 0 < few < every
    assert count.text == f"{few} of {every}"
    Select(_find(opened, "#parameter-quality")).select_by_visible_text("fitted")
    assert opened.execute_script(rows) < few
    box.clear()
    box.send_keys("no such thing")
    assert count.text == f"0 of {every}"


def test_bibtex_opens_and_is_copied(opened):
    details = _find(opened, "#bibtex")
    assert not _find(opened, "#bibtex-text").is_displayed()
    _find(opened, "#bibtex summary").click()
    assert details.get_attribute("open") is not None
    assert "@article{levy1983," in _find(opened, "#bibtex-text").text
    _find(opened, "#bibtex button").click()
    _wait(opened, lambda: _find(opened, "#bibtex .copied").text.startswith(("copied", "selected")))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_follows_the_colours_asked_for(opened, scheme):
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True})
    try:
        opened.refresh()
        assert opened.execute_script("return document.documentElement.scrollWidth") <= 400
        beyond = """
            const scrolls = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
            return [...document.querySelectorAll("main *, header *, footer *")]
              .filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > 400.5 && !scrolls(e.parentElement))
              .map((e) => e.tagName + "." + e.className)
        """
        assert opened.execute_script(beyond) == []
        ground = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
        bright = sum(int(part) for part in ground.strip("rgb()").split(",")) / 3
        assert (bright > 200) == (scheme == "light")
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_every_control_can_be_reached_by_keyboard_and_is_named(opened):
    from selenium.webdriver.common.by import By

    for one in opened.find_elements(By.CSS_SELECTOR, "button, input, select, summary, [tabindex]"):
        if one.is_displayed():
            assert one.get_property("tabIndex") >= 0
            assert one.accessible_name or one.tag_name == "pre", one.get_attribute("outerHTML")[:120]
