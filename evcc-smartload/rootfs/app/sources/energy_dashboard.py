"""The meters of Home Assistant's energy dashboard, and which statistics they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardMeters:
    """Ids of statistics [kWh, rising] by what they count; a home can have several of each."""

    grid_import: tuple[str, ...]
    grid_export: tuple[str, ...]
    solar: tuple[str, ...]
    battery_discharge: tuple[str, ...]
    battery_charge: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Return every id once."""
        groups = (
            self.grid_import,
            self.grid_export,
            self.solar,
            self.battery_discharge,
            self.battery_charge,
        )
        return tuple(dict.fromkeys(id_ for group in groups for id_ in group))


class _WireFlow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    stat_energy_from: str | None = None
    stat_energy_to: str | None = None


class _WireSource(_WireFlow):
    type: str
    # Until 2026 a grid source had lists of flows instead of one of each.
    flow_from: list[_WireFlow] = []
    flow_to: list[_WireFlow] = []

    def imports(self) -> list[str | None]:
        return [self.stat_energy_from, *(flow.stat_energy_from for flow in self.flow_from)]

    def exports(self) -> list[str | None]:
        return [self.stat_energy_to, *(flow.stat_energy_to for flow in self.flow_to)]


class _WirePreferences(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    energy_sources: list[_WireSource] = []


def read_meters(preferences: Any) -> DashboardMeters:
    """Return the meters in an answer to ``energy/get_prefs``; sources of other kinds are left out.

    Raises:
        pydantic.ValidationError: It is no such answer.
    """
    sources = _WirePreferences.model_validate(preferences).energy_sources

    def ids(kind: str, found: Iterable[Sequence[str | None]]) -> tuple[str, ...]:
        of_kind = zip(sources, found, strict=True)
        return tuple(
            dict.fromkeys(
                id_ for source, ids in of_kind if source.type == kind for id_ in ids if id_
            )
        )

    imports = [source.imports() for source in sources]
    exports = [source.exports() for source in sources]
    return DashboardMeters(
        grid_import=ids("grid", imports),
        grid_export=ids("grid", exports),
        solar=ids("solar", imports),
        battery_discharge=ids("battery", imports),
        battery_charge=ids("battery", exports),
    )
