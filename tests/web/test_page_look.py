"""How the page looks and is used: languages, colours, phones, keyboards, screen readers."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import Look, Visitor, visit
from tests.support.mock_home import mock_homes
from tests.support.served_home import NOON, Past, ServedHome

pytestmark = pytest.mark.browser

Open = Callable[..., Visitor]
OpenReport = Callable[[str, Look], Page]
Serve = Callable[..., ServedHome]
ROOT = Path(__file__).parents[2]
AXE = ROOT / "evcc-smartload/page/node_modules/axe-core/axe.min.js"
VIEWS = ["now", "plan", "buffer", "forecast", "proof"]
REPORTS = ["tested", "live", "huge", "working", "proofless", "newborn", "nobattery", "noprices"]
"""Scenes of the mock: a served home needs days before it has anything to report."""
TAPPED = "button:visible, select:visible, input:visible, nav a:visible, a.button-like:visible"
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def mocked() -> Iterator[str]:
    with mock_homes(NOON) as address:
        yield address


@pytest.fixture
def open_report(mocked: str, chromium: Browser) -> Iterator[OpenReport]:
    """Open the report of a scene; what went wrong in it is judged in the end."""
    with contextlib.ExitStack() as stack:

        def open_scene(scene: str, look: Look) -> Page:
            visitor = stack.enter_context(visit(chromium, f"{mocked}{scene}/", look))
            visitor.go("report")
            is_ready(visitor.page)
            expect(visitor.page.get_by_test_id("report-sentence").locator("h1")).not_to_be_empty()
            return visitor.page

        yield open_scene


def background_luminance(page: Page) -> float:
    """How bright the page behind everything is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    if colour == "rgba(0, 0, 0, 0)":
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def too_wide_px(page: Page) -> float:
    """How far what is on the page reaches beyond the screen."""
    found: float = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found


def is_ready(page: Page) -> None:
    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "live")


# -- languages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "word"), [("de", "Beobachtung"), ("en", "Observing")])
def test_the_browsers_language_is_spoken(
    home: ServedHome, open_page: Open, lang: str, word: str
) -> None:
    page = open_page(home.url, look=Look(lang=lang)).page

    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.get_by_test_id("mode")).to_have_text(re.compile(word, re.IGNORECASE))
    expect(page.get_by_test_id("lang")).to_have_value(lang)


def test_a_chosen_language_stays(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    page.get_by_test_id("lang").select_option("de")
    expect(page.get_by_test_id("activate")).to_have_text(re.compile("live schalten", re.IGNORECASE))

    page.reload()

    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_test_id("confidence")).to_have_text(re.compile(r"^\d+\s%$"))


# -- colours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_systems_colours_are_followed(
    home: ServedHome, open_page: Open, scheme: str, *, is_dark: bool
) -> None:
    page = open_page(home.url, look=Look(scheme=scheme)).page
    is_ready(page)

    assert (background_luminance(page) < 60) is is_dark


def test_chosen_colours_win_over_the_systems_and_stay(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url, look=Look(scheme="light")).page
    page.get_by_test_id("theme").select_option("dark")
    assert background_luminance(page) < 60

    page.reload()
    is_ready(page)

    assert background_luminance(page) < 60
    page.get_by_test_id("theme").select_option("auto")
    assert background_luminance(page) > 200


# -- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width_px", [320, 768])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_screen(
    serve: Serve, open_page: Open, live_past: Past, view: str, width_px: int
) -> None:
    home = serve(live_past)
    page = open_page(home.url, view, Look(lang="de", width_px=width_px)).page
    is_ready(page)
    expect(page.locator("main")).to_be_visible()

    assert too_wide_px(page) <= 0


@pytest.mark.parametrize("width_px", [320, 768])
@pytest.mark.parametrize("scene", REPORTS)
def test_no_report_is_wider_than_the_screen(
    open_report: OpenReport, scene: str, width_px: int
) -> None:
    page = open_report(scene, Look(lang="de", width_px=width_px))
    for details in page.locator("details").all():
        details.locator("> summary").click()

    assert too_wide_px(page) <= 0


