"""The PV system: sun and clouds in, AC power out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from simulator.local_time import CELL_S
from simulator.sun import NIGHT, ClearSky, Place, Roof, clear_sky, sun_direction
from simulator.weather import LocalWeather

_SLOT_S = 900
_CELLS_PER_SLOT = _SLOT_S // CELL_S

_BEAM_THROUGH_CLOUD_FRAC = 0.06
_GROUND_REFLECTION_FRAC = 0.2
# Cables, mismatch, dirt and inverter together; typical of a well-kept German roof.
_SYSTEM_FRAC = 0.85
_POWER_PER_KELVIN_FRAC = -0.0036
_MODULE_HEATING_K = 28.0
_INVERTER_START_FRAC = 0.003


@dataclass(frozen=True, slots=True)
class _Sunlight:
    """What a clear sky would bring on all modules of the system at an instant."""

    beam_kw: float
    sky: ClearSky


_DARK = _Sunlight(0.0, NIGHT)


class PvSystem:
    """Modules on one or more roofs behind one inverter."""

    def __init__(
        self, roofs: Sequence[Roof], *, inverter_kw: float, place: Place, weather: LocalWeather
    ) -> None:
        self._roofs = tuple(roofs)
        self._inverter_kw = inverter_kw
        self._place = place
        self._weather = weather
        self._peak_kw = sum(roof.peak_kw for roof in roofs)
        self._sky_view_kw = sum(roof.peak_kw * roof.sky_view_frac for roof in roofs)
        self._ground_view_kw = self._peak_kw - self._sky_view_kw
        # A slot is asked for thirty times in a row, its neighbours' borders twice.
        self._sunlight_at = lru_cache(maxsize=512)(self._compute_sunlight)
        self._slot = lru_cache(maxsize=8)(self._compute_slot)

    def cell_kw(self, cell: int) -> float:
        """Return the AC power of the grid cell ``cell`` (starts ``cell * CELL_S`` after 1970)."""
        slot, position = divmod(cell, _CELLS_PER_SLOT)
        return self._slot(slot)[position]

    def is_dark(self, epoch_s: int) -> bool:
        """Return whether the sun is below the horizon."""
        return self._sunlight_at(epoch_s) is _DARK

    def expected_kw(self, epoch_s: int, through_frac: float, cover_frac: float) -> float:
        """Return the AC power if clouds passed evenly: what a perfect forecast could know.

        Args:
            epoch_s: Instant [s since 1970].
            through_frac: Share of the clear-sky light an overcast sky lets through, 0 to 1.
            cover_frac: Share of the sky in cloud, 0 to 1.
        """
        light = self._sunlight_at(epoch_s)
        if light is _DARK:
            return 0.0
        return self._ac_kw(
            light.beam_kw,
            light.sky,
            covered_frac=cover_frac,
            cover_frac=cover_frac,
            through_frac=through_frac,
            air_c=self._weather.temperature_c(epoch_s),
        )

    def _compute_sunlight(self, epoch_s: int) -> _Sunlight:
        sun = sun_direction(epoch_s, self._place)
        sky = clear_sky(sun)
        if sky is NIGHT:
            return _DARK
        facing_kw = sum(roof.peak_kw * roof.facing_frac(sun) for roof in self._roofs)
        return _Sunlight(facing_kw * sky.beam_w_per_m2 / 1000.0, sky)

    def _compute_slot(self, slot: int) -> tuple[float, ...]:
        start_s = slot * _SLOT_S
        end_s = start_s + _SLOT_S
        before, after = self._sunlight_at(start_s), self._sunlight_at(end_s)
        if before is _DARK and after is _DARK:
            return (0.0,) * _CELLS_PER_SLOT
        weather = self._weather
        cover_from, cover_to = weather.cover_frac(start_s), weather.cover_frac(end_s)
        through_frac = weather.sky_through_cloud_frac(start_s)
        air_c = weather.temperature_c(start_s)
        powers: list[float] = []
        for position in range(_CELLS_PER_SLOT):
            # The sun and the large clouds move slowly: straight lines across a slot do.
            way = (position + 0.5) / _CELLS_PER_SLOT
            cover_frac = cover_from + (cover_to - cover_from) * way
            covered_frac = weather.sun_covered_frac(start_s + (position + 0.5) * CELL_S, cover_frac)
            powers.append(
                self._ac_kw(
                    before.beam_kw + (after.beam_kw - before.beam_kw) * way,
                    _between(before.sky, after.sky, way),
                    covered_frac=covered_frac,
                    cover_frac=cover_frac,
                    through_frac=through_frac,
                    air_c=air_c,
                )
            )
        return tuple(powers)

    def _ac_kw(  # noqa: PLR0913 - one formula and the quantities in it
        self,
        beam_kw: float,
        sky: ClearSky,
        *,
        covered_frac: float,
        cover_frac: float,
        through_frac: float,
        air_c: float,
    ) -> float:
        beam_frac = 1.0 - (1.0 - _BEAM_THROUGH_CLOUD_FRAC) * covered_frac
        diffuse_w = (
            1.0 - cover_frac
        ) * sky.sky_w_per_m2 + cover_frac * through_frac * sky.level_w_per_m2
        level_w = diffuse_w + (sky.level_w_per_m2 - sky.sky_w_per_m2) * beam_frac
        dc_kw = (
            beam_kw * beam_frac
            + (
                self._sky_view_kw * diffuse_w
                + self._ground_view_kw * _GROUND_REFLECTION_FRAC * level_w
            )
            / 1000.0
        )
        if dc_kw <= _INVERTER_START_FRAC * self._peak_kw:
            return 0.0
        module_c = air_c + _MODULE_HEATING_K * dc_kw / self._peak_kw
        warm_frac = 1.0 + _POWER_PER_KELVIN_FRAC * (module_c - 25.0)
        return min(self._inverter_kw, dc_kw * warm_frac * _SYSTEM_FRAC)


def _between(first: ClearSky, second: ClearSky, way: float) -> ClearSky:
    return ClearSky(
        first.beam_w_per_m2 + (second.beam_w_per_m2 - first.beam_w_per_m2) * way,
        first.sky_w_per_m2 + (second.sky_w_per_m2 - first.sky_w_per_m2) * way,
        first.level_w_per_m2 + (second.level_w_per_m2 - first.level_w_per_m2) * way,
    )
