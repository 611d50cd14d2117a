import json
import math
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.evaluation.method_row import ALIGNED, MethodRow, MetricColumn, ScoreSummary
from twostage_hdr.evaluation.report.page import write_report
from twostage_hdr.evaluation.report.report_image import ReportImage

COLUMN = MetricColumn(key="pu21_psnr", title="PU21-PSNR", unit="dB", higher_is_better=True, scaling=ALIGNED)


def _row(name: str, score: float) -> MethodRow:
    return MethodRow(
        name=name,
        title=name.upper(),
        scores={COLUMN.key: ScoreSummary(mean=score, std=1.0, low=score - 1, high=score + 1)},
        per_image={"street": {COLUMN.key: score}},
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """LDR is 1 everywhere, the reference 4: the difference is two stops."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    panes = {"ldr": torch.full((3, 40, 60), 1.0), "another": torch.full((3, 40, 60), 4.0)}
    yard = {"another": torch.full((3, 30, 30), 0.25), "ldr": torch.full((3, 30, 30), 0.5)}
    write_report(
        path,
        title="A <title> & more",
        facts={"weights": "w"},
        rows=[_row("ldr", 20.0), _row("network", math.inf), _row("other", 5.0)],
        columns=[COLUMN],
        images=[ReportImage(name="street", panes=panes), ReportImage(name="yard", panes=yard)],
        curves={"train/l1": [(0, 1.0), (10, 0.1)]},
    )
    return path


def test_the_page_asks_nothing_of_the_network(report):
    text = report.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=|@import|url\(|fetch\(|https?://(?!www\.w3\.org)""", text)


def test_what_the_user_names_is_escaped(report):
    text = report.read_text(encoding="utf-8")
    assert "A &lt;title&gt; &amp; more" in text
    assert "<title> & more" not in text


def test_panes_keep_the_order_in_which_they_were_given(report):
    text = report.read_text(encoding="utf-8")
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    assert list(data["images"][0]["panes"]) == ["ldr", "another"]


def test_two_pictures_of_one_name_are_refused(tmp_path):
    image = ReportImage(name="a", panes={"ldr": torch.ones(3, 2, 2)})
    with refusal_of("report pictures", "'a'"):
        write_report(tmp_path / "r.html", title="t", facts={}, images=[image, image])
    assert not (tmp_path / "r.html").exists()


def test_pictures_are_made_smaller_until_they_fit(tmp_path):
    noise = torch.from_numpy(np.random.default_rng(0).random((3, 200, 300), dtype=np.float32))
    image = ReportImage(name="a", panes={"ldr": noise})
    write_report(tmp_path / "r.html", title="t", facts={}, images=[image], max_bytes=120_000)
    write_report(tmp_path / "e.html", title="t", facts={})
    assert (tmp_path / "r.html").stat().st_size - (tmp_path / "e.html").stat().st_size < 140_000


