"""A back-test as its reader sees it: words, figures, days and savings."""

from dataclasses import dataclass
from datetime import UTC, date

from backtest.report_words import Words, note_text
from backtest.report_words_de import GERMAN
from backtest.report_words_en import ENGLISH
from domain.proof import Backtest, Band, Policy, PolicyResult
from planner.wording_figures import Figures
from proof.accounting import counted_days, saving_by_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A back-test, and how its reader reads figures."""

    backtest: Backtest
    words: Words
    figures: Figures

    @property
    def days(self) -> tuple[date, ...]:
        """The days that count."""
        return counted_days(self.backtest.results)

    @property
    def base(self) -> PolicyResult:
        """What all others are compared with."""
        return next(one for one in self.backtest.results if one.policy is Policy.EVCC)

    @property
    def others(self) -> tuple[PolicyResult, ...]:
        """All that is compared with it."""
        return tuple(one for one in self.backtest.results if one.policy is not Policy.EVCC)

    def savings(self, policy: Policy) -> dict[date, Band]:
        """Return what a policy saved in each month, by its first day."""
        ours = next(one for one in self.backtest.results if one.policy is policy)
        return saving_by_month(ours, self.base, self.days, seed=self.backtest.period.seed)

    def title_of(self, policy: Policy) -> str:
        """Return the name of a policy."""
        return self.words.policies[policy][0]

    def day(self, day: date) -> str:
        """Return "27.10.2024"."""
        return self.words.day(day.year, day.month, day.day)

    @property
    def notes(self) -> list[str]:
        """What has to be known to believe the figures, in sentences."""
        notes = self.backtest.period.notes
        return [note_text(note, self.words, self.figures) for note in notes]

    def month(self, month: date) -> str:
        """Return "Okt 2024"."""
        return f"{self.short_month(month)} {month.year}"

    def short_month(self, month: date) -> str:
        """Return "Okt"."""
        return self.words.months[month.month - 1]

    def share(self, frac: float | None) -> str:
        """Return "86 %"; a dash when it is not known."""
        return "–" if frac is None else f"{self.figures.number(frac * 100.0, 0)} %"

    def count(self, number: float) -> str:
        """Return a whole number."""
        return self.figures.number(number, 0)


def reader_of(backtest: Backtest, language: str) -> Reader:
    """Return a reader of German where ``language`` is ``de``, else of English."""
    words = GERMAN if language == "de" else ENGLISH
    figures = Figures(style=words.style, zone=UTC, now=backtest.period.end, currency="EUR")
    return Reader(backtest=backtest, words=words, figures=figures)
