"""German and English texts of a back-test's page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.proof import Policy
from planner.wording_figures import Style


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
    """Everything else on the page, in the order in which it stands there."""

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
