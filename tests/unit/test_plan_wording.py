import itertools
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.plan import (
    ChangeCause,
    ChangePart,
    Decision,
    Fact,
    OwnerRule,
    PlanChange,
    PlanStatus,
    Reason,
    ReasonCode,
    RuleCost,
    Rung,
    SkipCause,
    Skipped,
    UnmetWish,
    WhatIf,
)
from planner.assumption import Assumption
from planner.wording import Wording
from planner.wording_figures import Lang

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)  # 13:05, a Sunday
LANGS: tuple[Lang, ...] = ("de", "en")
NAMES = {"ev": "e-Golf"}


def wording(
    lang: Lang, *, now: datetime = NOW, currency: str = "EUR", names: dict[str, str] | None = None
) -> Wording:
    named = NAMES if names is None else names
    return Wording(lang=lang, names=named, zone=ZONE, now=now, currency=currency)


def local(day: int, hour: int, minute: int = 0) -> str:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC).isoformat()


EVENING: dict[str, Fact] = {
    "for_from": local(22, 17),
    "for_until": local(22, 21),
    "for_price": 0.342,
    "for_use": "house",
}
RANK: dict[str, Fact] = {"rank": 1, "of": 60, "until": local(23, 7)}
Golden = tuple[ReasonCode, dict[str, Fact], str, str]
GOLDEN: tuple[Golden, ...] = (
    (
        ReasonCode.BATTERY_CHARGES_GRID,
        {"price": 0.2134, **RANK, **EVENING, "saves_per_kwh": 0.081},
        (
            "Der Hausakku lädt für 21,3 ct aus dem Netz und ersetzt damit zwischen 17:00 und 21:00 "
            "Strom für 34,2 ct."
        ),
        (
            "The home battery charges from the grid at 21.3 ct and uses it between 17:00 and 21:00 "
            "instead of buying at 34.2 ct."
        ),
    ),
    (
        ReasonCode.BATTERY_CHARGES_GRID,
        {"price": -0.012, "is_forecast": 1, "kept_value": 0.2, "saves_per_kwh": 0.19},
        (
            "Der Hausakku lädt für −1,2 ct (erwartet) aus dem Netz und hebt das für die "
            "Zeit nach dem "
            "Plan auf."
        ),
        (
            "The home battery charges from the grid at −1.2 ct (expected) and keeps it for "
            "after the "
            "plan."
        ),
    ),
    (
        ReasonCode.BATTERY_CHARGES_GRID,
        {"price": 0.3, "wish": "reserve", "reserve_kwh": 4.5},
        "Der Hausakku lädt für 30,0 ct aus dem Netz und füllt damit den Puffer.",
        "The home battery charges from the grid at 30.0 ct to fill the buffer.",
    ),
    (
        ReasonCode.BATTERY_CHARGES_SUN,
        {"export_price": 0.082, "value": 0.19, **EVENING, "saves_per_kwh": 0.2},
        (
            "Der Hausakku speichert Überschuss und ersetzt damit zwischen 17:00 und 21:00 "
            "Strom für "
            "34,2 ct; eingespeist brächte er 8,2 ct."
        ),
        (
            "The home battery stores surplus and uses it between 17:00 and 21:00 instead of "
            "buying at "
            "34.2 ct; fed in it would earn 8.2 ct."
        ),
    ),
    (
        ReasonCode.BATTERY_CHARGES_SUN,
        {"export_price": -0.02, **EVENING, "for_use": "grid", "for_is_forecast": 1},
        (
            "Der Hausakku speichert Überschuss und speist das zwischen 17:00 und 21:00 für 34,2 ct "
            "(erwartet) ein; der Einspeisepreis ist −2,0 ct."
        ),
        (
            "The home battery stores surplus and feeds it in between 17:00 and 21:00 at 34.2 ct "
            "(expected); the feed-in price is −2.0 ct."
        ),
    ),
    (
        ReasonCode.BATTERY_SERVES_HOUSE,
        {"price": 0.342, "rank": 58, "of": 60, "until": local(22, 23), "value": 0.21},
        "Der Hausakku versorgt das Haus und ersetzt Strom für 34,2 ct.",
        "The home battery supplies the house instead of buying at 34.2 ct.",
    ),
    (
        ReasonCode.BATTERY_SERVES_CAR,
        {"car": "ev", "price": 0.342, "value": 0.21},
        "Der Hausakku hilft, e-Golf zu laden, und ersetzt Strom für 34,2 ct.",
        "The home battery helps to charge e-Golf instead of buying at 34.2 ct.",
    ),
    (
        ReasonCode.BATTERY_SELLS,
        {"export_price": 0.451, "is_forecast": 1, "value": 0.44},
        "Der Hausakku speist für 45,1 ct (erwartet) ein.",
        "The home battery feeds in at 45.1 ct (expected).",
    ),
    (
        ReasonCode.BATTERY_KEEPS,
        {"price": 0.251, "value": 0.252, **EVENING, "saves_per_kwh": 0.091},
        (
            "Der Hausakku hebt seine Energie auf: Zwischen 17:00 und 21:00 ersetzt sie Strom für "
            "34,2 ct statt 25,1 ct."
        ),
        (
            "The home battery keeps its energy: between 17:00 and 21:00 it replaces electricity at "
            "34.2 ct rather than 25.1 ct."
        ),
    ),
    (
        ReasonCode.BATTERY_KEEPS,
        {"price": 0.251, "wish": "reserve", "reserve_kwh": 3.0},
        "Der Hausakku hält seine Energie als Puffer zurück; gekauft wird für 25,1 ct.",
        (
            "The home battery holds its energy back as the buffer; what is needed is bought at "
            "25.1 ct."
        ),
    ),
    (
        ReasonCode.BATTERY_IS_EMPTY,
        {"price": 0.3},
        "Der Hausakku ist bis auf seine Untergrenze leer; gekauft wird für 30,0 ct.",
        "The home battery is empty down to its lower limit; what is needed is bought at 30.0 ct.",
    ),
    (
        ReasonCode.BATTERY_IS_FULL,
        {"export_price": 0.082},
        "Der Hausakku ist voll; Überschuss wird für 8,2 ct eingespeist.",
        "The home battery is full; surplus is fed in at 8.2 ct.",
    ),
    (
        ReasonCode.BATTERY_RESTS,
        {"next_at": local(23, 11)},
        "Der Hausakku ruht und lädt ab morgen 11:00.",
        "The home battery is idle and charges from tomorrow 11:00.",
    ),
    (
        ReasonCode.CAR_CHARGES_CHEAP,
        {"car": "ev", "price": 0.213, **RANK, "by": local(23, 7)},
        "e-Golf lädt für 21,3 ct: günstiger wird es bis morgen 07:00 nicht.",
        "e-Golf charges at 21.3 ct: it does not get cheaper before tomorrow 07:00.",
    ),
    (
        ReasonCode.CAR_CHARGES_CHEAP,
        {"car": "ev", "price": 0.213, **RANK, "rank_is_forecast": 1},
        "e-Golf lädt für 21,3 ct: ein günstigerer Preis wird bis morgen 07:00 nicht erwartet.",
        "e-Golf charges at 21.3 ct: no lower price is expected before tomorrow 07:00.",
    ),
    (
        ReasonCode.CAR_CHARGES_CHEAP,
        {"car": "ev", "price": 0.2, **RANK, "rank": 5, "price_from": 0.201, "price_to": 0.234},
        "e-Golf lädt für 20,1 bis 23,4 ct, zu einem der günstigsten Preise bis morgen 07:00.",
        "e-Golf charges at 20.1 to 23.4 ct, one of the lowest prices before tomorrow 07:00.",
    ),
    (
        ReasonCode.CAR_CHARGES_CHEAP,
        {"car": "ev", "price": 0.3, **RANK, "rank": 40, "source": "battery"},
        "e-Golf lädt aus dem Hausakku statt für 30,0 ct aus dem Netz.",
        "e-Golf charges from the home battery instead of the grid at 30.0 ct.",
    ),
    (
        ReasonCode.CAR_CHARGES_SUN,
        {"car": "ev", "export_price": 0.082},
        "e-Golf lädt mit Überschuss, der eingespeist 8,2 ct brächte.",
        "e-Golf charges from surplus that would earn 8.2 ct if fed in.",
    ),
    (
        ReasonCode.CAR_CHARGES_FOR_DEADLINE,
        {"car": "ev", "price": 0.342, "by": local(22, 18, 30)},
        "e-Golf lädt für 34,2 ct, weil die Zeit bis 18:30 knapp ist.",
        "e-Golf charges at 34.2 ct because there is little time left before 18:30.",
    ),
    (
        ReasonCode.CAR_CHARGES_BY_OWNER,
        {"car": "ev", "price": 0.342},
        "e-Golf lädt für 34,2 ct, weil du es so eingestellt hast.",
        "e-Golf charges at 34.2 ct because you set it to.",
    ),
    (
        ReasonCode.CAR_CHARGES_ABOVE_BUFFER,
        {"car": "ev"},
        (
            "e-Golf lädt mit kleinster Leistung weiter: So hält es evcc, solange die Hausbatterie "
            "über dem Puffer ist."
        ),
        (
            "e-Golf keeps charging at its lowest power, as evcc lets it while the home battery is "
            "above the buffer."
        ),
    ),
    (
        ReasonCode.CAR_WAITS,
        {
            "car": "ev",
            "price": 0.342,
            "next_at": local(24, 6, 15),
            "next_price": 0.213,
            "next_is_forecast": 1,
        },
        "e-Golf wartet bis Di 06:15: Dann kostet Strom 21,3 ct (erwartet) statt 34,2 ct.",
        (
            "e-Golf waits until Tue 06:15: electricity then costs 21.3 ct (expected) instead of "
            "34.2 ct."
        ),
    ),
    (
        ReasonCode.CAR_WAITS,
        {"car": "ev", "price": 0.2, "next_at": local(22, 15), "next_price": 0.3},
        "e-Golf wartet bis 15:00.",
        "e-Golf waits until 15:00.",
    ),
    (
        ReasonCode.CAR_WAITS,
        {"car": "ev", "price": 0.342, "next_at": local(22, 15), "next_source": "sun"},
        "e-Golf wartet auf Überschuss ab 15:00.",
        "e-Golf waits for surplus from 15:00.",
    ),
    (
        ReasonCode.CAR_IS_DONE,
        {"car": "ev", "reached_kwh": 40.0, "target_kwh": 40.0, "until": local(23, 7)},
        "e-Golf hat sein Ziel erreicht.",
        "e-Golf has reached its target.",
    ),
    (
        ReasonCode.CAR_IS_DONE,
        {"car": "ev", "reached_kwh": 39.0, "target_kwh": 40.0, "until": local(23, 0)},
        "e-Golf lädt bis 24:00 nicht mehr.",
        "e-Golf does not charge any more before midnight.",
    ),
    (
        ReasonCode.PV_IS_TURNED_DOWN,
        {"export_price": -0.021, "kwh": 0.42},
        "Die Photovoltaik wird abgeregelt, weil der Einspeisepreis −2,1 ct ist.",
        "The solar power is curtailed because the feed-in price is −2.1 ct.",
    ),
    (
        ReasonCode.PV_IS_TURNED_DOWN,
        {"export_price": 0.08, "kwh": 1.24, "limit_kw": 4.8},
        "Die Photovoltaik wird abgeregelt, weil nicht mehr eingespeist werden darf.",
        "The solar power is curtailed because no more may be fed in.",
    ),
)


