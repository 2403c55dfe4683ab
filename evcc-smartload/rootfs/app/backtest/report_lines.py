"""A back-test as lines for programs: one of JSON per policy, one of CSV per day and policy."""

import csv
import io
import json
from dataclasses import asdict, fields

from backtest.report_json import DECIMALS
from domain.proof import Backtest, DayBook, PolicySums

_DAY_COLUMNS = tuple(one.name for one in fields(DayBook))


def to_lines(backtest: Backtest) -> tuple[str, ...]:
    """Return one line per policy: a JSON object, money in EUR, energies in kWh, shares 0 to 1.

    None is told as null: a band of too few days, a share of nothing.
    """
    return tuple(
        json.dumps({name: _rounded(value) for name, value in _line(backtest, sums).items()})
        for sums in backtest.sums
    )


def to_csv(backtest: Backtest) -> str:
    """Return one row per day and policy, days of a policy together, with a header.

    Days that are not counted are there, with ``is_counted`` 0.
    """
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(("home", "prices", "policy", *_DAY_COLUMNS))
    for result in backtest.results:
        for book in result.days:
            values = asdict(book)
            cells = [_cell(values[name]) for name in _DAY_COLUMNS]
            rows.writerow((backtest.period.home, backtest.period.prices, result.policy, *cells))
    return written.getvalue()


def _line(backtest: Backtest, sums: PolicySums) -> dict[str, object]:
    return {
        "policy": sums.policy.value,
        "cost_eur": sums.cost_eur,
        "saving_eur": sums.saving_eur.middle,
        "saving_low_eur": sums.saving_eur.low,
        "saving_high_eur": sums.saving_eur.high,
        "captured_frac": sums.captured_frac,
        "of_battery_frac": sums.of_battery_frac,
        "self_sufficiency_frac": sums.self_sufficiency_frac,
        "bought_kwh": sums.bought_kwh,
        "sold_kwh": sums.sold_kwh,
        "battery_throughput_kwh": sums.battery_kwh,
        "cars_ready": sums.ready,
        "departures": sums.departures,
        "peak_import_kw": sums.peak_kw,
        "decisions_per_day": sums.decisions_per_day,
        "writes_per_day": sums.writes_per_day,
        "switches_per_day": sums.switches_per_day,
        "replans": sums.replans,
        "days": sums.n_days,
        "excluded_frac": backtest.period.excluded_frac,
        "worst_month_saving_eur": sums.worst_month_saving_eur,
        "seconds": sums.took_s,
        "home": backtest.period.home,
        "prices": backtest.period.prices,
    }


def _rounded(value: object) -> object:
    return round(value, DECIMALS) + 0.0 if isinstance(value, float) else value


def _cell(value: object) -> object:
    return int(value) if isinstance(value, bool) else _rounded(value)
