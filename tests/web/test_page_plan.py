"""The plan view in a real browser: what is done and why, and every quarter hour of it."""

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

from domain.plan import Plan, PlanStatus, Rung, SkipCause, Skipped
from domain.state import SystemState
from tests.support.browser import Look, Visitor, visit
from tests.support.served_home import ServedHome, Setting
from tests.support.shown_plan import shown_plan
from tests.support.shown_state import BERLIN, full_state
from tests.support.sim_service import UNHURRIED
from tests.support.web_service import Service, running
from tests.web.test_page_look import grave_violations
from web.app import STATIC_DIR
from web.plan_summary import nothing_planned, plan_summary

pytestmark = pytest.mark.browser

Open = Callable[..., Visitor]
QUARTER = timedelta(minutes=15)
# Dark, dear now and cheap at night, and a car at the wall: there is something to plan.
WINTER_EVENING = datetime(2026, 1, 14, 17, 30, tzinfo=UTC)
EXPLAINED = Setting(start=WINTER_EVENING, plan_limits=UNHURRIED)
# Right options and no demo, so that nothing but the plan is talked about.
FULL = full_state()
SHOWN = replace(
    FULL, service=replace(FULL.service, config_problems=(), demo=None), plan=shown_plan()
)
NOT_BETTER = Skipped(rung=Rung.EXACT, cause=SkipCause.NOT_BETTER, detail="saves 0.0000")
BEST_BY_ITSELF = re.compile("evcc already does the best that can be done")


def as_evcc_does(
    status: PlanStatus = PlanStatus.PROVEN,
    skipped: tuple[Skipped, ...] = (NOT_BETTER,),
    *,
    n_slots: int = 192,
) -> Plan:
    """What evcc does by its own rules, because no plan is better."""
    plan = shown_plan(n_slots=n_slots)
    return replace(
        plan,
        rung=Rung.HANDS_OFF,
        status=status,
        gap_eur=0.0005 if status is PlanStatus.PROVEN else None,
        baseline=plan.cost,
        skipped=skipped,
        change=None,
        rules=(),
        what_if=(),
        reserve=None,
        unmet=(),
    )


def put(service: Service, state: SystemState) -> None:
    """Publish a state as the cycle does, with its plan in short."""
    plan, now = state.plan, state.now
    summary = (
        nothing_planned(now)
        if plan is None
        else plan_summary(plan, now, zone=BERLIN, currency="EUR")
    )
    service.store.update(state, plan_summary=summary)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHome]:
    """The service on a winter evening, where nothing moves; for tests that only look."""
    with ServedHome(tmp_path_factory.mktemp("evening") / "data", None, EXPLAINED) as home:
        yield home


@pytest.fixture
def open_plan(chromium: Browser) -> Iterator[Callable[[str, Look], Page]]:
    """Open the view of a service's plan; how it went is judged in the end."""
    with contextlib.ExitStack() as stack:

        def open_view(url: str, look: Look) -> Page:
            visitor = stack.enter_context(visit(chromium, url, look))
            visitor.go("plan")
            return visitor.page

        yield open_view


@pytest.fixture
def page_service() -> Service:
    """The built page; what it shows is put into its store."""
    return Service(static_dir=STATIC_DIR)


@pytest.fixture
def show(page_service: Service, chromium: Browser) -> Iterator[Open]:
    """Open a view with a state, in pages that are judged before the service stops."""
    with running(page_service.app()) as server, contextlib.ExitStack() as stack:

        def open_view(
            state: SystemState = SHOWN, look: Look | None = None, view: str = "plan"
        ) -> Visitor:
            put(page_service, state)
            url = f"http://127.0.0.1:{server.port}/"
            visitor = stack.enter_context(visit(chromium, url, look or Look()))
            visitor.go(view)
            return visitor

        yield open_view


def plan_of(home: ServedHome, lang: str = "en") -> dict[str, Any]:
    """The plan as the page gets it."""
    with urlopen(f"{home.url}plan?lang={lang}") as answer:  # noqa: S310  # always http
        plan: dict[str, Any] = json.load(answer)
    return plan


def headline(page: Page) -> Locator:
    return page.get_by_test_id("plan-sentence").locator("h1")


# -- through the real service --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "saving"), [("de", "günstiger als mit evccs"), ("en", "less than evcc's own rules")]
)
def test_the_view_says_what_is_done_now_and_what_it_saves(
    evening: ServedHome, open_plan: Callable[..., Page], lang: str, saving: str
) -> None:
    plan = plan_of(evening, lang)

    page = open_plan(evening.url, Look(lang=lang))

    expect(headline(page)).to_have_text(plan["reasons"][0][0]["sentence"])
    expect(page.get_by_test_id("plan-sentence")).to_contain_text(saving)
    expect(page.get_by_test_id("plan-action").first).to_contain_text(
        plan["actions"][0]["reason"]["sentence"]
    )
    expect(page.get_by_test_id("wish")).to_contain_text("Stadtflitzer")


