"""The home as it is now, as far as its past needs it: small, frozen, without secrets."""

from dataclasses import dataclass
from datetime import tzinfo

from config import Config
from domain.site import Loadpoint, SiteSnapshot, SocSettings, Vehicle
from planner.plant import Plant

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
