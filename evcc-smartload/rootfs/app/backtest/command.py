"""``smartload backtest``: lives a measured past again and says what each policy was worth."""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TextIO, TypeVar

from tqdm import tqdm

from backtest.period import Period
from backtest.period_tariff import FeedIn, Tariff
from backtest.periods import read_periods
from backtest.report_json import ReportUnreadableError, differences, from_json, to_json
from backtest.report_lines import to_csv, to_lines
from backtest.report_page import to_html
from backtest.report_reader import reader_of
from backtest.run import put_together, tasks_of
from backtest.settings import BacktestSettings, BatteryChoice
from backtest.sweep import Told, be_quiet, sweep, sweep_on_dask
from config import load_config
from domain.proof import Backtest, Policy
from domain.steering import Stage
from errors import MeasuredDataError

ALL_POLICIES = tuple(Policy)
_OK, _DIFFERS, _WRONG = 0, 1, 2
_CT = 100.0
_BAR_STEPS = 1000


Word = TypeVar("Word", bound=StrEnum)


class _WrongArgumentsError(Exception):
    """What was asked for cannot be done; the text says what to do."""


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command; return the exit code: 0, 1 when a comparison differs, 2 when it cannot."""
    arguments = _parse(argv)
    be_quiet()
    try:
        settings = _settings(arguments, environ)
        homes = _periods_by_home(arguments)
        # Before anything takes long.
        before = _earlier(arguments.compare, len(homes))
        found = _carry_out(homes, arguments, settings)
        return _tell(found, arguments, before)
    except (_WrongArgumentsError, MeasuredDataError, OSError) as exc:
        print(f"smartload backtest: {exc}", file=sys.stderr)  # noqa: T201  # the answer to a command
        return _WRONG


# -- what is asked for ---------------------------------------------------------------------------


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="smartload backtest",
        description="Lives a measured past again, once with each policy, and says what each was "
        "worth. One line of JSON for each policy goes to the standard output.",
    )
    data = parser.add_argument_group("the past")
    data.add_argument("--data", type=Path, required=True, metavar="DIR",
                      help="folder with measured homes and prices (CSV, also gzipped)")  # fmt: skip
    data.add_argument("--home", metavar="NAME",
                      help="a file, a home of a file, the beginning of a name, or all")  # fmt: skip
    data.add_argument("--prices", metavar="NAME", help="the same for prices")
    data.add_argument("--car", default="none", metavar="NAME",
                      help="none, commuter, auto or LOCATION:USER of sessions")  # fmt: skip
    data.add_argument("--from", dest="start", type=date.fromisoformat, metavar="DAY")
    data.add_argument("--to", dest="end", type=date.fromisoformat, metavar="DAY",
                      help="the first day that is no longer lived through")  # fmt: skip
    home = parser.add_argument_group("the home")
    home.add_argument("--battery-kwh", type=float, default=10.0, metavar="KWH")
    home.add_argument("--battery-kw", type=float, default=5.0, metavar="KW")
    home.add_argument("--round-trip-pct", type=float, default=91.0, metavar="PCT",
                      help="what is left of a kWh after in and out")  # fmt: skip
    home.add_argument("--surcharge-ct", type=float, default=16.2, metavar="CT",
                      help="grid fee, levies and margin on the market's price, net")  # fmt: skip
    home.add_argument("--vat-pct", type=float, default=19.0, metavar="PCT")
    home.add_argument("--feed-in-ct", default="8", metavar="CT", help="or: market")
    home.add_argument("--options", type=Path, metavar="FILE",
                      help="YAML file with the owner's options")  # fmt: skip
    how = parser.add_argument_group("how")
    how.add_argument("--policies", default=",".join(ALL_POLICIES), metavar="LIST")
    how.add_argument("--stages", default=",".join(Stage), metavar="LIST",
                     help="what SmartLoad may act on: buffer, battery, cars")  # fmt: skip
    how.add_argument("--knows-all", action="store_true",
                     help="plan with perfect forecasts")  # fmt: skip
    how.add_argument("--interval-s", type=float, default=300.0, metavar="S",
                     help="how often the simulated evcc regulates")  # fmt: skip
    how.add_argument("--seed", type=int, default=1, help="of the confidence bands")
    how.add_argument("--jobs", type=int, default=0, metavar="N", help="cores; default: all")
    how.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster")
    told = parser.add_argument_group("what is told")
    told.add_argument("--out", type=Path, metavar="DIR", help="write reports there")
    told.add_argument("--language", choices=("de", "en"), default="de")
    told.add_argument("--compare", type=Path, metavar="FILE",
                      help="say what differs from an earlier report.json")  # fmt: skip
    told.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args(argv)


def _settings(arguments: argparse.Namespace, environ: Mapping[str, str]) -> BacktestSettings:
    del environ  # a back-test is told everything, so that it can be told again
    loaded = load_config(options_path=None, yaml_path=arguments.options, environ={})
    if arguments.options is not None and not arguments.options.is_file():
        raise _WrongArgumentsError(f"--options: there is no file {arguments.options}")
    if arguments.options is not None and loaded.problems:
        wrong = loaded.problems[0]
        raise _WrongArgumentsError(
            f"{arguments.options}: {wrong.option} cannot be {wrong.given}. Allowed: {wrong.allowed}"
        )
    positive = {
        "--battery-kwh": arguments.battery_kwh,
        "--battery-kw": arguments.battery_kw,
        "--round-trip-pct": arguments.round_trip_pct,
        "--interval-s": arguments.interval_s,
    }
    for option, value in positive.items():
        if not 0.0 < value < float("inf"):
            raise _WrongArgumentsError(f"{option} must be more than 0, not {value}")
    if arguments.round_trip_pct > _CT:
        raise _WrongArgumentsError("--round-trip-pct can be 100 at most")
    return BacktestSettings(
        battery=BatteryChoice(
            capacity_kwh=arguments.battery_kwh,
            charge_kw=arguments.battery_kw,
            discharge_kw=arguments.battery_kw,
            round_trip_frac=arguments.round_trip_pct / 100.0,
        ),
        cfg=loaded.config,
        stages=frozenset(_words(arguments.stages, Stage, "--stages")),
        interval_s=arguments.interval_s,
        knows_all=arguments.knows_all,
        seed=arguments.seed,
    )


def _earlier(path: Path | None, n_homes: int) -> Backtest | None:
    """Return the report to compare with; None where nothing is to be compared."""
    if path is None:
        return None
    if n_homes != 1:
        raise _WrongArgumentsError("--compare looks at one home at a time; name it with --home")
    try:
        return from_json(path.read_text("utf-8"))
    except (ReportUnreadableError, UnicodeDecodeError) as err:
        raise _WrongArgumentsError(f"--compare: {path} is no report.json ({err})") from err


def _words(text: str, kind: type[Word], option: str) -> list[Word]:
    try:
        return [kind(word.strip()) for word in text.split(",") if word.strip()]
    except ValueError as err:
        known = ", ".join(kind)
        raise _WrongArgumentsError(f"{option}: {err}; there are {known}") from err


def _periods_by_home(arguments: argparse.Namespace) -> list[list[Period]]:
    feed_in = arguments.feed_in_ct
    try:
        tariff = Tariff(
            surcharge_eur_per_kwh=arguments.surcharge_ct / _CT,
            vat_frac=arguments.vat_pct / 100.0,
            feed_in=FeedIn.MARKET if feed_in == FeedIn.MARKET else FeedIn.FIXED,
            feed_in_eur_per_kwh=0.0 if feed_in == FeedIn.MARKET else float(feed_in) / _CT,
        )
    except ValueError as err:
        raise _WrongArgumentsError(
            f"--feed-in-ct: {feed_in} is neither a price nor market"
        ) from err
    periods = read_periods(
        arguments.data,
        home=arguments.home,
        prices=arguments.prices,
        car=arguments.car,
        tariff=tariff,
        start=arguments.start,
        end=arguments.end,
    )
    homes: dict[tuple[str, str], list[Period]] = defaultdict(list)
    for period in periods:
        homes[period.name, period.prices].append(period)
    return list(homes.values())


# -- doing it ------------------------------------------------------------------------------------


def _carry_out(
    homes: Sequence[Sequence[Period]], arguments: argparse.Namespace, settings: BacktestSettings
) -> list[Backtest]:
    policies = list(dict.fromkeys(_words(arguments.policies, Policy, "--policies")))
    if Policy.EVCC not in policies:
        policies.insert(0, Policy.EVCC)  # savings are against evcc's own rules
    by_home = [tasks_of(periods, policies, settings) for periods in homes]
    tasks = [task for of_home in by_home for task in of_home]
    with _bar(sys.stderr, is_quiet=arguments.quiet) as told:
        if arguments.dask:
            try:
                results = sweep_on_dask(tasks, arguments.dask, told=told)
            except ModuleNotFoundError as err:
                raise _WrongArgumentsError(
                    "--dask needs the package distributed: pip install distributed"
                ) from err
        else:
            results = sweep(tasks, jobs=arguments.jobs or os.cpu_count() or 1, told=told)
    found, begin = [], 0
    for periods, of_home in zip(homes, by_home, strict=True):
        end = begin + len(of_home)
        found.append(put_together(periods, settings, of_home, results[begin:end]))
        begin = end
    return found


class _bar:  # noqa: N801  # used as a function
    """A progress bar that takes shares of the whole."""

    def __init__(self, stream: TextIO, *, is_quiet: bool) -> None:
        self._bar = tqdm(
            total=_BAR_STEPS,
            file=stream,
            disable=is_quiet,
            bar_format="{l_bar}{bar}| {elapsed}<{remaining}",
        )

    def __enter__(self) -> Told:
        return self._note

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def _note(self, frac: float) -> None:
        self._bar.n = round(frac * _BAR_STEPS)
        self._bar.refresh()


# -- what is told --------------------------------------------------------------------------------


def _tell(found: Sequence[Backtest], arguments: argparse.Namespace, before: Backtest | None) -> int:
    differing: tuple[str, ...] = ()
    for backtest in found:
        for note in reader_of(backtest, "en").notes:
            print(f"note: {backtest.period.home}: {note}", file=sys.stderr)  # noqa: T201  # the answer
        for line in to_lines(backtest):
            print(line, flush=True)  # noqa: T201  # the answer to a command
        if arguments.out is not None:
            _write_reports(backtest, arguments.out, arguments.language, len(found) > 1)
        if before is not None:
            differing += differences(before, backtest)
    for line in differing:
        print(f"differs: {line}", file=sys.stderr)  # noqa: T201  # the answer to a command
    return _DIFFERS if differing else _OK


def _write_reports(backtest: Backtest, folder: Path, language: str, is_one_of_many: bool) -> None:  # noqa: FBT001
    stem = f"{backtest.period.home}-{backtest.period.prices}-" if is_one_of_many else ""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("report.json", to_json(backtest)),
        ("report.csv", to_csv(backtest)),
        ("report.html", to_html(backtest, language=language)),
    ):
        (folder / f"{stem}{name}").write_text(text, "utf-8")