def reason_of(code: ReasonCode, facts: dict[str, Fact]) -> Reason:
    device = "ev" if code.value.startswith("car") else "home"
    return Reason(code=code, device=device, facts=facts)


@pytest.mark.parametrize(("code", "facts", "german", "english"), GOLDEN)
def test_a_reason_is_one_sentence(
    code: ReasonCode, facts: dict[str, Fact], german: str, english: str
) -> None:
    reason = reason_of(code, facts)

    assert wording("de").sentence(reason) == german
    assert wording("en").sentence(reason) == english


def test_every_code_has_a_sentence_here() -> None:
    assert {code for code, *_ in GOLDEN} == set(ReasonCode)


def shown(name: str, value: float, lang: Lang) -> str:
    """A number as its unit is told."""
    if name in {"rank", "of"}:
        return str(round(value))
    if name.endswith("_kwh") and name != "saves_per_kwh":
        text = f"{value:.1f} kWh"
    elif name.endswith("_kw"):
        text = f"{value:.1f} kW"
    elif name == "kwh":
        text = f"{value:.{1 if value >= 1 else 2}f} kWh"
    else:
        text = f"{abs(value) * 100:.1f}"
    return text.replace(".", ",") if lang == "de" else text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("code", "facts"), [golden[:2] for golden in GOLDEN])
