"""One turn of acting: what the service knows becomes a moment, and what is asked of a plan."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from diagnosis import is_balanced
from domain.control import BATTERY_MODE, HoldEnd
from domain.levers import value_in
from domain.site import BatteryMode
from domain.steering import (
    OverrideKind,
)
from domain.tariff import price_spread
from parts import CycleParts
from plan_inputs import OwnerAsks
from site_watch import Reading
from situation import buffer_decided
from steering import Moment

log = structlog.get_logger("smartload")


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesAhead:
    """What is known of the prices to come; ``price_spread`` is P80 - P20 of them [EUR/kWh]."""

    price_spread: float


def prices_ahead(now: datetime, reading: Reading) -> PricesAhead:
    """Return what is known of the prices to come."""
    site = reading.site
    return PricesAhead(price_spread=0.0 if site is None else price_spread(site.import_rates, now))


def preview_buffer(
    parts: CycleParts, now: datetime, state: PricesAhead, reading: Reading
) -> float | None:
    """Return where the buffer is about to be decided to stand [%]; None without one."""
    formula_pct = _preview_formula(parts, now, state)
    risk_pct = _preview_risk(parts, now, reading)
    return formula_pct if parts.chosen_buffer is parts.buffer_calc else risk_pct


def _preview_risk(parts: CycleParts, now: datetime, reading: Reading) -> float | None:
    if parts.risk is None:
        return None
    site = reading.site if reading.is_fresh else None
    try:
        return parts.risk.preview(now, site, parts.planning.plant, parts.live_stages(now))
    except Exception as exc:  # noqa: BLE001  # as the formula's: a warning, and the cycle goes on
        log.warning("risk_buffer_failed", error=str(exc) or type(exc).__name__)
        return None


def step_risk(
    parts: CycleParts,
    now: datetime,
    state: PricesAhead,
    buffer_result: dict[str, object] | None,
) -> dict[str, object] | None:
    """Let the risk-based buffer take its step; return what the chosen one says.

    Args:
        parts: The cycle's.
        now: When this is, aware UTC.
        state: What is known of the prices to come.
        buffer_result: What the formula says.
    """
    risk = parts.risk
    if risk is None:
        return buffer_result
    # As the formula: while the battery helps a car two would write one setting.
    if not parts.controller.bat_to_ev_active:
        try:
            risk.step(
                now,
                pv_confidence=parts.pv_forecaster.confidence,
                price_spread=state.price_spread,
                pv_96=parts.pv_forecaster.slots_kw or (),
            )
        except Exception as exc:  # noqa: BLE001  # as the formula's step
            log.warning("risk_buffer_failed", error=str(exc) or type(exc).__name__)
        if risk.calc.is_chosen:
            parts.ledger.settle()
            parts.buffer_decided = buffer_decided(risk.result(now))
    return risk.result(now) if risk.calc.is_chosen else buffer_result


def _preview_formula(parts: CycleParts, now: datetime, state: PricesAhead) -> float | None:
    if parts.buffer_calc is None:
        return None
    try:
        return parts.buffer_calc.preview(
            pv_confidence=parts.pv_forecaster.confidence,
            price_spread=state.price_spread,
            pv_96=parts.pv_forecaster.slots_kw or [],
            now=now.astimezone(UTC),
        )
    except Exception as exc:  # noqa: BLE001  # as the step itself: a warning, and the cycle goes on
        log.warning("buffer_preview_failed", error=str(exc) or type(exc).__name__)
        return None


def help_car(parts: CycleParts, now: datetime, reading: Reading, buffer_pct: float | None) -> None:
    """Decide what battery and cars should do, and let the one help the others (bat-to-EV)."""
    moment = _moment(parts, now, reading, buffer_pct)
    if moment is None:
        parts.steering.pause()
    else:
        parts.steering.help_car(moment)


def steer(parts: CycleParts, now: datetime, reading: Reading, buffer_pct: float | None) -> None:
    """Carry out the rest of what was decided, or record it."""
    moment = _moment(parts, now, reading, buffer_pct)
    if moment is not None:
        parts.steering.steer(moment)
    parts.ledger.settle()


def _moment(
    parts: CycleParts, now: datetime, reading: Reading, buffer_pct: float | None
) -> Moment | None:
    if reading.site is None or not reading.is_fresh:
        return None
    return Moment(
        now=now,
        site=reading.site,
        plan=parts.planning.result.plan,
        plant=parts.planning.plant,
        buffer_soc_pct=buffer_pct,
        live=parts.live_stages(now),
        meters_add_up=is_balanced(reading.site),
    )


def as_owner_has_it(parts: CycleParts, reading: Reading) -> Reading:
    """Return the reading with the owner's values in place of ours."""
    if reading.site is None:
        return reading
    return replace(reading, site=parts.controller.as_owner_has_it(reading.site))


def asks_of(parts: CycleParts, now: datetime, reading: Reading) -> OwnerAsks:
    """Return what the owner asks of a plan, and what is not in our hand."""
    hold = parts.controller.hold_on(BATTERY_MODE)
    is_held = hold is not None and hold.ends is HoldEnd.WHEN_GONE
    site = reading.site
    mode = None if site is None or not is_held else value_in(site, BATTERY_MODE)
    settings = None if site is None else site.settings
    return OwnerAsks(
        overrides=parts.controller.overrides(now),
        held_mode=BatteryMode(mode) if isinstance(mode, str) else None,
        buffer_in_evcc_pct=None if settings is None else settings.buffer_soc_pct,
    )


def holiday_until(parts: CycleParts, now: datetime) -> datetime | None:
    """Return until when nobody is at home; None: the owner said nothing."""
    asked = parts.controller.overrides(now)
    return next((one.until for one in asked if one.kind is OverrideKind.HOLIDAY), None)
