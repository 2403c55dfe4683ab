"""German and English texts of a back-test's page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from domain.proof import PeriodNote, PeriodNoteCode, Policy
from domain.steering import Fact
from planner.wording_figures import Figures, Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The facts of a note, written."""

    facts: Mapping[str, Fact]
    figures: Figures
    written_day: Callable[[int, int, int], str]

    def amount(self, fact: str) -> float:
        """Return a number."""
        return float(self.facts[fact])

    def word(self, fact: str) -> str:
        """Return a text."""
        return str(self.facts[fact])

    def number(self, fact: str) -> str:
        """Return a number, rounded to a whole one."""
        return self.figures.number(self.amount(fact), 0)

    def short(self, fact: str) -> str:
        """Return a number with as many digits as it needs, two at most."""
        return self._short(self.amount(fact))

    def share(self, fact: str) -> str:
        """Return "86 %" or "7,7 %"."""
        return f"{self._short(self.amount(fact) * 100.0)} %"

    def cents(self, fact: str) -> str:
        """Return "16,20 ct/kWh"."""
        return f"{self.figures.number(self.amount(fact) * 100.0, 2)} ct/kWh"

    def day(self, fact: str) -> str:
        """Return "27.10.2024"."""
        day = date.fromisoformat(self.word(fact))
        return self.written_day(day.year, day.month, day.day)

    def counted(self, fact: str, one: str, many: str) -> str:
        """Return "1 Tag" or "12 Tage"."""
        return f"{self.number(fact)} {one if self.amount(fact) == 1.0 else many}"

    def _short(self, value: float) -> str:
        digits = next((one for one in (0, 1) if round(value, one) == round(value, 2)), 2)
        return self.figures.number(value, digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The sentences that a page begins with; amounts and counts come as text.

    ``costs`` takes the days, the title of whoever is judged, what it came to and what evcc did;
    ``alone`` the days and what evcc came to. ``paid`` and ``earned`` make that of an amount;
    ``cheaper`` and ``dearer`` take the amount and its band.
    """

    costs: Callable[[str, str, str, str], str]
    alone: Callable[[str, str], str]
    paid: Callable[[str], str]
    earned: Callable[[str], str]
    none_counted: str
    cheaper: Callable[[str, str], str]
    dearer: Callable[[str, str], str]
    same: str
    band: Callable[[str, str], str]
    open: str
    too_few: str
    captured: Callable[[str], str]
    never_dearer: str
    worst_month: Callable[[str], str]
    one_day: str
    days: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything else on the page, in the order in which it stands there.

    ``noted`` makes a sentence of each note.
    """

    lang: str
    style: Style
    months: tuple[str, ...]
    day: Callable[[int, int, int], str]
    title: str
    said: Sentences
    policies: Mapping[Policy, tuple[str, str]]
    period: str
    until: str
    home: str
    prices: str
    counted: str
    counted_all: Callable[[str], str]
    counted_of: Callable[[str, str], str]
    notes: str
    noted: Mapping[PeriodNoteCode, Callable[[Noted], str]]
    cost_chart: str
    cost_hint: str
    month_chart: Callable[[str], str]
    month_hint: str
    sum_chart: str
    sum_hint: str
    share_chart: str
    share_hint: str
    figures: str
    columns: tuple[str, ...]
    saved_by_month: str
    month: str
    n_days: str
    band: str
    method: str
    method_texts: tuple[str, ...]
    replacement: str
    again: str
    again_hint: str
    settings: str
    inputs: str
    versions: str
    seed: str


def note_text(note: PeriodNote, words: Words, figures: Figures) -> str:
    """Return a note as a sentence."""
    noted = Noted(facts=note.facts, figures=figures, written_day=words.day)
    return words.noted[note.code](noted)
