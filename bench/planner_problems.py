"""Planner problems as files: the format ``planner-problem/1`` and plans as ``planner-plan/1``."""

import json
from dataclasses import dataclass
from pathlib import Path

from planner.dispatch import Dispatch
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    PlanProblem,
    PowerRange,
    ValuePiece,
    series,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchProblem:
    """A problem, its file, and its proved optimum [EUR] where one is known."""

    name: str
    raw: dict[str, object]
    problem: PlanProblem
    optimum_eur: float | None


def load_problems(folder: Path) -> list[BenchProblem]:
    """Return every problem in ``folder`` (or in its folder ``instances``), by name.

    Raises:
        FileNotFoundError: There is none.
    """
    inner = folder / "instances"
    paths = sorted((inner if inner.is_dir() else folder).glob("*.json"))
    paths = [path for path in paths if path.name != "optimum.json"]
    if not paths:
        raise FileNotFoundError(f"no planner problem (*.json) in {folder}")
    known = folder / "optimum.json"
    optima = json.loads(known.read_text()) if known.is_file() else {}
    found = []
    for path in paths:
        raw = json.loads(path.read_text())
        optimum = optima.get(path.stem, {}).get("optimum")
        found.append(BenchProblem(name=path.stem, raw=raw, problem=parse(raw), optimum_eur=optimum))
    return found


def parse(raw: dict) -> PlanProblem:  # type: ignore[type-arg]  # JSON of a fixed format
    """Return the problem of a file."""
    slot_h = raw["slot_minutes"] / 60.0
    n = len(raw["import_price"])
    grid, battery = raw["grid"], raw["battery"]

    def per_slot(limit_kw: float | None) -> list[float] | None:
        return None if limit_kw is None else [limit_kw * slot_h] * n

    most_in, most_out = per_slot(grid["import_max_kw"]), per_slot(grid["export_max_kw"])
    return PlanProblem(
        slot_h=slot_h,
        import_price_eur_per_kwh=series(raw["import_price"]),
        export_price_eur_per_kwh=series(raw["export_price"]),
        pv_kwh=series(raw["pv_kwh"]),
        load_kwh=series(raw["load_kwh"]),
        import_max_kwh=None if most_in is None else series(most_in),
        export_max_kwh=None if most_out is None else series(most_out),
        can_curtail=grid["curtailment"],
        batteries=() if battery is None else (_battery(battery),),
        cars=tuple(_car(ev) for ev in raw["evs"]),
    ).checked()


def _battery(raw: dict) -> BatteryModel:  # type: ignore[type-arg]  # JSON of a fixed format
    return BatteryModel(
        name="battery",
        capacity_kwh=raw["capacity_kwh"],
        soc_kwh=raw["soc_init_kwh"],
        soc_min_kwh=raw["soc_min_kwh"],
        soc_max_kwh=raw["soc_max_kwh"],
        charge_max_kw=raw["charge_max_kw"],
        discharge_max_kw=raw["discharge_max_kw"],
        charge_efficiency_frac=raw["charge_eff"],
        discharge_efficiency_frac=raw["discharge_eff"],
        wear_eur_per_kwh=raw["wear_cost"],
        terminal=(ValuePiece(width_kwh=raw["capacity_kwh"], eur_per_kwh=raw["terminal_value"]),),
    )


def _car(raw: dict) -> CarModel:  # type: ignore[type-arg]  # JSON of a fixed format
    need = max(0.0, raw["target_kwh"] - raw["soc_init_kwh"])
    room = max(0.0, raw["capacity_kwh"] - max(raw["target_kwh"], raw["soc_init_kwh"]))
    return CarModel(
        name=raw["name"],
        capacity_kwh=raw["capacity_kwh"],
        soc_kwh=raw["soc_init_kwh"],
        target_kwh=raw["target_kwh"],
        arrival_slot=raw["arrival_slot"],
        deadline_slot=raw["deadline_slot"],
        ranges=(PowerRange(low_kw=raw["min_kw"], high_kw=raw["max_kw"]),),
        charge_efficiency_frac=raw["charge_eff"],
        wish=(
            ValuePiece(width_kwh=need, eur_per_kwh=raw["shortfall_cost"]),
            ValuePiece(width_kwh=room, eur_per_kwh=0.0),
        ),
    )


def plan_json(dispatch: Dispatch) -> dict[str, object]:
    """Return a dispatch in the format ``planner-plan/1``."""
    zeros = [0.0] * dispatch.n_slots
    return {
        "format": "planner-plan/1",
        "battery_charge_kwh": dispatch.charge_kwh[0].tolist() if dispatch.charge_kwh else zeros,
        "battery_discharge_kwh": dispatch.discharge_kwh[0].tolist()
        if dispatch.discharge_kwh
        else zeros,
        "ev_kwh": [kwh.tolist() for kwh in dispatch.car_kwh],
        "grid_import_kwh": dispatch.grid_import_kwh.tolist(),
        "grid_export_kwh": dispatch.grid_export_kwh.tolist(),
        "curtail_kwh": dispatch.curtail_kwh.tolist(),
    }
