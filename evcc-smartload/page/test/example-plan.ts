/** A plan of an hour, to be changed by the tests; energies balance in every slot. */

import type { PlanBattery, PlanCar, PlanCost, PlanJson, PlanReason } from "../src/model";
import { NOW } from "./example";

export function reason(device: string, slot = 0): PlanReason {
  return { code: "battery_rests", device, facts: {}, sentence: `${device} tut ${slot}.`, detail: "" };
}

export function battery(change: Partial<PlanBattery> = {}): PlanBattery {
  return {
    name: "battery",
    title: "Hausakku",
    capacity_kwh: 10,
    start_kwh: 4,
    charge_kwh: [0.5, 0, 0, 0],
    discharge_kwh: [0, 0, 0.5, 0],
    soc_kwh: [4.5, 4.5, 4, 4],
    ...change,
  };
}

export function car(change: Partial<PlanCar> = {}): PlanCar {
  return {
    name: "car",
    title: "Kombi",
    number: 1,
    capacity_kwh: 50,
    start_kwh: 24,
    target_kwh: 24.5,
    by: new Date(NOW + 3_600_000).toISOString(),
    charge_kwh: [0.5, 0, 0, 0],
    soc_kwh: [24.5, 24.5, 24.5, 24.5],
    ...change,
  };
}

export function cost(change: Partial<PlanCost> = {}): PlanCost {
  const parts = { import_eur: 1, export_eur: -0.1, wear_eur: 0.3, stored_eur: 0, missing_eur: 0, reserve_eur: 0, overload_eur: 0, ...change };
  return { ...parts, total_eur: change.total_eur ?? Object.values(parts).reduce((sum, eur) => sum + eur, 0) };
}

export function plan(change: Partial<PlanJson> = {}): PlanJson {
  const start = new Date(NOW).toISOString();
  return {
    schema: 1,
    made_at: start,
    start,
    slot_min: 15,
    n_slots: 4,
    n_known_prices: 3,
    rung: "exact",
    skipped: [],
    status: "proven",
    gap_eur: null,
    solve_ms: 120,
    is_explained: true,
    cost: cost(),
    baseline: cost({ import_eur: 1.5 }),
    saving_eur: 0.5,
    import_price_eur_per_kwh: [0.3, 0.3, 0.4, 0.2],
    export_price_eur_per_kwh: [0.08, 0.08, 0.08, 0.08],
    pv_kwh: [1, 1, 0, 0],
    load_kwh: [0.5, 0.5, 0.5, 0.5],
    grid_import_kwh: [0.5, 0, 0, 0.5],
    grid_export_kwh: [0, 0.5, 0, 0],
    curtail_kwh: [0, 0, 0, 0],
    batteries: [battery()],
    cars: [car()],
    marginal_eur_per_kwh: [0.28, 0.08, 0.3, null],
    reasons: [0, 1, 2, 3].map((slot) => [reason("battery", slot), reason("car", slot)]),
    actions: [],
    unmet: [],
    what_if: [],
    rules: [],
    reserve: null,
    change: null,
    assumed: [],
    ...change,
  };
}