def test_a_detail_begins_with_the_sentence_and_has_every_number(
    code: ReasonCode, facts: dict[str, Fact], lang: Lang
) -> None:
    reason = reason_of(code, facts)

    detail = wording(lang).detail(reason)

    assert detail.startswith(wording(lang).sentence(reason))
    for name, value in facts.items():
        is_told_as_range = f"{name}_from" in facts
        if isinstance(value, str) or name.endswith("is_forecast") or is_told_as_range:
            continue
        assert shown(name, value, lang) in detail, name


def test_a_detail_reads_well() -> None:
    facts = {"price": 0.2134, **RANK, "rank_is_forecast": 1, **EVENING, "saves_per_kwh": 0.081}
    reason = reason_of(ReasonCode.BATTERY_CHARGES_GRID, facts)

    german, english = wording("de").detail(reason), wording("en").detail(reason)

    assert german.endswith(
        "Preisrang 1 von 60 bis morgen 07:00 (1 ist am günstigsten, zum Teil erwartet). "
        "Nach Verlusten und Abnutzung bringt jede kWh 8,1 ct."
    )
    assert english.endswith(
        "Price rank 1 of 60 until tomorrow 07:00 (1 is the cheapest, some expected). "
        "After losses and wear each kWh will bring 8.1 ct."
    )


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("code", "facts"), [golden[:2] for golden in GOLDEN])
def test_missing_or_broken_facts_make_a_sentence_shorter(
    code: ReasonCode, facts: dict[str, Fact], lang: Lang
) -> None:
    every = [{name: facts[name] for name in facts if name != lost} for lost in facts]
    every += [{}, {name: float("nan") for name in facts}, dict.fromkeys(facts, "nonsense")]

    details = [wording(lang).detail(reason_of(code, told)) for told in every]

    for detail in details:
        assert re.fullmatch(r"[A-ZÄÖÜe].*\.", detail)
        assert not re.search(r"None|nan|nonsense|[{}]|  | [.,;:]", detail)


