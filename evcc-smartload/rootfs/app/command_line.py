"""What the command line and the environment say, and what follows from it at once."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

import structlog

from config import Config, LoadedConfig, load_config
from domain.zone import known_zone
from storage.backup import back_up

OPTIONS_PATH = Path("/data/options.json")
HISTORY_NAME = "smartload_history.db"
BACKUP_NAME = "smartload_history.backup.db"

log = structlog.get_logger("smartload")


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="smartload", description="Plans battery and cars on top of evcc."
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--demo", action="store_true", help="run on a simulated home")
    where.add_argument("--evcc-url", metavar="URL", help="address of evcc")
    parser.add_argument("--data", metavar="DIR", help="folder of everything remembered")
    parser.add_argument("--options", metavar="FILE", type=Path, help="YAML file with the options")
    parser.add_argument("--port", metavar="N", help="TCP port of the page")
    parser.add_argument("--fresh", action="store_true", help="let the simulated home start over")
    parser.add_argument(
        "--backup", metavar="FILE", type=Path, nargs="?", const=Path(),
        help="copy the history into one file and end; without FILE beside the history",
    )  # fmt: skip
    return parser.parse_args(argv)


def load_options(arguments: argparse.Namespace, environ: Mapping[str, str]) -> LoadedConfig:
    """Read the options; the command line wins over the environment, that over the file."""
    given = dict(environ)
    for option, value in (
        ("EVCC_URL", arguments.evcc_url),
        ("DATA_DIR", arguments.data),
        ("PORT", arguments.port),
    ):
        if value is not None:
            given[f"SMARTLOAD_{option}"] = value
    return load_config(options_path=OPTIONS_PATH, yaml_path=arguments.options, environ=given)


def zone_of(cfg: Config, environ: Mapping[str, str]) -> tzinfo | None:
    """Return the zone that an option or the environment names; None leaves it to evcc."""
    for name in (cfg.time_zone, environ.get("TZ")):
        if name:
            zone = known_zone(name)
            if zone is not None:
                return zone
            log.warning("time_zone_unknown", name=name)
    return None


def back_up_history(data_dir: Path, target: Path) -> int:
    """Copy the history of a service that may be running; return the exit code.

    Args:
        data_dir: Where the history is.
        target: The copy; the empty path puts it beside the history, where ``restore_missing``
            looks for it.
    """
    source = data_dir / HISTORY_NAME
    target = data_dir / BACKUP_NAME if target == Path() else target
    if not source.exists():
        # Nothing to lose yet; a failure here would fail the owner's whole backup.
        print(f"There is no history in {data_dir} yet.")  # noqa: T201  # the answer to a command
        return 0
    try:
        back_up(source, target)
    except OSError as exc:
        print(exc, file=sys.stderr)  # noqa: T201  # the answer to a command
        return 1
    print(f"The history is in {target}.")  # noqa: T201  # the answer to a command
    return 0


def restore_missing(data_dir: Path) -> None:
    """Take the copy for the history where that is missing: a restored backup has only the copy."""
    source, copy = data_dir / HISTORY_NAME, data_dir / BACKUP_NAME
    try:
        if copy.exists() and not source.exists():
            back_up(copy, source)
            log.info("history_restored", backup=str(copy))
    except OSError as exc:
        log.error("history_not_restored", why=str(exc), what_to_do=f"copy {copy} to {source}")


def make_folder(data_dir: Path) -> None:
    """Create the data folder; without it everything still runs, and the page says so."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        log.error("data_folder", path=str(data_dir), why=exc.strerror)
