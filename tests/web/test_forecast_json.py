"""What is expected and how right it was, as the page and programs get it."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from enum import StrEnum

import pytest
from starlette.testclient import TestClient

from domain.forecast import ChoiceReason, ForecastKind
from domain.history import EnergySource, ImportState
from domain.outlook import AccuracyReport, Away, Outlook, WindowPurpose
from tests.support.model_ts import OneOf, Word, mismatches, read_model
from tests.support.shown_state import NOON, bare_state, full_accuracy, full_outlook, full_state
from tests.support.web_service import Service
from web.forecast_json import accuracy_to_json, forecast_to_json

MODEL = read_model()
QUARTER = timedelta(minutes=15)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with service.client() as client:
        yield client


# -- their form ----------------------------------------------------------------------------------


@pytest.mark.parametrize("outlook", [None, full_outlook()], ids=["none", "full"])
@pytest.mark.parametrize("accuracy", [None, full_accuracy()], ids=["unjudged", "judged"])
def test_a_forecast_has_exactly_the_form_the_page_expects(
    outlook: Outlook | None, accuracy: AccuracyReport | None
) -> None:
    shown = json.loads(json.dumps(forecast_to_json(outlook, accuracy)))

    assert mismatches(shown, MODEL["Forecast"], MODEL) == []


@pytest.mark.parametrize("accuracy", [None, full_accuracy()], ids=["unjudged", "judged"])
def test_an_accuracy_has_exactly_the_form_the_page_expects(
    accuracy: AccuracyReport | None,
) -> None:
    shown = json.loads(json.dumps(accuracy_to_json(accuracy)))

    assert mismatches(shown, MODEL["AccuracyReport"], MODEL) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ForecastKind", ForecastKind),
        ("ChoiceReason", ChoiceReason),
        ("WindowPurpose", WindowPurpose),
        ("EnergySource", EnergySource),
        ("ImportState", ImportState),
    ],
)
def test_the_page_knows_every_word(name: str, words: type[StrEnum]) -> None:
    named = MODEL[name]

    assert isinstance(named, OneOf)
    known = {option.name.strip('"') for option in named.options if isinstance(option, Word)}
    assert known == {word.value for word in words}


def test_the_names_are_those_of_the_service_itself() -> None:
    forecast = forecast_to_json(full_outlook(), None)
    accuracy = accuracy_to_json(full_accuracy())

    assert set(forecast) == {part.name for part in fields(Outlook)} | {"accuracy"}
    assert set(accuracy) == {part.name for part in fields(AccuracyReport)}


# -- their numbers -------------------------------------------------------------------------------


def test_powers_have_three_decimals_and_prices_five() -> None:
    outlook = full_outlook()
    bands = {one.kind: one.band for one in outlook.expectations}
    rough = {
        ForecastKind.PV: replace(bands[ForecastKind.PV], p50=(1.23456789,) * 192),
        ForecastKind.IMPORT_PRICE: replace(
            bands[ForecastKind.IMPORT_PRICE], p50=(0.123456789,) * 192
        ),
    }
    outlook = replace(
        outlook,
        expectations=tuple(
            replace(one, band=rough.get(one.kind, one.band)) for one in outlook.expectations
        ),
    )

    shown = json.loads(json.dumps(forecast_to_json(outlook, None)))

    middles = {one["kind"]: one["band"]["p50"][0] for one in shown["expectations"]}
    assert (middles["pv"], middles["import_price"]) == (1.235, 0.12346)


def test_what_is_not_known_is_null_and_never_zero() -> None:
    outlook = full_outlook()
    gap = (None, *outlook.provider_kw[1:])

    shown = forecast_to_json(replace(outlook, provider_kw=gap), None)

    assert shown["provider_kw"] == [None, *[2.5] * 191]


@pytest.mark.parametrize("n_slots", [192, 188, 196, 288])
def test_every_quarter_hour_is_there_however_long_the_days_are(n_slots: int) -> None:
    shown = json.loads(json.dumps(forecast_to_json(full_outlook(n_slots=n_slots), None)))

    lengths = {
        len(one["band"][level]) for one in shown["expectations"] for level in ("p10", "p50", "p90")
    }
    assert lengths == {n_slots} == {len(shown["provider_kw"])}


@pytest.mark.parametrize(
    ("until", "told"), [(None, None), (NOON + QUARTER, "2026-06-21T12:15:00+00:00")]
)
def test_when_they_come_back_is_told_where_the_owner_has_said_it(
    until: datetime | None, told: str | None
) -> None:
    away = Away(since=NOON - QUARTER, share_frac=0.4, until=until)

    shown = json.loads(json.dumps(forecast_to_json(replace(full_outlook(), away=away), None)))

    assert shown["away"]["until"] == told


# -- their routes --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_started", [False, True], ids=["before the first cycle", "after it"])
def test_from_the_first_minute_there_is_an_honest_empty_answer(
    service: Service, client: TestClient, *, is_started: bool
) -> None:
    if is_started:
        service.store.update(bare_state())

    forecast, accuracy = client.get("/forecast"), client.get("/forecast/accuracy")

    assert (forecast.status_code, accuracy.status_code) == (200, 200)
    assert forecast.json() == forecast_to_json(None, None)
    assert accuracy.json() == accuracy_to_json(None)
    assert (forecast.json()["issued_at"], forecast.json()["confidence"]) == (None, None)


def test_the_latest_forecast_is_answered_with_its_accuracy(
    service: Service, client: TestClient
) -> None:
    service.store.update(full_state())
    service.store.update(
        replace(full_state(), outlook=replace(full_outlook(), issued_at=NOON + QUARTER))
    )

    answer = client.get("/forecast")

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert shown["issued_at"] == (NOON + QUARTER).isoformat()
    assert len(shown["expectations"][0]["band"]["p50"]) == 192
    assert [one["coverage_frac"] for one in shown["accuracy"]] == [0.81, 0.81]
    assert client.get("/forecast/accuracy").json() == accuracy_to_json(full_accuracy())


def test_the_state_only_says_that_there_is_a_new_forecast(
    service: Service, client: TestClient
) -> None:
    service.store.update(full_state())

    status = client.get("/status")

    assert status.json()["forecast"] == {
        "issued_at": NOON.isoformat(),
        "start": NOON.isoformat(),
    }
    assert len(status.content) < len(client.get("/forecast").content)
    assert "p50" not in status.text


def test_the_state_tells_how_the_imports_go(service: Service, client: TestClient) -> None:
    service.store.update(full_state())

    history = client.get("/status").json()["history"]

    assert [(one["source"], one["state"]) for one in history["imports"]] == [
        ("evcc", "running"),
        ("influx", "failed"),
    ]
    assert history["problem"] == "the disk is full"
