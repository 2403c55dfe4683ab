/** What the report's figures come to: days and sums for the charts, and who is spoken of. */

import type { BacktestDay, Known, MoneyBand, ProofDay, ProofSummary, State } from "../model";
import type { Format } from "./format";

/** Null while there is none; undefined without a state, and from a service that knows of no proof at all. */
export function proofSummaryOf(state: State | null): ProofSummary | null | undefined {
  return state?.proof_summary;
}

/** What can be told of a report, in the state as in the report itself. */
export interface Result {
  since: string;
  until: string;
  nDays: number;
  /** Days that count; the same as `nDays` where it is not told. */
  nCounted: number;
  paid: Known;
  evcc: number;
  ours: MoneyBand;
  saving: MoneyBand;
  isLive: boolean;
}

type Told = Pick<ProofSummary, "since" | "until" | "n_days" | "paid_eur" | "evcc_eur" | "ours_eur" | "saving_eur"> & { n_counted?: number };

/** Null without figures: nothing was counted yet. */
export function resultOf(told: Told | null | undefined, isLive: boolean): Result | null {
  if (told == null) return null;
  const { since, until, n_days: nDays, n_counted: nCounted, paid_eur: paid, evcc_eur: evcc, ours_eur: ours, saving_eur: saving } = told;
  if (since === null || until === null || nDays === null || evcc === null || ours === null || saving === null) return null;
  if ((nCounted ?? nDays) === 0) return null;
  return { since, until, nDays, nCounted: nCounted ?? nDays, paid, evcc, ours, saving, isLive };
}

/** Whether the range says anything that the middle does not. */
export function isBand({ low, high }: MoneyBand): boolean {
  return high - low > 0.005;
}

/** The share of what could be saved at most; null where nothing was saved, which has no share. */
export function capturedShare({ captured_frac: captured, saving_eur: saving }: { captured_frac: Known; saving_eur: MoneyBand | null }): Known {
  return captured === null || saving === null || saving.middle <= 0 ? null : Math.min(1, captured);
}

/** "gain": all of the range is above zero; "loss": all of it below; "open" otherwise. */
export type Verdict = "gain" | "loss" | "open";

export function verdictOf({ low, high }: MoneyBand): Verdict {
  return low > 0 ? "gain" : high < 0 ? "loss" : "open";
}

/** The instant a local day began; null for what is no day. */
export function startOfIsoDay(day: string, format: Format): number | null {
  const endMs = format.endOfIsoDay(day);
  return endMs === null ? null : format.startOfDay(endMs - 1);
}

// -- days -------------------------------------------------------------------------------------------

/** Days as a chart takes them; what is not counted is a gap. */
export interface DayColumns {
  xs: number[]; // ms, the beginning of each day
  paid: Known[];
  evcc: Known[];
  observed: Known[]; // what SmartLoad would have cost
  live: Known[]; // what it cost
}

export function dayColumns(days: readonly ProofDay[], liveSinceMs: number | null, format: Format): DayColumns {
  const columns: DayColumns = { xs: [], paid: [], evcc: [], observed: [], live: [] };
  for (const { day, is_counted: isCounted, paid_eur: paid, evcc_eur: evcc, ours_eur: ours } of days) {
    const startMs = startOfIsoDay(day, format);
    if (startMs === null) continue;
    const isLive = liveSinceMs !== null && startMs >= format.startOfDay(liveSinceMs);
    columns.xs.push(startMs);
    columns.paid.push(isCounted ? paid : null);
    columns.evcc.push(isCounted ? evcc : null);
    columns.observed.push(isCounted && !isLive ? ours : null);
    columns.live.push(isCounted && isLive ? ours : null);
  }
  return columns;
}

export interface SumColumns {
  xs: number[];
  middle: Known[];
  low: Known[];
  high: Known[];
}

/** The saving up to each day. The range is reckoned for the whole; it grows with the root of the days, as that of a sum does. */
export function sumColumns(days: readonly ProofDay[], whole: MoneyBand | null, format: Format): SumColumns {
  const columns: SumColumns = { xs: [], middle: [], low: [], high: [] };
  const nAll = days.filter(isReckoned).length;
  let sum = 0;
  let nSoFar = 0;
  for (const day of days) {
    const startMs = startOfIsoDay(day.day, format);
    if (startMs === null) continue;
    if (isReckoned(day)) {
      sum += day.evcc_eur - day.ours_eur;
      nSoFar++;
    }
    const share = nAll === 0 ? 0 : Math.sqrt(nSoFar / nAll);
    const isOpen = nSoFar === 0;
    columns.xs.push(startMs);
    columns.middle.push(isOpen ? null : sum);
    columns.low.push(isOpen || whole === null ? null : sum + share * (whole.low - whole.middle));
    columns.high.push(isOpen || whole === null ? null : sum + share * (whole.high - whole.middle));
  }
  return columns;
}

type Reckoned = ProofDay & { evcc_eur: number; ours_eur: number };

function isReckoned(day: ProofDay): day is Reckoned {
  return day.is_counted && day.evcc_eur !== null && day.ours_eur !== null;
}

// -- the back-test ----------------------------------------------------------------------------------

/** What a policy saved against evcc's own rules up to each day; a day without both adds nothing. */
export function savingsSoFar(days: readonly BacktestDay[], policy: string): Known[] {
  let sum: Known = null;
  return days.map(({ cost_eur: costs }) => {
    const [evcc, own] = [costs["evcc"] ?? null, costs[policy] ?? null];
    if (evcc !== null && own !== null) sum = (sum ?? 0) + evcc - own;
    return sum;
  });
}

/** What is wrong with a chosen period; null when nothing is. */
export type PeriodFault = "missing" | "reversed" | "future" | "too_early";

export function periodFault(from: string, to: string, { firstDay, today }: { firstDay: string | null; today: string }): PeriodFault | null {
  if (!isDay(from) || !isDay(to)) return "missing";
  if (from > to) return "reversed";
  if (to >= today) return "future";
  return firstDay !== null && to < firstDay ? "too_early" : null;
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isFinite(Date.parse(`${text}T12:00:00Z`));
}
