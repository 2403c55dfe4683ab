"""Whose values stand in evcc: noticed with each reading, and given back when they are not ours."""

from datetime import datetime, tzinfo

import structlog

from domain.control import EvccSetting
from parts import Parts
from site_watch import Reading

log = structlog.get_logger("smartload")


def settle_ownership(parts: Parts, now: datetime, reading: Reading) -> None:
    """Tell the calculator what others set, and give back what is not ours to keep."""
    if reading.site is None or not reading.is_fresh:
        parts.controller.evcc_went_away()
        return
    adopt_time_zone(parts, reading.site.time_zone)
    is_live = parts.is_live(now)
    foreign_pct = parts.controller.note_reading(reading.site.settings, is_live=is_live, now=now)
    if foreign_pct is not None and parts.buffer_calc is not None:
        parts.buffer_calc.report_evcc_value(foreign_pct)
    if parts.controller.owned and not (is_live and parts.controller.has_say):
        hand_back(parts)


def adopt_time_zone(parts: Parts, zone: tzinfo | None) -> None:
    """Use the home's zone as evcc tells it, where neither option nor environment names one."""
    if parts.installation.fixed_zone is None and zone is not None:
        parts.controller.use_time_zone(zone)
        parts.memory.use_time_zone(zone)
        if parts.buffer_calc is not None:
            parts.buffer_calc.use_time_zone(zone)


def hand_back(parts: Parts) -> None:
    """Give evcc the owner's values back, and let the calculator know what stands there now."""
    owed = parts.controller.owned
    kept = {owned.setting for owned in parts.controller.hand_back(parts.evcc)}
    parts.ledger.settle()
    for owned in owed:
        if owned.setting in kept:
            continue
        log.info("setting_handed_back", setting=owned.setting.value, value_pct=owned.owner_pct)
        if owned.setting is EvccSetting.BUFFER_SOC and parts.buffer_calc is not None:
            parts.buffer_calc.report_evcc_value(owned.owner_pct)
