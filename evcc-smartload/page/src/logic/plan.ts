/** A plan, as its view needs it: slots in time, flows as stacks, states of charge, sums that add up. */

import type { BandSeries, Known, PlanBattery, PlanCar, PlanCost, PlanJson, PlannedAction, PlanSummary, UnmetWish } from "../model";
import { SLOT_MS } from "./buffer-log";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The charts show so much of a longer plan; its tables show all of it. */
const SHOWN_MS = 48 * HOUR_MS;
const MAX_CARS = 3;
/** Below, an energy of a slot is a rounding of the solver and not a flow [kWh]. */
const NO_FLOW_KWH = 0.0005;
/** Below, a wish is met [kWh]. */
const MET_KWH = 0.05;

/** Where slots lie in time. */
export interface Grid {
  startMs: number;
  slotMs: number;
  nSlots: number;
}

/** Who makes the plan: SmartLoad; evcc, whose own rules are as good or the only ones left; or nobody. */
export type Maker = "smartload" | "evcc" | "none";

export function makerOf(plan: PlanJson): Maker {
  if (gridOf(plan) === null) return "none";
  return plan.rung === "hands_off" ? "evcc" : "smartload";
}

/** The same of a plan in short: without one it ends when it begins. */
export function summaryMaker({ rung, made_at: madeAt, until, now, next }: PlanSummary): Maker {
  if (rung !== "hands_off") return "smartload";
  return now.length === 0 && next.length === 0 && Date.parse(until) <= Date.parse(madeAt) ? "none" : "evcc";
}

/** Whether what else could be done is worked out for such a plan: what if, the owner's rules, what changed. */
export function isExplainable({ rung }: Pick<PlanJson, "rung">): boolean {
  return rung === "exact" || rung === "fast";
}

/** Null while there is no plan. */
export function gridOf(plan: PlanJson | null): Grid | null {
  if (plan === null || plan.made_at === null || plan.start === null || plan.n_slots === 0) return null;
  return { startMs: Date.parse(plan.start), slotMs: plan.slot_min * MINUTE_MS, nSlots: plan.n_slots };
}

export function endOf({ startMs, slotMs, nSlots }: Grid): number {
  return startMs + nSlots * slotMs;
}

export function shownUntil(grid: Grid): number {
  return Math.min(endOf(grid), grid.startMs + SHOWN_MS);
}

export function startsOf({ startMs, slotMs, nSlots }: Grid): number[] {
  return Array.from({ length: nSlots }, (_, slot) => startMs + slot * slotMs);
}

/** The slots' edges: one more than there are slots. */
export function edgesOf(grid: Grid): number[] {
  return [...startsOf(grid), endOf(grid)];
}

/** The slot an instant lies in; outside the plan the nearest. */
export function slotAt({ startMs, slotMs, nSlots }: Grid, ms: number): number {
  return Math.min(nSlots - 1, Math.max(0, Math.floor((ms - startMs) / slotMs)));
}

/** The instant a slot begins, so many slots further on. */
export function steppedMs(grid: Grid, ms: number, by: number): number {
  const slot = Math.min(grid.nSlots - 1, Math.max(0, slotAt(grid, ms) + by));
  return grid.startMs + slot * grid.slotMs;
}

// -- flows ------------------------------------------------------------------------------------------

export type Flow = "sun" | "discharge" | "import" | "house" | "charge" | "car" | "export" | "curtail";

export interface FlowSeries {
  flow: Flow;
  car: PlanCar | null;
  /** Colour of a car, 1 to 3. */
  number: number;
  kwh: readonly number[];
}

export function carNumber(car: Pick<PlanCar, "number">): number {
  return Math.min(MAX_CARS, Math.max(1, car.number));
}

function sumOf(columns: readonly (readonly number[])[], count: number): number[] {
  return Array.from({ length: count }, (_, slot) => columns.reduce((sum, column) => sum + (column[slot] ?? 0), 0));
}

