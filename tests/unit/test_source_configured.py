from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.history import ChargingSession, EnergySource
from errors import EvccUnavailableError, PastSourceRefusedError
from sources.charging_hours import ChargingHoursWhenNeeded
from sources.configured import PastOptions, configured_pasts
from sources.home_assistant import HomeAssistantPast
from tests.support.fake_home_assistant import FakeHomeAssistant

NOON = datetime(2026, 6, 12, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def no_sessions() -> Sequence[ChargingSession]:
    return ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (PastOptions(), []),
        (PastOptions(influx_database="evcc", influx_user="me"), []),
        (PastOptions(influx_url="http://influx:8086"), [EnergySource.INFLUX]),
        (PastOptions(home_assistant_history=True), []),
        (PastOptions(supervisor_token="t"), []),  # noqa: S106 made up
        (
            PastOptions(
                influx_url="http://influx:8086",
                home_assistant_history=True,
                supervisor_token="t",  # noqa: S106 made up
            ),
            [EnergySource.INFLUX, EnergySource.HOME_ASSISTANT],
        ),
        (PastOptions(home_assistant_url="http://ha:8123"), [EnergySource.HOME_ASSISTANT]),
    ],
)
def test_the_pasts_that_are_configured_are_there(
    options: PastOptions, expected: list[EnergySource]
) -> None:
    pasts = configured_pasts(options, no_sessions)

    assert [past.source for past in pasts] == expected


def test_as_an_app_the_supervisor_is_asked_with_its_token() -> None:
    options = PastOptions(home_assistant_history=True, supervisor_token="s3cret")  # noqa: S106 made up

    (past,) = configured_pasts(options, no_sessions)

    assert isinstance(past, HomeAssistantPast)
    assert past._access.websocket_url == "ws://supervisor/core/websocket"
    assert past._access.token == "s3cret"  # noqa: S105 made up
    assert "s3cret" not in repr(options) + repr(past._access)


def test_an_address_without_a_token_says_where_to_get_one() -> None:
    with FakeHomeAssistant() as home:
        (past,) = configured_pasts(PastOptions(home_assistant_url=home.url), no_sessions)

        with pytest.raises(PastSourceRefusedError, match="option home_assistant_token"):
            past.read_energies(NOON, NOON + HOUR)


def test_sessions_are_read_once_and_not_before_they_are_needed() -> None:
    answers: list[Sequence[ChargingSession] | None] = [None, ()]

    def read_sessions() -> Sequence[ChargingSession]:
        answer = answers.pop(0)
        if answer is None:
            raise EvccUnavailableError("away")
        return answer

    cars = ChargingHoursWhenNeeded(read_sessions)
    with pytest.raises(EvccUnavailableError):
        cars(NOON, NOON + HOUR)

    assert cars(NOON, NOON + HOUR) is None
    assert cars(NOON, NOON + HOUR) is None
    assert answers == []
