"""The report and the back-test in a real browser; the browser answers for the service."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import canned_proof
from tests.support.browser import Look, Visitor, visit
from tests.support.canned_proof import CannedProof
from tests.support.model_ts import mismatches, read_model
from tests.support.served_home import ServedHome, Setting
from tests.support.sim_service import AT_ONCE
from tests.web.test_page_look import grave_violations

pytestmark = pytest.mark.browser

Show = Callable[..., Page]
Serve = Callable[..., ServedHome]
Open = Callable[..., Visitor]
QUICK = replace(Setting(), plan_limits=AT_ONCE)
GERMAN = Look(lang="de")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHome]:
    """A home whose time stands still, for tests that only look."""
    with ServedHome(tmp_path_factory.mktemp("watched") / "data", None, QUICK) as home:
        yield home


@pytest.fixture
def show(watched: ServedHome, chromium: Browser) -> Iterator[Show]:
    """Open a view with canned answers; it is judged in the end."""
    with contextlib.ExitStack() as stack:

        def open_view(
            canned: CannedProof,
            view: str = "report",
            look: Look | None = None,
            *,
            home: ServedHome | None = None,
            may_fail: bool = False,
        ) -> Page:
            url = (home or watched).url
            visitor = stack.enter_context(visit(chromium, url, look or Look()))
            if may_fail:
                visitor.let_loads_fail()
            canned.serve(visitor.page, url)
            visitor.go(view)
            return visitor.page

        yield open_view


# -- the answers themselves ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "answer"),
    [
        ("Proof", canned_proof.proof()),
        ("Proof", canned_proof.without_report()),
        ("ProofSummary", canned_proof.summary(canned_proof.proof())),
        ("ProofSummary", canned_proof.summary(canned_proof.without_report())),
        ("Backtest", canned_proof.backtest()),
        ("Backtest", canned_proof.finished_backtest()),
    ],
)
def test_the_canned_answers_have_the_form_the_page_expects(
    type_name: str, answer: dict[str, object]
) -> None:
    model = read_model()

    assert mismatches(answer, model[type_name], model) == []


# -- the sentence --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        (
            "de",
            (
                "14 Tage, 13 davon gezählt: Du hast 40,30 € bezahlt, evccs Regeln allein hätten "
                "42,90 € gekostet, SmartLoad hätte 39,00 € gekostet (36,90 € bis 40,60 €)."
            ),
        ),
        (
            "en",
            (
                "14 days, 13 of them counted: you paid €40.30, evcc's rules alone would have cost "
                "€42.90, SmartLoad would have cost €39.00 (€36.90 to €40.60)."
            ),
        ),
    ],
)
def test_one_sentence_tells_what_it_cost_and_would_have_cost(
    show: Show, lang: str, sentence: str
) -> None:
    page = show(CannedProof(), look=Look(lang=lang))

    expect(page.get_by_test_id("report-sentence").locator("h1")).to_have_text(sentence)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (canned_proof.without_report(state="collecting", days_missing=5), "5 days of measure"),
        (canned_proof.without_report(state="working", progress_frac=0.42), "42% is done"),
        (canned_proof.without_report(state="failed", detail="no price"), "could not be made"),
    ],
)
def test_before_there_is_a_report_the_sentence_says_why(
    show: Show, told: dict[str, object], sentence: str
) -> None:
    page = show(CannedProof(proof=told))

    expect(page.get_by_test_id("report-sentence").locator("h1")).to_contain_text(sentence)
    expect(page.get_by_test_id("backtest-start")).to_be_visible()


def test_a_report_that_failed_says_what_helps_and_why_it_failed(show: Show) -> None:
    told = canned_proof.without_report(state="failed", detail="no price on 12 April")

    page = show(CannedProof(proof=told))

    expect(page.get_by_test_id("report-failed")).to_contain_text("SmartLoad tries again")
    expect(page.get_by_test_id("report-failed")).to_contain_text("no price on 12 April")


def test_a_new_report_is_shown_when_the_state_tells_of_it(show: Show) -> None:
    canned = CannedProof()
    page = show(canned)
    expect(page.get_by_test_id("saving")).to_have_text("€3.90")

    canned.proof = canned_proof.proof(
        made_at="2026-04-25T00:20:00Z",
        report=canned_proof.report(saving_eur=canned_proof.band(1.0, 2.2, 3.0)),
    )

    expect(page.get_by_test_id("saving")).to_have_text("€2.20")


# -- where else it stands ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "place", "text"),
    [
        ("now", "proof-line", "Over 14 days SmartLoad would have saved €3.90"),
        ("buffer", "proof-note", "evcc's rules alone would have cost €42.90"),
        ("proof", "proof-card", "It is worth letting SmartLoad act."),
    ],
)
def test_the_report_in_short_stands_where_it_is_wanted_and_leads_to_the_whole(
    show: Show, view: str, place: str, text: str
) -> None:
    page = show(CannedProof(), view)
    short = page.get_by_test_id(place)
    expect(short).to_contain_text(text)

    short.get_by_role("link").click()

    expect(page.get_by_test_id("report-sentence")).to_be_visible()


@pytest.mark.parametrize("view", ["now", "buffer", "proof"])
def test_nothing_is_claimed_while_there_is_no_report(show: Show, view: str) -> None:
    page = show(CannedProof(proof=canned_proof.without_report(state="collecting")), view)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "live")

    expect(page.get_by_test_id("proof-line")).to_have_count(0)
    expect(page.get_by_test_id("proof-note")).to_have_count(0)


def test_the_report_and_what_smartload_does_are_pages_of_one_view(show: Show) -> None:
    page = show(CannedProof())
    tabs = page.get_by_test_id("proof-tabs")
    expect(tabs.get_by_role("link", name="Report")).to_have_attribute("aria-current", "page")

    tabs.get_by_role("link", name="Control").click()

    expect(page.get_by_test_id("proof-sentence")).to_be_visible()
    expect(tabs.get_by_role("link", name="Control")).to_have_attribute("aria-current", "page")


# -- what to do ----------------------------------------------------------------------------------


def test_what_is_recommended_can_be_done_beside_it(show: Show, serve: Serve) -> None:
    home = serve(setting=QUICK)
    page = show(CannedProof(), home=home)
    advice = page.get_by_test_id("advice")
    expect(advice).to_contain_text("It is worth letting SmartLoad act.")

    advice.get_by_role("button", name="Battery").click()
    page.get_by_role("dialog").get_by_test_id("confirm").click()

    expect(page.get_by_test_id("advice-said")).to_have_text(
        "SmartLoad is now in charge of the battery."
    )
    expect(advice.get_by_role("button", name="Battery")).to_have_count(0)


@pytest.mark.parametrize(
    ("code", "lead"),
    [
        ("wait", "Warte noch."),
        ("not_worth", "Freigeben lohnt sich gerade nicht."),
        ("keep", "Lass es so."),
        ("look", "Sieh nach, was los ist."),
    ],
)
def test_each_recommendation_is_told_in_plain_words(show: Show, code: str, lead: str) -> None:
    shown = canned_proof.report(recommendation={"code": code, "facts": {}})

    page = show(CannedProof(proof=canned_proof.proof(report=shown)), look=GERMAN)

    expect(page.get_by_test_id("advice").locator(".advice-lead")).to_have_text(lead)


# -- figures, charts and tables ------------------------------------------------------------------


def test_each_chart_has_its_table(show: Show) -> None:
    page = show(CannedProof())
    tables = page.get_by_test_id("report-charts").locator("details")
    expect(tables).to_have_count(2)

    for table in tables.all():
        table.locator("summary").click()

    expect(tables.nth(0).locator("tbody tr")).to_have_count(14)
    expect(tables.nth(0)).to_contain_text("no, too little measured")
    expect(tables.nth(1).locator("tbody tr").last).to_contain_text("€3.90")


def test_the_charts_are_read_by_keyboard_together(show: Show) -> None:
    page = show(CannedProof())
    daily, sums = page.get_by_test_id("daily-chart"), page.get_by_test_id("sum-chart")
    expect(daily.locator(".chart-at")).to_have_text("Thu 23 Apr")
    expect(daily.locator("canvas")).to_be_visible()
    daily.locator(".chart-plot").focus()

    page.keyboard.press("Home")
    expect(sums.locator(".chart-at")).to_have_text("Fri 10 Apr")
    page.keyboard.press("ArrowRight")

    expect(daily.locator(".chart-at")).to_have_text("Sat 11 Apr")
    expect(sums.locator(".chart-at")).to_have_text("Sat 11 Apr")


def test_what_is_done_is_told_apart_from_what_was_only_observed(show: Show) -> None:
    told = canned_proof.proof(is_live=True, live_since="2026-04-20T12:00:00Z")

    page = show(CannedProof(proof=told))

    readout = page.get_by_test_id("daily-chart").locator(".chart-readout")
    expect(readout).to_contain_text("SmartLoad, simulation –")
    expect(readout).to_contain_text("SmartLoad, live €3.00")
    expect(page.get_by_test_id("change-row").first).to_contain_text("Live")


def test_what_would_have_been_changed_has_the_form_of_the_log_of_writes(show: Show) -> None:
    page = show(CannedProof())
    rows = page.get_by_test_id("change-row")

    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Thu 23 Apr, 19:15")
    expect(rows.first).to_contain_text("Simulation")
    expect(rows.first).to_contain_text("The battery keeps its energy")


def test_the_ways_to_set_the_buffer_stand_side_by_side(show: Show) -> None:
    page = show(CannedProof())
    formula = page.locator("[data-testid=buffer-column][data-strategy=formula]")

    expect(page.get_by_test_id("buffer-column")).to_have_count(2)
    expect(formula).to_contain_text("chosen")
    expect(formula).to_contain_text(re.compile(r"12.of.13"))
    expect(formula).to_contain_text("21.5 kWh")


def test_how_many_days_do_not_count_is_told(show: Show) -> None:
    page = show(CannedProof())

    expect(page.get_by_test_id("excluded")).to_contain_text("7% (1 of 14)")
    expect(page.get_by_test_id("note")).to_contain_text("For 4 days the forecasts")


def test_what_is_not_known_is_a_dash_and_never_a_number(show: Show) -> None:
    unknown = canned_proof.report(
        paid_eur=None,
        evcc_eur=None,
        ours_eur=None,
        saving_eur=None,
        possible_eur=None,
        captured_frac=None,
        months=[],
        days=[],
        changes=[],
        buffers=[],
        notes=[{"code": "from_tomorrow", "facts": {}}],
        recommendation={"code": "from_tomorrow", "facts": {}},
    )

    page = show(CannedProof(proof=canned_proof.proof(report=unknown)))

    expect(page.get_by_test_id("report-sentence")).to_contain_text("nothing to compare yet")
    expect(page.get_by_test_id("saving")).to_have_text("–")
    text = page.locator("main").inner_text()
    assert not re.search(r"NaN|null|undefined|Infinity", text)


@pytest.mark.parametrize("width_px", [320, 768])
def test_huge_amounts_are_not_wider_than_the_screen(show: Show, width_px: int) -> None:
    million = 1e6
    huge = canned_proof.report(
        paid_eur=40.3 * million,
        evcc_eur=42.9 * million,
        ours_eur=canned_proof.band(36.9 * million, 39.0 * million, 40.6 * million),
        saving_eur=canned_proof.band(2.3 * million, 3.9 * million, 6.0 * million),
        days=[canned_proof.day(name, scale=million) for name in canned_proof.DAYS],
    )
    told = canned_proof.proof(report=huge)
    canned = CannedProof(proof=told, backtest=canned_proof.finished_backtest())

    page = show(canned, look=Look(lang="de", width_px=width_px))
    expect(page.get_by_test_id("saving")).to_contain_text("Mio.")
    expect(page.get_by_test_id("policy-row")).to_have_count(6)

    too_wide_px = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide_px <= 0


# -- the back-test -------------------------------------------------------------------------------


def test_a_back_test_is_asked_for_followed_and_cancelled(show: Show) -> None:
    canned = CannedProof()
    page = show(canned)
    page.get_by_test_id("backtest-from").fill("2026-04-24")
    page.get_by_test_id("backtest-to").fill("2026-04-24")
    page.get_by_test_id("backtest-start").click()
    expect(page.get_by_test_id("backtest-said")).to_have_text("The last day has to be over.")
    page.get_by_test_id("backtest-from").fill("2026-04-22")
    page.get_by_test_id("backtest-to").fill("2026-04-23")

    canned.backtest = canned_proof.backtest(
        state="running",
        progress_frac=0.4,
        eta_s=120,
        **{"from": "2026-04-22", "to": "2026-04-23"},
    )
    page.get_by_test_id("backtest-start").click()
    progress = page.get_by_test_id("backtest-progress")
    expect(progress).to_contain_text("40% · about 2 minutes left")
    canned.backtest = canned_proof.backtest(state="cancelled")
    page.get_by_test_id("backtest-cancel").click()

    expect(page.get_by_test_id("backtest-said")).to_contain_text("Cancelled")
    assert canned.asked == [
        f"POST {json.dumps({'from': '2026-04-22', 'to': '2026-04-23'}, separators=(',', ':'))}",
        "DELETE",
    ]


def test_a_back_test_that_is_refused_says_why(show: Show) -> None:
    body: dict[str, object] = {"error": "A back-test is running already.", "code": "running"}
    page = show(CannedProof(refusal=(409, body)), may_fail=True)
    page.get_by_test_id("backtest-from").fill("2026-04-22")
    page.get_by_test_id("backtest-to").fill("2026-04-23")

    page.get_by_test_id("backtest-start").click()

    expect(page.get_by_test_id("backtest-said")).to_have_text("A back-test is running already.")


def test_each_policy_of_a_back_test_is_told_in_plain_words(show: Show) -> None:
    page = show(CannedProof(backtest=canned_proof.finished_backtest()))
    ours = page.locator("[data-testid=policy-row][data-policy=smartload]")

    expect(page.get_by_test_id("backtest-lead")).to_contain_text(
        "SmartLoad would have saved €4.00 (€3.00 to €5.00). That is 80%"
    )
    expect(ours).to_contain_text("Its plan for battery, cars and buffer")
    expect(ours).to_contain_text("€39.00")
    expect(page.locator("[data-policy=foresight]")).to_contain_text("Knowing the future")


def test_the_files_of_a_back_test_can_be_taken_along(show: Show) -> None:
    page = show(CannedProof(backtest=canned_proof.finished_backtest()))

    with page.expect_download() as download:
        page.get_by_test_id("download-csv").click()

    assert download.value.suggested_filename == "backtest.csv"


# -- everyone, always ----------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_accessible(show: Show, scheme: str) -> None:
    canned = CannedProof(backtest=canned_proof.finished_backtest())
    page = show(canned, look=Look(scheme=scheme))
    expect(page.get_by_test_id("policy-row")).to_have_count(6)
    for details in page.locator("details").all():
        details.locator("> summary").click()

    assert grave_violations(page) == []


def test_a_lost_connection_leaves_the_report_as_it_was(show: Show) -> None:
    canned = CannedProof()
    page = show(canned, may_fail=True)
    expect(page.get_by_test_id("saving")).to_have_text("€3.90")

    canned.is_away = True

    expect(page.get_by_test_id("lost")).to_be_visible()
    expect(page.get_by_test_id("saving")).to_have_text("€3.90")