/** Where energy comes from, from the bottom of the stack to its top. */
export function sourcesOf(plan: PlanJson): FlowSeries[] {
  const discharge = sumOf(plan.batteries.map((battery) => battery.discharge_kwh), plan.n_slots);
  return [
    { flow: "sun", car: null, number: 0, kwh: plan.pv_kwh },
    ...(plan.batteries.length === 0 ? [] : [{ flow: "discharge" as const, car: null, number: 0, kwh: discharge }]),
    { flow: "import", car: null, number: 0, kwh: plan.grid_import_kwh },
  ];
}

/** Where it goes; curtailed sun only where there is some. */
export function usesOf(plan: PlanJson): FlowSeries[] {
  const charge = sumOf(plan.batteries.map((battery) => battery.charge_kwh), plan.n_slots);
  const isCurtailed = plan.curtail_kwh.some((kwh) => kwh > NO_FLOW_KWH);
  return [
    { flow: "house", car: null, number: 0, kwh: plan.load_kwh },
    ...(plan.batteries.length === 0 ? [] : [{ flow: "charge" as const, car: null, number: 0, kwh: charge }]),
    ...plan.cars.map((car) => ({ flow: "car" as const, car, number: carNumber(car), kwh: car.charge_kwh })),
    { flow: "export", car: null, number: 0, kwh: plan.grid_export_kwh },
    ...(isCurtailed ? [{ flow: "curtail" as const, car: null, number: 0, kwh: plan.curtail_kwh }] : []),
  ];
}

/** Mean power of a slot [kW] from its energy. */
export function kwOf(kwh: number, grid: Pick<Grid, "slotMs">): number {
  return Math.abs(kwh) < NO_FLOW_KWH ? 0 : (kwh * HOUR_MS) / grid.slotMs;
}

/** Each series on top of those before it: its lower and its upper edge. */
export function stacked(columns: readonly (readonly number[])[]): { low: number[]; high: number[] }[] {
  const layers: { low: number[]; high: number[] }[] = [];
  for (const column of columns) {
    const below = layers.at(-1)?.high;
    const low = column.map((_, slot) => below?.[slot] ?? 0);
    layers.push({ low, high: column.map((value, slot) => value + (low[slot] ?? 0)) });
  }
  return layers;
}

/** What a forecast says about a plan's slots: null where it says nothing. */
export function aligned(band: BandSeries | null, grid: Grid, quantile: "p10" | "p50" | "p90"): Known[] {
  const startMs = band === null ? 0 : Date.parse(band.start);
  return startsOf(grid).map((ms) => {
    const slot = Math.floor((ms - startMs) / SLOT_MS);
    return slot < 0 ? null : (band?.[quantile][slot] ?? null);
  });
}

// -- states of charge -------------------------------------------------------------------------------

/** States of charge at the slots' edges [%]. */
export function socEdges(course: { start_kwh: number; soc_kwh: readonly number[] }, capacityKwh: number): number[] {
  return [course.start_kwh, ...course.soc_kwh].map((kwh) => (100 * kwh) / capacityKwh);
}

export function capacityOf(batteries: readonly PlanBattery[]): number {
  return batteries.reduce((sum, battery) => sum + battery.capacity_kwh, 0);
}

/** The reserve at the slots' edges [%]; at the first edge as in the first slot. */
export function reserveEdges(plan: PlanJson): number[] {
  const socs = plan.reserve?.soc_kwh ?? [];
  const capacityKwh = capacityOf(plan.batteries);
  if (socs.length === 0 || capacityKwh <= 0) return [];
  return [socs[0] ?? 0, ...socs].map((kwh) => (100 * kwh) / capacityKwh);
}

export interface Wish {
  car: PlanCar;
  /** What is in the car by its deadline, or at the end. */
  reachedKwh: number;
  chargedKwh: number;
  unmet: UnmetWish | null;
  isMet: boolean;
}

