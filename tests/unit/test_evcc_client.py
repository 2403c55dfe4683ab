"""What the client sends to evcc, what it does not, and what it makes of evcc's answers."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest

from domain.control import (
    BATTERY_MODE,
    BUFFER,
    AppliedSetting,
    EvccSetting,
    Lever,
    SettingValue,
)
from domain.site import BatteryMode, ChargeMode
from errors import (
    EvccAutomaticModeError,
    EvccRejectedError,
    EvccUnavailableError,
    EvccUnreadableError,
    SmartLoadError,
    WriteRefusedError,
)
from evcc_bounds import path_number
from evcc_client import EvccClient
from tests.support.small_evcc import SmallEvcc, not_found, refused

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PRIORITY = Lever(setting=EvccSetting.PRIORITY_SOC)
START = Lever(setting=EvccSetting.BUFFER_START_SOC)
MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="db:4")
COST_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="db:4")
BOOST = Lever(setting=EvccSetting.BATTERY_BOOST, device="db:4")
BOOST_LIMIT = Lever(setting=EvccSetting.BATTERY_BOOST_LIMIT, device="db:4")


class Recorder:
    """A guard that writes down what it is told and may refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.refusal: WriteRefusedError | None = None

    def before_write(self, lever: Lever, old: SettingValue, new: SettingValue) -> None:
        self.told.append(("before", lever, old, new))
        if self.refusal is not None:
            raise self.refusal

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        self.told.append(("after", lever, accepted))


@pytest.fixture
def evcc() -> SmallEvcc:
    return SmallEvcc()


@pytest.fixture
def guard() -> Recorder:
    return Recorder()


@pytest.fixture
def client(evcc: SmallEvcc, guard: Recorder) -> Iterator[EvccClient]:
    client = EvccClient("http://evcc:7070/", guard=guard, transport=evcc.transport)
    yield client
    client.close()


def answering(*responses: httpx2.Response | Exception) -> EvccClient:
    """Return a client of something that answers with ``responses``, one after the other."""
    left = list(responses)

    def answer(request: httpx2.Request) -> httpx2.Response:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return response

    return EvccClient("http://evcc:7070", transport=httpx2.MockTransport(answer))


# Reading


def test_a_reading_has_the_time_it_was_given(client: EvccClient) -> None:
    site = client.read_site(NOW)

    assert site.read_at == NOW
    assert site.title == "Small"
    assert client.base_url == "http://evcc:7070"


def test_the_envelope_of_old_versions_changes_nothing(evcc: SmallEvcc, client: EvccClient) -> None:
    bare = client.read_site(NOW)
    evcc.has_envelope = True

    assert client.read_site(NOW) == bare
    assert client.set_buffer_soc(30).accepted_pct == 30


def test_what_the_forecast_lacks_comes_from_the_tariff_paths(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    slot = {"start": "2026-11-22T08:00:00Z", "end": "2026-11-22T09:00:00Z"}
    evcc.forecast = {"grid": [[1795335300, 1795336200, 0.3]]}
    evcc.tariffs = {
        "grid": [{**slot, "value": 9}],
        "feedin": [{**slot, "price": 0.08}],
        "solar": [{**slot, "value": 1500}],
    }

    site = client.read_site(NOW)

    assert [rate.price_eur_per_kwh for rate in site.import_rates] == [0.3]
    assert [rate.price_eur_per_kwh for rate in site.export_rates] == [0.08]
    assert [slot.power_kw for slot in site.solar] == [1.5]


def test_prices_of_the_tariff_path_are_what_limits_are_compared_with(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    slot = {"start": "2026-11-22T08:00:00Z", "end": "2026-11-22T09:00:00Z", "value": 0.3}
    evcc.tariffs = {"grid": [slot]}

    site = client.read_site(NOW)

    assert [rate.price_eur_per_kwh for rate in site.limit_rates] == [0.3]


def test_tariffs_that_evcc_does_not_have_are_empty(client: EvccClient) -> None:
    site = client.read_site(NOW)

    assert site.import_rates == site.export_rates == ()
    assert site.solar == ()
    assert site.implausible == ()


def test_a_tariff_that_fails_does_not_fail_the_reading(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.fault = lambda request: httpx2.Response(500) if "tariff" in request.url.path else None

    site = client.read_site(NOW)

    assert site.import_rates == ()
    assert "a tariff could not be read" in site.implausible[0]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpx2.ConnectError("Connection refused"), "does not answer at http://evcc:7070"),
        (httpx2.ConnectTimeout("slow"), "longer than 10 s"),
        (httpx2.ReadTimeout("slow"), "longer than 10 s"),
        (httpx2.RemoteProtocolError("cut"), "broke off"),
        (httpx2.InvalidURL("bad"), "no address"),
        (UnicodeError("label too long"), "no address"),
        (httpx2.Response(503), "status 503"),
        (httpx2.Response(301, headers={"location": "/login"}), "sends us elsewhere"),
        (httpx2.Response(401, text="Unauthorized\n"), "status 401"),
        (not_found(), "still starting, or it is not evcc"),
        (httpx2.Response(200, json={"apiReady": False, "loadpoints": []}), "starting"),
    ],
)
def test_an_evcc_that_is_away_says_how(failure: httpx2.Response | Exception, words: str) -> None:
    with pytest.raises(EvccUnavailableError, match=words):
        answering(failure).read_site(NOW)


