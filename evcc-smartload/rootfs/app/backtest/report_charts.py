"""Which charts a back-test's page has."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from backtest.report_reader import Reader
from backtest.report_sentence import judged
from backtest.report_svg import Bar, Line, bars, day_lines, month_bars
from domain.proof import Policy, PolicyResult

_COLOURS: Mapping[Policy, str] = {
    Policy.NO_BATTERY: "--line-strong",
    Policy.EVCC: "--c-simulated",
    Policy.FORMULA: "--c-formula",
    Policy.RISK: "--c-risk",
    Policy.SMARTLOAD: "--c-buffer",
    Policy.FORESIGHT: "--ink-1",
}
_DASHES: Mapping[Policy, str] = {
    Policy.FORMULA: "8,4",
    Policy.RISK: "3,3",
    Policy.FORESIGHT: "1,4",
}
_LEAST_MONTHS = 2
_DIGITS = ((10.0, 0), (1.0, 1), (0.1, 2))
_WITHOUT_SHARE = frozenset({Policy.EVCC, Policy.NO_BATTERY, Policy.FORESIGHT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with its title and what its reader has to know; ``svg`` stands in the page."""

    title: str
    hint: str
    svg: str


def charts_of(reader: Reader) -> list[Chart]:
    """Return what can be drawn: nothing where no day counts."""
    if not reader.days:
        return []
    drawn = (_costs(reader), _months(reader), _saved_so_far(reader), _shares(reader))
    return [chart for chart in drawn if chart is not None]


def _costs(reader: Reader) -> Chart:
    drawn = [
        Bar(
            label=f"{reader.title_of(sums.policy)}: {reader.figures.money(sums.cost_eur)}",
            value=sums.cost_eur,
            colour=_COLOURS[sums.policy],
        )
        for sums in reader.backtest.sums
    ]
    words = reader.words
    number = _axis(reader, (bar.value for bar in drawn))
    return Chart(title=words.cost_chart, hint=words.cost_hint, svg=bars("cost", drawn, number))


def _months(reader: Reader) -> Chart | None:
    ours = judged(reader.backtest.sums)
    if ours is None:
        return None
    months = reader.savings(ours.policy)
    if len(months) < _LEAST_MONTHS:
        return None
    named = [
        (reader.month(month) if index == 0 or month.month == 1 else reader.short_month(month), band)
        for index, (month, band) in enumerate(months.items())
    ]
    number = _axis(
        reader, (end for band in months.values() for end in (band.low, band.middle, band.high))
    )
    return Chart(
        title=reader.words.month_chart(reader.title_of(ours.policy)),
        hint=reader.words.month_hint,
        svg=month_bars("months", named, _COLOURS[ours.policy], number),
    )


def _saved_so_far(reader: Reader) -> Chart | None:
    lines = [
        _line(reader, result) for result in reader.others if result.policy is not Policy.NO_BATTERY
    ]
    if not lines:
        return None
    number = _axis(reader, (value for line in lines for value in line.values))
    return Chart(
        title=reader.words.sum_chart,
        hint=reader.words.sum_hint,
        svg=day_lines("sum", lines, number, reader.day),
    )


def _shares(reader: Reader) -> Chart | None:
    drawn = [
        Bar(
            label=f"{reader.title_of(sums.policy)}: {reader.share(sums.captured_frac)}",
            value=100.0 * sums.captured_frac,
            colour=_COLOURS[sums.policy],
        )
        for sums in reader.backtest.sums
        if sums.captured_frac is not None and sums.policy not in _WITHOUT_SHARE
    ]
    if not drawn:
        return None
    words = reader.words
    return Chart(
        title=words.share_chart,
        hint=words.share_hint,
        svg=bars("share", drawn, reader.count, most=100.0),
    )


def _axis(reader: Reader, values: Iterable[float | None]) -> Callable[[float], str]:
    """Return how to write the figures of an axis that reaches over ``values`` and 0."""
    known = [0.0, *(value for value in values if value is not None)]
    reach = max(known) - min(known)
    digits = next((digits for least, digits in _DIGITS if reach >= least), 3)
    return lambda value: reader.figures.number(value, digits)


def _line(reader: Reader, result: PolicyResult) -> Line:
    base = {book.day: book.cost_eur for book in reader.base.days}
    ours = {book.day: book.cost_eur for book in result.days}
    return Line(
        label=reader.title_of(result.policy),
        days=reader.days,
        values=tuple(accumulate(base[day] - ours[day] for day in reader.days)),
        colour=_COLOURS[result.policy],
        dash=_DASHES.get(result.policy, ""),
    )
