"""What the HTTP service takes and gives, for validation and for its OpenAPI description."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def _instant(value: object) -> datetime:
    """Return an instant in UTC.

    Raises:
        ValueError: It is no text in ISO 8601 with an offset, or no instant there can be.
    """
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004  # what pydantic expects of a validator
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("without an offset")
    try:
        return instant.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("out of range") from exc


def _day(value: object) -> date:
    """Return a day.

    Raises:
        ValueError: It is no text in ISO 8601, or no day there is.
    """
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004  # what pydantic expects of a validator
    return date.fromisoformat(value)


Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
LONGEST_DEVICE = 200
Device = Annotated[str, Field(max_length=LONGEST_DEVICE, description="evcc's name of a loadpoint.")]


class _Body(BaseModel):
    """What a request carries: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class ExtendObservation(_Body):
    """Body of ``POST /buffer/extend-obs``."""

    days: Annotated[int, Field(ge=1, le=90, description="Days from now, 1 to 90.")] = 14


class DemoSpeed(_Body):
    """Body of ``POST /demo/speed``."""

    speed: Annotated[
        float, Field(ge=1, le=3600, description="Simulated seconds per real second, 1 to 3600.")
    ]


class StageChange(_Body):
    """Body of ``POST /control/stage``; the buffer has routes of its own."""

    stage: Literal["battery", "cars"]
    mode: Literal["live", "observing"]


class ChargeNow(_Body):
    """Body of ``POST /control/charge-now``."""

    device: Device
    minutes: Annotated[int, Field(ge=5, le=1440, description="From now, 5 to 1440.")] = 90


class KeepFull(_Body):
    """Body of ``POST /control/keep-full``."""

    until: Annotated[
        Instant | None,
        Field(description="At most 7 days ahead; null: the next 08:00 at least 6 h away."),
    ] = None


class Holiday(_Body):
    """Body of ``POST /control/holiday``."""

    until: Annotated[Instant, Field(description="At most 60 days ahead.")]


class EndWish(_Body):
    """Body of ``POST /control/end``."""

    kind: Literal["charge_now", "keep_full", "holiday"]
    device: Device = ""


class BacktestPeriod(_Body):
    """Body of ``POST /proof/backtest``: local days, both inside."""

    first: Annotated[Day, Field(alias="from", description="The first local day.")]
    last: Annotated[Day, Field(alias="to", description="The last local day, which is over.")]


class Activated(BaseModel):
    """Answer of ``POST /buffer/activate-live``."""

    ok: Literal[True] = True
    mode: Literal["live"] = "live"


class Extended(BaseModel):
    """Answer of ``POST /buffer/extend-obs``."""

    ok: Literal[True] = True
    mode: Literal["observation"] = "observation"
    extended_days: int


class Done(BaseModel):
    """Answer of a wish that was taken."""

    ok: Literal[True] = True


class Until(BaseModel):
    """Answer of a wish that was taken and ends by itself."""

    ok: Literal[True] = True
    # As in the state message; by itself the framework would write a Z for the offset.
    until: Annotated[datetime, PlainSerializer(datetime.isoformat)]


class BufferLog(BaseModel):
    """Answer of ``GET /buffer/log``: every stored event, oldest first."""

    events: list[dict[str, object]]


class WriteLog(BaseModel):
    """Answer of ``GET /control/writes``, newest first; ``more``: older ones are left out."""

    writes: list[dict[str, object]]
    more: bool


class Health(BaseModel):
    """Answer of ``GET /healthz``."""

    ok: bool
    complaint: str | None = None


class ErrorAnswer(BaseModel):
    """Every refusal: a sentence for people and a code for programs."""

    error: str
    code: str


Answers = dict[int | str, dict[str, object]]
REFUSALS: Answers = {
    # Naming a default also keeps the framework from listing its own 422; a bad body gets a 400.
    "default": {"model": ErrorAnswer, "description": "Any other refusal"},
    **{status: {"model": ErrorAnswer} for status in (400, 401, 403, 409, 413, 503)},
}
OR_NOT_THERE: Answers = {**REFUSALS, 404: {"model": ErrorAnswer}}
