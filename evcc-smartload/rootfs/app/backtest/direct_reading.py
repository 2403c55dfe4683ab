"""A simulated evcc read from its own objects: what ``evcc_wire`` reads from its answers, no more.

Where evcc's answer rounds a number, this rounds it alike. What does not occur in a home that runs
without faults (no value yet, or one that the client would not believe) is left to evcc's answer.
"""

from datetime import datetime, timedelta, tzinfo
from math import copysign

from backtest.direct_loadpoints import identities, loadpoint_as_read, vehicle_as_read
from backtest.direct_series import KeptSeries, rates_as_read, solar_as_read
from backtest.direct_values import (
    LONGEST_INTERVAL_S,
    MOST_A,
    MOST_CAPACITY_KWH,
    MOST_W,
    optional_limit,
    pct,
    require,
    rounded,
    within,
)
from domain.site import (
    UNTOLD_CURRENCY,
    BatteryDevice,
    BatterySnapshot,
    SiteSnapshot,
    SocSettings,
    Vehicle,
)
from evcc_values import positive_kw, reversed_w, to_text, to_time_zone
from simulator.battery_control import External
from simulator.evcc_site import EvccSite
from simulator.evcc_tariffs import MOVING_KINDS
from simulator.faults import FaultState
from simulator.home import SimulatedHome
from simulator.plant import BatteryReading
from simulator.pv_regulation import MOST_PHASES, VOLTAGE_V
from simulator.site_view import MainCircuit

_SOC_TOLERANCE_PCT = 1.0
_SHORTEST_INTERVAL_S = 1.0
NO_FAULTS = FaultState()


def read_directly(home: SimulatedHome, now: datetime) -> SiteSnapshot:
    """Return what a client of ``home`` reads at ``now``; as ``DirectReader.read``."""
    return DirectReader(home).read(now)


class DirectReader:
    """Reads one simulated home again and again and keeps what does not change in between."""

    def __init__(self, home: SimulatedHome) -> None:
        config = home.config
        self._home = home
        self._version = to_text(config.version.number)
        self._title = to_text(config.title)
        self._currency = to_text(config.currency) or UNTOLD_CURRENCY
        self._identities = identities(config.loadpoints)
        self._zones: dict[tuple[str | None, timedelta | None], tzinfo | None] = {}
        self._import_rates = KeptSeries(rates_as_read)
        self._export_rates = KeptSeries(rates_as_read)
        self._solar = KeptSeries(solar_as_read)
        self._batteries: tuple[BatteryReading, ...] = ()
        self._devices: tuple[BatteryDevice, ...] = ()
        self._vehicle_settings: list[tuple[int, int]] = []
        self._vehicles: tuple[Vehicle, ...] = ()

    def read(self, now: datetime) -> SiteSnapshot:
        """Bring the home to ``now`` and return what a client then reads.

        Args:
            now: What the home's clock shows, aware UTC.

        Raises:
            UnusualStateError: A fault is on, evcc has just started, or it holds what the client
                would not believe; then its answer is the only way to read it.
        """
        home = self._home
        require(home.faults.active == NO_FAULTS)
        home.advance_to(now)
        require(home.site.has_regulated)
        return self._snapshot(home.site, now)

    def _snapshot(self, site: EvccSite, now: datetime) -> SiteSnapshot:
        config, meters, tariffs = site.config, site.meters, site.tariffs
        grid_w = rounded(meters.grid_w, 1, MOST_W)
        battery = self._battery(site) if site.has_battery else None
        import_rates = self._import_rates.read(tariffs.grid)
        return SiteSnapshot(
            read_at=now,
            evcc_version=self._version,
            title=self._title,
            currency=self._currency,
            time_zone=self._zone_as_told(now.astimezone(config.zone)),
            pv_kw=positive_kw(rounded(meters.pv_w, 3, MOST_W)),
            home_kw=positive_kw(rounded(meters.home_w, 3, MOST_W)),
            grid_import_kw=positive_kw(grid_w),
            grid_export_kw=positive_kw(reversed_w(grid_w)),
            battery=battery,
            settings=None if battery is None else _settings(site),
            loadpoints=tuple(
                loadpoint_as_read(loadpoint, identity, config.version, now)
                for loadpoint, identity in zip(site.loadpoints, self._identities, strict=True)
            ),
            vehicles=self._known_vehicles(site),
            import_rates=import_rates,
            export_rates=self._export_rates.read(tariffs.feed_in),
            solar=self._solar.read(tariffs.solar),
            export_limit_kw=_export_limit_kw(site),
            import_limit_kw=_import_limit_kw(config.circuit),
            limits_are_in_grams=tariffs.smart_cost_type == "co2",
            has_price_limits=tariffs.smart_cost_type in MOVING_KINDS,
            limit_rates=import_rates,
            interval_s=_interval_s(config.interval_s),
            phase_import_a=_phase_import_a(site),
            phase_limit_a=_phase_limit_a(config.circuit),
        )

    def _zone_as_told(self, local: datetime) -> tzinfo | None:
        """Return the zone that the client makes of evcc's abbreviation and offset."""
        told = local.tzname(), local.utcoffset()
        if told not in self._zones:
            offset = local.strftime("%z")
            self._zones[told] = to_time_zone(f"{told[0]} {offset[:3]}:{offset[3:]}")
        return self._zones[told]

    def _battery(self, site: EvccSite) -> BatterySnapshot:
        control, owner = site.battery, site.settings.site
        net_kw = rounded(site.meters.battery_w, 1, MOST_W) / 1000.0
        devices = self._known_devices(site.reading.batteries)
        limit = owner.battery_grid_charge_limit if owner.grid_charge_limit_was_set else None
        return BatterySnapshot(
            soc_pct=_common_soc_pct(site, devices),
            capacity_kwh=_common_capacity_kwh(devices),
            charge_kw=max(0.0, -net_kw),
            discharge_kw=max(0.0, net_kw),
            mode=control.mode,
            external_mode=None if control.external is External.NEVER else control.external_mode,
            devices=devices,
            discharge_control=owner.battery_discharge_control,
            grid_charge_limit=optional_limit(limit),
        )

    def _known_devices(self, batteries: tuple[BatteryReading, ...]) -> tuple[BatteryDevice, ...]:
        if batteries is not self._batteries:
            self._devices = tuple(_device(one, n) for n, one in enumerate(batteries, start=1))
            self._batteries = batteries
        return self._devices

    def _known_vehicles(self, site: EvccSite) -> tuple[Vehicle, ...]:
        owners = [vehicle.settings for vehicle in site.vehicles.values()]
        settings = [(owner.min_soc_pct, owner.limit_soc_pct) for owner in owners]
        if settings != self._vehicle_settings:
            self._vehicles = tuple(vehicle_as_read(*named) for named in site.vehicles.items())
            self._vehicle_settings = settings
        return self._vehicles


