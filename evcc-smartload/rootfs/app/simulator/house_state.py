"""What a house must remember over a restart, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from simulator.phases import PhaseValues, even
from simulator.plant import BatteryReading, ChargerReading, PlantReading


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseState:
    """The last reading with its counters, and the energies that a SoC would only give rounded."""

    reading: PlantReading
    battery_stored_kwh: tuple[float, ...]
    car_stored_kwh: tuple[float, ...]
    car_chargers: tuple[int | None, ...]

    def fits(self, *, n_batteries: int, n_cars: int, n_chargers: int) -> bool:
        """Return whether a house of this shape can continue from here."""
        plugged = [charger for charger in self.car_chargers if charger is not None]
        return (
            len(self.battery_stored_kwh) == len(self.reading.batteries) == n_batteries
            and len(self.car_stored_kwh) == len(self.car_chargers) == n_cars
            and len(self.reading.chargers) == n_chargers
            and len(set(plugged)) == len(plugged)
            and all(0 <= charger < n_chargers for charger in plugged)
        )

    def to_json(self) -> dict[str, object]:
        """Return a value that the JSON encoder takes and ``from_json`` reads back unchanged."""
        reading = asdict(self.reading)
        reading["at"] = self.reading.at.isoformat()
        return {
            "reading": reading,
            "battery_stored_kwh": list(self.battery_stored_kwh),
            "car_stored_kwh": list(self.car_stored_kwh),
            "car_chargers": list(self.car_chargers),
        }

    @classmethod
    def from_json(cls, state: Mapping[str, object]) -> "HouseState":
        """Read a state.

        Raises:
            ValueError: Something is missing or of the wrong type.
        """
        try:
            return cls(
                reading=_reading(_mapping(state["reading"])),
                battery_stored_kwh=tuple(
                    _number(value) for value in _list(state["battery_stored_kwh"])
                ),
                car_stored_kwh=tuple(_number(value) for value in _list(state["car_stored_kwh"])),
                car_chargers=tuple(
                    None if value is None else int(_number(value))
                    for value in _list(state["car_chargers"])
                ),
            )
        except (KeyError, TypeError) as err:
            raise ValueError(f"not the state of a simulated house: {err}") from err


def _reading(values: Mapping[str, object]) -> PlantReading:
    return PlantReading(
        at=datetime.fromisoformat(_text(values["at"])).astimezone(UTC),
        pv_kw=_number(values["pv_kw"]),
        load_kw=_number(values["load_kw"]),
        grid_import_kw=_number(values["grid_import_kw"]),
        grid_export_kw=_number(values["grid_export_kw"]),
        grid_phases_kw=_phases(values),
        batteries=tuple(_battery(_mapping(value)) for value in _list(values["batteries"])),
        chargers=tuple(_charger(_mapping(value)) for value in _list(values["chargers"])),
        pv_total_kwh=_number(values["pv_total_kwh"]),
        grid_import_total_kwh=_number(values["grid_import_total_kwh"]),
        grid_export_total_kwh=_number(values["grid_export_total_kwh"]),
    )


def _phases(values: Mapping[str, object]) -> PhaseValues:
    """Return the phases' powers; a house of before they were told apart had them even."""
    if "grid_phases_kw" not in values:
        return even(_number(values["grid_import_kw"]) - _number(values["grid_export_kw"]))
    first_kw, second_kw, third_kw = (_number(value) for value in _list(values["grid_phases_kw"]))
    return first_kw, second_kw, third_kw


def _battery(values: Mapping[str, object]) -> BatteryReading:
    return BatteryReading(
        name=_text(values["name"]),
        title=_text(values["title"]),
        capacity_kwh=_number(values["capacity_kwh"]),
        soc_pct=_number(values["soc_pct"]),
        charge_kw=_number(values["charge_kw"]),
        discharge_kw=_number(values["discharge_kw"]),
        charged_total_kwh=_number(values["charged_total_kwh"]),
        discharged_total_kwh=_number(values["discharged_total_kwh"]),
        controllable=bool(values["controllable"]),
    )


def _charger(values: Mapping[str, object]) -> ChargerReading:
    first_a, second_a, third_a = (_number(value) for value in _list(values["currents_a"]))
    name, soc_pct = values["car_name"], values["car_soc_pct"]
    return ChargerReading(
        connected=bool(values["connected"]),
        charge_kw=_number(values["charge_kw"]),
        currents_a=(first_a, second_a, third_a),
        car_name=None if name is None else _text(name),
        car_soc_pct=None if soc_pct is None else _number(soc_pct),
        total_kwh=_number(values["total_kwh"]),
    )


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, not {value!r}")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected a list, not {value!r}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, not {value!r}")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, not {value!r}")
    return value
