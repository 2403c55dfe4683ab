"""What is wrong at the moment, from what was read and what was done; pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clock import EARLIEST_PLAUSIBLE_NOW
from domain.config_problem import ConfigProblem
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
    cycle_failure: str | None
    not_applied: str | None
    """The reason of the last event when a live decision was not applied."""


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
    if seen.not_applied is not None:
        return [_finding(ProblemCode.BUFFER_NOT_APPLIED, Severity.WARNING, seen.not_applied)]
    return []


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