def test_the_view_is_reached_from_that_of_now(
    evening: ServedHome, open_plan: Callable[..., Page]
) -> None:
    page = open_plan(evening.url, Look())
    page.get_by_role("link", name="Now").click()
    expect(page.get_by_test_id("next-later").get_by_test_id("next-action")).to_have_count(3)

    page.get_by_test_id("next-actions").get_by_role("link", name="To the plan").click()

    expect(page.get_by_test_id("plan-board")).to_be_visible()
    expect(page.get_by_role("link", name="Plan", exact=True)).to_have_attribute(
        "aria-current", "page"
    )


def test_every_chart_has_its_table(evening: ServedHome, open_plan: Callable[..., Page]) -> None:
    plan = plan_of(evening)
    page = open_plan(evening.url, Look())
    board = page.get_by_test_id("plan-board")
    expect(board.locator("sl-table")).to_have_count(3)

    for summary in board.locator("sl-table summary").all():
        summary.click()

    expect(board.locator("canvas")).to_have_count(3)
    for table in board.locator("sl-table").all():
        expect(table.locator("tbody tr")).to_have_count(plan["n_slots"])
    price = f"{100 * plan['import_price_eur_per_kwh'][0]:.1f} ct/kWh"
    expect(board.locator("sl-table").first.locator("tbody tr").first).to_contain_text(price)


def test_a_quarter_hour_is_chosen_by_keyboard(
    evening: ServedHome, open_plan: Callable[..., Page]
) -> None:
    plan = plan_of(evening)
    page = open_plan(evening.url, Look())
    house = page.get_by_test_id("plan-slot").locator(".facts > div").filter(has_text="House")
    expect(page.get_by_test_id("slot-time")).to_have_text("Now, 18:30 to 18:45")
    expect(page.get_by_test_id("plan-flows").locator("canvas")).to_be_visible()
    page.get_by_test_id("plan-flows").locator(".chart-plot").focus()

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")

    expect(page.get_by_test_id("slot-time")).to_have_text(re.compile("19:45 to 20:00"))
    for reason in plan["reasons"][5]:
        expect(page.get_by_test_id("slot-reasons")).to_contain_text(reason["sentence"])
    expect(house.locator("dd")).to_have_text(f"{4 * plan['load_kwh'][5]:.2f} kW")
    for chart in ("plan-price", "plan-soc"):
        expect(page.get_by_test_id(chart).locator(".chart-at")).to_contain_text("19:45")
    page.get_by_test_id("slot-now").click()
    expect(page.get_by_test_id("slot-time")).to_have_text("Now, 18:30 to 18:45")


def test_what_else_could_be_done_now_is_told_with_its_price(
    evening: ServedHome, open_plan: Callable[..., Page]
) -> None:
    page = open_plan(evening.url, Look())

    what_if = page.get_by_test_id("what-if")

    expect(what_if).to_contain_text(re.compile("now instead of .* costs"))
    for one in plan_of(evening)["what_if"]:
        expect(what_if).to_contain_text(one["sentence"])
    page.get_by_role("button", name="Later").click()
    expect(what_if).to_have_count(0)


def test_a_new_plan_appears_without_a_reload(
    serve: Callable[..., ServedHome], open_plan: Callable[..., Page]
) -> None:
    home = serve(setting=EXPLAINED)
    page = open_plan(home.url, Look())
    expect(page.get_by_test_id("slot-time")).to_have_text("Now, 18:30 to 18:45")
    expect(page.get_by_test_id("plan-change")).to_contain_text("There is no earlier plan")
    page.evaluate("window.isStillThere = true")

    home.move(QUARTER)

    expect(page.get_by_test_id("slot-time")).to_have_text("Now, 18:45 to 19:00")
    expect(headline(page)).to_have_text(plan_of(home)["reasons"][0][0]["sentence"])
    expect(page.get_by_test_id("plan-change")).to_contain_text("Since the plan of 18:30")
    assert page.evaluate("window.isStillThere")


@pytest.mark.parametrize("width_px", [320, 360])
def test_on_a_phone_the_reason_stays_in_sight_and_nothing_is_too_wide(
    evening: ServedHome, open_plan: Callable[..., Page], width_px: int
) -> None:
    sentence = plan_of(evening, "de")["reasons"][0][0]["sentence"]
    page = open_plan(evening.url, Look(lang="de", width_px=width_px))
    brief = page.get_by_test_id("slot-brief")
    expect(brief).to_contain_text(sentence)
    for summary in page.locator("details > summary").all():
        summary.click()

    page.get_by_test_id("plan-soc").locator(".chart-plot").scroll_into_view_if_needed()

    expect(brief).to_be_in_viewport()
    too_wide_px = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide_px <= 0


