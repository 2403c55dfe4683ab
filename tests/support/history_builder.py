"""Short ways to make what a history keeps, and a store that is closed again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.control import BUFFER, CommandRecord, Lever, SettingValue
from domain.forecast import BandSeries, ForecastKind, IssuedForecast
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import SLOT
from domain.steering import CommandCode, CommandReason, Stage, WriteOutcome
from storage.history_store import HistoryStore

START = datetime(2026, 3, 28, tzinfo=UTC)
DAY = timedelta(days=1)


@contextmanager
def open_store(
    path: Path, *, keep_days: int = 400, max_waiting: int = 60_000
) -> Iterator[HistoryStore]:
    store = HistoryStore(path, now=START, keep_days=keep_days, max_waiting=max_waiting)
    yield store
    store.close()


def quarter(
    number: int = 0,
    *,
    source: EnergySource = EnergySource.EVCC,
    house_kwh: float | None = None,
    pv_kwh: float | None = None,
    import_eur_per_kwh: float | None = None,
) -> QuarterEnergies:
    return QuarterEnergies(
        start=START + number * SLOT,
        source=source,
        house_kwh=house_kwh,
        pv_kwh=pv_kwh,
        import_eur_per_kwh=import_eur_per_kwh,
    )


def said(
    values: Sequence[float | None],
    *,
    kind: ForecastKind = ForecastKind.LOAD,
    issued: int = 0,
    n_known: int = 0,
    model: str = "model",
) -> IssuedForecast:
    """Return a single curve said at the beginning of slot ``issued``, from there on."""
    curve = tuple(values)
    return IssuedForecast(
        kind=kind,
        issued_at=START + issued * SLOT,
        band=BandSeries(
            start=START + issued * SLOT,
            p10=curve,
            p50=curve,
            p90=curve,
            n_known=n_known,
        ),
        model=model,
    )


def command(  # noqa: PLR0913  # what a command is; all by name
    at: datetime = START,
    *,
    lever: Lever = BUFFER,
    stage: Stage = Stage.BUFFER,
    wanted: SettingValue = 42.0,
    accepted: SettingValue = 42.0,
    outcome: WriteOutcome = WriteOutcome.CONFIRMED,
    reason: CommandReason | None = None,
    detail: str = "",
    settled_at: datetime | None = None,
) -> CommandRecord:
    """Return a command of the buffer, which stood at 50 %."""
    return CommandRecord(
        at=at,
        lever=lever,
        stage=stage,
        before=50.0,
        wanted=wanted,
        accepted=accepted,
        outcome=outcome,
        reason=reason or CommandReason(code=CommandCode.BUFFER_DECIDED),
        detail=detail,
        settled_at=settled_at,
    )
