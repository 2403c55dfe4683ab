"""What SmartLoad does in evcc, in a real browser: who acts, what is asked for, what is written."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import Look, Visitor, visit
from tests.support.served_home import ServedHome, Setting
from tests.support.sim_service import AT_ONCE
from tests.web.test_page_look import grave_violations

pytestmark = pytest.mark.browser

Open = Callable[..., Visitor]
Serve = Callable[..., ServedHome]
# 17:00 on the home's clock, dark, and dearer hours are to come: the battery keeps what is in it.
AUTUMN_EVENING = Setting(start=datetime(2026, 11, 4, 16, 0, tzinfo=UTC))
# Where it does not matter what the plan is: it need not be the best one.
QUICK_EVENING = replace(AUTUMN_EVENING, plan_limits=AT_ONCE)
A_LOOK = timedelta(seconds=30)
"""Within it evcc is read again."""
FAMILY_CAR = "familienauto"
CARPORT = "lp-1"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHome]:
    """The evening as SmartLoad observes it, where nothing moves; for tests that only look."""
    with ServedHome(tmp_path_factory.mktemp("watched") / "data", None, AUTUMN_EVENING) as home:
        yield home


@pytest.fixture
def evening(serve: Serve) -> ServedHome:
    """The same evening, for tests that change something."""
    return serve(setting=AUTUMN_EVENING)


@pytest.fixture
def quick_evening(serve: Serve) -> ServedHome:
    """The same without care for the plan."""
    return serve(setting=QUICK_EVENING)


@pytest.fixture
def look_at(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open the view of a home that other tests look at as well; it is judged in the end."""
    with contextlib.ExitStack() as stack:

        def open_view(home: ServedHome, look: Look | None = None) -> Page:
            visitor = stack.enter_context(visit(chromium, home.url, look or Look()))
            visitor.go("proof")
            return visitor.page

        yield open_view


# -- what is told, and what is shown -------------------------------------------------------------


def control_of(home: ServedHome) -> dict[str, Any]:
    """What the page is told of control."""
    with urlopen(f"{home.url}status") as answer:  # noqa: S310  # always http
        control: dict[str, Any] = json.load(answer)["control"]
    return control


def stage_mode(home: ServedHome, name: str) -> str:
    """Whether a stage acts, as ``/status`` says."""
    stages = {stage["stage"]: stage["mode"] for stage in control_of(home)["stages"]}
    return str(stages[name])


def in_evcc(home: ServedHome, key: str) -> object:
    """A value of evcc's state, once everything that was asked for is done."""
    home.clock.let_finish()
    return home.home.flat_state()[key]


def stage_card(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=stage][data-stage={name}]")


def strip_of(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stage-line").locator(f"[data-stage={name}]")


def rows(page: Page, outcome: str) -> Locator:
    return page.locator(f"[data-testid=write-row][data-outcome={outcome}]")


def let_battery_act(page: Page) -> None:
    stage_card(page, "battery").get_by_test_id("let-act").click()
    page.get_by_test_id("confirm").click()
    expect(stage_card(page, "battery")).to_have_attribute("data-mode", "live")


# -- stages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "line", "sentence"),
    [
        (
            "de",
            ["Puffer: beobachtet", "Akku: beobachtet", "Autos: beobachtet"],
            "Es hat einen Plan",
        ),
        ("en", ["Buffer: observed", "Battery: observed", "Cars: observed"], "it has a plan"),
    ],
)
def test_the_strip_says_of_each_stage_who_acts(
    watched: ServedHome, look_at: Callable[..., Page], lang: str, line: list[str], sentence: str
) -> None:
    page = look_at(watched, Look(lang=lang))

    expect(page.get_by_test_id("stage-line").locator("li")).to_have_text(line)
    expect(page.get_by_test_id("proof-sentence").locator("h1")).to_contain_text(sentence)


