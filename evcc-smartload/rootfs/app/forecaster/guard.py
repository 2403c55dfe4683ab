"""Which forecast is in use: each competes with simple ones and steps aside when it is worse.

Every day each competitor is scored on what it said a day before: the mean pinball loss. Of the
last two weeks, the newest days counting most, a competitor takes over only when it is clearly
better: by a margin in the mean, and on most of the days, so that one freak day decides nothing. The
same holds for the way back, so that two that are about as good do not take turns: a forecast that
stepped aside comes back after six days at the earliest (three, when days are missing).
"""

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo

import numpy as np

from domain.forecast import Candidate, ChoiceReason, ModelChoice
from domain.horizon import SLOTS_PER_DAY
from forecaster.local_slots import local_slots
from forecaster.scoring import pinball_loss
from forecaster.series import Bands, BoolArray, FloatArray, SlotSeries

RECENT_DAYS = 14
HALF_LIFE_DAYS = 7.0
# Fewer days say nothing: a single week has one weekend.
FEWEST_DAYS = 7
# On measured homes competitors of the same quality differ by less over two weeks.
MARGIN_FRAC = 0.05
# So large a share of the days another one must have been better.
BETTER_DAYS_FRAC = 2.0 / 3.0
# A day counts when at least half of it was forecast and measured.
FEWEST_SLOTS = SLOTS_PER_DAY // 2


def judge(losses: Mapping[str, FloatArray], in_use: str | None, default: str) -> ModelChoice:
    """Choose the forecast to use from how each did on the recent days.

    Args:
        losses: Mean pinball loss of each day by model, the newest day last; NaN is no verdict.
            Arrays of different lengths end on the same day.
        in_use: The model in use until now; None begins with ``default``.
        default: The model to use while there is too little to judge by.

    Returns:
        The choice with all candidates, the best first; those that could not be compared come
        last, without a loss.

    Raises:
        ValueError: ``default`` is no model of ``losses``.
    """
    if default not in losses:
        raise ValueError(f"the default {default!r} is none of {', '.join(sorted(losses))}")
    recent = {model: _recent(of_days) for model, of_days in losses.items()}
    field, days = _comparable(recent, default)
    means = {model: _mean(recent[model], days) for model in field}
    candidates = _candidates(recent, means, int(days.sum()))
    if not field:
        return ModelChoice(
            model=default, reason=ChoiceReason.TOO_LITTLE_HISTORY, candidates=candidates
        )
    current = in_use if in_use in means else default
    rivals = [
        model
        for model in field
        if means[model] < (1.0 - MARGIN_FRAC) * means[current]
        and (recent[model] < recent[current])[days].mean() >= BETTER_DAYS_FRAC
    ]
    chosen = min(rivals, key=means.__getitem__, default=current)
    is_best = means[chosen] <= min(means.values())
    return ModelChoice(
        model=chosen,
        reason=ChoiceReason.BEST if is_best else ChoiceReason.KEPT,
        candidates=candidates,
    )


def daily_losses(
    said: Bands, outcome: SlotSeries, days: Sequence[date], *, zone: tzinfo
) -> FloatArray:
    """Return the mean pinball loss of each local day, over all levels and measured slots.

    Args:
        said: What was said a day before, one day after the other.
        outcome: What came, same unit.
        days: Local days, in any order.
        zone: The home's.

    Returns:
        One loss a day, in the unit of both; NaN when less than half a day can be judged.
    """
    came = outcome.between(said.start, said.end).values
    rows = zip(said.levels, said.values, strict=True)
    of_slots = np.mean([pinball_loss(row, came, level) for level, row in rows], axis=0)
    at = local_slots(said.start, said.n_slots, zone).days
    losses = []
    for day in days:
        of_day = of_slots[(at == day.toordinal()) & np.isfinite(of_slots)]
        losses.append(of_day.mean() if len(of_day) >= FEWEST_SLOTS else np.nan)
    return np.array(losses, dtype=np.float64)


def _recent(of_days: FloatArray) -> FloatArray:
    """Return the last days, NaN before the first one."""
    known = of_days[-RECENT_DAYS:]
    return np.concatenate([np.full(RECENT_DAYS - len(known), np.nan), known])


def _comparable(
    recent: Mapping[str, FloatArray], default: str
) -> tuple[tuple[str, ...], BoolArray]:
    """Return the models that can be compared, and the days on which all of them have a loss.

    The default is one of them, or there are none. Which ones does not depend on the one in use,
    so that the same losses always give the same order.
    """
    by_days = sorted(recent, key=lambda model: (-int(np.isfinite(recent[model]).sum()), model))
    days = np.isfinite(recent[default])
    if days.sum() < FEWEST_DAYS:
        return (), days
    field = [default]
    for model in by_days:
        both = days & np.isfinite(recent[model])
        if model != default and both.sum() >= FEWEST_DAYS:
            field.append(model)
            days = both
    return tuple(field), days


def _mean(of_days: FloatArray, days: BoolArray) -> float:
    weights = 0.5 ** (np.arange(RECENT_DAYS)[::-1] / HALF_LIFE_DAYS)
    return float(np.average(of_days[days], weights=weights[days]))


def _candidates(
    recent: Mapping[str, FloatArray], means: Mapping[str, float], n_days: int
) -> tuple[Candidate, ...]:
    compared = [
        Candidate(model=model, loss_kw=means[model], n_days=n_days)
        for model in sorted(means, key=lambda model: (means[model], model))
    ]
    others = [
        Candidate(model=model, loss_kw=None, n_days=int(np.isfinite(of_days).sum()))
        for model, of_days in recent.items()
        if model not in means
    ]
    return (*compared, *others)
