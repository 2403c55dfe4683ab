"""Does the risk-based buffer hold as often as was asked? On measured homes, walk-forward.

    python bench/risk_windows.py --data <folder> [--every N]

Every six hours, from what was known then, the need until the next refill is said at 80, 90 and 95 %
(``forecaster/refill.py``), and held against what came. Needs teach only when they are over.
Windows of which next to nothing was said are left out: that cannot be too little by much.
Beside it: how often the buffer of a battery of 10 kWh changes when decided every quarter hour.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "evcc-smartload/rootfs/app"), str(ROOT)]

import numpy as np  # noqa: E402  # the path comes first

from bench.forecasts_windows import (  # noqa: E402
    APART,
    N_SLOTS,
    WARM_UP,
    past_paths,
    say_load,
    say_pv,
)
from bench.walk_forward import issue_times, table  # noqa: E402
from domain.horizon import SLOT, SLOTS_PER_DAY, slot_start  # noqa: E402
from forecaster.refill import (  # noqa: E402
    LEAST_JUDGED_KWH,
    NeedCalibration,
    NeedSaid,
    NetCourses,
    need_that_came,
    needs_of,
    net_courses,
)
from forecaster.scenarios import RankPath, rank_path  # noqa: E402
from risk_buffer import RiskBattery, RiskWish, decide_risk_buffer  # noqa: E402
from sources.measured_folder import MeasuredHome, find_homes, open_folder  # noqa: E402

LEVELS = (0.8, 0.9, 0.95)
BATTERY = RiskBattery(
    capacity_kwh=10.0,
    soc_min_pct=5.0,
    charge_max_kw=5.0,
    discharge_max_kw=5.0,
    one_way_frac=0.95,
    wear_eur_per_kwh=0.02,
    may_grid_charge=False,
)
REFILLING = BATTERY.refilling


@dataclass
class Walk:
    """What was said of one home, and what came [kWh], by level; ``plain`` is uncalibrated."""

    home: str
    said: dict[float, list[tuple[NeedSaid, float]]] = field(default_factory=dict)
    plain: dict[float, list[tuple[float, float]]] = field(default_factory=dict)
    targets_pct: dict[float, list[int]] = field(default_factory=dict)
    courses_s: list[float] = field(default_factory=list)
    decisions_s: list[float] = field(default_factory=list)


def walk_home(home: MeasuredHome, *, every: int) -> Walk:
    assert home.load is not None
    start = slot_start(home.load.start + WARM_UP)
    end = home.load.end - N_SLOTS * SLOT
    walk = Walk(home=home.name)
    calibrations = dict.fromkeys(LEVELS, NeedCalibration())
    open_needs: list[tuple[NeedSaid, float]] = []
    paths: list[RankPath] = []
    for now in issue_times(start, end, every=every, apart=APART):
        load, pv = say_load(home, now), say_pv(home, now)
        for said, came in sorted(open_needs, key=lambda one: one[0].end):
            if said.end <= now:
                calibrations[said.level] = calibrations[said.level].learned(said, came)
        open_needs = [one for one in open_needs if one[0].end > now]
        began = time.process_time()
        courses = net_courses(load, pv, past_paths(paths, now, timedelta(days=1)), now)
        walk.courses_s.append(time.process_time() - began)
        decide_until_next(walk, courses, calibrations)
        open_needs += say_needs(walk, home, courses, calibrations)
        paths.append(rank_path(load, pv, home.load, home.pv))
    return walk


def say_needs(
    walk: Walk,
    home: MeasuredHome,
    courses: NetCourses,
    calibrations: dict[float, NeedCalibration],
) -> Iterator[tuple[NeedSaid, float]]:
    assert home.load is not None
    assert home.pv is not None
    needs = needs_of(courses, REFILLING)
    has_surplus = bool(courses.expected_kw()[0] < 0.0)
    came = need_that_came(
        home.load.between(courses.start, courses.end).values,
        home.pv.between(courses.start, courses.end).values,
        REFILLING,
    )
    if not np.isfinite(came):
        return
    for level, calibration in calibrations.items():
        said = NeedSaid(
            start=courses.start,
            end=courses.end,
            level=level,
            need_kwh=calibration.need_kwh(needs, level, has_surplus=has_surplus),
            has_surplus=has_surplus,
        )
        if said.need_kwh >= LEAST_JUDGED_KWH:
            walk.said.setdefault(level, []).append((said, came))
            walk.plain.setdefault(level, []).append((needs.quantile(level), came))
        yield said, came


def decide_until_next(
    walk: Walk, courses: NetCourses, calibrations: dict[float, NeedCalibration]
) -> None:
    """Decide the buffer every quarter hour until the next issue, or the window's end."""
    n_slots = min(APART // SLOT, (courses.end - courses.start) // SLOT)
    for level, calibration in calibrations.items():
        targets_pct = walk.targets_pct.setdefault(level, [])
        for turn in range(n_slots):
            began = time.process_time()
            decided = decide_risk_buffer(
                courses.since(courses.start + turn * SLOT),
                None,
                BATTERY,
                RiskWish(confidence_frac=level),
                calibration=calibration,
                last_pct=targets_pct[-1] if targets_pct else None,
            )
            walk.decisions_s.append(time.process_time() - began)
            targets_pct.append(decided.target_pct)


def writes_per_day(targets_pct: list[int]) -> float:
    return float(np.count_nonzero(np.diff(targets_pct)) / len(targets_pct) * SLOTS_PER_DAY)


def coverage_pct(said: list[tuple[float, float]]) -> float:
    return 100.0 * float(np.mean([came <= need for need, came in said]))


def sections(folder: Path, *, every: int) -> Iterator[str]:
    homes = [
        home
        for home in find_homes(open_folder(folder))
        if home.load is not None and home.pv is not None
    ]
    walks = [walk for walk in (walk_home(home, every=every) for home in homes) if walk.said]
    if not walks:
        yield f"No home with load and PV is longer than {WARM_UP.days + 2} days."
        return
    yield "Share of windows whose need was at most what was said [%]."
    yield table(
        ("home", "windows", *(f"asked {100 * level:g}" for level in LEVELS),
         *(f"uncalibrated {100 * level:g}" for level in LEVELS), "mean need kWh", "mean said kWh"),
        [row_of(walk) for walk in walks],
    )  # fmt: skip
    yield "The buffer of a battery of 10 kWh: mean [%], and how often it changes a day."
    yield table(
        ("home", *(f"mean at {100 * level:g}" for level in LEVELS),
         *(f"changes at {100 * level:g}" for level in LEVELS)),
        [
            (
                walk.home,
                *(f"{np.mean(walk.targets_pct[level]):.0f}" for level in LEVELS),
                *(f"{writes_per_day(walk.targets_pct[level]):.1f}" for level in LEVELS),
            )
            for walk in walks
        ],
    )  # fmt: skip
    courses_ms = 1000 * float(np.mean(np.concatenate([walk.courses_s for walk in walks])))
    decisions_ms = 1000 * float(np.mean(np.concatenate([walk.decisions_s for walk in walks])))
    yield (
        f"The courses of an issue take {courses_ms:.1f} ms of one core, "
        f"a decision from them {decisions_ms:.2f} ms."
    )


def row_of(walk: Walk) -> tuple[str, ...]:
    at_90 = walk.said[0.9]
    return (
        walk.home,
        str(len(at_90)),
        *(
            f"{coverage_pct([(said.need_kwh, came) for said, came in walk.said[level]]):.1f}"
            for level in LEVELS
        ),
        *(f"{coverage_pct(walk.plain[level]):.1f}" for level in LEVELS),
        f"{np.mean([came for _, came in at_90]):.2f}",
        f"{np.mean([said.need_kwh for said, _ in at_90]):.2f}",
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of measured homes")
    parser.add_argument("--every", type=int, default=1, help="every N-th issue only (quicker)")
    chosen = parser.parse_args(arguments)
    for section in sections(chosen.data, every=chosen.every):
        print(section, end="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