def test_before_the_battery_may_act_it_is_said_what_changes(
    watched: ServedHome, look_at: Callable[..., Page]
) -> None:
    page = look_at(watched)
    card = stage_card(page, "battery")

    card.get_by_test_id("let-act").click()

    dialog = page.get_by_role("dialog", name="Let SmartLoad act on the battery?")
    expect(dialog.locator(".changes li")).to_have_text(
        ["Battery mode (batteryMode): nothing imposed → discharging locked"]
    )
    expect(dialog).to_contain_text("evcc forgets that mode when SmartLoad has been silent")
    page.get_by_test_id("cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(card).to_have_attribute("data-mode", "observing")
    assert in_evcc(watched, "batteryMode") == "unknown"


def test_the_battery_is_let_act_and_put_back_to_observing(
    evening: ServedHome, open_page: Open
) -> None:
    page = open_page(evening.url, "proof").page
    battery = stage_card(page, "battery")

    let_battery_act(page)

    expect(strip_of(page, "battery")).to_have_text("Battery: live")
    expect(strip_of(page, "cars")).to_have_text("Cars: observed")
    expect(battery.get_by_test_id("done")).to_have_attribute("data-look", "applied")
    evening.move(A_LOOK)
    assert stage_mode(evening, "battery") == "live"
    assert in_evcc(evening, "batteryMode") == "hold"

    battery.get_by_test_id("observe").click()

    expect(strip_of(page, "battery")).to_have_text("Battery: observed")
    expect(battery.get_by_test_id("done")).to_have_attribute("data-look", "simulated")
    evening.move(A_LOOK)
    assert stage_mode(evening, "battery") == "observing"
    assert in_evcc(evening, "batteryMode") == "normal"


def test_everything_can_be_observed_only_and_go_on_as_before(
    evening: ServedHome, open_page: Open
) -> None:
    page = open_page(evening.url, "proof").page
    switch = page.get_by_role("switch", name="Only observe everything")
    let_battery_act(page)

    switch.click()

    expect(switch).to_be_checked()
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "released")
    expect(strip_of(page, "battery")).to_have_text("Battery: observed")
    expect(page.get_by_test_id("ladder")).to_have_attribute("data-level", "hands_off")
    evening.move(A_LOOK)
    assert in_evcc(evening, "batteryMode") == "normal"

    switch.click()

    expect(switch).not_to_be_checked()
    expect(strip_of(page, "battery")).to_have_text("Battery: live")
    evening.move(A_LOOK)
    assert in_evcc(evening, "batteryMode") == "hold"


# -- for a while ---------------------------------------------------------------------------------


def test_a_car_charges_at_once_and_gets_the_owners_mode_back(
    quick_evening: ServedHome, open_page: Open
) -> None:
    quick_evening.home.plug_in(FAMILY_CAR)
    quick_evening.move(A_LOOK)
    page = open_page(quick_evening.url, "now").page
    car = page.locator(f"[data-testid=charge-now][data-device={CARPORT}]")

    car.get_by_test_id("start-charge-now").click()

    expect(car).to_contain_text("until 18:30")
    expect(page.get_by_test_id("strip-override")).to_contain_text(
        "Familienauto charges at once, until 18:30"
    )
    assert in_evcc(quick_evening, "loadpoints.0.mode") == "now"

    car.get_by_test_id("end-override").click()

    expect(page.get_by_test_id("strip-override")).to_have_count(0)
    expect(car.get_by_test_id("start-charge-now")).to_be_visible()
    assert in_evcc(quick_evening, "loadpoints.0.mode") == "pv"


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("keep_full", "start-keep-full", "The battery is kept full, until Thu.* 5 Nov, 08:00"),
        ("holiday", "start-holiday", "Holiday, until Wed.* 11 Nov"),
    ],
)
def test_what_holds_for_a_while_is_shown_with_its_end_everywhere(
    quick_evening: ServedHome, open_page: Open, kind: str, start: str, end: str
) -> None:
    page = open_page(quick_evening.url, "now").page
    block = page.locator(f"[data-testid=override][data-kind={kind}]")

    block.get_by_test_id(start).click()

    expect(block.get_by_test_id("end-override")).to_be_visible()
    page.get_by_role("link", name="Proof").click()
    strip = page.get_by_test_id("strip-override")
    expect(strip).to_contain_text(re.compile(end))
    assert [one["kind"] for one in control_of(quick_evening)["overrides"]] == [kind]

    strip.get_by_test_id("strip-end").click()

    expect(strip).to_have_count(0)
    assert control_of(quick_evening)["overrides"] == []


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("de", "SmartLoad schreibt zurzeit nichts in evcc."),
        ("en", "SmartLoad writes nothing to evcc at the moment."),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    quick_evening: ServedHome, open_page: Open, lang: str, sentence: str
) -> None:
    visitor = open_page(quick_evening.url, "proof", Look(lang=lang))
    page = visitor.page
    page.get_by_test_id("master-switch").click()
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "released")
    visitor.go("now")
    visitor.let_loads_fail()

    page.get_by_test_id("start-charge-now").click()

    expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    assert control_of(quick_evening)["overrides"] == []


# -- the log of writes ---------------------------------------------------------------------------


def test_what_was_only_observed_looks_other_than_what_was_written(
    evening: ServedHome, open_page: Open
) -> None:
    page = open_page(evening.url, "proof").page
    expect(rows(page, "simulated")).to_have_count(1)

    let_battery_act(page)
    page.reload()
    expect(rows(page, "sent")).to_have_count(1)
    evening.move(A_LOOK)
    evening.move(A_LOOK)

    observed, written = rows(page, "simulated").last, rows(page, "confirmed")
    for row in (observed, written):
        # Both are told alike; only their look says which of them was done.
        expect(row.locator(".change")).to_have_text("nothing imposed → discharging locked")
        expect(row.locator(".reason")).to_contain_text("The battery keeps its energy until")
    expect(observed.locator(".badge")).to_have_text("Simulation")
    expect(observed.locator(".read-back")).to_have_text("Not sent: this is only observed.")
    expect(observed.locator(".badge")).to_have_css("border-style", "dashed")
    expect(written.locator(".badge")).to_have_text("Confirmed")
    expect(written.locator(".read-back")).to_have_text("evcc shows it since 17:00.")
    expect(written.locator(".badge")).to_have_css("border-style", "solid")
    expect(page.get_by_test_id("n-today")).to_have_text("1")