@pytest.mark.parametrize("body", [b"", b"\n", b'{"loadpoints": [', b"<html>", b"[]", b"{}"])
def test_a_200_without_a_state_is_unreadable(body: bytes) -> None:
    with pytest.raises(EvccUnreadableError):
        answering(httpx2.Response(200, content=body)).read_site(NOW)


def test_a_compressed_answer_that_is_damaged_is_unavailable() -> None:
    damaged = gzip.compress(b'{"loadpoints": []}')[:-9] + b"garbage!!"

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            200, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(damaged)
        )

    client = EvccClient("http://evcc:7070", transport=httpx2.MockTransport(answer))
    with pytest.raises(EvccUnavailableError):
        client.read_site(NOW)


def test_an_answer_without_an_end_is_not_read_to_its_end() -> None:
    taken = 0

    class Endless(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal taken
            while True:
                taken += 1
                yield b" " * 1_000_000

    client = answering(httpx2.Response(200, stream=Endless()))

    with pytest.raises(EvccUnreadableError, match="does not end"):
        client.read_site(NOW)
    assert taken < 20


def test_an_answer_in_drops_ends_with_the_time_limit() -> None:
    class Drops(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b" "

    client = EvccClient(
        "http://evcc:7070",
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Drops())),
        timeout_s=0.01,
    )

    with pytest.raises(EvccUnavailableError, match="longer than"):
        client.read_site(NOW)


def test_no_password_is_shown() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    client = EvccClient("http://me:secret@evcc:7070", transport=httpx2.MockTransport(answer))

    with pytest.raises(EvccUnavailableError) as caught:
        client.read_site(NOW)
    assert "secret" not in str(caught.value) + client.base_url


@pytest.mark.parametrize(
    "url", ["evcc:7070", "", "http://", "ftp://evcc", "http://[", "http://a:b"]
)
def test_an_address_that_is_none_is_unavailable(url: str) -> None:
    client = EvccClient(url, timeout_s=0.5)

    with pytest.raises(EvccUnavailableError):
        client.read_site(NOW)


# The buffer


def test_a_new_buffer_is_sent_and_returned(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder
) -> None:
    client.read_site(NOW)

    applied = client.set_buffer_soc(62.5)

    assert evcc.buffer_soc == 62.5
    assert evcc.commands == ["POST /api/buffersoc/62.5"]
    assert applied == AppliedSetting(
        setting=EvccSetting.BUFFER_SOC, wanted_pct=62.5, accepted_pct=62.5
    )
    assert guard.told == [
        ("before", BUFFER, 50, 62.5),
        ("after", BUFFER, 62.5),
    ]


def test_a_buffer_that_evcc_has_is_not_sent(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder
) -> None:
    client.read_site(NOW)

    applied = client.set_buffer_soc(50)

    assert not applied.sent
    assert applied.accepted_pct == 50
    assert evcc.commands == []
    assert guard.told == []


def test_a_buffer_is_sent_once(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)

    client.set_buffer_soc(30)
    again = client.set_buffer_soc(30)

    assert not again.sent
    assert len(evcc.commands) == 1


