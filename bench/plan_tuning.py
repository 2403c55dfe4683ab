"""What a constant of the planner is worth: seven stretches of ten days of measured homes.

    python bench/plan_tuning.py --data DIR [--set planner.expected._SUN_LEAN_FRAC=0.3 ...]
                                [--prices NAME] [--car NAME] [--knows-all] [--unweighed] [--others]

``--unweighed`` leaves the running slot to the plan, and ``--others`` are eight other stretches, on
which nothing was chosen. Prints what SmartLoad saves against evcc's own rules, beside what perfect
foresight saves, for each stretch and in all. ``--set`` puts another value in the place of a
constant that functions look up when they are called.
"""

import argparse
import importlib
import sys
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "evcc-smartload/rootfs/app"), str(ROOT)]

import planning  # noqa: E402  # the path comes first
from backtest.periods import read_periods  # noqa: E402  # the path comes first
from backtest.run import carry_out, put_together, tasks_of  # noqa: E402
from backtest.settings import BacktestSettings  # noqa: E402
from backtest.sweep import be_quiet  # noqa: E402
from domain.proof import Policy  # noqa: E402

STRETCHES = (
    ("home_fr1", date(2024, 12, 10)),
    ("home_fr1", date(2024, 4, 10)),
    ("home_fr1", date(2024, 7, 10)),
    ("home_fr1", date(2025, 2, 5)),
    ("h01", date(2024, 3, 10)),
    ("h09", date(2024, 11, 10)),
    ("h02", date(2024, 6, 10)),
)
OTHERS = (
    ("home_fr1", date(2024, 5, 20)),
    ("home_fr1", date(2024, 9, 10)),
    ("h09", date(2024, 12, 10)),
    ("h01", date(2024, 7, 10)),
    ("h01", date(2024, 10, 10)),
    ("h02", date(2024, 1, 15)),
    ("h02", date(2024, 9, 1)),
    ("h09", date(2024, 5, 5)),
)
LENGTH = timedelta(days=10)
POLICIES = (Policy.EVCC, Policy.SMARTLOAD, Policy.FORESIGHT)


def put(setting: str) -> None:
    """Put a value in the place of a module's constant: ``module.NAME=number``."""
    path, _, value = setting.partition("=")
    module_name, _, name = path.rpartition(".")
    module = importlib.import_module(module_name)
    if not hasattr(module, name):
        sys.exit(f"{module_name} has no {name}")
    setattr(module, name, type(getattr(module, name))(float(value)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--prices", default="de_lu_2024")
    parser.add_argument("--car", default="none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], metavar="NAME=NUMBER")
    parser.add_argument("--knows-all", action="store_true")
    parser.add_argument("--unweighed", action="store_true")
    parser.add_argument("--others", action="store_true")
    arguments = parser.parse_args()
    be_quiet()
    for setting in arguments.settings:
        put(setting)
    if arguments.unweighed:
        planning.net_courses = lambda *_: None  # type: ignore[attr-defined]
    settings = BacktestSettings(knows_all=arguments.knows_all)
    saved = possible = 0.0
    for home, start in OTHERS if arguments.others else STRETCHES:
        periods = read_periods(
            arguments.data, home=home, prices=arguments.prices, car=arguments.car,
            start=start, end=start + LENGTH,
        )  # fmt: skip
        tasks = tasks_of(periods, POLICIES, settings)
        found = put_together(periods, settings, tasks, [carry_out(task) for task in tasks])
        ours, bound = found.sums[1:]
        saved += ours.saving_eur.middle
        possible += bound.saving_eur.middle
        print(
            f"{home} {start}: {ours.saving_eur.middle:6.2f} of {bound.saving_eur.middle:5.2f} EUR,",
            f"{ours.switches_per_day:.1f} switches, {ours.writes_per_day:.0f} writes a day",
            flush=True,
        )
    print(f"in all {saved:.2f} of {possible:.2f} EUR, {100.0 * saved / possible:.0f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
