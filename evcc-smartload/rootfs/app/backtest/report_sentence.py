"""What a back-test comes to, in the sentences that its page begins with."""

from collections.abc import Sequence

from backtest.report_words import Words
from domain.proof import Band, Policy, PolicySums
from planner.wording_figures import SHOWN_EUR, Figures

_JUDGED = (
    Policy.SMARTLOAD,
    Policy.RISK,
    Policy.FORMULA,
    Policy.FORESIGHT,
    Policy.NO_BATTERY,
)
"""Whose result the page is about: the first of these that was replayed."""


def judged(sums: Sequence[PolicySums]) -> PolicySums | None:
    """Return whose result the page is about; None when only evcc's own rules were replayed."""
    found = {one.policy: one for one in sums}
    return next((found[policy] for policy in _JUDGED if policy in found), None)


def sentences(sums: Sequence[PolicySums], words: Words, figures: Figures) -> tuple[str, ...]:
    """Return the lead, then what has to be said with it: how sure it is, what was possible."""
    said = words.said
    base = next(one for one in sums if one.policy is Policy.EVCC)
    if not base.n_days:
        return (said.none_counted,)
    days = said.one_day if base.n_days == 1 else said.days(figures.number(base.n_days, 0))
    ours = judged(sums)
    if ours is None:
        return (said.alone(days, _came_to(base.cost_eur, words, figures)),)
    costs = said.costs(
        days,
        words.policies[ours.policy][0],
        _came_to(ours.cost_eur, words, figures),
        _came_to(base.cost_eur, words, figures, beside_eur=ours.cost_eur),
    )
    lead = f"{costs} {_saved(ours.saving_eur, words, figures)}"
    return (lead, *_how_sure(ours.saving_eur, words), *_how_good(ours, words, figures))


def band_text(band: Band, figures: Figures) -> str:
    """Return "1,20 € bis 3,40 €", which breaks nowhere else; a dash where there is no band."""
    if band.low is None or band.high is None:
        return "–"
    low, high = (unbroken(figures.money(end)) for end in (band.low, band.high))
    return f"{low} {figures.style.range_word} {high}"


def unbroken(text: str) -> str:
    """Return a text that stays on one line."""
    return text.replace(" ", "\u00a0")


def _came_to(
    cost_eur: float, words: Words, figures: Figures, *, beside_eur: float | None = None
) -> str:
    """Return "1,20 € gekostet"; the verb is left out beside a cost that has it already."""
    is_gain = cost_eur <= -SHOWN_EUR
    amount = figures.money(abs(cost_eur))
    if beside_eur is not None and is_gain is (beside_eur <= -SHOWN_EUR):
        return amount
    return words.said.earned(amount) if is_gain else words.said.paid(amount)


def _saved(saving: Band, words: Words, figures: Figures) -> str:
    said = words.said
    if abs(saving.middle) < SHOWN_EUR:
        return said.same
    if saving.middle > 0.0:
        return said.cheaper(figures.money(saving.middle), _band(saving, words, figures, sign=1.0))
    return said.dearer(figures.money(-saving.middle), _band(saving, words, figures, sign=-1.0))


def _band(saving: Band, words: Words, figures: Figures, *, sign: float) -> str:
    if saving.low is None or saving.high is None:
        return ""
    low, high = sorted((sign * saving.low, sign * saving.high))
    return words.said.band(figures.money(low), figures.money(high))


def _how_sure(saving: Band, words: Words) -> list[str]:
    if saving.low is None or saving.high is None:
        return [words.said.too_few]
    return [words.said.open] if saving.low < -SHOWN_EUR and saving.high > SHOWN_EUR else []


def _how_good(ours: PolicySums, words: Words, figures: Figures) -> list[str]:
    texts = []
    captured, worst_eur = ours.captured_frac, ours.worst_month_saving_eur
    if captured is not None and captured > 0.0 and ours.policy is not Policy.FORESIGHT:
        texts.append(words.said.captured(f"{figures.number(captured * 100.0, 0)} %"))
    if worst_eur is not None and ours.saving_eur.middle > -SHOWN_EUR:
        is_dearer = worst_eur <= -SHOWN_EUR
        texts.append(
            words.said.worst_month(figures.money(-worst_eur))
            if is_dearer
            else words.said.never_dearer
        )
    return texts