def test_the_log_is_narrowed_to_what_one_looks_for(evening: ServedHome, open_page: Open) -> None:
    page = open_page(evening.url, "proof").page
    let_battery_act(page)
    page.reload()
    expect(rows(page, "sent")).to_have_count(1)

    page.get_by_test_id("filter-outcome").select_option("simulated")

    expect(rows(page, "sent")).to_have_count(0)
    expect(rows(page, "simulated").last).to_be_visible()
    page.get_by_test_id("filter-outcome").select_option("")
    expect(rows(page, "sent")).to_have_count(1)


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("de", "In den letzten 7 Tagen hat SmartLoad nichts geschrieben"),
        ("en", "In the last 7 days SmartLoad has written nothing"),
    ],
)
def test_a_log_with_nothing_in_it_says_so(
    home: ServedHome, open_page: Open, lang: str, sentence: str
) -> None:
    page = open_page(home.url, "proof", Look(lang=lang)).page

    expect(page.get_by_test_id("no-writes")).to_contain_text(sentence)
    expect(page.get_by_test_id("filter-outcome")).to_have_count(0)


# -- how much is possible ------------------------------------------------------------------------


def test_the_ladder_tells_what_is_missing_and_since_when(
    quick_evening: ServedHome, open_page: Open
) -> None:
    page = open_page(quick_evening.url, "proof").page
    present = page.locator("[data-testid=rung][aria-current=step]")
    expect(page.get_by_test_id("rung")).to_have_count(5)
    quick_evening.home.faults.set(offline=True)

    quick_evening.move(timedelta(minutes=5))

    expect(present).to_have_attribute("data-level", "hands_off")
    expect(present).to_contain_text("since 17:05")
    missing = page.locator("[data-testid=missing][data-code=evcc]")
    expect(missing).to_contain_text(re.compile("evcc does not answer +since 17:05"))
    expect(missing).to_contain_text("ends within 90 seconds")

    quick_evening.home.faults.clear()
    quick_evening.move(timedelta(minutes=5))

    expect(present).not_to_have_attribute("data-level", "hands_off")
    expect(missing).to_have_count(0)


def test_the_first_condition_that_keeps_the_battery_from_helping_a_car_is_named(
    watched: ServedHome, look_at: Callable[..., Page]
) -> None:
    page = look_at(watched)

    expect(page.get_by_test_id("bat-to-car-sentence")).to_have_text(
        "The home battery helps no car: the option battery_to_car is off."
    )
    gates = page.get_by_test_id("gate")
    expect(gates.first).to_have_attribute("data-code", "allowed")
    expect(gates.locator(".gate-verdict")).to_have_text(["not met", *6 * ["not asked"]])


def test_evccs_own_automatic_mode_is_shown_beside_what_smartload_would_do(
    evening: ServedHome, open_page: Open
) -> None:
    page = open_page(evening.url, "proof").page
    opinions = page.get_by_test_id("opinions")
    evening.home.faults.set(automatic_mode=True)
    evening.move(A_LOOK)
    expect(opinions).to_have_attribute("data-on", "true")
    expect(page.get_by_test_id("opinion-evcc")).to_have_text("nothing imposed")
    expect(page.get_by_test_id("opinion-ours")).to_have_text("discharging locked")
    evening.home.faults.clear()
    evening.move(A_LOOK)
    expect(opinions).to_contain_text("It is off again")

    opinions.get_by_test_id("take-over").click()

    expect(opinions).to_have_count(0)
    expect(page.get_by_test_id("ladder")).to_have_attribute("data-level", "plan")


# -- how it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["de", "en"])
def test_on_a_phone_nothing_is_too_wide(
    watched: ServedHome, look_at: Callable[..., Page], lang: str
) -> None:
    page = look_at(watched, Look(lang=lang, width_px=360))
    expect(rows(page, "simulated")).to_be_visible()

    too_wide_px = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert too_wide_px <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_is_accessible(
    watched: ServedHome, look_at: Callable[..., Page], scheme: str
) -> None:
    page = look_at(watched, Look(scheme=scheme))
    expect(rows(page, "simulated")).to_be_visible()
    assert grave_violations(page) == []

    stage_card(page, "battery").get_by_test_id("let-act").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert grave_violations(page) == []
