"""Runs every forecaster over measured homes, walk-forward, and prints how right it was.

    make bench-forecasts DATA=<folder>
    python bench/forecasts.py <folder> [--only load,pv,windows,prices] [--every N]

The folder holds CSV files as ``sources/measured_folder.py`` describes; nothing in it is known by
name. Only what was measured before a forecast's issue is shown to the forecaster.
"""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "evcc-smartload/rootfs/app"), str(ROOT)]

from errors import MeasuredDataError  # noqa: E402
from sources.measured_folder import open_folder  # noqa: E402  # the path comes first
from sources.measured_table import START  # noqa: E402

SUBJECTS = ("load", "pv", "windows", "prices")


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder of measured homes (CSV, also gzipped)")
    parser.add_argument(
        "--only",
        default=",".join(SUBJECTS),
        help=f"which forecasts, separated by commas, of {', '.join(SUBJECTS)}",
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="take every N-th issue only (quicker)"
    )
    chosen = parser.parse_args(arguments)
    chosen.only = [subject.strip() for subject in chosen.only.split(",") if subject.strip()]
    unknown = sorted(set(chosen.only) - set(SUBJECTS))
    if unknown:
        parser.error(f"--only knows {', '.join(SUBJECTS)}, not {', '.join(unknown)}")
    if chosen.every < 1:
        parser.error("--every takes a number from 1 on")
    return chosen


def trouble_with(folder: Path) -> str | None:
    """Say what is wrong with the folder; None when there is something to bench on."""
    try:
        opened = open_folder(folder)
    except MeasuredDataError as err:
        return str(err)
    if not any(START in file.columns for file in opened.files):
        return (
            f"{folder} holds no CSV file with a start_utc column and a regular step of "
            "15, 30 or 60 minutes"
        )
    return None


def blocks_of(subject: str, folder: Path, every: int) -> Iterator[str]:
    """Yield the markdown blocks of one subject, its heading first."""
    yield f"## {subject.capitalize()}"
    name = f"bench.forecasts_{subject}"
    if importlib.util.find_spec(name) is None:
        yield f"{name} is missing: nothing was measured."
        return
    yield from importlib.import_module(name).sections(folder, every=every)


def main(arguments: list[str]) -> int:
    chosen = read_arguments(arguments)
    trouble = trouble_with(chosen.folder)
    if trouble is not None:
        print(trouble, file=sys.stderr)
        return 2
    try:
        for subject in chosen.only:
            for block in blocks_of(subject, chosen.folder, chosen.every):
                print(block, flush=True)
                print(flush=True)
    except MeasuredDataError as err:
        print(err, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
