/** What is expected, as the forecast view needs it: points of charts, days, the sentence. */

import type { Messages } from "../i18n";
import type { AccuracyReport, BandSeries, Comparison, Energy, Expectation, Forecast, ForecastKind, Known, State } from "../model";
import { SLOT_MS } from "./buffer-log";
import type { Format } from "./format";

/** Below so many days of past the bands are wide because little is known. */
export const SHORT_PAST_DAYS = 14;
/** An energy below is as good as none [kWh]. */
export const NEXT_TO_NOTHING_KWH = 0.05;

export function expectationOf(forecast: Forecast | null, kind: ForecastKind): Expectation | null {
  return forecast?.expectations.find((one) => one.kind === kind) ?? null;
}

export function comparisonOf(forecast: Forecast | null, kind: ForecastKind): Comparison | null {
  return forecast?.comparisons.find((one) => one.kind === kind) ?? null;
}

export function slotTimes(startMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, slot) => startMs + slot * SLOT_MS);
}

/** The published slots and the expected ones as two lines: solid and dashed. */
export function splitKnown(band: BandSeries): { known: Known[]; expected: Known[]; low: Known[]; high: Known[] } {
  const from = (values: readonly Known[]): Known[] => values.map((value, slot) => (slot < band.n_known ? null : value));
  return {
    known: band.p50.map((value, slot) => (slot < band.n_known ? value : null)),
    expected: from(band.p50),
    low: from(band.p10),
    high: from(band.p90),
  };
}

/** The largest known value, for the scale; at least `least`. */
export function largest(least: number, ...columns: readonly (readonly Known[])[]): number {
  return columns.flat().reduce<number>((most, value) => (value !== null && value > most ? value : most), least);
}

export function smallest(most: number, ...columns: readonly (readonly Known[])[]): number {
  return columns.flat().reduce<number>((least, value) => (value !== null && value < least ? value : least), most);
}

/** What one local day brings and takes; null: not known. */
export interface DayAhead {
  day: string; // "2026-06-20"
  /** Whether all of the day is ahead, or only the rest of it. */
  isWhole: boolean;
  pv: Energy | null;
  load: Energy | null;
}

/** The days ahead, each with both of its energies. */
export function daysAhead(forecast: Forecast | null): DayAhead[] {
  const days = new Map<string, DayAhead>();
  for (const { kind, day, is_whole: isWhole, energy } of forecast?.days ?? []) {
    days.set(day, { ...(days.get(day) ?? { day, isWhole, pv: null, load: null }), [kind]: energy });
  }
  return [...days.values()].toSorted((a, b) => a.day.localeCompare(b.day));
}

export interface ForecastSentence {
  lead: string;
  because: string[];
}

/** `forecast` is null until it was answered once. */
export function forecastSentence(
  facts: {
    state: State | null;
    isLost: boolean;
    isRefused: boolean;
    forecast: Forecast | null;
    accuracy: AccuracyReport | null;
    nowMs: number;
  },
  t: Messages,
  format: Format,
): ForecastSentence {
  const { state, forecast, nowMs } = facts;
  if (state === null) return { lead: facts.isLost ? t.sentence.unreachable : t.sentence.connecting, because: [] };
  if (forecast === null) return { lead: facts.isRefused ? t.forecast.refused : t.forecast.loading, because: [] };
  if (forecast.issued_at === null) return { lead: t.forecast.first, because: [t.forecast.noPast] };
  const days = daysAhead(forecast);
  const today = days.find(({ day }) => day === format.isoDay(nowMs)) ?? null;
  const tomorrow = days.find(({ day }) => day === format.isoDay(format.endOfDay(nowMs))) ?? null;
  return {
    lead: tomorrow === null ? t.forecast.noTomorrow : daySentence(tomorrow, t.forecast.tomorrow, t, format),
    because: [
      today === null
        ? null
        : daySentence(today, today.isWhole ? t.forecast.today : t.forecast.restOfToday, t, format),
      absenceSentence(forecast, nowMs, t, format),
      pastSentence(forecast.history_days, t, format),
      coverageSentence(facts.accuracy, t, format),
    ].filter((text) => text !== null),
  };
}

function daySentence(day: DayAhead, words: Messages["forecast"]["tomorrow"], t: Messages, format: Format): string {
  const house = day.load === null ? null : format.kwhBand(0, day.load.p50_kwh, day.load.p50_kwh).middle;
  if (day.pv === null) return house === null ? t.forecast.noTomorrow : words.houseOnly(house);
  if (day.pv.p90_kwh < NEXT_TO_NOTHING_KWH) return words.noSun(house);
  const sun = format.kwhBand(day.pv.p10_kwh, day.pv.p50_kwh, day.pv.p90_kwh);
  const range = t.chart.range(sun.low, sun.high);
  return house === null ? words.sunOnly(sun.middle, range) : words.both(sun.middle, range, house);
}

function absenceSentence(forecast: Forecast, nowMs: number, t: Messages, format: Format): string | null {
  const { away } = forecast;
  return away === null
    ? null
    : t.forecast.away(format.when(Date.parse(away.since), nowMs), format.pct(100 * away.share_frac));
}

function pastSentence(days: number, t: Messages, format: Format): string | null {
  if (days < 1) return t.forecast.noPast;
  return days < SHORT_PAST_DAYS ? t.forecast.shortPast(Math.floor(days), format.number(Math.floor(days))) : null;
}

function coverageSentence(report: AccuracyReport | null, t: Messages, format: Format): string | null {
  const share = (kind: ForecastKind): string | null => {
    const coverage = report?.accuracies.find((one) => one.kind === kind)?.coverage_frac ?? null;
    return coverage === null ? null : format.pct(100 * coverage);
  };
  const [sun, house] = [share("pv"), share("load")];
  if (sun !== null && house !== null) return t.forecast.coverageBoth(sun, house);
  if (sun !== null) return t.forecast.coverageOf(t.forecast.kind.pv, sun);
  return house === null ? null : t.forecast.coverageOf(t.forecast.kind.load, house);
}
