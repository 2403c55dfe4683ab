from datetime import UTC, datetime, timedelta

from domain.history import ChargingSession
from sources.charging_hours import ChargingHours

NOON = datetime(2026, 6, 12, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def session(
    start_h: float, end_h: float | None, energy_kwh: float = 5.0, loadpoint: str = "Garage"
) -> ChargingSession:
    return ChargingSession(
        number=1,
        started_at=NOON + start_h * HOUR,
        finished_at=None if end_h is None else NOON + end_h * HOUR,
        loadpoint=loadpoint,
        vehicle=None,
        energy_kwh=energy_kwh,
    )


def test_hours_without_a_session_had_no_charging() -> None:
    cars = ChargingHours([session(-20, -18), session(3, 4)])

    assert cars(NOON, NOON + HOUR) == {}


def test_an_hour_holds_the_energy_of_its_whole_sessions() -> None:
    cars = ChargingHours(
        [
            session(-20, -18),
            session(0.1, 0.4, 2.0),
            session(0.5, 1.0, 1.5),
            session(0.0, 1.0, 4.0, "Hof"),
        ]
    )

    assert cars(NOON, NOON + HOUR) == {"Garage": 3.5, "Hof": 4.0}


def test_an_hour_that_a_session_reaches_into_is_not_known() -> None:
    cars = ChargingHours([session(-20, 0.5), session(-19, -18), session(5.5, None)])

    assert cars(NOON, NOON + HOUR) is None
    assert cars(NOON - 3 * HOUR, NOON - 2 * HOUR) is None
    assert cars(NOON + HOUR, NOON + 2 * HOUR) == {}
    assert cars(NOON + 5 * HOUR, NOON + 6 * HOUR) is None
    assert cars(NOON + 500 * HOUR, NOON + 501 * HOUR) is None


def test_before_the_first_session_nobody_knows() -> None:
    assert ChargingHours([])(NOON, NOON + HOUR) is None
    assert ChargingHours([session(3, 4)])(NOON, NOON + HOUR) is None
