/** How right the forecasts were, as facts that can be told in plain words. */

import type { Accuracy, AccuracyReport, ConfidenceBand, DayAccuracy, ForecastKind, Known } from "../model";

/** The 80 % band is honest when it held between so many and so many of the quarter hours. */
const HONEST_FROM = 0.76;
const HONEST_TO = 0.84;
/** A bias below is not worth a word, by kind [kW, or currency per kWh]. */
const WORTH_A_WORD_KW = 0.05;
const WORTH_A_WORD_PER_KWH = 0.005;
/** From so many days on a band of confidence says something. */
const FEWEST_DAYS = 3;
const CLEAR_CORRELATION = 0.2;

export type BandVerdict = "honest" | "narrow" | "wide";

export function judgeCoverage(coverageFrac: number): BandVerdict {
  if (coverageFrac < HONEST_FROM) return "narrow";
  return coverageFrac > HONEST_TO ? "wide" : "honest";
}

export function isPrice(kind: ForecastKind): boolean {
  return kind === "import_price" || kind === "export_price";
}

export function isWorthAWord(kind: ForecastKind, bias: number): boolean {
  return Math.abs(bias) >= (isPrice(kind) ? WORTH_A_WORD_PER_KWH : WORTH_A_WORD_KW);
}

/** The local hour in which most was promised too much or too little; null when no hour stands out. */
export function worstHour(accuracy: Accuracy): { hour: number; bias: number } | null {
  let worst: { hour: number; bias: number } | null = null;
  accuracy.bias_by_hour.forEach((bias, hour) => {
    if (bias !== null && Math.abs(bias) > Math.abs(worst?.bias ?? 0)) worst = { hour, bias };
  });
  const found = worst as { hour: number; bias: number } | null;
  return found !== null && isWorthAWord(accuracy.kind, found.bias) ? found : null;
}

/** By how much the energy of a whole day was missed, on average; null when no day can be judged. */
export function dayError(days: readonly DayAccuracy[]): { kwh: number; frac: number | null; nDays: number } | null {
  const judged = days.filter((day) => day.said_kwh !== null && day.measured_kwh !== null);
  if (judged.length === 0) return null;
  const missed = judged.reduce((sum, day) => sum + Math.abs((day.said_kwh ?? 0) - (day.measured_kwh ?? 0)), 0);
  const came = judged.reduce((sum, day) => sum + (day.measured_kwh ?? 0), 0);
  return { kwh: missed / judged.length, frac: came > 0 ? missed / came : null, nDays: judged.length };
}

/** What a confidence as high as this one has meant so far. */
export function bandOfConfidence(report: AccuracyReport | null, confidenceFrac: number): ConfidenceBand | null {
  const bands = report?.confidence_bands ?? [];
  const found = bands.find(
    (band, index) =>
      confidenceFrac >= band.from_frac &&
      (confidenceFrac < band.to_frac || (index === bands.length - 1 && confidenceFrac <= band.to_frac)),
  );
  return found === undefined || found.error_frac === null || found.n_days < FEWEST_DAYS ? null : found;
}

export type CorrelationVerdict = "good" | "none" | "bad";

/** Whether surer days had smaller errors. */
export function judgeCorrelation(correlation: Known): CorrelationVerdict | null {
  if (correlation === null) return null;
  if (correlation <= -CLEAR_CORRELATION) return "good";
  return correlation >= CLEAR_CORRELATION ? "bad" : "none";
}
