"""The plan as the page and programs get it: whole, in short, and over HTTP."""

import gzip
import http.client
import json
import math
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from domain.plan import (
    ChangeCause,
    Decision,
    Plan,
    PlannedAction,
    PlanStatus,
    Reason,
    ReasonCode,
    Rung,
    SkipCause,
    Skipped,
)
from domain.state import SystemState
from planner.wording import Wording
from planner.wording_figures import Lang
from tests.support.model_ts import Fields, OneOf, TsType, Word, mismatches, read_model
from tests.support.shown_plan import BATTERY, enlarged, shown_plan
from tests.support.shown_state import NOON, bare_state, full_state
from tests.support.web_service import STRANGER, TIMEOUT_S, Service, running
from web.accepted import accepts_gzip, preferred_language
from web.access import AccessRules
from web.plan_answer import PlanAnswers
from web.plan_json import plan_to_json
from web.plan_summary import plan_summary, present_actions
from web.plan_words import plan_words

MODEL = read_model()
BERLIN = ZoneInfo("Europe/Berlin")
SLOT = timedelta(minutes=15)
NO_PRICES = Skipped(rung=Rung.EXACT, cause=SkipCause.NO_PRICES, detail="none from 14:00 on")
SERIES = (
    "import_price_eur_per_kwh",
    "export_price_eur_per_kwh",
    "pv_kwh",
    "load_kwh",
    "grid_import_kwh",
    "grid_export_kwh",
    "curtail_kwh",
    "marginal_eur_per_kwh",
    "reasons",
)
# A message of this size, times a few readers, at every change.
LARGEST_SUMMARY_BYTES = 3_000
LARGEST_ANSWER_BYTES = 60_000


def words_of(plan: Plan | None, lang: Lang = "de") -> Wording:
    return plan_words(plan, lang, zone=BERLIN, currency="EUR", now=NOON)


def told(plan: Plan | None, skipped: tuple[Skipped, ...] = (), lang: Lang = "de") -> dict:  # type: ignore[type-arg]  # JSON
    shown = plan_to_json(plan, skipped, words_of(plan, lang))
    return json.loads(json.dumps(shown, allow_nan=False))  # type: ignore[no-any-return]  # JSON


def in_short(plan: Plan, now: datetime = NOON) -> dict:  # type: ignore[type-arg]  # JSON
    shown = plan_summary(plan, now, zone=BERLIN, currency="EUR")
    return json.loads(json.dumps(shown, allow_nan=False))  # type: ignore[no-any-return]  # JSON


def state_with(plan: Plan | None, skipped: tuple[Skipped, ...] = ()) -> SystemState:
    return replace(full_state(), plan=plan, plan_skipped=skipped)


PLANS = st.builds(
    shown_plan,
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001  # given below
        lambda instant: instant.replace(tzinfo=NOON.tzinfo)
    ),
    n_slots=st.sampled_from([1, 92, 96, 100, 192, 204]),
    has_battery=st.booleans(),
    n_cars=st.integers(0, 4),
)
FACTORS = st.sampled_from([1.0, 0.0, -1.0, 1e-9, 12_345.678, 1e300])


# -- its form ------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(plan=PLANS, factor=FACTORS, lang=st.sampled_from(["de", "en"]))
def test_every_plan_has_exactly_the_form_the_page_expects(
    plan: Plan, factor: float, lang: Lang
) -> None:
    shown = told(enlarged(plan, factor), lang=lang)

    assert mismatches(shown, MODEL["PlanJson"], MODEL) == []
    assert {len(shown[name]) for name in SERIES} == {plan.n_slots} == {shown["n_slots"]}


@settings(max_examples=25, deadline=None)
@given(plan=PLANS, factor=FACTORS, minutes=st.integers(-20, 60_000))
def test_every_plan_in_short_has_exactly_the_form_the_page_expects(
    plan: Plan, factor: float, minutes: int
) -> None:
    shown = in_short(enlarged(plan, factor), plan.made_at + timedelta(minutes=minutes))

    assert mismatches(shown, MODEL["PlanSummary"], MODEL) == []


def test_without_a_plan_everything_is_empty_and_says_why() -> None:
    shown = told(None, (NO_PRICES,))

    assert mismatches(shown, MODEL["PlanJson"], MODEL) == []
    assert (shown["made_at"], shown["cost"], shown["rung"]) == (None, None, "hands_off")
    (why,) = shown["skipped"]
    assert (why["rung"], why["cause"]) == ("exact", "no_prices")
    assert why["sentence"]
    assert all(shown[name] == [] for name in (*SERIES, "batteries", "cars", "actions"))


