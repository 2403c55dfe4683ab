"""How much SmartLoad can do at the moment, and what is missing for more. Pure.

From all to nothing: a plan, the last one moved on, rules, the buffer alone, hands off.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clock import EARLIEST_PLAUSIBLE_NOW
from domain.plan import Plan, Rung, SkipCause, Skipped
from domain.site import SiteSnapshot
from domain.steering import ControlLevel, ControlRung, Missing, MissingCode

_LEVEL_BY_RUNG = {
    Rung.EXACT: ControlLevel.PLAN,
    Rung.FAST: ControlLevel.PLAN,
    Rung.SHIFTED: ControlLevel.OLD_PLAN,
    Rung.RULES: ControlLevel.RULES,
    # Planned, and evcc's own rules are the best there is.
    Rung.HANDS_OFF: ControlLevel.PLAN,
}
_MISSING_BY_CAUSE = {
    SkipCause.NO_PRICES: MissingCode.PRICES,
    SkipCause.NO_FORECAST: MissingCode.FORECAST,
    SkipCause.NO_READING: MissingCode.EVCC,
    SkipCause.BAD_INPUT: MissingCode.SOLVER,
    SkipCause.TIME_IS_UP: MissingCode.SOLVER,
    SkipCause.SOLVER_FAILED: MissingCode.SOLVER,
    SkipCause.NOT_VERIFIED: MissingCode.SOLVER,
    SkipCause.NOT_BETTER: MissingCode.NO_GAIN,
    SkipCause.NO_LAST_PLAN: MissingCode.SOLVER,
    SkipCause.NOTHING_TO_PLAN: MissingCode.NOTHING_TO_CONTROL,
}
# Whoever is missing one of these writes nothing at all.
_STOPPERS = frozenset(
    {
        MissingCode.EVCC,
        MissingCode.AUTOMATIC,
        MissingCode.RELEASED,
        MissingCode.CONFIG,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the ladder is judged by.

    ``plan`` and ``skipped`` are what planning came to; ``was_planned`` is False where nothing was
    tried yet. ``problem`` says what is wrong with evcc, English.
    """

    now: datetime
    site: SiteSnapshot | None
    is_fresh: bool
    problem: str
    is_automatic: bool
    is_released: bool
    is_configured: bool
    can_save: bool
    meters_add_up: bool
    was_planned: bool
    plan: Plan | None
    skipped: tuple[Skipped, ...]


def find_level(standing: Standing) -> tuple[ControlLevel, dict[MissingCode, str]]:
    """Return where on the ladder SmartLoad stands and, by code, what is missing for more."""
    missing = _missing_outside(standing)
    plan = standing.plan
    if standing.was_planned:
        for skipped in standing.skipped if plan is None else _of_note(plan):
            missing.setdefault(_MISSING_BY_CAUSE[skipped.cause], skipped.detail)
    if _STOPPERS & missing.keys():
        return ControlLevel.HANDS_OFF, missing
    if plan is None:
        return ControlLevel.BUFFER_ONLY, missing
    return _LEVEL_BY_RUNG[plan.rung], missing


def _of_note(plan: Plan) -> Iterable[Skipped]:
    """Return why better rungs were not used; that evcc's own rules are best is no fault."""
    if plan.rung in {Rung.EXACT, Rung.FAST}:
        return ()
    return plan.skipped


def _missing_outside(standing: Standing) -> dict[MissingCode, str]:
    found: dict[MissingCode, str] = {}
    if not standing.is_fresh or standing.site is None:
        found[MissingCode.EVCC] = standing.problem
    if standing.is_automatic:
        found[MissingCode.AUTOMATIC] = ""
    if standing.is_released:
        found[MissingCode.RELEASED] = ""
    if not standing.is_configured:
        found[MissingCode.CONFIG] = ""
    if not standing.can_save:
        found[MissingCode.DISK] = ""
    if standing.now < EARLIEST_PLAUSIBLE_NOW:
        found[MissingCode.CLOCK] = ""
    battery = None if standing.site is None else standing.site.battery
    if battery is not None and battery.soc_pct is None:
        found[MissingCode.BATTERY_SOC] = ""
    if not standing.meters_add_up:
        found[MissingCode.METERS] = ""
    return found


def step_to(before: ControlRung | None, standing: Standing) -> ControlRung:
    """Return the rung of this moment; what was missing before is missing since then."""
    level, missing = find_level(standing)
    since = {one.code: one.since for one in before.missing} if before is not None else {}
    return ControlRung(
        level=level,
        since=before.since if before is not None and before.level is level else standing.now,
        missing=tuple(
            Missing(code=code, since=since.get(code, standing.now), detail=detail)
            for code, detail in missing.items()
        ),
    )