@pytest.mark.parametrize(
    ("wanted", "accepted", "limited_by"),
    [
        (10, 20, EvccSetting.PRIORITY_SOC),
        (20, 20, None),
        (90, 90, None),
        (95, 90, EvccSetting.BUFFER_START_SOC),
    ],
)
def test_the_owners_bounds_hold(
    evcc: SmallEvcc,
    client: EvccClient,
    wanted: float,
    accepted: float,
    limited_by: EvccSetting | None,
) -> None:
    client.read_site(NOW)

    applied = client.set_buffer_soc(wanted)

    assert evcc.buffer_soc == applied.accepted_pct == accepted
    assert applied.wanted_pct == wanted
    assert applied.limited_by is limited_by
    assert applied.limit_pct == (None if limited_by is None else accepted)
    assert (evcc.priority_soc, evcc.buffer_start_soc) == (20, 90)


def test_a_start_soc_that_is_off_bounds_nothing(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.buffer_start_soc = 0
    client.read_site(NOW)

    assert client.set_buffer_soc(100).limited_by is None
    assert evcc.buffer_soc == 100


def test_a_value_moved_to_the_present_one_is_not_sent(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.buffer_soc = 20
    client.read_site(NOW)

    applied = client.set_buffer_soc(10)

    assert not applied.sent
    assert applied.limited_by is EvccSetting.PRIORITY_SOC
    assert evcc.commands == []


def test_bounds_that_leave_no_value_are_reported(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.priority_soc, evcc.buffer_soc, evcc.buffer_start_soc = 60, 0, 40
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match=r"prioritySoc 60% .* bufferStartSoc 40%"):
        client.set_buffer_soc(50)
    assert evcc.commands == []


def test_a_bound_moved_meanwhile_is_read_again(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder
) -> None:
    client.read_site(NOW)
    evcc.priority_soc = 40

    applied = client.set_buffer_soc(30)

    assert evcc.buffer_soc == applied.accepted_pct == 40
    assert (applied.limited_by, applied.limit_pct) == (EvccSetting.PRIORITY_SOC, 40)
    assert evcc.commands == ["POST /api/buffersoc/30", "POST /api/buffersoc/40"]
    assert guard.told[-1] == ("after", BUFFER, 40)


def test_a_refusal_without_a_moved_bound_is_evccs_own_text(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    client.read_site(NOW)
    evcc.fault = lambda request: refused("no mood") if request.method == "POST" else None

    with pytest.raises(EvccRejectedError, match="no mood") as caught:
        client.set_buffer_soc(30)
    assert caught.value.status == 400
    assert len(evcc.commands) == 1


def test_evccs_automatic_mode_is_an_error_of_its_own(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)
    evcc.fault = lambda _: refused("optimizer in charge", status=409)

    with pytest.raises(EvccAutomaticModeError, match="optimizer in charge"):
        client.set_buffer_soc(30)
    assert len(evcc.commands) == 1


def test_the_guard_stops_a_write(evcc: SmallEvcc, client: EvccClient, guard: Recorder) -> None:
    client.read_site(NOW)
    guard.refusal = WriteRefusedError("nicht gesichert")

    with pytest.raises(WriteRefusedError, match="nicht gesichert"):
        client.set_buffer_soc(30)
    assert evcc.commands == []
    assert evcc.buffer_soc == 50


@pytest.mark.parametrize("target", [0, 0.5, -5, 100.5, 850, float("nan"), float("inf")])
def test_a_target_out_of_range_is_not_sent(
    evcc: SmallEvcc, client: EvccClient, target: float
) -> None:
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError):
        client.set_buffer_soc(target)
    assert evcc.commands == []


def test_the_owners_off_is_handed_back(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)

    assert client.write(BUFFER, 0) == 0
    assert evcc.buffer_soc == 0


def test_all_three_settings_are_kept_in_order(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)

    assert client.write(PRIORITY, 70) == evcc.priority_soc == 50
    assert client.write(START, 30) == evcc.buffer_start_soc == 50
    assert client.write(START, 0) == evcc.buffer_start_soc == 0


def test_a_setting_that_evcc_has_is_not_written(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder
) -> None:
    client.read_site(NOW)

    held = [
        client.write(PRIORITY, 20),
        client.write(MODE, "pv"),
        client.write(COST_LIMIT, None),
        client.write(BOOST, False),
        client.write(BOOST_LIMIT, 99.8),
    ]

    assert held == [20, "pv", None, False, 100]
    assert evcc.commands == []
    assert guard.told == []


@pytest.mark.parametrize(
    ("lever", "old", "value", "command"),
    [
        (PRIORITY, 20, 30, "POST /api/prioritysoc/30"),
        (BATTERY_MODE, None, "hold", "POST /api/batterymode/hold"),
        (BATTERY_MODE, None, None, "DELETE /api/batterymode"),
        (MODE, "pv", "now", "POST /api/loadpoints/1/mode/now"),
        (COST_LIMIT, None, -0.05, "POST /api/loadpoints/1/smartcostlimit/-0.05"),
        (BOOST, False, True, "POST /api/loadpoints/1/batteryboost/true"),
        (BOOST_LIMIT, 100, 42, "POST /api/loadpoints/1/batteryboostlimit/42"),
    ],
)
def test_every_lever_is_one_command_of_which_the_guard_knows(
    lever: Lever, old: SettingValue, value: SettingValue, command: str
) -> None:
    evcc, guard = SmallEvcc(), Recorder()
    client = EvccClient("http://evcc:7070", guard=guard, transport=evcc.transport)
    client.read_site(NOW)

    assert client.write(lever, value) == value

    assert evcc.commands == [command]
    assert guard.told == [("before", lever, old, value), ("after", lever, value)]


@pytest.mark.parametrize(
    ("lever", "value"),
    [
        (BUFFER, 30),
        (BATTERY_MODE, "hold"),
        (BATTERY_MODE, None),
        (MODE, "now"),
        (COST_LIMIT, 0.2),
        (BOOST, True),
        (BOOST_LIMIT, 42),
    ],
)
def test_the_guard_stops_every_lever(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder, lever: Lever, value: SettingValue
) -> None:
    client.read_site(NOW)
    guard.refusal = WriteRefusedError("nicht gesichert")

    with pytest.raises(WriteRefusedError, match="nicht gesichert"):
        client.write(lever, value)
    assert evcc.commands == []


@pytest.mark.parametrize(
    ("lever", "value"),
    [
        (BUFFER, 101),
        (BUFFER, None),
        (PRIORITY, True),
        (START, "50"),
        (BATTERY_MODE, "unknown"),
        (BATTERY_MODE, "discharge"),
        (BATTERY_MODE, 2),
        (MODE, "unknown"),
        (MODE, "fast"),
        (MODE, None),
        (COST_LIMIT, float("nan")),
        (COST_LIMIT, 1e6),
        (COST_LIMIT, "0.2"),
        (BOOST, None),
        (BOOST, 1),
        (BOOST_LIMIT, 101),
        (BOOST_LIMIT, None),
    ],
)
def test_what_is_no_value_of_a_setting_is_not_sent(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder, lever: Lever, value: SettingValue
) -> None:
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError):
        client.write(lever, value)
    assert evcc.commands == []
    assert guard.told == []


def test_without_a_battery_nothing_is_written(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.has_battery = False
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="keine Hausbatterie"):
        client.set_buffer_soc(30)
    assert evcc.commands == []


def test_nothing_is_written_before_the_first_reading(evcc: SmallEvcc, client: EvccClient) -> None:
    with pytest.raises(EvccUnavailableError):
        client.set_buffer_soc(30)
    assert evcc.requests == []


def test_nothing_is_written_after_a_failed_reading(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)
    evcc.is_starting = True
    with pytest.raises(EvccUnavailableError):
        client.read_site(NOW)
    evcc.is_starting = False

    with pytest.raises(EvccUnavailableError):
        client.set_buffer_soc(30)
    assert evcc.commands == []

    client.read_site(NOW)
    assert client.set_buffer_soc(30).sent


@pytest.mark.parametrize("answer", [httpx2.Response(200), httpx2.Response(200, json="x")])
def test_after_an_answer_that_says_nothing_evcc_is_read_first(
    evcc: SmallEvcc, client: EvccClient, answer: httpx2.Response
) -> None:
    client.read_site(NOW)
    evcc.fault = lambda request: answer if request.method == "POST" else None

    with pytest.raises(EvccUnreadableError):
        client.set_buffer_soc(30)
    with pytest.raises(EvccUnavailableError):
        client.set_buffer_soc(30)
    assert len(evcc.commands) == 1


def test_a_write_to_a_restarting_evcc_is_no_refusal(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)
    evcc.is_starting = True

    with pytest.raises(EvccUnavailableError, match="starting"):
        client.set_buffer_soc(30)


def test_a_path_that_a_running_evcc_lacks_is_a_refusal(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)
    evcc.fault = lambda request: not_found() if request.method == "POST" else None

    with pytest.raises(EvccRejectedError) as caught:
        client.set_buffer_soc(30)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("number", "text"),
    [(12.5, "12.5"), (85.0, "85"), (0.0, "0"), (-0.0, "0"), (1e-5, "0.00001"), (-0.05, "-0.05")],
)
def test_numbers_in_paths_are_plain(number: float, text: str) -> None:
    assert path_number(number) == text


