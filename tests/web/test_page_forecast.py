"""The forecast view in a real browser: what is coming, how sure it is, how right it was."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from domain.state import SystemState
from tests.support.browser import Look, Visitor, visit
from tests.support.shown_state import NOON, bare_state, full_outlook, full_state
from tests.support.web_service import Service, running
from tests.web.test_page_look import grave_violations
from web.app import STATIC_DIR

pytestmark = pytest.mark.browser

Open = Callable[..., Visitor]
QUARTER = timedelta(minutes=15)
# Right options, so that nothing but the forecast is talked about.
SHOWN = replace(full_state(), service=replace(full_state().service, config_problems=(), demo=None))


@pytest.fixture
def page_service() -> Service:
    """The built page; what it shows is put into its store."""
    return Service(static_dir=STATIC_DIR)


@pytest.fixture
def open_forecast(page_service: Service, chromium: Browser) -> Iterator[Open]:
    """Open the forecast view with a state, in pages that are judged before the service stops."""
    with running(page_service.app()) as server, contextlib.ExitStack() as stack:

        def open_view(
            state: SystemState = SHOWN, look: Look | None = None, view: str | None = "forecast"
        ) -> Visitor:
            page_service.store.update(state)
            url = f"http://127.0.0.1:{server.port}/"
            visitor = stack.enter_context(visit(chromium, url, look or Look()))
            if view is not None:
                visitor.go(view)
            return visitor

        yield open_view


def lead(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_test_id("forecast-sentence").locator("h1")).to_have_text(text)


def is_loaded(page: Page) -> None:
    lead(page, re.compile("48"))
    expect(page.get_by_test_id("accuracy-kind")).to_have_count(2)


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("de", "Morgen kommen etwa 48 kWh Sonne (36 bis 60), und das Haus braucht 12 kWh."),
        ("en", "Tomorrow brings about 48 kWh of sun (36 to 60), and the house will need 12 kWh."),
    ],
)
def test_the_view_says_what_is_coming_and_how_sure_it_is(
    open_forecast: Open, lang: str, sentence: str
) -> None:
    page = open_forecast(look=Look(lang=lang)).page

    lead(page, sentence)
    expect(page.get_by_test_id("forecast-sentence")).to_contain_text("81")
    expect(page.get_by_test_id("forecast-confidence")).to_have_text(re.compile(r"82\s?%"))
    expect(page.get_by_test_id("confidence-meaning")).to_contain_text(re.compile(r"12 .*14\s?%"))
    expect(page.get_by_test_id("window")).to_have_text(re.compile(r"6[.,]2\skWh.*8[.,]9\skWh"))
    expect(page.locator("[data-testid=ahead] canvas")).to_have_count(3)
    expect(page.locator("[data-testid=past] canvas")).to_have_count(2)
    expect(page.get_by_test_id("model")).to_have_count(3)


def test_the_accuracy_is_told_in_plain_words(open_forecast: Open) -> None:
    page = open_forecast().page
    sun = page.locator("[data-testid=accuracy-kind][data-kind=pv]")

    expect(sun).to_contain_text("Off by 0.42 kW on average (21 days).")
    expect(sun).to_contain_text("In 81% of quarter hours the true value was inside the band")
    expect(sun).to_contain_text("From 8:00 to 9:00 it was 0.30 kW too much on average")
    expect(sun).to_contain_text("23% better than the simple forecast “Mean of the last 30 days”")


def test_imports_and_trouble_with_the_past_are_shown(open_forecast: Open) -> None:
    page = open_forecast().page
    running_import = page.locator("[data-testid=import][data-source=evcc]")
    failed = page.locator("[data-testid=import][data-source=influx]")

    expect(running_import).to_contain_text("40%")
    expect(running_import.get_by_role("progressbar")).to_have_js_property("value", 0.4)
    expect(failed).to_contain_text("influxdb:8086 does not answer")
    expect(page.get_by_test_id("history").get_by_role("alert")).to_contain_text("the disk is full")


def test_from_the_first_minute_there_is_an_honest_view(open_forecast: Open) -> None:
    page = open_forecast(bare_state(), look=Look(lang="en")).page

    lead(page, re.compile("Die erste Prognose"))  # the owner has chosen German
    expect(page.get_by_test_id("forecast-sentence")).to_contain_text("Noch keine Vergangenheit")
    expect(page.get_by_test_id("accuracy")).to_contain_text("Noch gibt es nichts zu beurteilen")
    expect(page.locator("[data-testid=ahead] canvas")).to_have_count(3)
    expect(page.get_by_test_id("forecast-refused")).to_have_count(0)


def test_a_new_forecast_appears_without_a_reload(
    page_service: Service, open_forecast: Open
) -> None:
    page = open_forecast().page
    is_loaded(page)
    page.evaluate("window.isStillThere = true")
    outlook = full_outlook()
    tripled = tuple(
        replace(one, energy=replace(one.energy, p50_kwh=3 * one.energy.p50_kwh, p90_kwh=200.0))
        for one in outlook.days
    )

    page_service.store.update(
        replace(SHOWN, outlook=replace(outlook, issued_at=NOON + QUARTER, days=tripled))
    )

    lead(page, re.compile("144"))
    assert page.evaluate("window.isStillThere")


def test_a_forecast_that_cannot_be_loaded_is_said_and_comes_by_itself(
    page_service: Service, open_forecast: Open
) -> None:
    visitor = open_forecast(view=None)
    page = visitor.page
    visitor.let_loads_fail()
    page.route("**/forecast", lambda route: route.abort())
    visitor.go("forecast")
    expect(page.get_by_test_id("forecast-refused")).to_be_visible()
    expect(page.get_by_test_id("accuracy-kind")).to_have_count(2)

    page.unroute("**/forecast")
    page_service.store.update(SHOWN)

    is_loaded(page)
    expect(page.get_by_test_id("forecast-refused")).to_have_count(0)


def test_one_slot_is_shown_in_all_charts(open_forecast: Open) -> None:
    page = open_forecast().page
    is_loaded(page)
    sun, price = page.get_by_test_id("ahead-sun"), page.get_by_test_id("ahead-price")
    past = page.get_by_test_id("past-sun")
    sun.locator(".chart-plot").focus()

    page.keyboard.press("End")

    for chart in (sun, price):
        expect(chart.locator(".chart-at")).to_have_text(re.compile("Tue 23 Jun.* 13:45"))
    expect(sun.locator(".chart-value b").first).to_have_text("2.00 kW (1.00 to 3.00)")
    expect(price.locator(".chart-value b").first).to_have_text("–")
    expect(price.locator(".chart-value b").nth(1)).to_have_text("30.0 ct/kWh (20.0 to 40.0)")
    # What came already has no such slot.
    expect(past.locator(".chart-at")).to_have_text("now")
    page.keyboard.press("Escape")
    expect(price.locator(".chart-at")).to_have_text("now")


def test_every_chart_has_its_table(open_forecast: Open) -> None:
    page = open_forecast().page
    is_loaded(page)
    tables = page.get_by_test_id("ahead").locator("sl-table")

    tables.first.locator("summary").click()
    tables.nth(1).locator("summary").click()

    expect(tables.first.locator("tbody tr")).to_have_count(192)
    expect(tables.first.locator("tbody tr").first).to_contain_text("2.00 kW (1.00 to 3.00)")
    status = tables.nth(1).locator("tbody tr td:last-child")
    expect(status.nth(39)).to_have_text("published")
    expect(status.nth(40)).to_have_text("expected")


def test_both_hours_of_the_night_in_autumn_are_there(open_forecast: Open) -> None:
    evening = NOON.replace(month=10, day=24, hour=22)
    state = replace(SHOWN, now=evening, outlook=full_outlook(evening, n_slots=196))
    page = open_forecast(state).page
    # 25 hours of 2 kW, from midnight on
    expect(page.get_by_test_id("forecast-sentence")).to_contain_text("50 kWh")

    table = page.get_by_test_id("ahead").locator("sl-table").first
    table.locator("summary").click()

    times = table.locator("tbody th")
    expect(times).to_have_count(196)
    expect(times.nth(9)).to_have_text(re.compile("02:15 (CEST|GMT.2)"))
    expect(times.nth(13)).to_have_text(re.compile("02:15 (CET|GMT.1)"))


@pytest.mark.parametrize("state", [SHOWN, bare_state()], ids=["full", "first minute"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    open_forecast: Open, state: SystemState
) -> None:
    page = open_forecast(state, Look(lang="de", width_px=320)).page
    expect(page.get_by_test_id("accuracy")).to_contain_text(re.compile("kW|Noch gibt es nichts"))
    for summary in page.locator("details > summary").all():
        summary.click()

    too_wide_px = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert too_wide_px <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_is_accessible(open_forecast: Open, scheme: str) -> None:
    # Few quarter hours: the judge looks at every cell of the tables.
    page = open_forecast(replace(SHOWN, outlook=full_outlook(n_slots=44)), Look(scheme=scheme)).page
    expect(page.get_by_test_id("accuracy-kind")).to_have_count(2)
    for summary in page.locator("details > summary").all():
        summary.click()
    expect(page.locator("sl-table table")).to_have_count(page.locator("sl-table").count())

    assert grave_violations(page) == []
