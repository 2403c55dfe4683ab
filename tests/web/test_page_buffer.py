"""The buffer view in a real browser: what it shows, and what its buttons do."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dynamic_buffer import OBSERVATION_PERIOD_SECONDS, DynamicBufferCalc
from tests.support.browser import Look, Visitor
from tests.support.buffer_fakes import FakeEvcc, Options
from tests.support.served_home import NOON, Past, ServedHome

pytestmark = pytest.mark.browser

Open = Callable[..., Visitor]
Serve = Callable[..., ServedHome]
QUARTER = timedelta(minutes=15)
OWNER_PCT = 50


def go_live(page: Page) -> None:
    page.get_by_test_id("activate").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")


def begin_observing(data_dir: Path, at: datetime) -> None:
    """Let a service have made its first decision at ``at``."""
    data_dir.mkdir()
    calculator = DynamicBufferCalc(
        Options(), FakeEvcc(), data_dir / "smartload_buffer_model.json", lambda: at
    )
    calculator.step(0.0, 0.0, [], at)


def newest_row(page: Page, outcome: str) -> None:
    expect(page.get_by_test_id("event-row").first).to_have_attribute("data-outcome", outcome)


@pytest.mark.parametrize("view", ["now", "buffer"])
def test_the_page_loads_without_a_complaint(home: ServedHome, open_page: Open, view: str) -> None:
    page = open_page(home.url, view).page

    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "live")
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "observing")
    expect(page).to_have_title(re.compile("Haus am Hang"))


def test_a_new_decision_appears_without_a_reload(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    rows = page.get_by_test_id("event-row")
    expect(rows).to_have_count(1)
    page.evaluate("window.isStillThere = true")

    home.move(QUARTER)

    expect(rows).to_have_count(2)
    expect(rows.first).to_have_attribute("data-ts", home.clock.now().isoformat())
    expect(rows.first).to_have_attribute("data-outcome", "simulated")
    assert page.evaluate("window.isStillThere")


def test_the_chart_takes_in_a_new_decision(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    chart = page.get_by_test_id("chart")
    expect(chart.locator("canvas")).to_be_visible()
    chart.locator(".chart-plot").focus()
    home.move(QUARTER)
    expect(page.get_by_test_id("event-row")).to_have_count(2)

    page.keyboard.press("End")

    expect(chart.locator(".chart-at")).to_contain_text("13:15")


def test_the_whole_log_can_be_leafed_through(
    serve: Serve, open_page: Open, observed_past: Past
) -> None:
    home = serve(observed_past)
    page = open_page(home.url).page
    rows = page.get_by_test_id("event-row")
    expect(rows).to_have_count(50)

    page.get_by_test_id("more").click()

    n_events = len(home.buffer.log())
    assert n_events > 50
    expect(rows).to_have_count(n_events)
    expect(page.get_by_test_id("more")).to_have_count(0)


def test_the_banner_counts_down_as_the_service_tells(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    countdown = page.get_by_test_id("countdown")
    expect(countdown).to_contain_text(re.compile("14 days 0 hours|13 days 23 hours"))

    home.move(timedelta(hours=25, minutes=30))

    expect(countdown).to_contain_text("12 days 22 hours")


def test_the_banner_counts_down_while_nothing_comes(home: ServedHome, open_page: Open) -> None:
    visitor = open_page(home.url, view=None)
    page = visitor.page
    page.clock.install()
    home.move(timedelta(seconds=50))
    visitor.go("buffer")
    countdown = page.get_by_test_id("countdown")
    expect(countdown).to_contain_text("0 minutes")

    # Each message says 50 s past the minute again, and one may still be on its way: only the
    # page's own clock can show the next minute, as soon as 20 s pass without a message.
    for _ in range(20):
        page.clock.run_for("00:20")
        shown = countdown.inner_text().split()
        if shown[-2:] == ["59", "minutes"]:
            return
    pytest.fail(f"the countdown stands still: {shown}")


def test_activate_asks_first(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page

    page.get_by_test_id("activate").click()

    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_test_id("activate-from")).to_have_text(f"{OWNER_PCT}%")
    expect(page.get_by_test_id("activate-to")).to_have_text(re.compile(r"^[23]\d%$"))
    page.get_by_test_id("cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "observation")
    assert home.buffer_in_evcc_pct == OWNER_PCT


def test_activate_goes_live_and_evcc_follows(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    page.get_by_test_id("activate").click()
    announced = page.get_by_test_id("activate-to").inner_text()

    page.get_by_test_id("confirm").click()

    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")
    expect(page.get_by_test_id("mode")).to_have_attribute("data-mode", "live")
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "live")
    newest_row(page, "applied")
    expect(page.get_by_test_id("buffer-value")).to_have_text(announced)
    assert f"{home.buffer_in_evcc_pct:g}%" == announced


def test_observing_ends_by_itself(serve: Serve, open_page: Open, tmp_path: Path) -> None:
    began_at = NOON - timedelta(seconds=OBSERVATION_PERIOD_SECONDS) + QUARTER
    begin_observing(tmp_path / "data", began_at)
    home = serve()
    page = open_page(home.url).page
    expect(page.get_by_test_id("countdown")).to_contain_text("15 minutes")

    home.move(QUARTER)

    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")
    expect(page.get_by_test_id("countdown")).to_have_count(0)
    newest_row(page, "applied")


def test_observing_can_be_extended(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    page.get_by_test_id("extend").click()
    expect(page.get_by_test_id("days")).to_be_focused()
    expect(page.get_by_test_id("days")).to_have_value("14")
    page.get_by_test_id("days").fill("30")

    page.get_by_test_id("confirm").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("countdown")).to_contain_text(re.compile("30 days|29 days"))


@pytest.mark.parametrize(
    ("lang", "text"), [("en", "runs until|ends on"), ("de", "endet erst am")], ids=["en", "de"]
)
def test_a_refused_extension_says_why_and_keeps_the_dialog(
    home: ServedHome, open_page: Open, lang: str, text: str
) -> None:
    visitor = open_page(home.url, look=Look(lang=lang))
    page = visitor.page
    page.get_by_test_id("extend").click()
    page.get_by_test_id("days").fill("1")
    visitor.let_loads_fail()

    page.get_by_test_id("confirm").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile(text))

    page.get_by_test_id("days").fill("20")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("days", ["0", "91", "1.5", ""])
def test_days_that_make_no_sense_are_not_sent(home: ServedHome, open_page: Open, days: str) -> None:
    page = open_page(home.url).page
    page.get_by_test_id("extend").click()
    page.get_by_test_id("days").fill(days)

    page.get_by_test_id("confirm").click()

    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_text("whole number from 1 to 90")).to_be_visible()


def test_control_can_be_given_back_and_taken_again(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    go_live(page)

    page.get_by_test_id("release").click()

    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "released")
    assert home.buffer_in_evcc_pct == OWNER_PCT
    home.move(QUARTER)
    newest_row(page, "held")
    page.get_by_test_id("resume").click()
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "live")
    newest_row(page, "applied")
    assert home.buffer_in_evcc_pct != OWNER_PCT


def test_what_the_owner_sets_in_evcc_is_shown_and_left_alone(
    home: ServedHome, open_page: Open
) -> None:
    page = open_page(home.url).page
    go_live(page)
    newest_row(page, "applied")

    home.home.move_slider("bufferSoc", 70)
    home.move(QUARTER)

    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "owner")
    expect(page.get_by_test_id("buffer-value")).to_have_text("70%")
    expect(page.get_by_test_id("banner")).to_contain_text("writes nothing to evcc for now")
    newest_row(page, "held")
    assert home.buffer_in_evcc_pct == 70


def test_the_owner_can_let_go_of_their_value_at_once(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    go_live(page)
    newest_row(page, "applied")
    home.home.move_slider("bufferSoc", 70)
    home.move(QUARTER)
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "owner")

    page.get_by_test_id("resume").click()

    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "live")
    expect(page.get_by_test_id("banner")).to_contain_text("written to evcc only when it changes")
    newest_row(page, "applied")
    assert home.buffer_in_evcc_pct != 70


def test_a_held_write_is_no_failure(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url).page
    go_live(page)
    home.home.move_slider("bufferSoc", 70)
    home.move(QUARTER)
    newest_row(page, "held")

    row = page.get_by_test_id("event-row").first
    expect(row).to_contain_text("your own value in evcc holds")
    expect(row).not_to_contain_text("Not applied")
    page.get_by_role("link", name="Now").click()
    expect(page.get_by_test_id("problems")).to_be_visible()
    expect(page.locator("[data-code=buffer_not_applied]")).to_have_count(0)
