"""States as the service shows them: one with everything in it, and one with as little as can be."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.config_problem import ConfigProblem
from domain.control import (
    BATTERY_MODE,
    BUFFER,
    CommandRecord,
    ControlStatus,
    EvccSetting,
    HoldEnd,
    InCharge,
    Lever,
    OwnerHold,
    Ownership,
)
from domain.forecast import (
    BandSeries,
    Candidate,
    ChoiceReason,
    ForecastKind,
    ModelChoice,
    WindowEnergy,
)
from domain.history import EnergySource, ImportProgress, ImportState
from domain.horizon import SLOT, SLOTS_PER_DAY
from domain.outlook import (
    Accuracy,
    AccuracyReport,
    Away,
    Comparison,
    ConfidenceBand,
    ConfidenceParts,
    DayAccuracy,
    DayEnergy,
    Expectation,
    LeadAccuracy,
    NamedWindow,
    Outlook,
    WindowPurpose,
)
from domain.problem import Problem, ProblemCode, Severity
from domain.site import (
    BatteryDevice,
    BatteryMode,
    BatterySnapshot,
    ChargeMode,
    Loadpoint,
    SiteSnapshot,
    SocSettings,
)
from domain.state import (
    CycleKind,
    CycleReport,
    DemoStatus,
    EvccStatus,
    HistoryStatus,
    PvReport,
    ServiceStatus,
    SystemState,
)
from domain.steering import (
    BatToCar,
    CommandCode,
    CommandReason,
    ControlLevel,
    ControlRung,
    DoneNow,
    Gate,
    GateCode,
    Missing,
    MissingCode,
    Opinions,
    Override,
    OverrideKind,
    Stage,
    StageMode,
    StageReport,
    WriteCount,
    WriteOutcome,
)
from domain.tariff import Rate

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def full_site(now: datetime = NOON) -> SiteSnapshot:
    """A home that has everything; its powers add up."""
    hours = [now.replace(hour=0) + timedelta(hours=hour) for hour in range(24)]
    rates = tuple(
        Rate(start=start, end=start + timedelta(hours=1), price_eur_per_kwh=0.2 + 0.01 * number)
        for number, start in enumerate(hours)
    )
    return SiteSnapshot(
        read_at=now,
        evcc_version="0.313.1",
        title="Zuhause",
        currency="EUR",
        time_zone=UTC,
        pv_kw=6.0,
        home_kw=0.5,
        grid_import_kw=0.0,
        grid_export_kw=0.5,
        battery=BatterySnapshot(
            soc_pct=61.5,
            capacity_kwh=10.0,
            charge_kw=1.0,
            discharge_kw=0.0,
            mode=BatteryMode.NORMAL,
            devices=(BatteryDevice(name="db:1", controllable=True),),
        ),
        settings=SocSettings(priority_soc_pct=20.0, buffer_soc_pct=50.0, buffer_start_soc_pct=90.0),
        loadpoints=(
            Loadpoint(
                number=1,
                name="lp-1",
                title="Carport",
                mode=ChargeMode.PV,
                connected=True,
                charging=True,
                charge_kw=4.0,
                vehicle_title="Škoda ☀",
                vehicle_soc_pct=41.0,
                limit_soc_pct=80.0,
                session_kwh=3.25,
            ),
        ),
        import_rates=rates,
        export_rates=rates,
    )


def _flat(
    start: datetime, quantiles: tuple[float, float, float], n_slots: int, n_known: int = 0
) -> BandSeries:
    """One band in all quarter hours; what is known has none."""
    low, middle, high = quantiles
    return BandSeries(
        start=start,
        p10=(middle,) * n_known + (low,) * (n_slots - n_known),
        p50=(middle,) * n_slots,
        p90=(middle,) * n_known + (high,) * (n_slots - n_known),
        n_known=n_known,
    )


def _days(start: datetime, end: datetime) -> tuple[DayEnergy, ...]:
    """The days in Berlin that end before ``end``: surer than all their quarter hours together."""
    days = []
    day = start.astimezone(BERLIN).date()
    while (midnight := _midnight(day + timedelta(days=1))) <= end:
        begin = max(start, _midnight(day))
        hours = (midnight - begin) / timedelta(hours=1)
        for kind, (low, middle, high) in (
            (ForecastKind.PV, (1.5, 2.0, 2.5)),
            (ForecastKind.LOAD, (0.45, 0.5, 0.65)),
        ):
            energy = WindowEnergy(
                start=begin, end=midnight,
                p10_kwh=low * hours, p50_kwh=middle * hours, p90_kwh=high * hours,
            )  # fmt: skip
            is_whole = begin == _midnight(day)
            days.append(DayEnergy(kind=kind, day=day, is_whole=is_whole, energy=energy))
        day += timedelta(days=1)
    return tuple(days)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)


def full_outlook(now: datetime = NOON, *, n_slots: int = 2 * SLOTS_PER_DAY) -> Outlook:
    """Everything an outlook can say, with values that are easy to add up.

    Each hour 2 kWh of sun (1 to 3) and 0.5 kWh for the house (0.4 to 0.8); over a day 1.5 to 2.5
    and 0.45 to 0.65 an hour.
    """
    before = now - n_slots * SLOT
    choice = ModelChoice(
        model="weekday_profile",
        reason=ChoiceReason.BEST,
        candidates=(
            Candidate(model="weekday_profile", loss_kw=0.0512, n_days=28),
            Candidate(model="mean_profile_30d", loss_kw=0.0731, n_days=28),
        ),
    )
    bands = {
        ForecastKind.PV: _flat(now, (1.0, 2.0, 3.0), n_slots),
        ForecastKind.LOAD: _flat(now, (0.4, 0.5, 0.8), n_slots),
        ForecastKind.IMPORT_PRICE: _flat(now, (0.2, 0.3, 0.4), n_slots, n_known=40),
    }
    return Outlook(
        issued_at=now,
        start=now,
        expectations=tuple(
            Expectation(kind=kind, band=band, choice=choice) for kind, band in bands.items()
        ),
        provider_kw=(2.5,) * n_slots,
        confidence=ConfidenceParts(
            confidence_frac=0.82,
            raw_frac=0.8,
            coverage_frac=1.0,
            freshness_frac=0.9,
            accuracy_frac=0.889,
        ),
        days=_days(now, now + n_slots * SLOT),
        windows=(
            NamedWindow(
                purpose=WindowPurpose.UNTIL_SURPLUS,
                energy=WindowEnergy(
                    start=now, end=now + timedelta(hours=19), p10_kwh=4.5, p50_kwh=6.2, p90_kwh=8.9
                ),
            ),
        ),
        comparisons=tuple(
            Comparison(
                kind=kind,
                said=_flat(before, (low, low + 1.0, low + 2.0), n_slots),
                measured=(low + 1.25,) * n_slots,
            )
            for kind, low in ((ForecastKind.PV, 1.0), (ForecastKind.LOAD, 0.0))
        ),
        holidays=(date(2026, 6, 22),),
        away=Away(since=now - timedelta(days=1), share_frac=0.45),
        history_days=28.5,
    )


def full_accuracy(now: datetime = NOON) -> AccuracyReport:
    """Three weeks of forecasts of sun and house: the sun in the morning promised too much."""
    return AccuracyReport(
        since=now - timedelta(days=21),
        until=now,
        accuracies=tuple(
            Accuracy(
                kind=kind,
                n_days=21,
                mae=0.42,
                bias=0.05,
                nrmse_frac=0.31,
                pinball=0.11,
                coverage_frac=0.81,
                skill_frac=0.23,
                reference="mean_profile_30d",
                bias_by_hour=(0.0,) * 8 + (0.3,) + (0.0,) * 15,
                by_lead=(
                    LeadAccuracy(
                        lead_h=24.0, n_slots=2016, mae=0.42, bias=0.05, coverage_frac=0.81
                    ),
                ),
                by_day=(
                    DayAccuracy(
                        day=date(2026, 6, 20),
                        said_kwh=40.0,
                        measured_kwh=44.0,
                        mae=0.4,
                        coverage_frac=0.79,
                        confidence_frac=0.8,
                    ),
                ),
            )
            for kind in (ForecastKind.PV, ForecastKind.LOAD)
        ),
        window_coverage_frac=0.79,
        n_windows=42,
        confidence_rank_correlation=-0.42,
        confidence_bands=(
            ConfidenceBand(from_frac=0.8, to_frac=1.0, n_days=12, error_frac=0.14),
        ),
    )  # fmt: skip


def full_history(now: datetime = NOON) -> HistoryStatus:
    """A month of quarter hours, one import at work and one that failed."""
    return HistoryStatus(
        first=now - timedelta(days=30),
        last=now,
        n_days=28.5,
        size_bytes=3_400_000,
        imports=(
            ImportProgress(
                source=EnergySource.EVCC,
                state=ImportState.RUNNING,
                progress_frac=0.4,
                n_slots=1152,
                since=now - timedelta(days=30),
            ),
            ImportProgress(
                source=EnergySource.INFLUX,
                state=ImportState.FAILED,
                progress_frac=0.1,
                n_slots=96,
                since=now - timedelta(days=2),
                detail="influxdb:8086 does not answer",
            ),
        ),
        problem="the disk is full",
    )


CAR_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="lp-1")
CHEAP = CommandReason(
    code=CommandCode.CAR_CHEAP, facts={"car": "lp-1", "price": 0.1834567, "limit": 0.19}
)


def full_control(now: datetime = NOON) -> ControlStatus:
    """Everything that control can say, whether it can be so at one moment or not."""
    hour = timedelta(hours=1)
    return ControlStatus(
        in_charge=InCharge.OBSERVING,
        until=now + timedelta(days=11),
        owned=(
            Ownership(lever=BUFFER, owner=50.0, ours=35.0, since=now),
            Ownership(lever=CAR_LIMIT, owner=0.12, ours=0.19, since=now),
        ),
        holds=(
            OwnerHold(
                lever=BATTERY_MODE,
                owner="hold",
                since=now - hour,
                ends=HoldEnd.MIDNIGHT,
                until=now + 10 * hour,
            ),
        ),
        stages=_full_stages(now),
        rung=ControlRung(
            level=ControlLevel.RULES,
            since=now - hour,
            missing=(Missing(code=MissingCode.SOLVER, since=now - hour, detail="out of time"),),
        ),
        overrides=(
            Override(
                kind=OverrideKind.CHARGE_NOW, since=now, until=now + 1.5 * hour, device="lp-1"
            ),
        ),
        bat_to_car=BatToCar(
            is_active=False,
            device="lp-1",
            title="Škoda ☀",
            gates=(
                Gate(code=GateCode.ABOVE_BUFFER, is_open=True, facts={"soc_pct": 61.5}),
                Gate(code=GateCode.PLAN_AGREES, is_open=False, facts={"kwh": 0.0}),
            ),
        ),
        writes=WriteCount(
            n_today=4, most_per_day=80, by_lever=((CAR_LIMIT.setting.value, "lp-1", 4, 24),)
        ),
        opinions=Opinions(
            since=now - hour, is_on=True, evcc_mode="normal", our_mode="hold", our_reason=CHEAP
        ),
    )


def _full_stages(now: datetime) -> tuple[StageReport, ...]:
    return (
        StageReport(
            stage=Stage.BATTERY,
            mode=StageMode.OBSERVING,
            since=now - timedelta(days=3),
            ends_at=now + timedelta(days=11),
            done=(
                DoneNow(
                    setting=BATTERY_MODE.setting.value,
                    device="",
                    title="",
                    value="hold",
                    reason=CommandReason(code=CommandCode.BATTERY_KEEPS, facts={"price": 0.2}),
                    is_applied=False,
                ),
            ),
        ),
        StageReport(
            stage=Stage.CARS,
            mode=StageMode.LIVE,
            since=now - timedelta(days=1),
            ends_at=now,
            done=(
                DoneNow(
                    setting=CAR_LIMIT.setting.value,
                    device="lp-1",
                    title="Škoda ☀",
                    value=0.19,
                    reason=CHEAP,
                    is_applied=True,
                ),
            ),
        ),
    )


def command_record(at: datetime = NOON) -> CommandRecord:
    """A limit for a car that evcc took."""
    return CommandRecord(
        at=at,
        lever=CAR_LIMIT,
        stage=Stage.CARS,
        before=None,
        wanted=0.19,
        accepted=0.19,
        outcome=WriteOutcome.CONFIRMED,
        reason=CHEAP,
        settled_at=at + timedelta(minutes=1),
    )


def proof_summary() -> dict[str, object]:
    """A report of two weeks, in short."""
    return {
        "state": "ready",
        "made_at": "2026-06-20T22:11:00+00:00",
        "sentence_code": "activate",
        "since": "2026-06-07",
        "until": "2026-06-20",
        "n_days": 14,
        "paid_eur": 41.2,
        "evcc_eur": 43.1,
        "ours_eur": {"low": 36.9, "middle": 38.9, "high": 40.6},
        "saving_eur": {"low": 2.5, "middle": 4.2, "high": 6.2},
        "days_missing": 0,
        "is_live": False,
    }


def full_state(now: datetime = NOON) -> SystemState:
    """Nothing in it is None and no list is empty."""
    return SystemState(
        now=now,
        buffer_shadow=buffer_shadow(),
        proof_summary=proof_summary(),
        service=ServiceStatus(
            version="0.1.0",
            started_at=now - timedelta(days=3),
            language="auto",
            time_zone="Europe/Berlin",
            utc_offset_min=120,
            observe_only=True,
            config_problems=(
                ConfigProblem(
                    option="batery_min_soc", given="30", allowed="no such option",
                    nearest="battery_min_soc",
                ),
            ),
            options_path="/data/options.json",
            demo=DemoStatus(speed=360.0, progress_frac=0.25),
        ),
        evcc=EvccStatus(
            url="http://evcc:7070", reachable=True, since=now - timedelta(hours=1),
            version="0.313.1",
        ),
        site=full_site(now),
        site_is_stale=False,
        price_spread=0.13,
        pv=PvReport(
            confidence_frac=0.82,
            raw_frac=0.8,
            coverage_frac=1.0,
            freshness_frac=0.9,
            accuracy_frac=0.85,
            bias_frac=1.05,
            slots_start=now,
            slots_kw=(5.0,) * 96,
        ),
        control=full_control(now),
        cycle=CycleReport(
            count=7, kind=CycleKind.SLOT, at=now, next_at=now + timedelta(minutes=15),
            duration_ms=12.345,
        ),
        problems=(
            Problem(
                code=ProblemCode.NO_PRICES,
                severity=Severity.WARNING,
                since=now,
                detail="evcc knows no price from now on",
                facts={"hours": "3"},
            ),
        ),
        outlook=full_outlook(now),
        accuracy=full_accuracy(now),
        history=full_history(now),
    )  # fmt: skip


def bare_state(now: datetime = NOON) -> SystemState:
    """Right after the start: evcc was never reached, nothing is known."""
    return SystemState(
        now=now,
        service=ServiceStatus(
            version="0.1.0",
            started_at=now,
            language="de",
            time_zone=None,
            utc_offset_min=0,
            observe_only=False,
            config_problems=(),
            options_path="SMARTLOAD_…",
            demo=None,
        ),
        evcc=EvccStatus(url=None, reachable=False, since=now),
        site=None,
        site_is_stale=True,
        price_spread=0.0,
        pv=PvReport(
            confidence_frac=0.0,
            raw_frac=0.0,
            coverage_frac=0.0,
            freshness_frac=0.0,
            accuracy_frac=0.0,
            bias_frac=1.0,
            slots_start=None,
            slots_kw=(),
        ),
        control=ControlStatus(in_charge=InCharge.DEGRADED, until=None, owned=()),
        cycle=None,
        problems=(),
    )


def buffer_event(number: int = 0) -> dict[str, object]:
    """One stored decision about the buffer."""
    return {
        "ts": (NOON + timedelta(minutes=15 * number)).isoformat(),
        "mode": "observation",
        "pv_confidence": 82.0,
        "price_spread_ct": 13.0,
        "hour_of_day": 14,
        "expected_pv_kw": 80.0,
        "old_buffer_pct": 50,
        "new_buffer_pct": 35,
        "reason": "Konfidenz 82% · Spread 13ct · Puffer 35% · [Simulation]",
        "applied": False,
    }


def buffer_shadow() -> dict[str, object]:
    """What the buffer says that is not the chosen one."""
    return {
        **buffer_result(),
        "strategy": "risk",
        "parts": {
            "night_kwh": 3.2,
            "error_kwh": 1.1,
            "outage_kwh": 0.5,
            "need_kwh": 4.8,
            "target_pct": 60,
            "window_start": NOON.isoformat(),
            "window_end": (NOON + timedelta(hours=20)).isoformat(),
            "ends_by": "surplus",
            "confidence_pct": 90,
            "price_eur_per_day": 0.21,
        },
    }


def buffer_result() -> dict[str, object]:
    """What the buffer's step returns while observing."""
    return {
        "current_buffer_pct": 50,
        "mode": "observation",
        "days_remaining": 11,
        "log_recent": [buffer_event()],
        "observation_live_at": (NOON + timedelta(days=11)).isoformat(),
    }