# The battery


def test_a_battery_mode_is_posted_every_time(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)

    assert client.write(BATTERY_MODE, BatteryMode.HOLD) == "hold"
    assert client.write(BATTERY_MODE, "hold") == "hold"
    assert client.write(BATTERY_MODE, None) is None

    assert evcc.commands == [
        "POST /api/batterymode/hold",
        "POST /api/batterymode/hold",
        "DELETE /api/batterymode",
    ]


def test_the_guard_knows_the_mode_that_is_imposed(client: EvccClient, guard: Recorder) -> None:
    client.read_site(NOW)

    client.write(BATTERY_MODE, "hold")
    client.write(BATTERY_MODE, "charge")
    client.write(BATTERY_MODE, None)

    assert [told[2] for told in guard.told if told[0] == "before"] == [None, "hold", "charge"]


def test_a_battery_that_does_not_listen_is_an_error(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder
) -> None:
    evcc.has_controllable_battery = False
    client.read_site(NOW)

    with pytest.raises(EvccRejectedError, match="no battery that it can control"):
        client.write(BATTERY_MODE, "hold")
    assert guard.told == [("before", BATTERY_MODE, None, "hold")]


def test_a_mode_needs_a_battery(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.has_battery = False
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="keine Hausbatterie"):
        client.write(BATTERY_MODE, "hold")
    assert evcc.commands == []


