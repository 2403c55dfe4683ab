"""The tables of a back-test's page, as text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backtest.report_json import running_versions
from backtest.report_reader import Reader
from backtest.report_sentence import band_text, judged, unbroken
from domain.proof import Policy, PolicySums


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A policy's column; ``is_ours`` is that of which the page is about."""

    title: str
    text: str
    is_ours: bool


def facts(reader: Reader) -> list[tuple[str, str]]:
    """Return which past it was."""
    words, period = reader.words, reader.backtest.period
    lived = {book.day for result in reader.backtest.results for book in result.days}
    span = f"{reader.day(min(lived))} {words.until} {reader.day(max(lived))}" if lived else "–"
    n_counted, n_lived = reader.count(len(reader.days)), reader.count(len(lived))
    is_all = len(reader.days) == len(lived)
    return [
        (words.home, period.home),
        (words.prices, period.prices),
        (words.period, span),
        (
            words.counted,
            words.counted_all(n_lived) if is_all else words.counted_of(n_counted, n_lived),
        ),
    ]


def heads(reader: Reader) -> list[Head]:
    """Return the columns of the table of all figures, but for the first."""
    ours = judged(reader.backtest.sums)
    titles = [(sums, reader.words.policies[sums.policy]) for sums in reader.backtest.sums]
    return [
        Head(title=title, text=text, is_ours=ours is not None and sums.policy is ours.policy)
        for sums, (title, text) in titles
    ]


def figure_rows(reader: Reader) -> list[tuple[str, ...]]:
    """Return a row per figure: its name, then each policy's."""
    columns = [_figures_of(reader, sums) for sums in reader.backtest.sums]
    return list(zip(reader.words.columns[1:], *columns, strict=True))


def month_heads(reader: Reader) -> list[str]:
    """Return the columns of the table of months: each policy's saving, then the band of ours."""
    words, ours = reader.words, judged(reader.backtest.sums)
    titles = [reader.title_of(result.policy) for result in reader.others]
    band = [] if ours is None else [f"{reader.title_of(ours.policy)}, {words.band}"]
    return [words.month, words.n_days, *titles, *band]


def month_rows(reader: Reader) -> list[tuple[str, ...]]:
    """Return a row per month that has a counted day; none when there is nothing to compare."""
    ours = judged(reader.backtest.sums)
    if ours is None:
        return []
    savings = [reader.savings(result.policy) for result in reader.others]
    months = [day.replace(day=1) for day in reader.days]
    return [
        (
            reader.month(month),
            reader.count(months.count(month)),
            *(unbroken(reader.figures.money(of[month].middle)) for of in savings),
            band_text(band, reader.figures),
        )
        for month, band in reader.savings(ours.policy).items()
    ]


def again(reader: Reader) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the names and values of all that has to be the same for the same cents."""
    words, period = reader.words, reader.backtest.period
    return [
        (words.settings, _pairs(period.settings)),
        (words.inputs, _pairs(period.inputs)),
        (words.versions, _pairs(period.versions or running_versions())),
    ]


def _figures_of(reader: Reader, sums: PolicySums) -> Sequence[str]:
    figures = reader.figures
    kwh = (sums.bought_kwh, sums.sold_kwh, sums.battery_kwh, sums.away_kwh)
    per_day = (sums.writes_per_day, sums.decisions_per_day, sums.switches_per_day)
    return (
        unbroken(figures.money(sums.cost_eur)),
        *_saving_of(reader, sums),
        *(
            unbroken(text)
            for text in (
                reader.share(sums.self_sufficiency_frac),
                reader.share(sums.self_consumption_frac),
                *(f"{reader.count(energy)} kWh" for energy in kwh),
                figures.kw(sums.peak_kw),
                f"{reader.count(sums.ready)} / {reader.count(sums.departures)}",
                *(figures.number(count, 1) for count in per_day),
            )
        ),
    )


def _saving_of(reader: Reader, sums: PolicySums) -> Sequence[str]:
    figures, worst_eur = reader.figures, sums.worst_month_saving_eur
    of_battery = reader.share(sums.of_battery_frac)
    if sums.policy is Policy.EVCC:
        return (*("–",) * 4, of_battery)
    return (
        unbroken(figures.money(sums.saving_eur.middle)),
        band_text(sums.saving_eur, figures),
        # Without a battery it is another home, of which nothing could be captured.
        reader.share(None if sums.policy is Policy.NO_BATTERY else sums.captured_frac),
        "–" if worst_eur is None else unbroken(figures.money(worst_eur)),
        of_battery,
    )


def _pairs(named: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, _told(value)) for name, value in sorted(named.items())]


def _told(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
