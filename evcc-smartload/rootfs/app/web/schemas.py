"""What the HTTP service takes and gives, for validation and for its OpenAPI description."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ExtendObservation(BaseModel):
    """Body of ``POST /buffer/extend-obs``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    days: Annotated[int, Field(ge=1, le=90, description="Days from now, 1 to 90.")] = 14


class DemoSpeed(BaseModel):
    """Body of ``POST /demo/speed``."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    speed: Annotated[
        float, Field(ge=1, le=3600, description="Simulated seconds per real second, 1 to 3600.")
    ]


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


class BufferLog(BaseModel):
    """Answer of ``GET /buffer/log``: every stored event, oldest first."""

    events: list[dict[str, object]]


class Health(BaseModel):
    """Answer of ``GET /healthz``."""

    ok: bool
    complaint: str | None = None


class ErrorAnswer(BaseModel):
    """Every refusal: a sentence for people and a code for programs."""

    error: str
    code: str
