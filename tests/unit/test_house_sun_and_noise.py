import math
import statistics
from datetime import UTC, datetime

import pytest

from simulator.local_time import epoch_s
from simulator.noise import SmoothNoise, normal_share, stream, uniform
from simulator.sun import Place, Roof, clear_sky, sun_direction

GERMANY = Place(latitude_deg=51.0, longitude_deg=10.0)


def elevation_deg(instant: datetime) -> float:
    return math.degrees(math.asin(sun_direction(epoch_s(instant), GERMANY).up))


@pytest.mark.parametrize(
    ("noon", "expected_deg"),
    [
        (datetime(2026, 6, 21, 11, 22, tzinfo=UTC), 90 - 51 + 23.44),
        (datetime(2026, 12, 21, 11, 18, tzinfo=UTC), 90 - 51 - 23.44),
        (datetime(2026, 3, 20, 11, 27, tzinfo=UTC), 90 - 51),
    ],
)
def test_the_sun_stands_where_the_almanac_puts_it(noon: datetime, expected_deg: float) -> None:
    assert elevation_deg(noon) == pytest.approx(expected_deg, abs=0.2)


def test_the_sun_direction_is_a_unit_vector_and_rises_in_the_east() -> None:
    morning = sun_direction(epoch_s(datetime(2026, 9, 23, 6, 0, tzinfo=UTC)), GERMANY)

    assert math.hypot(morning.east, morning.north, morning.up) == pytest.approx(1.0)
    assert morning.east > 0.9


def test_there_is_no_light_at_night() -> None:
    midnight = sun_direction(epoch_s(datetime(2026, 6, 21, 23, 20, tzinfo=UTC)), GERMANY)

    assert clear_sky(midnight).level_w_per_m2 == 0.0


def test_a_tilted_south_roof_sees_more_of_the_winter_sun_than_level_ground() -> None:
    noon = sun_direction(epoch_s(datetime(2026, 12, 21, 11, 18, tzinfo=UTC)), GERMANY)

    assert Roof(peak_kw=1.0, tilt_deg=35.0).facing_frac(noon) > 2.5 * noon.up


def test_draws_depend_on_the_seed_the_name_and_the_place_only() -> None:
    key = stream(1, "a")

    assert uniform(key, 5) == uniform(stream(1, "a"), 5)
    assert len({uniform(stream(seed, name), 5) for seed in (1, 2) for name in "ab"}) == 4
    assert uniform(key, -7) != uniform(key, 7)


def test_uniform_draws_fill_their_range_evenly() -> None:
    draws = [uniform(stream(3, "even"), index) for index in range(4000)]

    assert statistics.mean(draws) == pytest.approx(0.5, abs=0.02)
    assert statistics.pstdev(draws) == pytest.approx(12**-0.5, abs=0.02)


def test_smooth_noise_has_unit_spread_and_no_jumps() -> None:
    noise = SmoothNoise(1, "test", [(3600.0, 0.8), (600.0, 0.6)])

    values = [noise.at(600.0 * step) for step in range(4000)]
    next_second = [noise.at(600.0 * step + 1.0) for step in range(200)]

    assert statistics.pstdev(values) == pytest.approx(1.0, abs=0.07)
    assert max(abs(a - b) for a, b in zip(values, next_second, strict=False)) < 0.02


def test_the_normal_share_is_that_of_the_bell_curve() -> None:
    assert normal_share(0.0) == 0.5
    assert normal_share(1.959964) == pytest.approx(0.975, abs=1e-6)