@pytest.mark.parametrize("lang", LANGS)
def test_a_device_without_a_name_is_told_as_what_it_is(lang: Lang) -> None:
    reason = Reason(code=ReasonCode.BATTERY_SERVES_CAR, device="b", facts={"car": "x"})

    named = wording(lang, names={"b": "BYD", "x": "Zoe"}).sentence(reason)
    plain = wording(lang, names={}).sentence(reason)

    assert named.startswith("BYD ")
    assert "Zoe" in named
    assert plain.startswith("Der Hausakku" if lang == "de" else "The home battery")
    assert ("das Auto" if lang == "de" else "the car") in plain


# -- figures ---------------------------------------------------------------------------------------


def waits_until(lang: Lang, instant: datetime, now: datetime = NOW) -> str:
    reason = reason_of(ReasonCode.CAR_WAITS, {"next_at": instant.isoformat()})
    return wording(lang, now=now).sentence(reason).removesuffix(".").split(" ", 2)[2]


@pytest.mark.parametrize(
    ("hours", "german", "english"),
    [
        (4, "bis 17:05", "until 17:05"),
        (11, "bis morgen 00:05", "until tomorrow 00:05"),
        (35, "bis Di 00:05", "until Tue 00:05"),
        (24 * 7, "bis So 29.11. 13:05", "until Sun 29 Nov 13:05"),
        (-24, "bis gestern 13:05", "until yesterday 13:05"),
    ],
)
def test_a_time_has_its_day_where_that_is_not_today(hours: int, german: str, english: str) -> None:
    instant = NOW + timedelta(hours=hours)

    assert waits_until("de", instant) == german
    assert waits_until("en", instant) == english


def test_an_hour_that_is_there_twice_says_which_one() -> None:
    now = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))

    assert waits_until("de", first, now) == "bis morgen 02:30 MESZ"
    assert waits_until("de", second, now) == "bis morgen 02:30 MEZ"
    assert waits_until("en", second + timedelta(hours=1), now) == "until tomorrow 03:30"


def test_tomorrow_is_the_next_local_day_on_a_day_of_23_hours() -> None:
    now = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)

    assert waits_until("de", datetime(2026, 3, 29, 21, 45, tzinfo=UTC), now) == "bis morgen 23:45"
    assert waits_until("de", datetime(2026, 3, 29, 22, 0, tzinfo=UTC), now) == "bis Mo 00:00"


