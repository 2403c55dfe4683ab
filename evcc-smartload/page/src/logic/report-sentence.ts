/** The report in a sentence: what was paid, what it would have been, and what to make of it. */

import type { Messages } from "../i18n";
import type { Amount, ReportFigures, Saving } from "../i18n/report.de";
import type { AdviceCode, Coded, Facts, MoneyBand, NoteCode, Obstacle, Proof } from "../model";
import type { Format } from "./format";
import { capturedShare, isBand, resultOf, startOfIsoDay, type Result } from "./report";
import type { Sentence } from "./sentence";

export interface ReportFacts {
  proof: Proof | null;
  isRefused: boolean;
  isLost: boolean;
  hasState: boolean;
}

export function reportSentence({ proof, isRefused, isLost, hasState }: ReportFacts, t: Messages, format: Format): Sentence {
  const words = t.report.sentence;
  if (!hasState) return { lead: isLost ? t.sentence.unreachable : t.sentence.connecting, because: [] };
  if (proof === null) return { lead: isRefused && !isLost ? words.refused : words.loading, because: [] };
  const { report } = proof;
  if (report === null) return leadWithout(proof, t, format);
  const result = resultOf(report, proof.is_live);
  const pct = format.pct(100 * proof.progress_frac);
  const standing = proof.state === "working" ? [words.isNewMade(pct)] : proof.state === "failed" ? [words.isOld] : [];
  if (result === null) return { lead: words.noneCounted, because: standing };
  const share = capturedShare(report);
  const captured = share === null ? [] : [t.report.result.captured(format.pct(100 * share), !proof.is_live)];
  return { lead: resultSentence(result, t, format), because: [savedSentence(result.saving, t, format), ...captured, ...partlyLive(proof, result, t, format), ...standing] };
}

function leadWithout({ state, progress_frac: progress, days_missing: missing, obstacle }: Proof, t: Messages, format: Format): Sentence {
  const words = t.report.sentence;
  switch (state) {
    case "working":
      return { lead: words.working(format.pct(100 * progress)), because: [words.workingWhy] };
    case "failed":
      return { lead: words.failed, because: [] };
    case "collecting":
    case "ready":
      return obstacle !== null && Object.hasOwn(words.obstacle, obstacle)
        ? { lead: words.impossible, because: [words.obstacle[obstacle as Obstacle]] }
        : { lead: missingText(missing, t, format), because: [words.collectingWhy] };
  }
}

/** What a first report waits for. */
export function missingText(missing: number | null, t: Messages, format: Format): string {
  const words = t.report.sentence;
  if (missing === null) return words.collectingOpen;
  return missing === 0 ? words.collectingSoon : words.collecting(missing, format.number(missing));
}

function partlyLive({ live_since: liveSince }: Proof, { since }: Result, t: Messages, format: Format): string[] {
  const fromMs = startOfIsoDay(since, format);
  if (liveSince === null || fromMs === null) return [];
  const liveMs = Date.parse(liveSince);
  return liveMs < format.endOfDay(fromMs) ? [] : [t.report.sentence.partlyLive(format.day(liveMs))];
}

/** "14 Tage: Du hast 41,20 € bezahlt, evccs Regeln allein hätten 43,10 € gekostet, SmartLoad hätte 38,90 € gekostet (36,90 € bis 40,60 €)." */
export function resultSentence({ nDays, nCounted, paid, evcc, ours, isLive }: Result, t: Messages, format: Format): string {
  const words = t.report.sentence;
  const isGain = ours.middle < 0;
  // What came in is told without its sign, and so is its range.
  const edges = isGain ? [-ours.high, -ours.low] : [ours.low, ours.high];
  const [paidText = "", evccText = "", oursText = "", low = "", high = ""] = format.moneys([Math.abs(paid ?? 0), Math.abs(evcc), Math.abs(ours.middle), ...edges]);
  const amount = (text: string, value: number): Amount => ({ text, isGain: value < 0 });
  const parts = [
    ...(paid === null ? [] : [words.paid(amount(paidText, paid))]),
    words.evcc(amount(evccText, evcc)),
    words.ours(amount(oursText, ours.middle), isBand(ours) ? t.report.result.range(low, high) : null, isLive),
  ];
  const days = words.days(nDays, format.number(nDays), nCounted === nDays ? null : format.number(nCounted));
  return words.whole(days, parts);
}

export function savedSentence(saving: MoneyBand, t: Messages, format: Format): string {
  return t.report.sentence.saving(savingOf(saving, t, format));
}

/** "In 14 Tagen hätte SmartLoad 4,20 € gespart (2,50 € bis 6,10 €)." */
export function savedLine({ nDays, saving, isLive }: Result, t: Messages, format: Format): string {
  return t.report.sentence.line(t.report.nDays(nDays, format.number(nDays)), savingOf(saving, t, format), isLive);
}

/** A saving without its sign; the range is turned round with it. */
export function savingOf(saving: MoneyBand, t: Messages, format: Format): Saving {
  const { middle } = saving;
  const isMore = middle < 0;
  const edges = isMore ? [-saving.high, -saving.low] : [saving.low, saving.high];
  const [text = "", low = "", high = ""] = format.moneys([Math.abs(middle), ...edges]);
  const isNone = Math.abs(middle) < 0.0005;
  return { text, range: isBand(saving) ? t.report.result.range(low, high) : null, sign: isNone ? "same" : isMore ? "more" : "less" };
}

// -- advice and notes -------------------------------------------------------------------------------

/** Null for a code that a newer service knows and this page does not. */
export function adviceWords({ code, facts }: Coded, daysMissing: number | null, t: Messages, format: Format): { title: string; why: string } | null {
  const words = t.report.advice;
  if (!Object.hasOwn(words.of, code)) return null;
  const known = code as AdviceCode;
  return { title: words.of[known], why: words.why[known](figuresOf({ ...(daysMissing === null ? {} : { days: daysMissing }), ...facts }, t, format)) };
}

/** A note this page has no words for is told as it was written, where it was. */
export function noteText({ code, facts }: Coded, t: Messages, format: Format): string {
  const words = t.report.note;
  if (Object.hasOwn(words, code)) return words[code as NoteCode](figuresOf(facts, t, format));
  const { detail } = facts;
  return typeof detail === "string" ? detail : code.replaceAll("_", " ");
}

function figuresOf({ days, since }: Facts, t: Messages, format: Format): ReportFigures {
  const nDays = typeof days === "number" ? days : null;
  const sinceMs = typeof since === "string" ? Date.parse(since) : NaN;
  return {
    nDays,
    days: nDays === null ? null : t.report.nDays(nDays, format.number(nDays)),
    since: Number.isFinite(sinceMs) ? format.day(sinceMs) : null,
  };
}

/** "noch etwa 2 Minuten" */
export function etaText(etaS: number | null, t: Messages, format: Format): string {
  const words = t.report.backtest;
  if (etaS === null || !Number.isFinite(etaS)) return words.etaOpen;
  if (etaS < 90) return words.seconds(format.number(Math.max(1, etaS < 10 ? Math.round(etaS) : 10 * Math.round(etaS / 10))));
  const minutes = Math.round(etaS / 60);
  return words.minutes(minutes, format.number(minutes));
}