def _interval_s(interval_s: float) -> float:
    return max(_SHORTEST_INTERVAL_S, within(int(interval_s), LONGEST_INTERVAL_S))


def _settings(site: EvccSite) -> SocSettings:
    owner = site.settings.site
    return SocSettings(
        priority_soc_pct=round(pct(owner.priority_soc_pct), 3),
        buffer_soc_pct=round(pct(owner.buffer_soc_pct), 3),
        buffer_start_soc_pct=round(pct(owner.buffer_start_soc_pct), 3),
    )


# Limits, of which 0 is none


def _export_limit_kw(site: EvccSite) -> float | None:
    return _optional_kw(round(within(site.settings.site.grid_export_limit_w, MOST_W), 3))


def _import_limit_kw(circuit: MainCircuit | None) -> float | None:
    if circuit is None:
        return None
    current_w = within(circuit.max_current_a, MOST_A) * (VOLTAGE_V * MOST_PHASES)
    limits_w = (within(circuit.max_power_w, MOST_W), current_w)
    return _optional_kw(min(filter(None, limits_w), default=0.0))


def _phase_limit_a(circuit: MainCircuit | None) -> float | None:
    return None if circuit is None else within(circuit.max_current_a, MOST_A) or None


def _optional_kw(limit_w: float) -> float | None:
    return limit_w / 1000.0 if limit_w else None


# The meters


def _phase_import_a(site: EvccSite) -> tuple[float, ...]:
    """Return each phase's current, negative where it feeds in."""
    currents_a = tuple(rounded(current_a, 2, MOST_A) for current_a in site.grid_currents_a)
    if min(currents_a) < 0.0:
        return currents_a
    # The client cannot know that nothing feeds in, so it takes the signs from the powers.
    phases_kw = site.grid_reading.grid_phases_kw
    powers_w = tuple(rounded(phase_kw * 1000.0, 1, MOST_W) for phase_kw in phases_kw)
    return tuple(map(copysign, currents_a, powers_w))


def _device(reading: BatteryReading, number: int) -> BatteryDevice:
    power_w = rounded((reading.discharge_kw - reading.charge_kw) * 1000.0, 1, MOST_W)
    return BatteryDevice(
        name=to_text(reading.name) or f"battery {number}",
        title=to_text(reading.title) or None,
        soc_pct=pct(round(reading.soc_pct, 2)),
        capacity_kwh=within(reading.capacity_kwh, MOST_CAPACITY_KWH) or None,
        charge_kw=max(0.0, -power_w) / 1000.0,
        discharge_kw=max(0.0, power_w) / 1000.0,
        controllable=reading.controllable,
    )


def _common_soc_pct(site: EvccSite, devices: tuple[BatteryDevice, ...]) -> float:
    """Return evcc's mean of all batteries; the client corrects one that cannot be."""
    mean_pct = pct(round(site.meters.soc_pct, 2))
    socs_pct = [device.soc_pct for device in devices if device.soc_pct is not None]
    require(min(socs_pct) - _SOC_TOLERANCE_PCT <= mean_pct <= max(socs_pct) + _SOC_TOLERANCE_PCT)
    return mean_pct


def _common_capacity_kwh(devices: tuple[BatteryDevice, ...]) -> float | None:
    known_kwh = [device.capacity_kwh for device in devices if device.capacity_kwh is not None]
    return sum(known_kwh) if len(known_kwh) == len(devices) else None
