/** The buffer's events: kept together, drawn as a line, told in a sentence. */

import type { BufferEvent } from "../model";

export const SLOT_MS = 900_000;
const GAP_MS = 3 * SLOT_MS;
const MAX_EVENTS = 700;
export const WEEK_MS = 7 * 86_400_000;

/** Join what is known with what came, one event an instant, oldest first, at most 700. */
export function mergeEvents(known: readonly BufferEvent[], came: readonly BufferEvent[]): readonly BufferEvent[] {
  const last = known.at(-1);
  const lastCame = came.at(-1);
  if (lastCame === undefined) return known;
  if (last !== undefined && last.ts === lastCame.ts && known.length >= came.length) return known;
  const byTime = new Map<number, BufferEvent>();
  for (const event of known) byTime.set(Date.parse(event.ts), event);
  for (const event of came) byTime.set(Date.parse(event.ts), event);
  return [...byTime.entries()]
    .sort(([a], [b]) => a - b)
    .slice(-MAX_EVENTS)
    .map(([, event]) => event);
}

/** "held": live, but not written because somebody else has the say; "failed": live, but evcc did not take the value. */
export type Outcome = "simulated" | "applied" | "held" | "failed";

export function outcomeOf(event: BufferEvent): Outcome {
  if (event.applied) return "applied";
  if (event.mode === "observation") return "simulated";
  return heldByOf(event) === null ? "failed" : "held";
}

export type HeldBy = "owner" | "released" | "automatic" | "config";

const HELD_BY: readonly [RegExp, HeldBy][] = [
  [/nicht übernommen: in evcc von Hand auf/, "owner"],
  [/nicht übernommen: die Steuerung wurde zurückgegeben/, "released"],
  [/nicht übernommen: die Automatik von evcc/, "automatic"],
  [/nicht übernommen: .*beobachtet nur/, "config"],
];

/** Who has the say instead of SmartLoad; the service tells it in the German reason only. */
export function heldByOf(event: BufferEvent): HeldBy | null {
  return HELD_BY.find(([pattern]) => pattern.test(event.reason))?.[1] ?? null;
}

/** The buffer that held after the event, or would have held. */
export function effectivePct(event: BufferEvent): number {
  const outcome = outcomeOf(event);
  return outcome === "failed" || outcome === "held" ? event.old_buffer_pct : event.new_buffer_pct;
}

/** What SmartLoad wanted; where it could not be written, the German reason alone tells it. */
export function targetOf(event: BufferEvent): number {
  const found = /Puffer (\d+(?:\.\d+)?)%/.exec(event.reason);
  return found === null ? event.new_buffer_pct : Number(found[1]);
}

export interface Limit {
  setting: string;
  pct: number;
}

/** The owner's setting that stood in the way; the service names it in the German reason only. */
export function limitOf(event: BufferEvent): Limit | null {
  const found = /begrenzt durch (\w+) (\d+(?:[.,]\d+)?)\s*%/.exec(event.reason);
  return found?.[1] === undefined || found[2] === undefined
    ? null
    : { setting: found[1], pct: Number(found[2].replace(",", ".")) };
}

/** Somebody changed the value in evcc since the event before; both values percent. */
export function outsideChangeOf(event: BufferEvent): { fromPct: number; toPct: number } | null {
  const found = /in evcc geändert: (-?[\d.]+)% → (-?[\d.]+)%/.exec(event.reason);
  return found === null ? null : { fromPct: Number(found[1]), toPct: Number(found[2]) };
}

/** What evcc held before SmartLoad's first decision, percent. */
export function foundPctOf(event: BufferEvent): number | null {
  const found = /in evcc steht: (-?[\d.]+)%/.exec(event.reason);
  return found === null ? null : Number(found[1]);
}

/** Expected solar energy of the next four hours [kWh] from the sum of 16 quarter-hour powers [kW]. */
export function expectedPvKwh(event: BufferEvent): number {
  return event.expected_pv_kw * 0.25;
}

export interface BufferLines {
  xs: number[]; // ms
  observed: (number | null)[]; // percent
  applied: (number | null)[];
  held: (number | null)[];
  confidence: (number | null)[];
  failed: { x: number; y: number }[];
}

type Line = "observed" | "applied" | "held";

