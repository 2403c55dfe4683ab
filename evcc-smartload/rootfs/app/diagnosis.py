"""What is wrong at the moment, from what was read and what was done; pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clock import EARLIEST_PLAUSIBLE_NOW
from domain.config_problem import ConfigProblem
from domain.control import CommandRecord, SettingValue
from domain.problem import ProblemCode, Severity
from domain.site import SiteSnapshot
from domain.tariff import rates_from
from errors import EvccUnreadableError, SourceError

# Meters are read one after the other, so a small mismatch is normal.
BALANCE_SLACK_KW = 0.5
BALANCE_SLACK_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong now; since when is kept by the board."""

    code: ProblemCode
    severity: Severity
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Everything a diagnosis looks at."""

    now: datetime
    evcc_url: str | None
    site: SiteSnapshot | None
    evcc_error: SourceError | None
    config_problems: tuple[ConfigProblem, ...]
    has_buffer: bool
    unreadable: tuple[str, ...]
    """What was wrong with state files that were read."""
    unwritable: tuple[str, ...]
    """What is wrong with state files that cannot be written."""
    forecast_failure: str | None
    plan_failure: str | None
    steer_failure: str | None
    cycle_failure: str | None
    not_applied: str | None
    """The reason of the last event when a live decision was not applied."""
    unconfirmed: tuple[CommandRecord, ...] = ()
    """Commands that evcc took and that no reading shows; the oldest first."""
    budget_spent: tuple[str, ...] = ()
    """Settings that were changed as often as they may be in a day."""
    foreign_mode: str | None = None
    """The battery mode that somebody else imposes; None: nobody does."""
    fuse_relief: Mapping[str, str] | None = None
    """Figures of the phase that keeps the battery from buying; None: none does."""
    automatic_ended: bool = False
    """Whether evcc's automatic mode was switched off and nobody took over since."""


def is_balanced(site: SiteSnapshot) -> bool:
    """Return whether the powers of a reading can be true at the same moment.

    evcc freezes the grid and zeroes the PV or the battery when their meter fails, and marks
    nothing; a violated balance is the only sign. A house power of 0 may have been clipped.
    """
    if site.home_kw is None or site.home_kw <= 0.0:
        return True
    if site.grid_import_kw is None or site.grid_export_kw is None:
        return True
    battery = site.battery
    supply_kw = site.grid_import_kw + (site.pv_kw or 0.0)
    demand_kw = site.grid_export_kw + site.home_kw
    supply_kw += battery.discharge_kw if battery else 0.0
    demand_kw += battery.charge_kw if battery else 0.0
    demand_kw += sum(loadpoint.charge_kw for loadpoint in site.loadpoints)
    slack_kw = max(BALANCE_SLACK_KW, BALANCE_SLACK_SHARE * max(supply_kw, demand_kw))
    return abs(supply_kw - demand_kw) <= slack_kw


def diagnose(seen: Circumstances) -> tuple[Finding, ...]:
    """Return everything that is wrong, the gravest first."""
    findings = [
        *_own_findings(seen),
        *_evcc_findings(seen),
        *([] if seen.site is None else _site_findings(seen.site, seen.now)),
    ]
    order = (Severity.ERROR, Severity.WARNING, Severity.INFO)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def _own_findings(seen: Circumstances) -> list[Finding]:
    findings = []
    if seen.config_problems:
        options = ", ".join(problem.option for problem in seen.config_problems)
        findings.append(
            _finding(ProblemCode.CONFIG_INVALID, Severity.ERROR, f"wrong options: {options}",
                     options=options)
        )  # fmt: skip
    if not seen.has_buffer:
        findings.append(
            _finding(ProblemCode.BUFFER_MISSING, Severity.ERROR, "the buffer did not start")
        )
    if seen.cycle_failure is not None:
        findings.append(_finding(ProblemCode.CYCLE_FAILED, Severity.ERROR, seen.cycle_failure))
    if seen.forecast_failure is not None:
        findings.append(
            _finding(ProblemCode.FORECAST_FAILED, Severity.ERROR, seen.forecast_failure)
        )
    if seen.plan_failure is not None:
        findings.append(_finding(ProblemCode.PLAN_FAILED, Severity.WARNING, seen.plan_failure))
    if seen.steer_failure is not None:
        findings.append(_finding(ProblemCode.STEER_FAILED, Severity.ERROR, seen.steer_failure))
    if seen.unwritable:
        text = "; ".join(seen.unwritable)
        findings.append(_finding(ProblemCode.STORE_NOT_WRITABLE, Severity.ERROR, text))
    if seen.unreadable:
        text = "; ".join(seen.unreadable)
        findings.append(_finding(ProblemCode.STORE_WAS_UNREADABLE, Severity.ERROR, text))
    if seen.now < EARLIEST_PLAUSIBLE_NOW:
        findings.append(
            _finding(ProblemCode.CLOCK_NOT_SET, Severity.WARNING, f"it cannot be {seen.now:%Y}")
        )
    return findings