def test_a_plan_of_which_nothing_is_left_out_leaves_nothing_empty() -> None:
    shown = told(shown_plan())

    empty = [name for name, value in shown.items() if value is None or value in ([], {})]
    assert empty == []


def test_the_names_are_those_of_the_service_itself() -> None:
    own = {"schema", "slot_min", "n_slots", "saving_eur"}

    assert set(told(shown_plan())) == {part.name for part in fields(Plan)} | own


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("Rung", Rung),
        ("PlanStatus", PlanStatus),
        ("WhatIf.decision", Decision),
        ("WhatIf.opposite", Decision),
        ("PlanChange.parts.cause", ChangeCause),
    ],
)
def test_the_page_knows_every_word(path: str, words: type[StrEnum]) -> None:
    name, *inside = path.split(".")
    named: TsType = MODEL[name]
    for part in inside:
        named = getattr(named, "of", named)
        assert isinstance(named, Fields)
        named = named.types[part]

    assert isinstance(named, OneOf)
    known = {option.name.strip('"') for option in named.options if isinstance(option, Word)}
    assert known == {word.value for word in words}


# -- its numbers ---------------------------------------------------------------------------------


def test_energies_and_money_have_four_decimals_and_prices_five() -> None:
    plan = shown_plan(n_slots=1)
    rough = replace(
        plan,
        pv_kwh=(1.23456789,),
        import_price_eur_per_kwh=(0.123456789,),
        gap_eur=0.00123456,
        curtail_kwh=(-1e-9,),
    )

    shown = told(rough)

    assert shown["pv_kwh"] == [1.2346]
    assert shown["import_price_eur_per_kwh"] == [0.12346]
    assert shown["gap_eur"] == 0.0012
    assert str(shown["curtail_kwh"]) == "[0.0]"


def test_what_is_not_known_is_null_and_never_zero() -> None:
    plan = shown_plan(n_cars=3)

    shown = told(replace(plan, gap_eur=None))

    assert shown["gap_eur"] is None
    assert shown["marginal_eur_per_kwh"][-1] is None
    assert shown["cars"][2]["capacity_kwh"] is None
    assert shown["cars"][1]["by"] is None


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_known(wrong: float) -> None:
    plan = shown_plan()
    strange = replace(
        plan,
        solve_ms=wrong,
        cost=replace(plan.cost, import_eur=wrong),
        marginal_eur_per_kwh=(wrong,) * plan.n_slots,
    )

    shown, summary = told(strange), in_short(strange)

    assert (shown["solve_ms"], shown["saving_eur"], shown["cost"]["total_eur"]) == (None,) * 3
    assert set(shown["marginal_eur_per_kwh"]) == {None}
    assert (summary["cost_eur"], summary["saving_eur"], summary["solve_ms"]) == (None,) * 3


def test_the_saving_is_what_evccs_own_rules_would_cost_more() -> None:
    shown = told(shown_plan())

    assert shown["saving_eur"] == 0.842
    assert shown["baseline"]["total_eur"] - shown["cost"]["total_eur"] == pytest.approx(0.842)


# -- its sentences -------------------------------------------------------------------------------


def test_everything_that_is_told_is_told_in_both_languages() -> None:
    german, english = told(shown_plan(), lang="de"), told(shown_plan(), lang="en")

    for name in ("skipped", "unmet", "what_if", "rules", "assumed"):
        for de, en in zip(german[name], english[name], strict=True):
            assert de.pop("sentence") != en.pop("sentence")
            assert de == en
    for de, en in zip(german["reasons"][0], english["reasons"][0], strict=True):
        assert de["sentence"] != en["sentence"]
        assert (de["code"], de["facts"]) == (en["code"], en["facts"])
    assert german["change"]["sentence"] != english["change"]["sentence"]


def test_equal_reasons_are_worded_once() -> None:
    plan = shown_plan()
    shown = plan_to_json(plan, (), words_of(plan))

    slots = shown["reasons"]
    assert isinstance(slots, list)
    rests = [one for slot in slots for one in slot if one["code"] == "battery_rests"]
    assert len(rests) > 10
    assert len({id(one) for one in rests}) == 1


def test_a_fact_that_is_no_number_is_left_out() -> None:
    reason = Reason(
        code=ReasonCode.BATTERY_IS_EMPTY,
        device=BATTERY,
        facts={"price": 0.123456789, "odd": math.nan, "rank": 3},
    )
    plan = replace(shown_plan(n_slots=1), reasons=((reason,),), actions=())

    (shown,) = told(plan)["reasons"][0]

    assert shown["facts"] == {"price": 0.12346, "rank": 3}


# -- in short ------------------------------------------------------------------------------------