def test_the_battery_mode_is_released_without_a_reading(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    client.write(BATTERY_MODE, None)

    assert evcc.commands == ["DELETE /api/batterymode"]


def test_a_mode_in_force_is_kept_without_asking_the_guard(
    evcc: SmallEvcc, client: EvccClient, guard: Recorder
) -> None:
    client.read_site(NOW)
    client.write(BATTERY_MODE, "hold")
    guard.told.clear()

    client.keep_battery_mode(BatteryMode.HOLD)

    assert evcc.commands == ["POST /api/batterymode/hold"] * 2
    assert guard.told == []


def test_a_mode_is_kept_over_a_failed_reading(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)
    client.write(BATTERY_MODE, "hold")
    evcc.is_starting = True
    with pytest.raises(EvccUnavailableError):
        client.read_site(NOW)
    evcc.is_starting = False

    client.keep_battery_mode(BatteryMode.HOLD)

    assert evcc.commands == ["POST /api/batterymode/hold"] * 2


def test_a_mode_that_somebody_else_imposes_is_not_overridden(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    client.read_site(NOW)
    client.write(BATTERY_MODE, "hold")
    evcc.battery_mode_external = "charge"
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="charge statt hold"):
        client.keep_battery_mode(BatteryMode.HOLD)
    assert evcc.commands == ["POST /api/batterymode/hold"]


# Loadpoints


def test_a_charge_mode_is_sent_once_in_the_old_schema(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)

    for _ in range(2):
        assert client.write(MODE, ChargeMode.MIN_PV) == "minpv"

    assert evcc.commands == ["POST /api/loadpoints/1/mode/minpv"]


@pytest.mark.parametrize(
    ("present", "wanted", "commands"),
    [
        (("smart", "off"), ChargeMode.MIN_PV, ["alwayscharge/on"]),
        (("smart", "once"), ChargeMode.PV, ["alwayscharge/off"]),
        (("now", "off"), ChargeMode.MIN_PV, ["alwayscharge/on", "mode/smart"]),
        (("off", "on"), ChargeMode.PV, ["alwayscharge/off", "mode/smart"]),
        (("smart", "on"), ChargeMode.OFF, ["mode/off"]),
        (("smart", "once"), ChargeMode.MIN_PV, []),
    ],
)
def test_a_charge_mode_is_sent_in_the_smart_schema(
    evcc: SmallEvcc,
    client: EvccClient,
    present: tuple[str, str],
    wanted: ChargeMode,
    commands: list[str],
) -> None:
    evcc.is_smart = True
    evcc.mode, evcc.always_charge = present
    client.read_site(NOW)

    client.write(MODE, wanted)

    assert evcc.commands == [f"POST /api/loadpoints/1/{command}" for command in commands]
    assert client.read_site(NOW).loadpoints[0].mode is wanted


def test_a_mode_that_evcc_does_not_tell_is_not_changed(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.mode = "turbo"
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="evcc sagt nicht"):
        client.write(MODE, "now")
    assert evcc.commands == []


def test_a_new_mode_ends_a_boost_that_can_then_be_asked_for_again(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    client.read_site(NOW)
    client.write(BOOST, True)

    client.write(MODE, "minpv")

    assert client.write(BOOST, True) is evcc.battery_boost is True
    assert evcc.commands.count("POST /api/loadpoints/1/batteryboost/true") == 2


def test_a_price_limit_is_set_and_removed_once(evcc: SmallEvcc, client: EvccClient) -> None:
    client.read_site(NOW)

    for _ in range(2):
        assert client.write(COST_LIMIT, 0.125) == 0.125
    for _ in range(2):
        assert client.write(COST_LIMIT, None) is None

    assert evcc.commands == [
        "POST /api/loadpoints/1/smartcostlimit/0.125",
        "DELETE /api/loadpoints/1/smartcostlimit",
    ]


def test_a_loadpoint_is_found_by_its_name_wherever_it_stands(
    evcc: SmallEvcc, client: EvccClient
) -> None:
    client.read_site(NOW)
    evcc.loadpoint_names = ["db:7", "db:4"]
    client.read_site(NOW)

    client.write(COST_LIMIT, 0.2)

    assert evcc.commands == ["POST /api/loadpoints/2/smartcostlimit/0.2"]


@pytest.mark.parametrize(
    ("lever", "value"), [(MODE, "now"), (COST_LIMIT, None), (BOOST, True), (BOOST_LIMIT, 50)]
)
def test_a_loadpoint_that_evcc_does_not_have_is_not_commanded(
    evcc: SmallEvcc, client: EvccClient, lever: Lever, value: SettingValue
) -> None:
    evcc.loadpoint_names = ["db:7"]
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="keinen Ladepunkt db:4"):
        client.write(lever, value)
    assert evcc.commands == []


def test_a_boost_needs_a_car(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.is_connected = False
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="kein Auto"):
        client.write(BOOST, True)
    assert evcc.commands == []


@pytest.mark.parametrize("mode", ["off", "now"])
def test_a_boost_needs_a_pv_mode(evcc: SmallEvcc, client: EvccClient, mode: str) -> None:
    evcc.mode = mode
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="PV-Modus"):
        client.write(BOOST, True)
    assert evcc.commands == []


def test_a_boost_ends_whoever_is_there(evcc: SmallEvcc, client: EvccClient) -> None:
    evcc.battery_boost, evcc.is_connected = True, False
    client.read_site(NOW)

    assert client.write(BOOST, False) is evcc.battery_boost is False


@pytest.mark.parametrize(("lever", "value"), [(BOOST, True), (BOOST_LIMIT, 50)])
def test_a_boost_that_evcc_does_not_have_is_not_sent(
    evcc: SmallEvcc, client: EvccClient, lever: Lever, value: SettingValue
) -> None:
    evcc.has_boost = False
    client.read_site(NOW)

    with pytest.raises(WriteRefusedError, match="evcc sagt nicht"):
        client.write(lever, value)
    assert evcc.commands == []


@pytest.mark.parametrize("status", [204, 300, 302, 400, 403, 404, 405, 418, 429, 500, 502, 599])
@pytest.mark.parametrize("body", ["", '{"error": 5}', json.dumps({"error": "x" * 9999})])
def test_every_status_is_one_of_our_errors(status: int, body: str) -> None:
    client = answering(httpx2.Response(status, text=body))

    with pytest.raises(SmartLoadError) as caught:
        client.write(BATTERY_MODE, None)
    assert len(str(caught.value)) < 400
