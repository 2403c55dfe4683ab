"""Whose values stand in evcc: noticed with each reading, and given back when they are not ours."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, tzinfo

from domain.control import BUFFER, Lever
from errors import SourceError
from parts import CycleParts
from site_watch import Reading


def settle_ownership(parts: CycleParts, now: datetime, reading: Reading) -> None:
    """Note what others set, tell the calculator, and give back what is not ours to keep."""
    if reading.site is None or not reading.is_fresh:
        parts.controller.evcc_went_away()
        return
    adopt_time_zone(parts, reading.site.time_zone)
    live = parts.live_stages(now)
    foreign_pct = parts.controller.note_reading(reading.site, live=live, now=now)
    parts.ledger.note_reading(reading.site, now)
    if foreign_pct is not None and parts.chosen_buffer is not None:
        parts.chosen_buffer.report_evcc_value(foreign_pct)
    if reading.site.automatic_mode or not parts.controller.has_begun:
        # It would refuse; and the first cycle only looks.
        return
    not_ours = [one.lever for one in parts.controller.owned if not _may_keep(parts, one.lever, now)]
    if not_ours:
        hand_back(parts, not_ours)


def _may_keep(parts: CycleParts, lever: Lever, now: datetime) -> bool:
    """Whether a value of ours may stand there; what steering set, it gives back itself."""
    if not parts.controller.has_say:
        return False
    return lever != BUFFER or parts.is_live(now)


def adopt_time_zone(parts: CycleParts, zone: tzinfo | None) -> None:
    """Use the home's zone as evcc tells it, where neither option nor environment names one."""
    if parts.installation.fixed_zone is None and zone is not None:
        parts.controller.use_time_zone(zone)
        parts.ledger.use_time_zone(zone)
        parts.memory.use_time_zone(zone)
        if parts.buffer_calc is not None:
            parts.buffer_calc.use_time_zone(zone)
        if parts.risk is not None:
            parts.risk.calc.use_time_zone(zone)


def hand_back(parts: CycleParts, levers: Iterable[Lever] | None = None) -> None:
    """Give evcc the owner's values back, and let the calculator know what stands there now.

    Args:
        parts: The service.
        levers: Only these; None: everything, also during the first cycle.
    """
    is_all_given = _give_back(parts, None if levers is None else frozenset(levers))
    if levers is None and not is_all_given:
        # After a command without an answer nothing is changed before evcc was read once more, and
        # there may be no other turn.
        with suppress(SourceError):
            parts.evcc.read_site(parts.clock.now())
            _give_back(parts, None)


def _give_back(parts: CycleParts, levers: frozenset[Lever] | None) -> bool:
    """Give back the newest first; return whether nothing is owed of it any more."""
    is_all_given = True
    for owned in reversed(parts.controller.owned):
        if levers is not None and owned.lever not in levers:
            continue
        if not parts.steering.give_back(owned.lever):
            is_all_given = False
        elif owned.lever == BUFFER and parts.chosen_buffer is not None:
            parts.chosen_buffer.report_evcc_value(float(owned.owner or 0.0))
    return is_all_given