def test_in_short_each_device_does_one_thing_now() -> None:
    plan = shown_plan(n_cars=2)
    twice = (*plan.reasons[0], Reason(code=ReasonCode.BATTERY_IS_FULL, device=BATTERY))

    now = present_actions(replace(plan, reasons=(twice, *plan.reasons[1:])), NOON)

    assert [(one.reason.device, one.reason.code.value) for one in now] == [
        (BATTERY, "battery_charges_sun"),
        ("lp-1", "car_waits"),
        ("lp-2", "car_waits"),
    ]
    assert all(one.start <= NOON < one.end for one in now)


def test_what_is_done_now_is_known_without_a_list_of_actions() -> None:
    plan = replace(shown_plan(), actions=())

    (battery, _) = present_actions(plan, NOON + SLOT)

    assert (battery.start, battery.kwh) == (NOON + SLOT, 0.0)
    assert battery.end == NOON + timedelta(minutes=90)


def test_outside_of_its_slots_a_plan_does_nothing() -> None:
    plan = shown_plan(n_slots=4)

    assert present_actions(plan, NOON - SLOT) == ()
    assert present_actions(plan, NOON + 4 * SLOT) == ()
    assert len(present_actions(plan, NOON + 4 * SLOT - timedelta(seconds=1))) == 2


def test_next_are_the_three_actions_that_begin_after_now() -> None:
    works = Reason(code=ReasonCode.BATTERY_SERVES_HOUSE, device=BATTERY)

    def action(hours: int) -> PlannedAction:
        start = NOON + timedelta(hours=hours)
        return PlannedAction(start=start, end=start + SLOT, kwh=float(hours), reason=works)

    plan = replace(shown_plan(), actions=tuple(action(hours) for hours in (9, 0, 5, 7, 11)))

    assert [one["kwh"] for one in in_short(plan)["next"]] == [5.0, 7.0, 9.0]


@pytest.mark.parametrize("n_cars", [0, 1, 2])
def test_a_plan_in_short_stays_short(n_cars: int) -> None:
    shown = in_short(shown_plan(n_cars=n_cars))

    assert len(json.dumps(shown, separators=(",", ":"))) < LARGEST_SUMMARY_BYTES


def test_a_plan_in_short_is_told_in_both_languages() -> None:
    shown = in_short(shown_plan())

    for told_twice in (*shown["now"], *shown["next"], *shown["unmet"]):
        assert told_twice["text"]["de"] != told_twice["text"]["en"]
    assert shown["until"] == (NOON + timedelta(days=2)).isoformat()


# -- its route -----------------------------------------------------------------------------------


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with service.client() as client:
        yield client


@pytest.mark.parametrize("is_started", [False, True], ids=["before the first cycle", "after it"])
def test_from_the_first_minute_there_is_an_honest_empty_answer(
    service: Service, client: TestClient, *, is_started: bool
) -> None:
    if is_started:
        service.store.update(bare_state())

    answer = client.get("/plan?lang=en")

    assert answer.status_code == 200
    shown = answer.json()
    assert mismatches(shown, MODEL["PlanJson"], MODEL) == []
    assert (shown["made_at"], shown["rung"]) == (None, "hands_off")
    assert [bool(one["sentence"]) for one in shown["skipped"]] == [True]


def test_the_state_says_why_there_is_no_plan(service: Service, client: TestClient) -> None:
    service.store.update(state_with(None, (NO_PRICES,)))

    (why,) = client.get("/plan").json()["skipped"]

    assert (why["cause"], why["detail"]) == ("no_prices", "none from 14:00 on")


def test_the_latest_plan_is_answered(service: Service, client: TestClient) -> None:
    service.store.update(state_with(shown_plan()))
    client.get("/plan?lang=en")
    service.store.update(state_with(shown_plan(NOON + SLOT)))

    answer = client.get("/plan?lang=en")

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["made_at"] == (NOON + SLOT).isoformat()


@pytest.mark.parametrize(
    ("wanted", "configured", "accepted", "lang"),
    [
        ("?lang=de", "en", "en", "de"),
        ("?lang=en", "de", "de", "en"),
        ("", "en", "de", "en"),
        ("", "de", "en", "de"),
        ("", "auto", "en-GB,en;q=0.9,de;q=0.8", "en"),
        ("", "auto", "fr", "de"),
    ],
)
def test_the_plan_is_told_in_the_language_asked_for(  # noqa: PLR0913  # who says which language
    service: Service, client: TestClient, *, wanted: str, configured: str, accepted: str, lang: Lang
) -> None:
    state = state_with(shown_plan())
    state = replace(state, service=replace(state.service, language=configured))
    service.store.update(state)

    shown = client.get(f"/plan{wanted}", headers={"accept-language": accepted}).json()

    assert shown["change"]["sentence"] == told(shown_plan(), lang=lang)["change"]["sentence"]


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("de-AT", "de"),
        ("EN-us", "en"),
        ("fr;q=1.0, en;q=0.5, de;q=0.7", "de"),
        ("de;q=0.5, en ; q=0.9", "en"),
        ("en;q=0, de;q=0.1", "de"),
        ("en;q=0", "de"),
        ("en,de", "de"),
        ("*", "de"),
        ("", "de"),
        ("en;q=many", "en"),
        (",;=,", "de"),
    ],
)
def test_the_reader_gets_the_language_it_likes_best_and_german_when_it_names_none(
    accepted: str, lang: Lang
) -> None:
    assert preferred_language(accepted) == lang


