"""How often the guard changes the load forecast in use, and what it is worth.

Every local midnight each competitor forecasts the day. The guard chooses from the days before,
never from the day itself. A spoilt forecaster shows what the guard is for: ours times 1.5.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.walk_forward import table
from domain.horizon import SLOT
from forecaster import scoring
from forecaster.baselines import Baseline, baseline_bands
from forecaster.guard import daily_losses, judge
from forecaster.load import forecast_load
from forecaster.series import Bands, FloatArray
from sources.measured_folder import MeasuredHome, find_homes, open_folder

LEARNED = timedelta(days=7)
SHORTEST = timedelta(days=40)
OURS, SPOILT = "SmartLoad", "SmartLoad x 1.5"


class NoHolidays:
    """Measured homes do not say in which region they stand."""

    def is_holiday(self, day: date) -> bool:  # noqa: ARG002  # the port's signature
        return False


def sections(folder: Path, *, every: int) -> Iterator[str]:
    rows = []
    for home in find_homes(open_folder(folder)):
        if home.load is None or home.load.end - home.load.start < SHORTEST:
            continue
        losses = losses_of(home, every)
        simple = {name: days for name, days in losses.items() if name not in (OURS, SPOILT)}
        rows += [
            row_of(home.name, {default: losses[default], **simple}, default)
            for default in (OURS, SPOILT)
        ]
    yield (
        "### The guard\n\nMean daily pinball loss of the house load [kW], day by day with what was "
        "in use; *changes* over all days, *in use* the share of days with the named forecaster."
    )
    yield table(
        ("home", "forecaster", "days", "alone", "guarded", "best alone", "changes", "in use %"),
        rows,
    )


def row_of(home: str, losses: Mapping[str, FloatArray], default: str) -> tuple[str, ...]:
    known = np.all([np.isfinite(days) for days in losses.values()], axis=0)
    in_use, chosen = default, []
    for day in range(len(known)):
        past = {name: days[:day] for name, days in losses.items()}
        in_use = judge(past, in_use, default).model
        chosen.append(in_use)
    guarded = np.array([losses[name][day] for day, name in enumerate(chosen)])[known]
    alone = {name: scoring.mean_known(days[known]) for name, days in losses.items()}
    best = min(alone, key=alone.__getitem__)
    changes = sum(
        before != after for before, after in zip([default, *chosen], chosen, strict=False)
    )
    return (
        home,
        default,
        str(int(known.sum())),
        f"{alone[default]:.4f}",
        f"{guarded.mean():.4f}",
        f"{alone[best]:.4f} ({best})",
        str(changes),
        f"{100 * np.mean(np.array(chosen) == default):.0f}",
    )


def losses_of(home: MeasuredHome, every: int) -> dict[str, FloatArray]:
    assert home.load is not None
    first = (home.load.start + LEARNED).astimezone(home.zone).date()
    last = (home.load.end - timedelta(days=1)).astimezone(home.zone).date()
    days = [first + timedelta(days=k) for k in range(0, (last - first).days, every)]
    names = (OURS, SPOILT, *(baseline.value for baseline in Baseline))
    losses = {name: np.full(len(days), np.nan) for name in names}
    for position, day in enumerate(days):
        for name, bands in said_of(home, day).items():
            losses[name][position] = daily_losses(bands, home.load, [day], zone=home.zone)[0]
    return losses


def said_of(home: MeasuredHome, day: date) -> dict[str, Bands]:
    assert home.load is not None
    begin, end = (
        datetime(one.year, one.month, one.day, tzinfo=home.zone).astimezone(UTC)
        for one in (day, day + timedelta(days=1))
    )
    n_slots = (end - begin) // SLOT
    ours = forecast_load(home.load, begin, n_slots, zone=home.zone, holidays=NoHolidays())
    said = {OURS: ours, SPOILT: Bands(start=ours.start, values=1.5 * ours.values)}
    for baseline in Baseline:
        bands = baseline_bands(baseline, home.load, begin, n_slots, zone=home.zone)
        if bands is not None:
            said[baseline.value] = bands
    return said
