"""The report on the owner's past and a back-test as JSON, and what is kept of them in files.

The form is described in docs/http-api.md. Amounts are rounded to a hundredth of a cent, so that
days add up to their sums as they are shown.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from domain.observation import (
    BufferFigures,
    Change,
    MonthSaving,
    ObservationReport,
    ObservedDay,
)
from domain.proof import Backtest, Band, PolicySums
from domain.steering import Fact
from persistence import parse_number

_DECIMALS = 4
_FACT_DECIMALS = 5


def report_to_json(report: ObservationReport) -> dict[str, object]:
    """Return ``report`` of ``GET /proof``."""
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "n_days": report.n_days,
        "n_counted": report.n_counted,
        "excluded_frac": round(report.excluded_frac, _DECIMALS),
        "currency": report.currency,
        "paid_eur": _rounded(report.paid_eur),
        "evcc_eur": _rounded(report.evcc_eur),
        "ours_eur": _band_to_json(report.ours_eur),
        "saving_eur": _band_to_json(report.saving_eur),
        "possible_eur": _rounded(report.possible_eur),
        "captured_frac": _rounded(report.captured_frac),
        "months": [_month_to_json(month) for month in report.months],
        "days": days_to_json(report.days),
        "changes": [_change_to_json(change) for change in report.changes],
        "buffers": [_buffer_to_json(buffer) for buffer in report.buffers],
        "recommendation": _coded(report.advice.code, report.advice.facts),
        "notes": [_coded(note.code, note.facts) for note in report.notes],
    }


def days_to_json(days: Iterable[ObservedDay]) -> list[dict[str, object]]:
    """Return days as a report shows them and as they are kept."""
    return [
        {
            "day": day.day.isoformat(),
            "is_counted": day.is_counted,
            "paid_eur": _rounded(day.paid_eur),
            "evcc_eur": _rounded(day.evcc_eur),
            "ours_eur": _rounded(day.ours_eur),
            "possible_eur": _rounded(day.possible_eur),
        }
        for day in days
    ]


def days_from_json(raw: object) -> tuple[ObservedDay, ...]:
    """Return what ``days_to_json`` wrote.

    Raises:
        ValueError, TypeError, KeyError: It is not as written.
    """
    if not isinstance(raw, list):
        raise TypeError("days are no list")
    return tuple(_day_from_json(day) for day in raw)


def summary_to_json(
    proof: Mapping[str, object], report: Mapping[str, object] | None
) -> dict[str, object]:
    """Return ``proof_summary`` of the state message from the answer of ``GET /proof``."""
    told = {} if report is None else report
    advice = told.get("recommendation")
    return {
        "state": proof["state"],
        "made_at": proof["made_at"],
        "sentence_code": advice["code"] if isinstance(advice, dict) else None,
        **{name: told.get(name) for name in _SUMMED},
        "days_missing": proof["days_missing"],
        "is_live": proof["is_live"],
    }


def backtest_to_json(backtest: Backtest) -> dict[str, object]:
    """Return ``result`` of ``GET /proof/backtest``."""
    days = sorted({day.day for result in backtest.results for day in result.days})
    costs = {
        result.policy: {day.day: day.cost_eur for day in result.days} for result in backtest.results
    }
    return {
        "n_days": backtest.sums[0].n_days if backtest.sums else 0,
        "excluded_frac": round(backtest.period.excluded_frac, _DECIMALS),
        "sums": [_sums_to_json(sums) for sums in backtest.sums],
        "days": [
            {
                "day": day.isoformat(),
                "cost_eur": {policy: _rounded(of[day]) for policy, of in costs.items()},
            }
            for day in days
        ],
    }


_SUMMED = ("since", "until", "n_days", "paid_eur", "evcc_eur", "ours_eur", "saving_eur")


def _sums_to_json(sums: PolicySums) -> dict[str, object]:
    return {
        "policy": sums.policy.value,
        "cost_eur": _rounded(sums.cost_eur),
        "saving_eur": _band_to_json(sums.saving_eur),
        "captured_frac": _rounded(sums.captured_frac),
        "of_battery_frac": _rounded(sums.of_battery_frac),
        "self_sufficiency_frac": _rounded(sums.self_sufficiency_frac),
        "bought_kwh": _rounded(sums.bought_kwh),
        "sold_kwh": _rounded(sums.sold_kwh),
        "battery_kwh": _rounded(sums.battery_kwh),
        "peak_kw": _rounded(sums.peak_kw),
        "departures": sums.departures,
        "ready": sums.ready,
        "writes_per_day": _rounded(sums.writes_per_day),
        "decisions_per_day": _rounded(sums.decisions_per_day),
    }


def _band_to_json(band: Band) -> dict[str, object] | None:
    """Return a band; None where there are too few days to have one: a middle alone misleads."""
    if band.low is None or band.high is None:
        return None
    return {
        "low": _rounded(band.low),
        "middle": _rounded(band.middle),
        "high": _rounded(band.high),
    }


def _month_to_json(month: MonthSaving) -> dict[str, object]:
    return {
        "month": f"{month.month:%Y-%m}",
        "saving_eur": _rounded(month.saving_eur),
        "n_days": month.n_days,
    }


def _change_to_json(change: Change) -> dict[str, object]:
    return {
        "at": change.at.isoformat(),
        "setting": change.lever.setting.value,
        "device": change.lever.device,
        "title": change.title,
        "before": change.before,
        "wanted": change.wanted,
        "reason": _coded(change.reason.code, change.reason.facts),
    }


def _buffer_to_json(buffer: BufferFigures) -> dict[str, object]:
    return {
        "strategy": buffer.strategy,
        "is_chosen": buffer.is_chosen,
        "cost_eur_per_day": _rounded(buffer.cost_eur_per_day),
        "nights": buffer.nights.nights,
        "nights_bridged": buffer.nights.bridged,
        "kept_kwh": _rounded(buffer.nights.kept_kwh),
        "departures": buffer.departures,
        "ready": buffer.ready,
    }


def _coded(code: str, facts: Mapping[str, Fact]) -> dict[str, object]:
    return {
        "code": str(code),
        "facts": {
            name: round(fact, _FACT_DECIMALS) if isinstance(fact, float) else fact
            for name, fact in facts.items()
        },
    }


def _day_from_json(raw: object) -> ObservedDay:
    if not isinstance(raw, dict) or not isinstance(raw["is_counted"], bool):
        raise TypeError("a day is no day")
    return ObservedDay(
        day=date.fromisoformat(raw["day"]),
        is_counted=raw["is_counted"],
        paid_eur=_amount(raw["paid_eur"]),
        evcc_eur=_amount(raw["evcc_eur"]),
        ours_eur=_amount(raw["ours_eur"]),
        possible_eur=_amount(raw["possible_eur"]),
    )


def _amount(raw: object) -> float | None:
    return None if raw is None else parse_number(raw)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)