/** Step lines of the week: a line holds its value until the next event, and breaks where none came. */
export function bufferLines(events: readonly BufferEvent[], nowMs: number): BufferLines {
  const lines: BufferLines = { xs: [], observed: [], applied: [], held: [], confidence: [], failed: [] };
  let previous: BufferEvent | null = null;
  for (const event of events) {
    const x = Date.parse(event.ts);
    let continues = previous;
    if (previous !== null) {
      const holdUntil = Date.parse(previous.ts) + SLOT_MS;
      if (x - holdUntil > GAP_MS - SLOT_MS) {
        push(lines, holdUntil, { [lineOf(previous)]: effectivePct(previous) }, previous.pv_confidence);
        push(lines, holdUntil + 1, {}, null);
        continues = null;
      }
    }
    const value = effectivePct(event);
    // Where one line hands over to another, the old one is drawn up to here.
    const before = continues === null ? {} : { [lineOf(continues)]: effectivePct(continues) };
    push(lines, x, { ...before, [lineOf(event)]: value }, event.pv_confidence);
    if (outcomeOf(event) === "failed") lines.failed.push({ x, y: value });
    previous = event;
  }
  if (previous !== null) {
    const holdUntil = Math.min(nowMs, Date.parse(previous.ts) + SLOT_MS);
    if (holdUntil > Date.parse(previous.ts)) {
      push(lines, holdUntil, { [lineOf(previous)]: effectivePct(previous) }, previous.pv_confidence);
    }
  }
  return lines;
}

function lineOf(event: BufferEvent): Line {
  const outcome = outcomeOf(event);
  if (outcome === "simulated") return "observed";
  return outcome === "held" ? "held" : "applied";
}

function push(lines: BufferLines, x: number, values: Partial<Record<Line, number>>, confidence: number | null): void {
  lines.xs.push(x);
  lines.observed.push(values.observed ?? null);
  lines.applied.push(values.applied ?? null);
  lines.held.push(values.held ?? null);
  lines.confidence.push(confidence);
}

/** The events at which the buffer or its standing changed: the chart as a table. */
export function changesOnly(events: readonly BufferEvent[]): BufferEvent[] {
  return events.filter((event, index) => {
    const before = events[index - 1];
    return (
      before === undefined || effectivePct(before) !== effectivePct(event) || outcomeOf(before) !== outcomeOf(event)
    );
  });
}

export interface LinesWithShadow extends BufferLines {
  shadow: (number | null)[]; // percent
}

/** The week's lines on the instants of both buffers, with what the other one would have set. */
export function withShadow(lines: BufferLines, shadow: readonly BufferEvent[], nowMs: number): LinesWithShadow {
  const wanted = shadow.map((event) => ({ ...event, mode: "observation" as const, applied: false, new_buffer_pct: targetOf(event) }));
  const other = bufferLines(wanted, nowMs);
  const xs = [...new Set([...lines.xs, ...other.xs])].sort((a, b) => a - b);
  const own = (values: readonly (number | null)[]): (number | null)[] => held(lines.xs, values, xs);
  return {
    xs,
    observed: own(lines.observed),
    applied: own(lines.applied),
    held: own(lines.held),
    confidence: own(lines.confidence),
    failed: lines.failed,
    shadow: held(other.xs, other.observed, xs),
  };
}

/** Values of step lines at other instants: what held then, and nothing before the first and after the last. */
function held(xs: readonly number[], values: readonly (number | null)[], at: readonly number[]): (number | null)[] {
  const last = xs.at(-1) ?? -Infinity;
  let index = -1;
  return at.map((x) => {
    while (index + 1 < xs.length && xs[index + 1]! <= x) index += 1;
    return x > last ? null : (values[index] ?? null);
  });
}

export interface RiskBasis {
  confidencePct: number;
  needKwh: number;
  until: string; // "07:15", the home's time
  end: "surplus" | "cheap" | "horizon";
}

const ENDS: Record<string, RiskBasis["end"]> = { Sonne: "surplus", "günstiger Strom": "cheap", "nichts in Sicht": "horizon" };

/** What a decision of the risk-based buffer rests on; the service tells it in the German reason only. */
export function riskBasisOf(event: BufferEvent): RiskBasis | null {
  const found = /^Sicherheit (\d+)% · Bedarf (\d+,\d) kWh bis (\d\d:\d\d) \((.+?)\)/.exec(event.reason);
  const end = ENDS[found?.[4] ?? ""];
  if (found === null || end === undefined) return null;
  return { confidencePct: Number(found[1]), needKwh: Number(found[2]!.replace(",", ".")), until: found[3]!, end };
}
