"""The home as it is now, as far as its past needs it: small, frozen, without secrets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import tzinfo

from config import Config
from domain.site import Loadpoint, SiteSnapshot, SocSettings, Vehicle
from planner.plant import Plant

Settings = Mapping[str, float | int | str | bool | None]

REPLAYED_OPTIONS = frozenset({
    "battery_charge_kw",
    "battery_discharge_kw",
    "battery_efficiency_pct",
    "battery_min_soc",
    "battery_to_car",
    "battery_wear_ct_per_kwh",
    "buffer_confidence_pct",
    "buffer_strategy",
    "grid_charging",
    "grid_import_limit_kw",
    "main_fuse_a",
    "outage_reserve_kwh",
    "plan_hours",
})  # fmt: skip
"""Options that decide what comes out when a past is lived through again."""
_SECRETS = ("password", "influx_password", "home_assistant_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHome:
    """What a past is lived again with; ``settings`` are the owner's, not what SmartLoad set.

    ``capacity_kwh`` is None where there is no battery, and where evcc does not tell it.
    """

    name: str
    zone: tzinfo
    currency: str
    cfg: Config
    plant: Plant
    has_battery: bool
    capacity_kwh: float | None
    settings: SocSettings
    loadpoints: tuple[Loadpoint, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()


def replayed_settings(home: OwnHome) -> Settings:
    """Return what an owner may change and a past is lived again with, by name.

    What evcc does not tell is left out.
    """
    of_evcc = {"capacity_kwh": home.capacity_kwh, **asdict(home.settings)}
    return {
        **home.cfg.model_dump(mode="json", include=set(REPLAYED_OPTIONS)),
        **{name: value for name, value in of_evcc.items() if value is not None},
    }


def own_home_of(site: SiteSnapshot, *, cfg: Config, plant: Plant, zone: tzinfo) -> OwnHome:
    """Return the home of a reading that has the owner's values in place of ours."""
    battery = site.battery
    return OwnHome(
        name=site.title,
        zone=zone,
        currency=site.currency,
        cfg=cfg.model_copy(update=dict.fromkeys(_SECRETS)),
        plant=plant,
        has_battery=battery is not None,
        capacity_kwh=None if battery is None else battery.capacity_kwh,
        settings=site.settings or SocSettings(),
        loadpoints=site.loadpoints,
        vehicles=site.vehicles,
    )
