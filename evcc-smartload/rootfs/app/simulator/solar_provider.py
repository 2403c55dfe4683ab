"""A solar forecast service for one roof: several issues a day, wrong the way real ones are.

The service knows the sky clouds would give on average, not the clouds themselves. It errs by
weather that comes otherwise (the further ahead, the more), by what it believes about the roof, and
by an output factor nobody has measured.
"""

import math
from datetime import date, datetime, timedelta
from functools import lru_cache

from domain.horizon import SLOT
from domain.site import SolarSlot
from simulator.house import House
from simulator.local_time import EPOCH, day_bounds_s, epoch_s, local_date
from simulator.noise import SmoothNoise, smooth_normal, stream, uniform
from simulator.pv import PvSystem
from simulator.sun import Roof
from simulator.weather import cover_of

_SLOT_S = int(SLOT.total_seconds())
_ISSUE_EVERY_S = 3 * 3600
_DAYS = 3

# Size of the error in the latent cloudiness (which has standard deviation 1): at once, a day ahead
# and at most.
_ERROR_NOW = 0.27
_ERROR_DAY_AHEAD = 0.82
_ERROR_MOST = 1.15
_THICKNESS_ERROR = 0.4


class SolarForecastService:
    """Forecasts for the roof of ``house``; implements ``SolarProvider``."""

    def __init__(self, house: House) -> None:
        seed = house.seed
        self._zone = house.zone
        self._weather = house.weather
        traits = stream(seed, "forecast service")
        self._factor_frac = 0.9 + 0.2 * uniform(traits, 0)
        self._issue_offset_s = 60 * int(5 + 40 * uniform(traits, 1))
        self._system = PvSystem(
            [_as_believed(roof, traits) for roof in house.config.roofs],
            inverter_kw=house.config.inverter_kw,
            place=house.config.place,
            weather=house.weather,
        )
        # The same misjudged front stays misjudged from issue to issue; the rest is drawn anew
        # every half day or so.
        self._lasting = SmoothNoise(seed, "forecast error", [(26 * 3600.0, 0.6), (4 * 3600.0, 0.8)])
        self._fading_slow = stream(seed, "fading error, days")
        self._fading_fast = stream(seed, "fading error, hours")
        self._slots_of = lru_cache(maxsize=4)(self._compute_slots)

    def forecast(self, now: datetime) -> list[SolarSlot]:
        return list(self._slots_of(self._issue_at(now), local_date(now, self._zone)))

    def issued_at(self, now: datetime) -> datetime:
        """Return when the issue that is newest at ``now`` was made."""
        return EPOCH + timedelta(
            seconds=self._issue_at(now) * _ISSUE_EVERY_S + self._issue_offset_s
        )

    def _issue_at(self, now: datetime) -> int:
        return int(epoch_s(now) - self._issue_offset_s) // _ISSUE_EVERY_S

    def _compute_slots(self, issue: int, first_day: date) -> tuple[SolarSlot, ...]:
        start_s, _ = day_bounds_s(first_day, self._zone)
        _, end_s = day_bounds_s(first_day + timedelta(days=_DAYS - 1), self._zone)
        issued_s = issue * _ISSUE_EVERY_S + self._issue_offset_s
        return tuple(
            SolarSlot(
                start=EPOCH + timedelta(seconds=slot_s),
                power_kw=round(self._power_kw(slot_s + _SLOT_S // 2, issued_s, issue), 3),
            )
            for slot_s in range(start_s, end_s, _SLOT_S)
        )

    def _power_kw(self, middle_s: int, issued_s: int, issue: int) -> float:
        if self._system.is_dark(middle_s):
            return 0.0
        lead_h = max(0.0, (middle_s - issued_s) / 3600.0)
        size = min(
            _ERROR_MOST, _ERROR_NOW + (_ERROR_DAY_AHEAD - _ERROR_NOW) * (lead_h / 24.0) ** 0.7
        )
        error = size * (0.8 * self._lasting.at(middle_s) + 0.6 * self._fading(middle_s, issue))
        cloudiness = self._weather.cloudiness(middle_s) + error
        cover_frac = cover_of(cloudiness, middle_s)
        # A front that comes unforeseen also brings thicker clouds.
        thinner_frac = math.exp(-_THICKNESS_ERROR * error)
        through_frac = min(1.0, self._weather.sky_through_cloud_frac(middle_s) * thinner_frac)
        return self._factor_frac * self._system.expected_kw(middle_s, through_frac, cover_frac)

    def _fading(self, middle_s: int, issue: int) -> float:
        """Return the part of the error that later issues lose, standard normal."""
        block = issue // 4
        return 0.6 * smooth_normal(
            self._fading_slow + block, middle_s / (20 * 3600.0)
        ) + 0.8 * smooth_normal(self._fading_fast + block, middle_s / (4 * 3600.0))


def _as_believed(roof: Roof, traits: int) -> Roof:
    """Return the roof as its owner entered it: the angles are estimates."""
    return Roof(
        peak_kw=roof.peak_kw,
        tilt_deg=max(5.0, roof.tilt_deg + 10.0 * (uniform(traits, 2) - 0.5)),
        azimuth_deg=roof.azimuth_deg + 24.0 * (uniform(traits, 3) - 0.5),
    )
