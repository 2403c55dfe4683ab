"""Many days of faults, hands, buttons and kills with SmartLoad in charge; exit code 1 when
something did not hold.

    python bench/control_soak.py [--days 60] [--seed 1]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "evcc-smartload/rootfs/app"), str(ROOT)]

from tests.support.control_soak import Soak  # noqa: E402  # the path comes first


def main() -> int:
    """Live through the days and say what came of them."""
    parser = argparse.ArgumentParser(description="Faults, hands, buttons and kills.")
    parser.add_argument("--days", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = Soak(Path(folder), days=arguments.days, seed=arguments.seed).run()
    counts = sorted(found.per_day.values())
    print(f"{arguments.days:g} days, seed {arguments.seed}, {time.monotonic() - began_s:.0f} s")
    print("events:", ", ".join(f"{name} {count}" for name, count in sorted(found.events.items())))
    print("commands:", ", ".join(f"{name} {n}" for name, n in sorted(found.kinds.items())))
    if counts:
        print(f"writes a day: median {statistics.median(counts):g}, most {counts[-1]}")
    print(f"departures {found.departures}, not ready for a reason {found.excused}")
    for what in found.wrong:
        print("WRONG", what)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