# -- where no plan is better, or there is none ---------------------------------------------------


def test_what_evcc_does_by_itself_is_shown_when_a_plan_would_save_nothing(show: Open) -> None:
    page = show(replace(SHOWN, plan=as_evcc_does())).page

    expect(headline(page)).to_have_text(BEST_BY_ITSELF)
    expect(page.get_by_test_id("plan-board").locator("canvas")).to_have_count(3)
    expect(page.get_by_test_id("plan-actions")).to_contain_text("What evcc does next")
    expect(page.get_by_test_id("plan-action").first).to_be_visible()
    expect(page.get_by_test_id("wish")).to_have_count(1)
    expect(page.get_by_test_id("plan-compared")).to_be_visible()
    # Nothing is saved, nothing went wrong, and nothing is only pretended.
    expect(page.get_by_test_id("plan-saving")).to_have_count(0)
    expect(page.get_by_test_id("plan-skipped")).to_have_count(0)
    expect(page.locator("main")).not_to_contain_text("saves 0.0000")
    expect(page.locator("main .is-simulated")).to_have_count(0)


def test_evccs_own_rules_are_not_called_the_best_without_a_proof(show: Open) -> None:
    failed = Skipped(rung=Rung.EXACT, cause=SkipCause.SOLVER_FAILED, detail="no basis")
    plan = as_evcc_does(PlanStatus.UNPROVEN, (failed,))

    page = show(replace(SHOWN, plan=plan)).page

    expect(headline(page)).to_have_text(re.compile("SmartLoad has no plan of its own"))
    expect(page.get_by_test_id("plan-skipped")).to_contain_text("the solver failed")
    expect(page.get_by_test_id("plan-skipped")).to_contain_text("no basis")


def test_the_view_of_now_tells_what_evcc_does_by_itself(show: Open) -> None:
    page = show(replace(SHOWN, plan=as_evcc_does()), view="now").page
    card = page.get_by_test_id("next-actions")

    expect(card).to_contain_text("What evcc does")
    expect(card.get_by_test_id("next-later").get_by_test_id("next-action")).to_have_count(3)
    expect(card).to_contain_text("A plan would save nothing")


@pytest.mark.parametrize(
    ("lang", "lead", "why"),
    [
        ("de", "Gerade gibt es keinen Plan", "Es fehlen Strompreise."),
        ("en", "There is no plan right now", "Prices are missing."),
    ],
)
def test_no_plan_is_said_with_its_reason(show: Open, lang: str, lead: str, why: str) -> None:
    missing = Skipped(rung=Rung.EXACT, cause=SkipCause.NO_PRICES, detail="none from 14:00 on")
    page = show(replace(SHOWN, plan=None, plan_skipped=(missing,)), Look(lang=lang)).page

    expect(headline(page)).to_have_text(re.compile(lead))
    expect(page.get_by_test_id("plan-sentence").locator("p")).to_have_text(why)
    expect(page.get_by_test_id("plan-board")).to_have_count(0)
    page.locator("nav a").first.click()

    expect(page.get_by_test_id("next-actions")).to_contain_text(lead)
    expect(page.get_by_test_id("next-later")).to_have_count(0)


# -- while a plan is still being explained -------------------------------------------------------


def test_what_is_still_to_come_is_not_called_nothing(page_service: Service, show: Open) -> None:
    whole = shown_plan()
    fresh = replace(
        whole, what_if=(), rules=(), change=None, reserve=None, is_explained=False,
        rung=Rung.EXACT, skipped=(),
    )  # fmt: skip
    page = show(replace(SHOWN, plan=fresh)).page
    expect(page.get_by_test_id("plan-board").locator("canvas")).to_have_count(3)
    for card in ("plan-rules", "plan-change"):
        expect(page.get_by_test_id(card).locator(".empty")).to_have_text("One moment …")
    expect(page.get_by_test_id("what-if")).to_have_count(0)

    explained = replace(whole, made_at=fresh.made_at, rung=Rung.EXACT, skipped=())
    put(page_service, replace(SHOWN, plan=explained))

    expect(page.get_by_test_id("what-if")).to_be_visible()
    expect(page.get_by_test_id("rule-cost").first).to_be_visible()
    expect(page.get_by_test_id("change-total")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("is_evccs", [False, True], ids=["a plan", "evcc by itself"])
def test_the_view_is_accessible(show: Open, scheme: str, *, is_evccs: bool) -> None:
    # Few quarter hours: the judge looks at every cell of the tables.
    plan = as_evcc_does(n_slots=44) if is_evccs else shown_plan(n_slots=44)
    page = show(replace(SHOWN, plan=plan), Look(scheme=scheme)).page
    expect(page.get_by_test_id("plan-action").first).to_be_visible()
    for summary in page.locator("main details > summary").all():
        summary.click()

    assert grave_violations(page) == []
