/** What SmartLoad does in evcc: who decides what, on which rung of the ladder, and what is only observed. */

import type { BatToCar, Control, ControlLevel, ControlRung, DoneNow, Facts, Gate, Hold, Override, Stage, StageName, State } from "../model";
import type { Format } from "./format";

export const LADDER: readonly ControlLevel[] = ["plan", "old_plan", "rules", "buffer_only", "hands_off"];

/** "owner": the owner's own value stands; "resting": released, but nothing is written at the moment. */
export type Standing = "live" | "observing" | "owner" | "resting";

/** Whether the owner lets SmartLoad observe everything. */
export function isReleased(control: Control): boolean {
  return control.in_charge === "released" || isMissing(control, "released");
}

function isMissing({ rung }: Control, code: string): boolean {
  return rung?.missing.some((one) => one.code === code) ?? false;
}

/** The top of the ladder with nothing missing; that evcc's own rules do as well as any plan is no fault. */
export function isFaultless({ level, missing }: ControlRung): boolean {
  return level === "plan" && missing.every(({ code }) => code === "no_gain");
}

/** evcc's automatic mode was switched off, and nobody has let SmartLoad take over yet. */
export function isAutomaticOver({ opinions }: Pick<Control, "opinions">): boolean {
  return opinions?.is_on === false;
}

function writesNothing(control: Control): boolean {
  return isReleased(control) || control.in_charge === "evcc_automatic" || control.rung?.level === "hands_off";
}

export function standingOf(control: Control, { stage, mode, done }: Stage): Standing {
  if (mode === "observing") return "observing";
  if (stage === "buffer" && control.in_charge === "owner") return "owner";
  const isLeftToEvcc = stage !== "buffer" && control.rung?.level === "buffer_only";
  const isAtRest = writesNothing(control) || (isLeftToEvcc && !done.some((one) => one.is_applied));
  return isAtRest ? "resting" : "live";
}

/** The stages that stand so, in their order. */
export function stagesThat(control: Control, standing: Standing): StageName[] {
  return control.stages.filter((stage) => standingOf(control, stage) === standing).map(({ stage }) => stage);
}

/** What the owner asks for on the page is done by a stage that observes, too. */
export function isActing(control: Control, stage: Stage): boolean {
  return standingOf(control, stage) === "live" || stage.done.some((one) => one.is_applied);
}

/** Whether the battery may help a car for real: that takes both of them. */
export function mayHelpCars(control: Control): boolean {
  const live = stagesThat(control, "live");
  return live.includes("battery") && live.includes("cars");
}

/** Wishes that change something in evcc whatever the stages; a holiday changes what is expected. */
export function ordersOf({ overrides }: Control): Override[] {
  return overrides.filter(({ kind }) => kind !== "holiday");
}

// -- what of a plan is carried out ------------------------------------------------------------------

/** "partly": the battery follows the plan and the cars do not, or the other way round. */
export type Execution = "done" | "partly" | "simulated" | "resting";

/** Only stages that have something to control count: without a battery the cars decide alone. */
export function executionOf({ control, site }: Pick<State, "control" | "site">): Execution {
  const has: Record<StageName, boolean> = { buffer: false, battery: site?.battery != null, cars: (site?.loadpoints.length ?? 0) > 0 };
  const stages = control.stages.filter(({ stage }) => has[stage]);
  const nActing = stages.filter((stage) => isActing(control, stage)).length;
  if (nActing > 0) return nActing === stages.length ? "done" : "partly";
  return stages.some((stage) => standingOf(control, stage) === "resting") ? "resting" : "simulated";
}

/** Whether what the plan wants of a device is only shown; a device is a loadpoint by evcc's name, or a battery. */
export function isSimulated({ control, site }: Pick<State, "control" | "site">, device: string): boolean {
  const name: StageName = site?.loadpoints.some((loadpoint) => loadpoint.name === device) === true ? "cars" : "battery";
  const stage = control.stages.find((one) => one.stage === name);
  return stage === undefined || !isActing(control, stage);
}

// -- the owner's hand -------------------------------------------------------------------------------

/** The holds beside the one that `in_charge` tells of already. */
export function otherHolds(control: Control): Hold[] {
  return control.holds.filter(({ setting }) => setting !== "bufferSoc" || control.in_charge !== "owner");
}

// -- the home battery helps a car -------------------------------------------------------------------

export function firstClosed({ gates }: BatToCar): Gate | null {
  return gates.find((gate) => gate.is_open === false) ?? null;
}

// -- facts ------------------------------------------------------------------------------------------

/** The figures of a reason, written out; null where one is missing. */
export interface SpokenFacts {
  price: string | null;
  bestPrice: string | null;
  exportPrice: string | null;
  value: string | null;
  limit: string | null;
  soc: string | null;
  toSoc: string | null;
  bufferSoc: string | null;
  kwh: string | null;
  importKw: string | null;
  limitKw: string | null;
  current: string | null;
  limitA: string | null;
  phase: string | null;
  until: string | null;
  nextAt: string | null;
  bestAt: string | null;
  car: string | null; // as people call it
}

export function spokenFacts(facts: Facts, site: State["site"], format: Format, nowMs: number): SpokenFacts {
  const number = (key: string, write: (value: number) => string): string | null => {
    const value = facts[key];
    return typeof value === "number" && Number.isFinite(value) ? write(value) : null;
  };
  const time = (key: string): string | null => {
    const value = facts[key];
    const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
    return Number.isNaN(ms) ? null : format.when(ms, nowMs);
  };
  const text = (key: string): string | null => {
    const value = facts[key];
    return value === undefined || value === "" ? null : String(value);
  };
  const price = (key: string): string | null => number(key, (value) => format.price(value));
  const pct = (key: string): string | null => number(key, (value) => format.pct(value));
  const amps = (key: string): string | null => number(key, (value) => format.amps(value));
  return {
    price: price("price"),
    bestPrice: price("best_price"),
    exportPrice: price("export_price"),
    value: price("value"),
    limit: price("limit"),
    soc: pct("soc_pct"),
    toSoc: pct("to_soc_pct"),
    bufferSoc: pct("buffer_soc_pct"),
    kwh: number("kwh", (value) => format.kwh(value)),
    importKw: number("import_kw", (value) => format.kw(value)),
    limitKw: number("limit_kw", (value) => format.kw(value)),
    current: amps("current_a"),
    limitA: amps("limit_a"),
    phase: text("phase")?.replace(/^L?(?=\d)/, "L") ?? null,
    until: time("until"),
    nextAt: time("next_at"),
    bestAt: time("best_at"),
    car: carCalled(text("car"), site),
  };
}

/** A car goes by evcc's name of its loadpoint; people call it otherwise. */
function carCalled(name: string | null, site: State["site"]): string | null {
  const loadpoint = site?.loadpoints.find((one) => one.name === name);
  if (loadpoint === undefined) return name;
  return loadpoint.vehicle_title === null || loadpoint.vehicle_title === "" ? loadpoint.title : loadpoint.vehicle_title;
}

/** Rows of one stage in the order evcc's own page has them: the site first, then each loadpoint. */
export function rowsOf({ done }: Stage): DoneNow[] {
  return done.toSorted((a, b) => a.device.localeCompare(b.device));
}
