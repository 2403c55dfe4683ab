"""What the page may ask of control: what becomes a wish, what is refused and why, and the log."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from domain.control import ControlStatus, InCharge
from domain.site import Loadpoint, SiteSnapshot
from domain.state import SystemState
from domain.steering import Override, OverrideKind, Stage, StageMode
from inbox import EndOverride, SetStage, StartOverride, Wish
from tests.support.model_ts import MODEL_TS, mismatches, read_model
from tests.support.shown_state import NOON, bare_state, command_record, full_state
from tests.support.web_service import STRANGER, Service
from web.control_routes import MOST_WRITES, next_morning

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
RUNNING = Override(kind=OverrideKind.CHARGE_NOW, since=NOON, until=NOON + HOUR, device="lp-1")
JSON = {"content-type": "application/json"}


def site_of(state: SystemState) -> SiteSnapshot:
    assert state.site is not None
    return state.site


def state_in_charge() -> SystemState:
    """A home whose buffer is live, with one car that charges and nothing asked for."""
    state = full_state()
    return replace(
        state,
        service=replace(state.service, observe_only=False, config_problems=()),
        control=ControlStatus(in_charge=InCharge.LIVE, until=None, owned=()),
    )


def automatic(state: SystemState) -> SystemState:
    return in_charge(
        replace(state, site=replace(site_of(state), automatic_mode=True)), InCharge.EVCC_AUTOMATIC
    )


def in_charge(state: SystemState, who: InCharge) -> SystemState:
    return replace(state, control=replace(state.control, in_charge=who))


def observing_only(state: SystemState) -> SystemState:
    return replace(state, service=replace(state.service, observe_only=True))


def with_loadpoint(state: SystemState, loadpoint: Loadpoint) -> SystemState:
    return replace(state, site=replace(site_of(state), loadpoints=(loadpoint,)))


def uncontrollable(state: SystemState) -> SystemState:
    battery = site_of(state).battery
    assert battery is not None
    return replace(state, site=replace(site_of(state), battery=replace(battery, devices=())))


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    service.store.update(state_in_charge())
    with service.client() as client:
        yield client


def show(service: Service, state: SystemState) -> None:
    service.store.update(state)


ORDERS = [
    ("/control/stage", {"stage": "cars", "mode": "live"}),
    ("/control/charge-now", {"device": "lp-1"}),
    ("/control/keep-full", {}),
]


# -- who has the say -----------------------------------------------------------------------------


def test_while_evccs_automatic_mode_is_on_nobody_can_take_over(
    service: Service, client: TestClient
) -> None:
    show(service, automatic(state_in_charge()))

    answer = client.post("/control/resume")

    assert (answer.status_code, answer.json()["code"]) == (409, "evcc_automatic")
    assert "Switch its automatic mode off in evcc first" in answer.json()["error"]
    assert service.inbox.take() == ()


def test_once_evccs_automatic_mode_is_off_one_can_take_over(
    service: Service, client: TestClient
) -> None:
    show(service, in_charge(state_in_charge(), InCharge.EVCC_AUTOMATIC))

    assert client.post("/control/resume").json() == {"ok": True}
    assert service.inbox.take() == (Wish.TAKE_CONTROL,)


def test_everything_can_be_handed_back_whoever_is_in_charge(
    service: Service, client: TestClient
) -> None:
    show(service, automatic(state_in_charge()))

    assert client.post("/control/release").json() == {"ok": True}
    assert service.inbox.take() == (Wish.RELEASE,)


@pytest.mark.parametrize("stage", ["battery", "cars"])
@pytest.mark.parametrize("mode", ["live", "observing"])
def test_a_stage_is_set(service: Service, client: TestClient, stage: str, mode: str) -> None:
    answer = client.post("/control/stage", json={"stage": stage, "mode": mode})

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert service.inbox.take() == (SetStage(stage=Stage(stage), mode=StageMode(mode)),)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"stage": "buffer", "mode": "live"}, "“stage” must be battery or cars (the buffer: "),
        ({"stage": "all", "mode": "live"}, "“stage” must be battery or cars"),
        ({"stage": "cars", "mode": "on"}, "“mode” must be live or observing"),
        ({"stage": "cars"}, "“mode” is missing"),
        ({"stage": "cars", "mode": "live", "for": 3}, "“for” is not known here"),
    ],
)
def test_an_unknown_stage_or_mode_is_refused_with_what_is_allowed(
    service: Service, client: TestClient, body: dict[str, object], error: str
) -> None:
    answer = client.post("/control/stage", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert error in answer.json()["error"]
    assert service.inbox.take() == ()


@pytest.mark.parametrize(("path", "body"), ORDERS)
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (automatic(state_in_charge()), "evcc_automatic"),
        (observing_only(state_in_charge()), "observe_only"),
        (in_charge(state_in_charge(), InCharge.RELEASED), "released"),
        (in_charge(state_in_charge(), InCharge.EVCC_AUTOMATIC), "released"),
    ],
    ids=["automatic", "wrong options", "released", "automatic was on"],
)
def test_what_would_not_be_written_is_refused_with_the_reason(  # noqa: PLR0913, PLR0917
    service: Service,
    client: TestClient,
    path: str,
    body: dict[str, object],
    state: SystemState,
    code: str,
) -> None:
    show(service, state)

    answer = client.post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert service.inbox.take() == ()


def test_a_stage_may_observe_again_whoever_is_in_charge(
    service: Service, client: TestClient
) -> None:
    show(service, automatic(state_in_charge()))

    answer = client.post("/control/stage", json={"stage": "cars", "mode": "observing"})

    assert answer.json() == {"ok": True}


@pytest.mark.parametrize(("path", "body"), [*ORDERS, ("/control/end", {"kind": "holiday"})])
def test_before_the_first_cycle_orders_have_to_wait(
    service: Service, path: str, body: dict[str, object]
) -> None:
    answer = service.client().post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (503, "starting")


# -- a car at once -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "minutes"), [({}, 90), ({"minutes": 5}, 5), ({"minutes": 1440}, 1440)]
)
def test_a_car_is_charged_for_so_long(
    service: Service, client: TestClient, body: dict[str, object], minutes: int
) -> None:
    answer = client.post("/control/charge-now", json={"device": "lp-1", **body})

    until = NOON + timedelta(minutes=minutes)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "until": until.isoformat()})
    override = Override(kind=OverrideKind.CHARGE_NOW, since=NOON, until=until, device="lp-1")
    assert service.inbox.take() == (StartOverride(override=override),)


@pytest.mark.parametrize("minutes", ["4", "1441", "0", "-5", "90.0", "true", '"90"', "null", "NaN"])
def test_other_minutes_are_refused(service: Service, client: TestClient, minutes: str) -> None:
    content = f'{{"device": "lp-1", "minutes": {minutes}}}'

    answer = client.post("/control/charge-now", content=content, headers=JSON)

    assert answer.status_code == 400
    assert "“minutes” must be a whole number from 5 to 1440" in answer.json()["error"]
    assert service.inbox.take() == ()


def test_an_unknown_loadpoint_is_refused_with_those_there_are(
    service: Service, client: TestClient
) -> None:
    answer = client.post("/control/charge-now", json={"device": "lp-9"})

    assert answer.status_code == 404
    assert answer.json() == {
        "error": "There is no such loadpoint; there are: lp-1 (Carport).",
        "code": "no_loadpoint",
    }
    assert service.inbox.take() == ()


def test_before_evcc_was_read_there_is_no_loadpoint(service: Service, client: TestClient) -> None:
    show(service, bare_state())

    answer = client.post("/control/charge-now", json={"device": "lp-1"})

    assert (answer.status_code, answer.json()["code"]) == (404, "no_loadpoint")
    assert "evcc has named none yet" in answer.json()["error"]


@pytest.mark.parametrize("change", [{"connected": False}, {"is_heater": True}])
def test_without_a_car_none_is_charged(
    service: Service, client: TestClient, change: dict[str, bool]
) -> None:
    state = state_in_charge()
    (loadpoint,) = site_of(state).loadpoints
    show(service, with_loadpoint(state, replace(loadpoint, **change)))  # type: ignore[arg-type]  # both are flags

    answer = client.post("/control/charge-now", json={"device": "lp-1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "no_car")
    assert "“Carport”" in answer.json()["error"]


# -- a full battery ------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"until": None}])
def test_the_battery_is_kept_full_until_the_morning(
    service: Service, client: TestClient, body: dict[str, object] | None
) -> None:
    answer = client.post("/control/keep-full", json=body)

    # Noon UTC is 14:00 at this home.
    morning = datetime(2026, 6, 22, 6, tzinfo=UTC)
    assert answer.json() == {"ok": True, "until": "2026-06-22T06:00:00+00:00"}
    override = Override(kind=OverrideKind.KEEP_FULL, since=NOON, until=morning)
    assert service.inbox.take() == (StartOverride(override=override),)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("2026-06-21T12:00:01Z", "2026-06-21T12:00:01+00:00"),
        ("2026-06-22T08:00:00+02:00", "2026-06-22T06:00:00+00:00"),
        ("2026-06-28T12:00:00+00:00", "2026-06-28T12:00:00+00:00"),
    ],
)
def test_the_battery_is_kept_full_until_a_chosen_time(
    service: Service, client: TestClient, until: str, told: str
) -> None:
    answer = client.post("/control/keep-full", json={"until": until})

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "until": told})
    (wish,) = service.inbox.take()
    assert isinstance(wish, StartOverride)
    assert wish.override.until == datetime.fromisoformat(told)


@pytest.mark.parametrize(
    "until", ["2026-06-21T12:00:00+00:00", "2026-06-20T12:00:00Z", "2026-06-28T12:00:01+00:00"]
)
def test_a_battery_is_not_kept_full_until_the_past_or_beyond_a_week(
    service: Service, client: TestClient, until: str
) -> None:
    answer = client.post("/control/keep-full", json={"until": until})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["error"] == "The end must lie within the next 7 days."
    assert service.inbox.take() == ()


@pytest.mark.parametrize("path", ["/control/keep-full", "/control/holiday"])
@pytest.mark.parametrize(
    "until",
    [
        '"2026-06-22T08:00:00"',
        '"tomorrow"',
        '""',
        "1782050400",
        '"1782050400"',
        "true",
        "[]",
        "{}",
        '"0001-01-01T00:00:00+23:00"',
        '"9999-12-31T23:59:59-23:00"',
        '"2026-02-30T08:00:00Z"',
    ],
)
def test_a_time_that_is_none_is_refused_with_an_example(
    service: Service, client: TestClient, path: str, until: str
) -> None:
    answer = client.post(path, content=f'{{"until": {until}}}', headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "“until” must be a time with its offset, such as 2026" in answer.json()["error"]
    assert service.inbox.take() == ()


@pytest.mark.parametrize(
    "state",
    [
        replace(state_in_charge(), site=None),
        replace(state_in_charge(), site=replace(site_of(state_in_charge()), battery=None)),
        uncontrollable(state_in_charge()),
    ],
    ids=["no reading", "no battery", "not controllable"],
)
def test_without_a_battery_that_evcc_controls_none_is_kept_full(
    service: Service, client: TestClient, state: SystemState
) -> None:
    show(service, state)

    answer = client.post("/control/keep-full", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "no_battery")
    assert service.inbox.take() == ()


@pytest.mark.parametrize(
    ("now", "zone", "morning"),
    [
        ("2026-06-21T12:00+02:00", BERLIN, "2026-06-22T08:00+02:00"),
        ("2026-06-22T02:00+02:00", BERLIN, "2026-06-22T08:00+02:00"),
        ("2026-06-22T02:01+02:00", BERLIN, "2026-06-23T08:00+02:00"),
        ("2026-06-22T08:00+02:00", BERLIN, "2026-06-23T08:00+02:00"),
        # The night is an hour shorter, or longer.
        ("2026-03-29T01:30+01:00", BERLIN, "2026-03-30T08:00+02:00"),
        ("2026-10-25T02:30+02:00", BERLIN, "2026-10-25T08:00+01:00"),
        ("2026-06-21T12:00+00:00", UTC, "2026-06-22T08:00+00:00"),
    ],
)
def test_the_morning_is_eight_by_the_homes_clock_and_six_hours_away(
    now: str, zone: tzinfo, morning: str
) -> None:
    found = next_morning(datetime.fromisoformat(now).astimezone(UTC), zone)

    assert found == datetime.fromisoformat(morning)
    assert found.tzinfo is UTC


# -- a holiday -----------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 60])
def test_a_holiday_lasts_until_its_end(service: Service, client: TestClient, days: int) -> None:
    until = NOON + days * DAY

    answer = client.post("/control/holiday", json={"until": until.isoformat()})

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "until": until.isoformat()})
    override = Override(kind=OverrideKind.HOLIDAY, since=NOON, until=until)
    assert service.inbox.take() == (StartOverride(override=override),)


@pytest.mark.parametrize("until", [NOON, NOON - DAY, NOON + 60 * DAY + timedelta(seconds=1)])
def test_a_holiday_does_not_end_in_the_past_or_in_months(
    service: Service, client: TestClient, until: datetime
) -> None:
    answer = client.post("/control/holiday", json={"until": until.isoformat()})

    assert answer.status_code == 400
    assert answer.json()["error"] == "The end must lie within the next 60 days."
    assert service.inbox.take() == ()


def test_a_holiday_without_an_end_is_refused(client: TestClient) -> None:
    assert "“until” is missing" in client.post("/control/holiday", json={}).json()["error"]


def test_a_holiday_is_believed_whoever_is_in_charge(service: Service, client: TestClient) -> None:
    show(service, automatic(state_in_charge()))

    answer = client.post("/control/holiday", json={"until": (NOON + DAY).isoformat()})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/charge-now", {"device": "lp-1"}),
        ("/control/keep-full", {}),
        ("/control/holiday", {"until": (NOON + DAY).isoformat()}),
    ],
)
def test_without_a_set_clock_nothing_is_asked_for_from_now_on(
    service: Service, client: TestClient, path: str, body: dict[str, object]
) -> None:
    service.clock.now_is = datetime(1970, 1, 1, tzinfo=UTC)

    answer = client.post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (503, "clock_not_set")
    assert service.inbox.take() == ()


# -- ending a wish -------------------------------------------------------------------------------


def running(*overrides: Override) -> SystemState:
    state = state_in_charge()
    return replace(state, control=replace(state.control, overrides=overrides))


def test_a_wish_is_ended_before_its_time(service: Service, client: TestClient) -> None:
    show(service, running(RUNNING))

    answer = client.post("/control/end", json={"kind": "charge_now", "device": "lp-1"})

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert service.inbox.take() == (EndOverride(kind=OverrideKind.CHARGE_NOW, device="lp-1"),)


def test_a_wish_of_the_whole_home_is_ended_without_a_device(
    service: Service, client: TestClient
) -> None:
    show(service, running(replace(RUNNING, kind=OverrideKind.HOLIDAY, device="")))

    assert client.post("/control/end", json={"kind": "holiday"}).status_code == 200
    assert service.inbox.take() == (EndOverride(kind=OverrideKind.HOLIDAY),)


@pytest.mark.parametrize(
    "body",
    [{"kind": "keep_full"}, {"kind": "charge_now"}, {"kind": "charge_now", "device": "lp-2"}],
)
def test_what_does_not_run_cannot_be_ended(
    service: Service, client: TestClient, body: dict[str, object]
) -> None:
    show(service, running(RUNNING))

    answer = client.post("/control/end", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "no_override")
    assert service.inbox.take() == ()


# -- the log of writes ---------------------------------------------------------------------------


def test_the_log_tells_the_newest_write_first(service: Service, client: TestClient) -> None:
    service.commands = tuple(command_record(NOON - hours * HOUR) for hours in (3, 2, 1, 0))

    log = client.get("/control/writes").json()

    assert [one["at"] for one in log["writes"]] == [
        (NOON - hours * HOUR).isoformat() for hours in range(4)
    ]
    assert log["more"] is False


def test_a_write_of_the_log_has_the_form_the_page_expects(
    service: Service, client: TestClient
) -> None:
    service.commands = (command_record(),)
    model = read_model(MODEL_TS)

    log = client.get("/control/writes").json()

    assert mismatches(log, model["WriteLog"], model) == []
    assert log["writes"][0]["title"] == "Carport"


@pytest.mark.parametrize(("query", "n_days"), [("", 7), ("?days=1", 1), ("?days=31", 31)])
def test_the_log_goes_back_so_many_days(
    service: Service, client: TestClient, query: str, n_days: int
) -> None:
    inside = command_record(NOON - n_days * DAY)
    outside = command_record(NOON - n_days * DAY - timedelta(seconds=1))
    service.commands = (outside, inside)

    log = client.get(f"/control/writes{query}").json()

    assert [one["at"] for one in log["writes"]] == [inside.at.isoformat()]


@pytest.mark.parametrize("days", ["0", "32", "-1", "x", "", "1.5", "9" * 5000])
def test_other_days_of_the_log_are_refused_with_what_is_allowed(
    client: TestClient, days: str
) -> None:
    answer = client.get(f"/control/writes?days={days}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "“days” must be a whole number from 1 to 31" in answer.json()["error"]


def test_of_many_writes_the_log_has_the_newest_and_says_that_there_are_more(
    service: Service, client: TestClient
) -> None:
    service.commands = tuple(
        command_record(NOON - timedelta(minutes=number)) for number in range(MOST_WRITES, -1, -1)
    )

    log = client.get("/control/writes").json()

    assert log["more"] is True
    assert len(log["writes"]) == MOST_WRITES
    assert log["writes"][0]["at"] == NOON.isoformat()


def test_the_log_can_be_read_before_the_first_cycle(service: Service) -> None:
    service.commands = (command_record(),)

    (write,) = service.client().get("/control/writes").json()["writes"]

    assert write["title"] == "lp-1"


def test_the_log_is_not_kept_by_anybody(client: TestClient) -> None:
    assert client.get("/control/writes").headers["cache-control"] == "no-store"


# -- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *ORDERS,
        ("/control/holiday", {"until": (NOON + DAY).isoformat()}),
        ("/control/end", {"kind": "holiday"}),
    ],
)
def test_a_stranger_asks_for_nothing(service: Service, path: str, body: dict[str, object]) -> None:
    service.store.update(state_in_charge())

    answer = service.client(STRANGER).post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (403, "no_password_set")
    assert service.inbox.take() == ()


@pytest.mark.parametrize(
    ("state", "path", "body"),
    [
        (automatic(state_in_charge()), "/control/resume", None),
        (observing_only(state_in_charge()), *ORDERS[0]),
        (in_charge(state_in_charge(), InCharge.RELEASED), *ORDERS[1]),
        (state_in_charge(), "/control/charge-now", {"device": "lp-9"}),
        (replace(state_in_charge(), site=None), "/control/keep-full", {}),
        (state_in_charge(), "/control/end", {"kind": "holiday"}),
        (state_in_charge(), "/control/holiday", {"until": NOON.isoformat()}),
        (state_in_charge(), "/control/stage", {"stage": "buffer", "mode": "live"}),
    ],
)
def test_a_refusal_has_a_sentence_in_each_language(
    service: Service, client: TestClient, state: SystemState, path: str, body: object
) -> None:
    show(service, state)

    german = client.post(path, json=body, headers={"accept-language": "de"}).json()
    english = client.post(path, json=body, headers={"accept-language": "en"}).json()

    assert german["code"] == english["code"]
    assert german["error"] != english["error"]