export function wishesOf(plan: PlanJson): Wish[] {
  const grid = gridOf(plan);
  return plan.cars.map((car) => {
    const unmet = plan.unmet.find((one) => one.car === car.name) ?? null;
    const last = grid === null || car.by === null ? plan.n_slots - 1 : slotAt(grid, Date.parse(car.by) - 1);
    const reachedKwh = unmet?.reached_kwh ?? car.soc_kwh[last] ?? car.start_kwh;
    return {
      car,
      reachedKwh,
      chargedKwh: car.charge_kwh.reduce((sum, kwh) => sum + kwh, 0),
      unmet,
      isMet: unmet === null && reachedKwh >= car.target_kwh - MET_KWH,
    };
  });
}

// -- lists ------------------------------------------------------------------------------------------

/** What is being done and what is to come, in the order of time. */
export function actionsAhead(plan: PlanJson, nowMs: number): PlannedAction[] {
  return plan.actions
    .filter((action) => Date.parse(action.end) > nowMs)
    .toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start));
}

/** The name the owner gave to a battery or a car; null for the PV and for what this plan does not know. */
export function titleOf(plan: PlanJson, device: string): string | null {
  return [...plan.batteries, ...plan.cars].find((one) => one.name === device)?.title ?? null;
}

export type CostPart = "import" | "export" | "wear" | "stored" | "missing" | "reserve" | "overload";

const ALWAYS: readonly CostPart[] = ["import", "export"];
const PARTS: readonly CostPart[] = ["import", "export", "wear", "stored", "missing", "reserve", "overload"];
/** Smaller amounts are not worth a line [EUR]. */
const NO_MONEY_EUR = 0.0005;

/** The parts of a plan's cost beside those of evcc's own rules; what is zero in both is left out. */
export function costRows(cost: PlanCost, baseline: PlanCost | null): { part: CostPart; eur: number; baselineEur: Known }[] {
  return PARTS.map((part) => ({ part, eur: cost[`${part}_eur`], baselineEur: baseline?.[`${part}_eur`] ?? null })).filter(
    ({ part, eur, baselineEur }) =>
      ALWAYS.includes(part) || Math.abs(eur) >= NO_MONEY_EUR || Math.abs(baselineEur ?? 0) >= NO_MONEY_EUR,
  );
}

/** Amounts rounded to whole `unit`s such that they add up to their rounded sum: the largest remainders go up. */
export function addUp(amounts: readonly number[], unit: number): number[] {
  const total = Math.round(amounts.reduce((sum, amount) => sum + amount, 0) / unit);
  const floors = amounts.map((amount) => Math.floor(amount / unit + 1e-9));
  let missing = total - floors.reduce((sum, floor) => sum + floor, 0);
  const byRemainder = amounts
    .map((amount, index) => ({ index, remainder: amount / unit - (floors[index] ?? 0) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.index - b.index);
  const rounded = [...floors];
  for (const { index } of byRemainder) {
    if (missing <= 0) break;
    rounded[index] = (rounded[index] ?? 0) + 1;
    missing -= 1;
  }
  return rounded.map((count) => count * unit);
}

/** Causes whose English detail helps to find the fault; the others say all in their sentence. */
const TECHNICAL = new Set(["bad_input", "solver_failed", "not_verified"]);

/** Why better ways to a plan were not gone, each reason once; that evcc's rules are as good is no failure. */
export function failures(skipped: PlanJson["skipped"]): { sentence: string; details: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { sentence, cause, detail } of skipped) {
    if (cause === "not_better") continue;
    const details = found.get(sentence) ?? [];
    found.set(sentence, details);
    if (TECHNICAL.has(cause) && detail !== "" && !details.includes(detail)) details.push(detail);
  }
  return [...found].map(([sentence, details]) => ({ sentence, details }));
}

/** Whether a plan was made and would cost no less than evcc's own rules. */
export function wasNotBetter({ skipped }: Pick<PlanJson, "skipped">): boolean {
  return skipped.some(({ cause }) => cause === "not_better");
}