@pytest.mark.parametrize(
    ("start", "end", "german", "english"),
    [
        ((23, 6), (23, 9), "morgen zwischen 06:00 und 09:00", "tomorrow between 06:00 and 09:00"),
        ((22, 17), (23, 0), "zwischen 17:00 und 24:00", "between 17:00 and midnight"),
        ((22, 22), (23, 6), "zwischen 22:00 und morgen 06:00", "between 22:00 and tomorrow 06:00"),
        (
            (23, 6),
            (24, 0),
            "morgen zwischen 06:00 und 24:00",
            "tomorrow between 06:00 and midnight",
        ),
    ],
)
def test_a_span_names_its_day_once(
    start: tuple[int, int], end: tuple[int, int], german: str, english: str
) -> None:
    facts = {**EVENING, "for_from": local(*start), "for_until": local(*end)}
    reason = reason_of(ReasonCode.BATTERY_CHARGES_SUN, facts)

    assert f" {german} " in wording("de").sentence(reason)
    assert f" {english} " in wording("en").sentence(reason)


@pytest.mark.parametrize(
    ("currency", "german", "english"),
    [
        ("EUR", "23,4 ct", "23.4 ct"),
        ("GBP", "23,4 p", "23.4 p"),
        ("CHF", "0,234 CHF/kWh", "0.234 CHF/kWh"),
    ],
)
def test_a_price_is_told_in_its_currency(currency: str, german: str, english: str) -> None:
    reason = reason_of(ReasonCode.BATTERY_IS_EMPTY, {"price": 0.234})

    assert wording("de", currency=currency).sentence(reason).endswith(f"für {german}.")
    assert wording("en", currency=currency).sentence(reason).endswith(f"at {english}.")


def test_a_price_that_rounds_to_zero_has_no_sign() -> None:
    reason = reason_of(ReasonCode.BATTERY_IS_EMPTY, {"price": -0.0001})

    assert wording("de").sentence(reason).endswith("für 0,0 ct.")


# -- the other parts of a plan ---------------------------------------------------------------------