@pytest.mark.parametrize("scene", ["tested", "newborn"])
def test_on_a_phone_everything_of_a_report_can_be_tapped(
    open_report: OpenReport, scene: str
) -> None:
    page = open_report(scene, Look(width_px=360))

    for control in page.locator("main").locator(TAPPED).all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 40, control.inner_text()


def test_on_a_phone_everything_can_be_tapped(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url, look=Look(width_px=360)).page
    is_ready(page)

    for control in page.locator("button:visible, select:visible, nav a:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 40, control.inner_text()


def test_on_a_phone_one_can_go_live(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url, look=Look(width_px=360, height_px=640)).page

    page.get_by_test_id("activate").click()
    page.get_by_test_id("confirm").click()

    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")


# -- keyboard ------------------------------------------------------------------------------------


def test_a_dialog_is_used_by_keyboard_alone(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    page.get_by_test_id("activate").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Let SmartLoad go live?")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        # Outside the dialog only the browser's own controls may have the focus, never the page.
        assert page.evaluate(
            "document.activeElement === document.body "
            "|| document.activeElement.closest('dialog') !== null"
        )

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("activate")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_test_id("confirm").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")


def test_the_chart_is_read_by_keyboard(serve: Serve, open_page: Open, observed_past: Past) -> None:
    home = serve(observed_past)
    page = open_page(home.url).page
    expect(page.get_by_test_id("event-row")).to_have_count(50)
    chart, other = page.get_by_test_id("chart"), page.get_by_test_id("confidence-chart")
    at = chart.locator(".chart-at")
    expect(at).to_have_text("now")
    expect(chart.locator("canvas")).to_be_visible()
    chart.locator(".chart-plot").focus()

    page.keyboard.press("Home")
    expect(at).to_have_text(re.compile("Thu 23 Apr.* 23:00"))
    page.keyboard.press("ArrowRight")
    expect(at).to_have_text(re.compile("23:15"))
    page.keyboard.press("Shift+ArrowRight")
    expect(at).to_have_text(re.compile("00:15"))
    expect(other.locator(".chart-at")).to_have_text(re.compile("00:15"))
    expect(other.locator(".chart-value b")).to_have_text(re.compile(r"\d+%"))
    page.keyboard.press("ArrowLeft")
    expect(at).to_have_text(re.compile("00:00"))

    page.keyboard.press("Escape")

    expect(at).to_have_text("now")


def test_the_first_tab_leads_past_the_header(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    is_ready(page)

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_views_have_addresses_and_a_history(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url, "now").page
    page.get_by_role("link", name="Buffer").click()
    expect(page.get_by_test_id("banner")).to_be_visible()
    assert page.url.endswith("#buffer")

    page.go_back()

    expect(page.get_by_test_id("now-sentence")).to_be_visible()


# -- read aloud ----------------------------------------------------------------------------------


def grave_violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
    )
    return [
        f"{violation['id']}: {json.dumps([node['target'] for node in violation['nodes']])}"
        for violation in found
        if violation["impact"] in GRAVE
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_page_is_accessible(
    serve: Serve, open_page: Open, live_past: Past, view: str, scheme: str
) -> None:
    home = serve(live_past)
    page = open_page(home.url, view, Look(scheme=scheme)).page
    is_ready(page)
    for details in page.locator("details").all():
        details.locator("> summary").click()

    assert grave_violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scene", REPORTS)
def test_every_report_is_accessible(open_report: OpenReport, scene: str, scheme: str) -> None:
    page = open_report(scene, Look(scheme=scheme))
    for details in page.locator("details").all():
        details.locator("> summary").click()

    assert grave_violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_home_that_is_observed_is_accessible(
    home: ServedHome, open_page: Open, scheme: str
) -> None:
    page = open_page(home.url, look=Look(scheme=scheme)).page
    is_ready(page)
    assert grave_violations(page) == []

    page.get_by_test_id("extend").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert grave_violations(page) == []