def _evcc_findings(seen: Circumstances) -> list[Finding]:
    if seen.evcc_url is None:
        return [_finding(ProblemCode.EVCC_NOT_FOUND, Severity.ERROR, "no evcc was found")]
    if isinstance(seen.evcc_error, EvccUnreadableError):
        return [_finding(ProblemCode.EVCC_UNREADABLE, Severity.WARNING, str(seen.evcc_error))]
    if seen.evcc_error is not None:
        return [_finding(ProblemCode.EVCC_UNREACHABLE, Severity.WARNING, str(seen.evcc_error))]
    if seen.site is not None and seen.site.automatic_mode:
        return [
            _finding(
                ProblemCode.EVCC_AUTOMATIC_MODE,
                Severity.INFO,
                "evcc's own optimizer controls the battery",
            )
        ]
    return _control_findings(seen)


def _control_findings(seen: Circumstances) -> list[Finding]:
    """Return what is wrong with acting, while evcc answers and leaves the say to others."""
    findings = []
    if seen.not_applied is not None:
        findings.append(
            _finding(ProblemCode.BUFFER_NOT_APPLIED, Severity.WARNING, seen.not_applied)
        )
    if seen.unconfirmed:
        findings.append(_unconfirmed(seen.unconfirmed, seen.site))
    if seen.budget_spent:
        # Two loadpoints have settings of one name.
        settings = ", ".join(dict.fromkeys(seen.budget_spent))
        text = f"changed as often as one day allows: {settings}"
        findings.append(
            _finding(ProblemCode.WRITE_BUDGET_SPENT, Severity.WARNING, text, settings=settings)
        )
    if seen.foreign_mode is not None:
        text = f"somebody else imposes the battery mode {seen.foreign_mode}"
        findings.append(
            _finding(ProblemCode.FOREIGN_CONTROL, Severity.WARNING, text, mode=seen.foreign_mode)
        )
    if seen.fuse_relief is not None:
        findings.append(_near_fuse(seen.fuse_relief))
    if seen.automatic_ended:
        text = "evcc's own automatic mode was switched off, and nobody has taken over since"
        findings.append(_finding(ProblemCode.EVCC_AUTOMATIC_ENDED, Severity.INFO, text))
    return findings


def _unconfirmed(records: tuple[CommandRecord, ...], site: SiteSnapshot | None) -> Finding:
    """Return one finding for all of them; its facts are those of the oldest."""
    loadpoints = () if site is None else site.loadpoints
    titles = {one.name: one.title for one in loadpoints}
    told = []
    for record in records:
        lever = record.lever
        where = f" of {titles.get(lever.device) or lever.device}" if lever.device else ""
        told.append(f"{lever.setting.value}{where} = {_told(record.wanted)}")
    oldest = records[0]
    return _finding(
        ProblemCode.WRITE_NOT_CONFIRMED,
        Severity.WARNING,
        f"evcc took it, and its readings do not show it: {'; '.join(told)}",
        setting=oldest.lever.setting.value,
        device=oldest.lever.device,
        wanted=_told(oldest.wanted),
    )


def _near_fuse(facts: Mapping[str, str]) -> Finding:
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    text = "the home battery does not buy, as the main fuse is near its limit"
    return Finding(
        code=ProblemCode.FUSE_NEAR_LIMIT,
        severity=Severity.INFO,
        detail=f"{text}: {told}" if told else text,
        facts=facts,
    )


def _told(value: SettingValue) -> str:
    """Return a setting's value as a fact: numbers short, words as evcc has them."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return f"{value:g}"


def _site_findings(site: SiteSnapshot, now: datetime) -> list[Finding]:
    findings = []
    if site.battery is None:
        findings.append(
            _finding(ProblemCode.NO_BATTERY, Severity.WARNING, "evcc knows no home battery")
        )
    elif site.battery.soc_pct is None:
        findings.append(
            _finding(
                ProblemCode.NO_BATTERY_SOC, Severity.WARNING, "a battery does not tell its SoC"
            )
        )
    if not any(slot.start >= now for slot in site.solar):
        findings.append(
            _finding(ProblemCode.NO_SOLAR_FORECAST, Severity.WARNING, "evcc has no solar forecast")
        )
    if not rates_from(site.import_rates, now):
        findings.append(
            _finding(ProblemCode.NO_PRICES, Severity.WARNING, "evcc knows no price from now on")
        )
    if not is_balanced(site):
        findings.append(
            _finding(
                ProblemCode.EVCC_STALE_METERS,
                Severity.WARNING,
                "the powers evcc shows do not add up; one of its meters does not answer",
            )
        )
    if site.implausible:
        findings.append(
            _finding(ProblemCode.EVCC_IMPLAUSIBLE, Severity.INFO, "; ".join(site.implausible))
        )
    return findings


def _finding(code: ProblemCode, severity: Severity, detail: str, **facts: str) -> Finding:
    return Finding(code=code, severity=severity, detail=detail, facts=facts)