def wish(reached_kwh: float, target_kwh: float, capacity_kwh: float | None) -> UnmetWish:
    return UnmetWish(
        car="ev",
        title="e-Golf",
        target_kwh=target_kwh,
        reached_kwh=reached_kwh,
        capacity_kwh=capacity_kwh,
        by=datetime(2026, 11, 22, 18, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("unmet", "german", "english"),
    [
        (
            wish(25.2, 32.0, 40.0),
            "e-Golf: 63 % statt 80 % bis 19:00",
            "e-Golf: 63 % instead of 80 % by 19:00",
        ),
        (
            wish(31.9, 32.0, 40.0),
            "e-Golf: 79,8 % statt 80,0 % bis 19:00",
            "e-Golf: 79.8 % instead of 80.0 % by 19:00",
        ),
        (
            wish(12.34, 20.0, None),
            "e-Golf: 12,3 kWh statt 20,0 kWh bis 19:00",
            "e-Golf: 12.3 kWh instead of 20.0 kWh by 19:00",
        ),
    ],
)
def test_an_unmet_wish_names_what_is_reached(unmet: UnmetWish, german: str, english: str) -> None:
    assert wording("de").unmet(unmet) == german
    assert wording("en").unmet(unmet) == english


def test_what_if_tells_the_price_of_the_opposite() -> None:
    dear = WhatIf(device="", decision=Decision.REST, opposite=Decision.CHARGE, extra_eur=0.42)
    free = WhatIf(device="ev", decision=Decision.CHARGE, opposite=Decision.REST, extra_eur=0.0)
    small = WhatIf(device="", decision=Decision.DISCHARGE, opposite=Decision.REST, extra_eur=0.003)

    assert [wording("de").what_if(one) for one in (dear, free, small)] == [
        "Jetzt zu laden statt zu warten kostet 0,42 € mehr.",
        "e-Golf: Jetzt zu warten statt zu laden kostet gleich viel.",
        "Jetzt zu warten statt zu entladen kostet 0,3 ct mehr.",
    ]
    assert [wording("en").what_if(one) for one in (dear, free, small)] == [
        "Charging now instead of waiting costs €0.42 more.",
        "e-Golf: Waiting now instead of charging costs the same.",
        "Waiting now instead of discharging costs 0.3 ct more.",
    ]


def test_a_rule_tells_its_cost_and_that_of_a_day() -> None:
    cost = RuleCost(rule=OwnerRule.BUFFER, device="", eur=0.24, eur_per_day=0.12)
    free = RuleCost(rule=OwnerRule.DEADLINE, device="ev", eur=0.0, eur_per_day=0.0)

    assert (
        wording("de").rule(cost)
        == "Den Puffer zu halten kostet in diesem Plan 0,24 € (0,12 € am Tag)."
    )
    assert wording("en").rule(cost) == "Keeping the buffer costs €0.24 in this plan (€0.12 a day)."
    assert wording("de").rule(free).endswith("kostet in diesem Plan nichts.")
    assert wording("en").rule(free).endswith("costs nothing in this plan.")


def change(total_eur: float, parts: dict[ChangeCause, float], kept_eur: float) -> PlanChange:
    return PlanChange(
        since=NOW - timedelta(minutes=20),
        total_eur=total_eur,
        parts=tuple(ChangePart(cause=cause, eur=eur) for cause, eur in parts.items()),
        moved_kwh=1.2,
        kept_gain_eur=kept_eur,
    )


def test_a_change_names_its_biggest_parts_and_what_keeping_the_plan_costs() -> None:
    parts = {
        ChangeCause.TIME: 0.01,
        ChangeCause.PRICE: -0.11,
        ChangeCause.PV: 0.52,
        ChangeCause.LOAD: 0.0001,
    }
    dearer = change(0.42, parts, 0.003)

    assert wording("de").change(dearer) == (
        "Seit dem Plan von 12:45 wird es 0,42 € teurer (Sonnenprognose +0,52 €, Strompreise "
        "−0,11 €). Der Plan bleibt möglichst, wie er war; ein neuer brächte 0,3 ct."
    )
    assert wording("en").change(dearer) == (
        "Since the plan of 12:45 it has become €0.42 dearer (solar forecast +€0.52, prices "
        "−€0.11). The plan stays as it was where it can; a new one would gain 0.3 ct."
    )


def test_a_change_that_costs_nothing_says_so() -> None:
    assert wording("de").change(change(0.0, {}, 0.0)) == (
        "Seit dem Plan von 12:45 sind die Kosten gleich geblieben."
    )
    assert wording("en").change(change(-0.2, {}, 0.0)) == (
        "Since the plan of 12:45 it has become €0.20 cheaper."
    )


NO_WAY_AT_ALL = {
    SkipCause.NO_PRICES,
    SkipCause.NO_FORECAST,
    SkipCause.NO_READING,
    SkipCause.BAD_INPUT,
    SkipCause.NOTHING_TO_PLAN,
}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("cause", sorted(NO_WAY_AT_ALL))
def test_what_leaves_no_way_to_plan_is_told_without_naming_one(
    lang: Lang, cause: SkipCause
) -> None:
    told = {wording(lang).skipped(Skipped(rung=rung, cause=cause)) for rung in Rung}

    (sentence,) = told
    assert ":" not in sentence


@pytest.mark.parametrize("lang", LANGS)
def test_everything_that_can_be_skipped_changed_or_decided_has_words(lang: Lang) -> None:
    words = wording(lang)

    told = [
        *(
            words.skipped(Skipped(rung=rung, cause=cause))
            for rung, cause in itertools.product(Rung, set(SkipCause) - NO_WAY_AT_ALL)
        ),
        *(words.skipped(Skipped(rung=Rung.EXACT, cause=cause)) for cause in NO_WAY_AT_ALL),
        *(words.rule(RuleCost(rule=rule, device="", eur=1, eur_per_day=1)) for rule in OwnerRule),
        *(words.change(change(1.0, {cause: 1.0}, 0.0)) for cause in ChangeCause),
        *(
            words.what_if(WhatIf(device="", decision=one, opposite=other, extra_eur=1.0))
            for one, other in itertools.permutations(Decision, 2)
        ),
        *(words.rung(rung) for rung in Rung),
        *(words.status(status) for status in PlanStatus),
    ]

    assert all(told)
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("assumption", Assumption)
def test_every_assumption_has_a_sentence_of_its_own(lang: Lang, assumption: Assumption) -> None:
    sentence = wording(lang).assumed(assumption.value)

    assert sentence.endswith(".")
    assert not sentence.endswith(f": {assumption.value.replace('_', ' ')}.")


def test_an_assumption_of_another_version_is_told_as_it_is_called() -> None:
    assert wording("de").assumed("moon_phase") == "Angenommen ist: moon phase."
    assert wording("en").assumed("moon_phase") == "Assumed: moon phase."