@pytest.mark.parametrize("lang", ["fr", "", "DE"])
def test_another_language_is_refused_with_what_is_allowed(client: TestClient, lang: str) -> None:
    english = client.get("/plan", params={"lang": lang})
    german = client.get("/plan", params={"lang": lang}, headers={"accept-language": "de"})

    assert english.status_code == german.status_code == 400
    assert english.json() == {
        "error": "The request is not valid: “lang” must be de or en.",
        "code": "invalid",
    }
    assert german.json()["error"] == "Die Anfrage ist nicht gültig: „lang“ muss de oder en sein."


@pytest.mark.parametrize(
    ("accepted", "can_unpack"),
    [
        ("gzip", True),
        ("*", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_who_can_unpack_gzip_says_so(accepted: str, *, can_unpack: bool) -> None:
    assert accepts_gzip(accepted) is can_unpack


@pytest.mark.parametrize(
    ("accepted", "is_packed"), [("gzip, deflate, br", True), ("identity", False)]
)
def test_a_plan_is_packed_for_those_who_can_unpack_it(
    service: Service, client: TestClient, accepted: str, *, is_packed: bool
) -> None:
    service.store.update(state_with(shown_plan()))

    answer = client.get("/plan?lang=de", headers={"accept-encoding": accepted})

    assert answer.headers.get("content-encoding") == ("gzip" if is_packed else None)
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.json() == told(shown_plan())


def test_a_plan_is_small_on_the_wire(service: Service) -> None:
    service.store.update(state_with(shown_plan(n_cars=4, n_slots=204)))
    with running(service.app()) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        connection.request("GET", "/plan", headers={"Accept-Encoding": "gzip"})
        body = connection.getresponse().read()
        connection.close()

    assert len(body) < LARGEST_ANSWER_BYTES
    assert len(json.loads(gzip.decompress(body))["reasons"]) == 204


def test_the_events_are_never_packed(service: Service) -> None:
    service.store.update(full_state())
    with running(service.app()) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        connection.request("GET", "/events", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        first = answer.readline()
        answer.close()
        connection.close()

    assert answer.headers["Content-Encoding"] is None
    assert first == b"id: 1\n"


def test_a_plan_is_told_once_to_all_who_ask() -> None:
    answers = PlanAnswers()
    plan = shown_plan()
    state = state_with(plan)
    later = replace(state, now=NOON + timedelta(seconds=30))

    first = answers.answer(state, "de", packed=False)

    assert answers.answer(later, "de", packed=False) is first
    assert answers.answer(state, "en", packed=False) is not first
    assert answers.answer(state, "de", packed=False) is first
    assert gzip.decompress(answers.answer(state, "de", packed=True)) == first
    # Another plan that happens to be equal is told anew; it costs a few milliseconds.
    again = replace(state, plan=replace(plan))
    assert answers.answer(again, "de", packed=False) is not first


def test_whether_there_is_a_plan_is_not_answered_from_memory() -> None:
    answers = PlanAnswers()

    texts = [
        answers.answer(state, "de", packed=False)
        for state in (
            None,
            state_with(None, (NO_PRICES,)),
            state_with(shown_plan()),
            state_with(None),
            None,
        )
    ]

    assert len(set(texts)) == 4
    assert texts[0] == texts[-1]


def test_a_plan_is_private(service: Service) -> None:
    service.rules = AccessRules(is_app=True)
    service.store.update(state_with(shown_plan()))

    answer = service.client(STRANGER).get("/plan")

    assert answer.status_code == 403
    assert "soc_kwh" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_plan_is_only_read(client: TestClient, method: str) -> None:
    assert client.request(method, "/plan").status_code == 405


def test_the_state_carries_the_plan_in_short_only(service: Service, client: TestClient) -> None:
    plan = shown_plan()
    service.store.update(state_with(plan), in_short(plan), None)

    status = client.get("/status")

    assert status.json()["plan_summary"] == in_short(plan)
    assert mismatches(status.json(), MODEL["State"], MODEL) == []
    assert "soc_kwh" not in status.text