@pytest.fixture(scope="module")
def browser(report, tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    for flag in f"{flags} disable-component-update disable-sync window-size=1200,1400".split():
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    page = webdriver.Chrome(options=options, service=service.Service(driver))
    page.get(f"file://{report}")
    yield page
    page.quit()


def _colour(page, across: float) -> list[int]:
    """Red, green and blue in the middle row of the first pane, once the page has drawn."""
    time.sleep(0.4)
    return page.execute_script(
        "const c = document.querySelector('.pane canvas');"
        "return [...c.getContext('2d').getImageData(c.width * arguments[0], c.height / 2, 1, 1).data].slice(0, 3)",
        across,
    )


def _grey(page, across: float) -> int:
    return _colour(page, across)[0]


def _set(page, control: str, value: object) -> None:
    page.execute_script(
        "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        "e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change'))",
        control,
        value,
    )


def _srgb(linear: float) -> float:
    return 255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.browser
@pytest.mark.slow
def test_exposure_acts_on_the_hdr_values_on_both_sides_of_the_divider(browser):
    # The page opens two stops down: 1 is grey there, and 4 is white.
    assert _grey(browser, 0.25) == pytest.approx(_srgb(1 / 4), abs=2)
    assert _grey(browser, 0.75) == 255
    _set(browser, "exposure", 0)
    assert (_grey(browser, 0.25), _grey(browser, 0.75)) == (255, 255)
    _set(browser, "exposure", -3)
    assert _grey(browser, 0.25) == pytest.approx(_srgb(1 / 8), abs=2)
    assert _grey(browser, 0.75) == pytest.approx(_srgb(4 / 8), abs=2)


@pytest.mark.browser
@pytest.mark.slow
def test_dragging_the_divider_moves_the_border_between_the_pictures(browser):
    chains = pytest.importorskip("selenium.webdriver.common.action_chains")
    _set(browser, "exposure", -3)
    before = _grey(browser, 0.6)
    divider = browser.find_element("css selector", ".divider")
    width = browser.find_element("css selector", ".pane").size["width"]
    chains.ActionChains(browser).click_and_hold(divider).move_by_offset(int(width * 0.3), 0).release().perform()
    after = _grey(browser, 0.6)
    assert (before, after) == (pytest.approx(_srgb(4 / 8), abs=2), pytest.approx(_srgb(1 / 8), abs=2))


@pytest.mark.browser
@pytest.mark.slow
def test_all_panes_are_shown_together_and_zoom_together(browser):
    browser.find_element("css selector", "[data-mode=grid]").click()
    time.sleep(0.4)
    assert len(browser.find_elements("css selector", ".pane")) == 2
    browser.execute_script(
        "document.querySelector('.pane').dispatchEvent("
        "new WheelEvent('wheel', {deltaY: -600, bubbles: true, cancelable: true}))"
    )
    time.sleep(0.4)
    assert browser.execute_script("return view.zoom") > 1.5
    browser.find_element("css selector", "[data-mode=slider]").click()
    browser.find_element("css selector", "#reset").click()


@pytest.mark.browser
@pytest.mark.slow
def test_the_difference_is_red_where_the_right_picture_is_brighter_and_blue_the_other_way_round(browser):
    browser.find_element("css selector", "[data-mode=difference]").click()
    # Two stops of the key's three, from its middle (247) to its ends.
    share = 2 / 3
    brighter = [247 + (end - 247) * share for end in (178, 24, 43)]
    darker = [247 + (end - 247) * share for end in (33, 102, 172)]
    assert _colour(browser, 0.5) == pytest.approx(brighter, abs=2)
    browser.find_element("css selector", "#swap").click()
    assert _colour(browser, 0.5) == pytest.approx(darker, abs=2)
    browser.find_element("css selector", "#swap").click()
    browser.find_element("css selector", "[data-mode=slider]").click()


@pytest.mark.browser
@pytest.mark.slow
def test_another_scene_keeps_the_compared_methods_by_name(browser):
    assert len(browser.find_elements("css selector", "#thumbs button")) == 2
    _set(browser, "exposure", 0)
    _set(browser, "scene", 1)
    assert _grey(browser, 0.05) == pytest.approx(_srgb(0.5), abs=2)
    assert _grey(browser, 0.95) == pytest.approx(_srgb(0.25), abs=2)
    browser.find_element("css selector", "#perimage .link").click()
    time.sleep(0.4)
    assert browser.execute_script("return DATA.images[view.scene].name") == "street"


@pytest.mark.browser
@pytest.mark.slow
def test_the_values_under_the_pointer_are_those_of_the_hdr_image(browser):
    chains = pytest.importorskip("selenium.webdriver.common.action_chains")
    pane = browser.find_element("css selector", ".pane")
    chains.ActionChains(browser).move_to_element_with_offset(pane, 20, 20).perform()
    time.sleep(0.2)
    told = browser.find_element("css selector", "#probe").text
    # 1 and 4 lie between two of the page's codes: kept to 0.4 %.
    assert "LDR: 1.00 1.00 1.00, +0.0 stops" in told
    assert "right over left: +2.0" in told


@pytest.mark.browser
@pytest.mark.slow
def test_a_click_on_a_head_sorts_the_table_the_better_end_first(browser):
    def names() -> list[str]:
        return [cell.text for cell in browser.find_elements("css selector", "#summary tbody td:first-child")]

    assert names() == ["LDR", "NETWORK", "OTHER"]
    for expected in (["LDR", "OTHER"], ["OTHER", "LDR"]):
        browser.find_elements("css selector", "#summary th")[1].click()
        assert [name for name in names() if name != "NETWORK"] == expected
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
