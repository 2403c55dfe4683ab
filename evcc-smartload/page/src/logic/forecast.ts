/** What is expected, as the forecast view needs it: points of charts, sums of days, the sentence. */

import type { Messages } from "../i18n";
import type { AccuracyReport, BandSeries, Comparison, Expectation, Forecast, ForecastKind, Known, State } from "../model";
import { SLOT_MS } from "./buffer-log";
import type { Format } from "./format";

const SLOT_H = 0.25;
/** Below so many days of past the bands are wide because little is known. */
export const SHORT_PAST_DAYS = 14;

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

/** Energy of a stretch [kWh]; low and high are what comes when every quarter hour is low or high. */
export interface Sums {
  lowKwh: number;
  midKwh: number;
  highKwh: number;
}

export interface DaySums {
  dayMs: number;
  /** Whether all of the day is ahead, or only the rest of it. */
  isWhole: boolean;
  pv: Sums | null; // null: not known for every quarter hour
  load: Sums | null;
}

/** The sums of the rest of today and of every whole local day ahead; right with 92 and with 100 quarter hours. */
export function daySums(forecast: Forecast | null, format: Format): DaySums[] {
  if (forecast === null || forecast.start === null) return [];
  const startMs = Date.parse(forecast.start);
  const count = Math.max(0, ...forecast.expectations.map((one) => one.band.p50.length));
  const endMs = startMs + count * SLOT_MS;
  const days: DaySums[] = [];
  for (let dayMs = format.startOfDay(startMs); dayMs < endMs; dayMs = format.endOfDay(dayMs)) {
    const untilMs = format.endOfDay(dayMs);
    if (untilMs > endMs) break;
    const fromMs = Math.max(dayMs, startMs);
    days.push({
      dayMs,
      isWhole: fromMs === dayMs,
      pv: sumsOf(expectationOf(forecast, "pv")?.band ?? null, fromMs, untilMs),
      load: sumsOf(expectationOf(forecast, "load")?.band ?? null, fromMs, untilMs),
    });
  }
  return days;
}

function sumsOf(band: BandSeries | null, fromMs: number, untilMs: number): Sums | null {
  if (band === null) return null;
  const first = Math.round((fromMs - Date.parse(band.start)) / SLOT_MS);
  const last = Math.round((untilMs - Date.parse(band.start)) / SLOT_MS);
  const energy = (values: readonly Known[]): number | null => {
    const part = values.slice(Math.max(first, 0), last);
    if (first < 0 || part.length < last - first || part.includes(null)) return null;
    return part.reduce<number>((sum, value) => sum + (value ?? 0), 0) * SLOT_H;
  };
  const [lowKwh, midKwh, highKwh] = [energy(band.p10), energy(band.p50), energy(band.p90)];
  return lowKwh === null || midKwh === null || highKwh === null ? null : { lowKwh, midKwh, highKwh };
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
  const days = daySums(forecast, format);
  const todayMs = format.startOfDay(nowMs);
  const tomorrowMs = format.endOfDay(nowMs);
  const today = days.find((day) => day.dayMs === todayMs) ?? null;
  const tomorrow = days.find((day) => day.dayMs === tomorrowMs) ?? null;
  return {
    lead: tomorrow === null ? t.forecast.noTomorrow : daySentence(tomorrow, t.forecast.tomorrow, t, format),
    because: [
      today === null || (today.pv === null && today.load === null)
        ? null
        : daySentence(today, today.isWhole ? t.forecast.today : t.forecast.restOfToday, t, format),
      absenceSentence(forecast, nowMs, t, format),
      pastSentence(forecast.history_days, t, format),
      coverageSentence(facts.accuracy, t, format),
    ].filter((text) => text !== null),
  };
}

function daySentence(day: DaySums, words: Messages["forecast"]["tomorrow"], t: Messages, format: Format): string {
  const house = day.load === null ? null : format.kwhBand(0, day.load.midKwh, day.load.midKwh).middle;
  if (day.pv === null) return house === null ? t.forecast.noTomorrow : words.houseOnly(house);
  const sun = format.kwhBand(day.pv.lowKwh, day.pv.midKwh, day.pv.highKwh);
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
