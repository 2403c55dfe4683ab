"""What is found wrong, from what was read and done."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis import BALANCE_SLACK_KW, Circumstances, Finding, diagnose, is_balanced
from domain.config_problem import ConfigProblem
from domain.control import BATTERY_MODE, SettingValue
from domain.problem import ProblemCode, Severity
from domain.site import BatterySnapshot, SiteSnapshot, SolarSlot
from domain.steering import WriteOutcome
from errors import EvccRejectedError, EvccUnavailableError, EvccUnreadableError
from tests.support.shown_state import NOON, command_record, full_site

SOLAR = (SolarSlot(start=NOON + timedelta(hours=1), power_kw=5.0),)
SITE = replace(full_site(), solar=SOLAR)
WELL = Circumstances(
    now=NOON,
    evcc_url="http://evcc:7070",
    site=SITE,
    evcc_error=None,
    config_problems=(),
    has_buffer=True,
    unreadable=(),
    unwritable=(),
    cycle_failure=None,
    forecast_failure=None,
    plan_failure=None,
    steer_failure=None,
    not_applied=None,
)
UNCONFIRMED = replace(command_record(), outcome=WriteOutcome.NOT_CONFIRMED)
FUSE = {"phase": "2", "current_a": "33.1", "limit_a": "35"}
WRONG_OPTION = ConfigProblem(option="battery_min_soc", given="900", allowed="20 to 90 %")


def with_battery(site: SiteSnapshot, battery: BatterySnapshot | None) -> SiteSnapshot:
    return replace(site, battery=battery)


def battery(site: SiteSnapshot = SITE) -> BatterySnapshot:
    assert site.battery is not None
    return site.battery


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code.value for finding in findings]


def test_a_home_in_which_all_is_well_has_no_findings() -> None:
    assert diagnose(WELL) == ()


Change = Callable[[Circumstances], Circumstances]
CASES: list[tuple[ProblemCode, Severity, Change]] = [
    (
        ProblemCode.CONFIG_INVALID,
        Severity.ERROR,
        lambda seen: replace(seen, config_problems=(WRONG_OPTION,)),
    ),
    (ProblemCode.BUFFER_MISSING, Severity.ERROR, lambda seen: replace(seen, has_buffer=False)),
    (
        ProblemCode.FORECAST_FAILED,
        Severity.ERROR,
        lambda seen: replace(seen, forecast_failure="ValueError: x"),
    ),
    (
        ProblemCode.PLAN_FAILED,
        Severity.WARNING,
        lambda seen: replace(seen, plan_failure="ValueError: x"),
    ),
    (
        ProblemCode.STEER_FAILED,
        Severity.ERROR,
        lambda seen: replace(seen, steer_failure="ValueError: x"),
    ),
    (
        ProblemCode.CYCLE_FAILED,
        Severity.ERROR,
        lambda seen: replace(seen, cycle_failure="ValueError: x"),
    ),
    (
        ProblemCode.STORE_NOT_WRITABLE,
        Severity.ERROR,
        lambda seen: replace(seen, unwritable=("disk full",)),
    ),
    (
        ProblemCode.STORE_WAS_UNREADABLE,
        Severity.ERROR,
        lambda seen: replace(seen, unreadable=("was unreadable",)),
    ),
    (
        ProblemCode.EVCC_NOT_FOUND,
        Severity.ERROR,
        lambda seen: replace(seen, evcc_url=None, site=None),
    ),
    (
        ProblemCode.EVCC_UNREACHABLE,
        Severity.WARNING,
        lambda seen: replace(seen, evcc_error=EvccUnavailableError("timed out")),
    ),
    (
        ProblemCode.EVCC_UNREACHABLE,
        Severity.WARNING,
        lambda seen: replace(seen, evcc_error=EvccRejectedError("no", status=404)),
    ),
    (
        ProblemCode.EVCC_UNREADABLE,
        Severity.WARNING,
        lambda seen: replace(seen, evcc_error=EvccUnreadableError("empty answer")),
    ),
    (
        ProblemCode.EVCC_AUTOMATIC_MODE,
        Severity.INFO,
        lambda seen: replace(seen, site=replace(SITE, automatic_mode=True)),
    ),
    (
        ProblemCode.BUFFER_NOT_APPLIED,
        Severity.WARNING,
        lambda seen: replace(seen, not_applied="evcc antwortet nicht"),
    ),
    (
        ProblemCode.WRITE_NOT_CONFIRMED,
        Severity.WARNING,
        lambda seen: replace(seen, unconfirmed=(UNCONFIRMED,)),
    ),
    (
        ProblemCode.WRITE_BUDGET_SPENT,
        Severity.WARNING,
        lambda seen: replace(seen, budget_spent=("mode",)),
    ),
    (
        ProblemCode.FOREIGN_CONTROL,
        Severity.WARNING,
        lambda seen: replace(seen, foreign_mode="charge"),
    ),
    (
        ProblemCode.FUSE_NEAR_LIMIT,
        Severity.INFO,
        lambda seen: replace(seen, fuse_relief=FUSE),
    ),
    (
        ProblemCode.EVCC_AUTOMATIC_ENDED,
        Severity.INFO,
        lambda seen: replace(seen, automatic_ended=True),
    ),
    (
        ProblemCode.NO_BATTERY,
        Severity.WARNING,
        lambda seen: replace(seen, site=replace(SITE, battery=None, pv_kw=5.0)),
    ),
    (
        ProblemCode.NO_BATTERY_SOC,
        Severity.WARNING,
        lambda seen: replace(seen, site=with_battery(SITE, replace(battery(), soc_pct=None))),
    ),
    (
        ProblemCode.NO_SOLAR_FORECAST,
        Severity.WARNING,
        lambda seen: replace(seen, site=replace(SITE, solar=())),
    ),
    (
        ProblemCode.NO_PRICES,
        Severity.WARNING,
        lambda seen: replace(seen, site=replace(SITE, import_rates=())),
    ),
    (
        ProblemCode.EVCC_STALE_METERS,
        Severity.WARNING,
        lambda seen: replace(seen, site=replace(SITE, pv_kw=0.0)),
    ),
    (
        ProblemCode.EVCC_IMPLAUSIBLE,
        Severity.INFO,
        lambda seen: replace(seen, site=replace(SITE, implausible=("SoC of 250 % left out",))),
    ),
]


@pytest.mark.parametrize(
    ("code", "severity", "change"), CASES, ids=[f"{case[0].value}-{case[1]}" for case in CASES]
)
def test_one_thing_wrong_is_one_finding(
    code: ProblemCode, severity: Severity, change: Change
) -> None:
    (finding,) = diagnose(change(WELL))

    assert (finding.code, finding.severity) == (code, severity)
    assert finding.detail


def test_every_code_has_a_case_here() -> None:
    clock = {ProblemCode.CLOCK_NOT_SET}

    assert {case[0] for case in CASES} | clock == set(ProblemCode)


def test_a_clock_of_the_past_is_found() -> None:
    past = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)

    (finding,) = diagnose(replace(WELL, now=past))

    assert (finding.code, finding.severity) == (ProblemCode.CLOCK_NOT_SET, Severity.WARNING)
    assert "1970" in finding.detail


def test_the_wrong_options_are_named() -> None:
    other = replace(WRONG_OPTION, option="port")

    (finding,) = diagnose(replace(WELL, config_problems=(WRONG_OPTION, other)))

    assert finding.facts == {"options": "battery_min_soc, port"}


def test_what_evcc_does_not_show_is_named_with_its_device_and_value() -> None:
    (finding,) = diagnose(replace(WELL, unconfirmed=(UNCONFIRMED,)))

    assert finding.facts == {"setting": "smartCostLimit", "device": "lp-1", "wanted": "0.19"}
    assert "smartCostLimit of Carport = 0.19" in finding.detail


@pytest.mark.parametrize(
    ("wanted", "told"),
    [(None, "none"), (True, "true"), (False, "false"), ("hold", "hold"), (25.0, "25")],
)
def test_a_value_that_is_not_shown_is_told_in_a_word(wanted: SettingValue, told: str) -> None:
    record = replace(UNCONFIRMED, wanted=wanted)

    (finding,) = diagnose(replace(WELL, unconfirmed=(record,)))

    assert finding.facts["wanted"] == told


def test_of_several_commands_that_are_not_shown_the_oldest_gives_the_facts() -> None:
    later = replace(UNCONFIRMED, lever=BATTERY_MODE, wanted="hold", at=NOON + timedelta(hours=1))

    (finding,) = diagnose(replace(WELL, unconfirmed=(UNCONFIRMED, later)))

    assert finding.facts["setting"] == "smartCostLimit"
    assert "batteryMode = hold" in finding.detail


def test_a_setting_whose_budget_is_spent_is_named_once() -> None:
    (finding,) = diagnose(replace(WELL, budget_spent=("mode", "smartCostLimit", "mode")))

    assert finding.facts == {"settings": "mode, smartCostLimit"}


def test_the_mode_that_somebody_else_imposes_is_named() -> None:
    (finding,) = diagnose(replace(WELL, foreign_mode="charge"))

    assert finding.facts == {"mode": "charge"}


def test_the_phase_that_is_near_the_limit_is_named() -> None:
    (finding,) = diagnose(replace(WELL, fuse_relief=FUSE))

    assert finding.facts == FUSE
    assert "current_a 33.1" in finding.detail


def test_a_fuse_that_cannot_be_watched_is_told_without_figures() -> None:
    (finding,) = diagnose(replace(WELL, fuse_relief={}))

    assert finding.detail == "the home battery does not buy, as the main fuse is near its limit"


@pytest.mark.parametrize(
    "away",
    [
        replace(WELL, evcc_error=EvccUnavailableError("timed out")),
        replace(WELL, site=replace(SITE, automatic_mode=True)),
    ],
    ids=["evcc away", "evcc in charge"],
)
def test_while_smartload_writes_nothing_its_writing_is_no_matter(away: Circumstances) -> None:
    acted = replace(
        away,
        unconfirmed=(UNCONFIRMED,),
        budget_spent=("mode",),
        foreign_mode="hold",
        fuse_relief=FUSE,
        automatic_ended=True,
    )

    assert codes(diagnose(acted)) == codes(diagnose(away))


def test_the_gravest_comes_first() -> None:
    everything = replace(
        WELL,
        site=replace(SITE, import_rates=(), solar=(), implausible=("x",), automatic_mode=True),
        cycle_failure="ValueError: x",
        config_problems=(WRONG_OPTION,),
    )

    assert codes(diagnose(everything)) == [
        "config_invalid",
        "cycle_failed",
        "no_solar_forecast",
        "no_prices",
        "evcc_automatic_mode",
        "evcc_implausible",
    ]


@given(chosen=st.lists(st.sampled_from(CASES), max_size=6))
def test_findings_are_always_ordered_by_severity(
    chosen: list[tuple[ProblemCode, Severity, Change]],
) -> None:
    seen = WELL
    for _, _, change in chosen:
        seen = change(seen)

    rank = [("error", "warning", "info").index(finding.severity) for finding in diagnose(seen)]

    assert rank == sorted(rank)


def test_while_evcc_is_away_what_it_would_refuse_is_not_said() -> None:
    away = replace(
        WELL,
        evcc_error=EvccUnavailableError("timed out"),
        site=replace(SITE, automatic_mode=True),
        not_applied="evcc antwortet nicht",
    )

    assert codes(diagnose(away)) == ["evcc_unreachable"]


def test_before_the_first_reading_the_home_is_not_judged() -> None:
    starting = replace(WELL, site=None, evcc_error=EvccUnavailableError("starting"))

    assert codes(diagnose(starting)) == ["evcc_unreachable"]


def test_prices_and_forecast_of_the_past_do_not_count() -> None:
    tomorrow = replace(WELL, now=NOON + timedelta(days=1))

    assert codes(diagnose(tomorrow)) == ["no_solar_forecast", "no_prices"]


# -- the balance ---------------------------------------------------------------------------------


def test_a_home_whose_powers_add_up_is_balanced() -> None:
    assert is_balanced(SITE)


@pytest.mark.parametrize(
    "failed",
    [
        replace(SITE, pv_kw=0.0),
        replace(SITE, pv_kw=None),
        with_battery(SITE, replace(battery(), charge_kw=0.0, discharge_kw=3.0)),
        replace(SITE, grid_import_kw=4.0),
        replace(SITE, grid_export_kw=5.0),
        replace(SITE, loadpoints=()),
    ],
    ids=["pv zeroed", "pv gone", "battery reversed", "grid frozen", "grid frozen high", "no car"],
)
def test_a_failing_meter_breaks_the_balance(failed: SiteSnapshot) -> None:
    assert not is_balanced(failed)


@pytest.mark.parametrize(
    "unknown",
    [
        replace(SITE, home_kw=None, pv_kw=0.0),
        replace(SITE, home_kw=0.0, pv_kw=0.0),
        replace(SITE, grid_import_kw=None, pv_kw=0.0),
        replace(SITE, grid_export_kw=None, pv_kw=0.0),
    ],
    ids=["no house power", "clipped house power", "no grid meter", "no export"],
)
def test_what_cannot_be_told_counts_as_balanced(unknown: SiteSnapshot) -> None:
    assert is_balanced(unknown)


def test_a_home_without_battery_and_pv_can_be_balanced() -> None:
    plain = replace(
        SITE, battery=None, pv_kw=None, grid_import_kw=4.5, grid_export_kw=0.0, home_kw=0.5
    )

    assert is_balanced(plain)


@given(
    pv_kw=st.floats(0.0, 30.0),
    home_kw=st.floats(0.01, 20.0),
    battery_kw=st.floats(-10.0, 10.0),
    car_kw=st.floats(0.0, 22.0),
    error_kw=st.floats(-BALANCE_SLACK_KW * 0.99, BALANCE_SLACK_KW * 0.99),
)
def test_whatever_flows_a_true_reading_is_balanced(
    pv_kw: float, home_kw: float, battery_kw: float, car_kw: float, error_kw: float
) -> None:
    grid_kw = home_kw + car_kw + battery_kw - pv_kw + error_kw
    site = replace(
        SITE,
        pv_kw=pv_kw,
        home_kw=home_kw,
        grid_import_kw=max(0.0, grid_kw),
        grid_export_kw=max(0.0, -grid_kw),
        battery=replace(
            battery(), charge_kw=max(0.0, battery_kw), discharge_kw=max(0.0, -battery_kw)
        ),
        loadpoints=(replace(SITE.loadpoints[0], charge_kw=car_kw),),
    )

    assert is_balanced(site)
