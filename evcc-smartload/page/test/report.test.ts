import { describe, expect, it } from "vitest";
import { MESSAGES } from "../src/i18n";
import { Format } from "../src/logic/format";
import { capturedShare, dayColumns, isBand, periodFault, proofSummaryOf, resultOf, savingsSoFar, sumColumns, verdictOf } from "../src/logic/report";
import { adviceWords, etaText, noteText, reportSentence, resultSentence, savedLine, savedSentence } from "../src/logic/report-sentence";
import type { Proof, ProofReport, State } from "../src/model";
import { state } from "./example";
import { day, proof, report, stateWith, summary } from "./example-proof";

const zone = { timeZone: "Europe/Berlin", offsetMin: 60 };
const german = new Format("de", zone, "EUR");
const english = new Format("en", zone, "EUR");
const { de, en } = MESSAGES;

/** As people read it: spaces that do not break are spaces. */
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

function told(change: Partial<ProofReport> = {}, isLive = false): string {
  const result = resultOf(report(change), isLive);
  if (result === null) throw new Error("the report has figures");
  return plain(resultSentence(result, de, german));
}

function sentence(given: Proof | null, more: { isRefused?: boolean; isLost?: boolean; hasState?: boolean } = {}): { lead: string; because: string } {
  const { lead, because } = reportSentence({ proof: given, isRefused: false, isLost: false, hasState: true, ...more }, de, german);
  return { lead: plain(lead), because: plain(because.join(" ")) };
}

describe("the sentence of a result", () => {
  it("tells what was paid, what evcc's rules and what SmartLoad would have cost", () => {
    expect(told()).toBe("14 Tage: Du hast 41,20 € bezahlt, evccs Regeln allein hätten 43,10 € gekostet, SmartLoad hätte 38,90 € gekostet (36,90 € bis 40,60 €).");
  });

  it("is written in English too", () => {
    const result = resultOf(report(), false);

    expect(result === null ? "" : plain(resultSentence(result, en, english))).toBe(
      "14 days: you paid €41.20, evcc's rules alone would have cost €43.10, SmartLoad would have cost €38.90 (€36.90 to €40.60).",
    );
  });

  it("leaves out what was paid where it is not known", () => {
    expect(told({ paid_eur: null })).toMatch(/^14 Tage: evccs Regeln allein/);
  });

  it("tells how many of the days count", () => {
    expect(told({ n_counted: 13 })).toMatch(/^14 Tage, 13 davon gezählt:/);
  });

  it("tells what came in without a minus, and turns the range round", () => {
    expect(told({ paid_eur: -3.2, evcc_eur: -2.8, ours_eur: { low: -6, middle: -4.5, high: 0.4 } })).toBe(
      "14 Tage: Du hast 3,20 € eingenommen, evccs Regeln allein hätten 2,80 € eingebracht, SmartLoad hätte 4,50 € eingebracht (−0,40 € bis 6,00 €).",
    );
  });

  it("leaves out a range that says nothing", () => {
    expect(told({ ours_eur: { low: 38.9, middle: 38.9, high: 38.9 } })).toMatch(/SmartLoad hätte 38,90 € gekostet\.$/);
  });

  it("speaks of what was done once SmartLoad is live", () => {
    expect(told({}, true)).toMatch(/SmartLoads Entscheidungen kosteten 38,90 €/);
  });

  it("does not exist without figures or without a day that counts", () => {
    expect(resultOf(report({ ours_eur: null }), false)).toBeNull();
    expect(resultOf(report({ n_counted: 0 }), false)).toBeNull();
    expect(resultOf(summary({ since: null }), false)).toBeNull();
    expect(resultOf(undefined, false)).toBeNull();
  });
});

describe("the sentence of a saving", () => {
  it("tells less, more and as much without a minus", () => {
    expect(plain(savedSentence({ low: 2.5, middle: 4.2, high: 6.1 }, de, german))).toBe("Das sind 4,20 € weniger als mit evccs Regeln (2,50 € bis 6,10 €).");
    expect(plain(savedSentence({ low: -0.8, middle: -0.2, high: 0.4 }, de, german))).toBe("Das sind 20 ct mehr als mit evccs Regeln (−40 ct bis 80 ct).");
    expect(savedSentence({ low: 0, middle: 0, high: 0 }, de, german)).toBe("Das ist so viel wie mit evccs Regeln.");
  });

  it("stands on the first view with its days", () => {
    const result = resultOf(summary(), false);

    expect(result === null ? "" : plain(savedLine(result, de, german))).toBe("In 14 Tagen hätte SmartLoad 4,20 € gespart (2,50 € bis 6,20 €).");
  });

  it("has no share of the possible where nothing was saved, and never more than all", () => {
    expect(capturedShare(report())).toBe(0.8);
    expect(capturedShare(report({ captured_frac: 1.02 }))).toBe(1);
    expect(capturedShare(report({ saving_eur: { low: -2, middle: -1, high: 0 } }))).toBeNull();
  });
});

describe("the sentence of the report", () => {
  it("tells how many days are missing", () => {
    expect(sentence(proof({ state: "collecting", days_missing: 5, report: null })).lead).toBe("Für einen Bericht fehlen noch 5 Tage mit Messwerten.");
    expect(sentence(proof({ state: "collecting", days_missing: 1, report: null })).lead).toBe("Für einen Bericht fehlt noch 1 Tag mit Messwerten.");
    expect(sentence(proof({ state: "collecting", days_missing: 0, report: null })).lead).toBe(de.report.sentence.collectingSoon);
    expect(sentence(proof({ state: "collecting", report: null })).lead).toBe("Einen Bericht gibt es noch nicht.");
  });

  it("says what is in the way where waiting does not help", () => {
    const told = sentence(proof({ state: "collecting", obstacle: "no_capacity", report: null }));
    expect(told.lead).toBe("Ein Bericht ist noch nicht möglich.");
    expect(told.because).toBe(de.report.sentence.obstacle.no_capacity);
    expect(sentence(proof({ state: "collecting", obstacle: "from_tomorrow", report: null })).lead).toBe("Einen Bericht gibt es noch nicht.");
  });

  it("tells how far the first report is", () => {
    expect(sentence(proof({ state: "working", progress_frac: 0.42, report: null })).lead).toContain("42 %");
  });

  it("keeps an old report while a new one is made or could not be made", () => {
    expect(sentence(proof({ state: "working", progress_frac: 0.3 })).because).toContain("Ein neuer Bericht entsteht gerade (30 %).");
    expect(sentence(proof({ state: "failed" })).because).toContain("der letzte");
  });

  it("tells that the days before going live are a simulation", () => {
    expect(sentence(proof({ is_live: true, live_since: "2026-11-17T14:00:00Z" })).because).toContain("Seit dem Di., 17. Nov. steuert SmartLoad");
    expect(sentence(proof({ is_live: true, live_since: "2026-10-01T14:00:00Z" })).because).not.toContain("Simulation");
  });

  it("tells apart what is on its way, refused and out of reach", () => {
    expect(sentence(null).lead).toBe("Der Bericht wird geladen.");
    expect(sentence(null, { isRefused: true }).lead).toMatch(/nicht laden/);
    expect(sentence(null, { hasState: false, isLost: true }).lead).toBe(de.sentence.unreachable);
  });
});

describe("advice and notes", () => {
  it("says how many days are missing for a judgement", () => {
    expect(plain(adviceWords({ code: "wait", facts: { days: 6 } }, null, de, german)?.why ?? "")).toContain("fehlen noch 6 Tage");
    expect(plain(adviceWords({ code: "wait", facts: {} }, 1, de, german)?.why ?? "")).toContain("fehlt noch 1 Tag.");
  });

  it("has words for every advice and none for one it does not know", () => {
    for (const code of ["wait", "activate", "not_worth", "keep", "look"]) expect(adviceWords({ code, facts: {} }, null, en, english)).not.toBeNull();
    expect(adviceWords({ code: "toString", facts: {} }, null, de, german)).toBeNull();
  });

  it("tells a note it does not know as it was written", () => {
    expect(plain(noteText({ code: "forecasts_remade", facts: { days: 4 } }, de, german))).toMatch(/^Für 4 Tage/);
    expect(noteText({ code: "moved_by_weeks", facts: { detail: "moved by 3 weeks" } }, de, german)).toBe("moved by 3 weeks");
    expect(plain(noteText({ code: "settings_changed", facts: { since: "2026-11-20T10:00:00Z" } }, de, german))).toBe(
      "Deine Einstellungen haben sich in dieser Zeit geändert (zuletzt am Fr., 20. Nov.); gerechnet ist überall mit den jetzigen.",
    );
    expect(noteText({ code: "moved_by_weeks", facts: {} }, de, german)).toBe("moved by weeks");
  });

  it("judges a saving by its range", () => {
    expect(verdictOf({ low: 0.1, middle: 1, high: 2 })).toBe("gain");
    expect(verdictOf({ low: -0.1, middle: 1, high: 2 })).toBe("open");
    expect(verdictOf({ low: -2, middle: -1, high: -0.1 })).toBe("loss");
    expect(isBand({ low: 1, middle: 1, high: 1 })).toBe(false);
  });
});

describe("the days of a report", () => {
  const days = [day("2026-11-19"), day("2026-11-20", { is_counted: false }), day("2026-11-21", { evcc_eur: 4.3 })];

  it("begin at the local midnight, and a day that does not count is a gap", () => {
    const columns = dayColumns(days, null, german);

    expect(new Date(columns.xs[0] ?? 0).toISOString()).toBe("2026-11-18T23:00:00.000Z");
    expect(columns.paid).toEqual([3.1, null, 3.1]);
    expect(columns.observed).toEqual([2.9, null, 2.9]);
    expect(columns.live).toEqual([null, null, null]);
  });

  it("are live from the day on which SmartLoad took over", () => {
    const columns = dayColumns(days, Date.parse("2026-11-21T15:00:00Z"), german);

    expect(columns.observed).toEqual([2.9, null, null]);
    expect(columns.live).toEqual([null, null, 2.9]);
  });

  it("add up to the saving, whose range is that of the whole in the end", () => {
    const { middle, low, high } = sumColumns(days, { low: 0.8, middle: 1.8, high: 3.8 }, german);

    expect(middle.map((value) => Number(value?.toFixed(6)))).toEqual([0.4, 0.4, 1.8]);
    expect(low.at(-1)).toBeCloseTo(0.8);
    expect(high.at(-1)).toBeCloseTo(3.8);
    expect(high[0]).toBeCloseTo(0.4 + 2 * Math.sqrt(1 / 2));
  });

  it("have no sum before the first that counts", () => {
    expect(sumColumns([day("2026-11-20", { is_counted: false }), day("2026-11-21")], null, german).middle[0]).toBeNull();
  });

  it("that are no days are left out", () => {
    expect(dayColumns([day("yesterday")], null, german).xs).toEqual([]);
  });
});

describe("the back-test", () => {
  it("takes two days that are over and were recorded", () => {
    const known = { firstDay: "2026-04-15", today: "2026-11-22" };

    expect(periodFault("2026-11-01", "2026-11-21", known)).toBeNull();
    expect(periodFault("2026-11-21", "2026-11-21", known)).toBeNull();
    expect(periodFault("2026-11-21", "2026-11-01", known)).toBe("reversed");
    expect(periodFault("2026-11-01", "2026-11-22", known)).toBe("future");
    expect(periodFault("2026-03-01", "2026-04-14", known)).toBe("too_early");
    expect(periodFault("", "2026-11-21", known)).toBe("missing");
  });

  it("adds up what a policy saves, and carries a missing day over", () => {
    const days = [
      { day: "2026-11-19", cost_eur: { evcc: 3, smartload: 2.5 } },
      { day: "2026-11-20", cost_eur: { evcc: null, smartload: 2.5 } },
      { day: "2026-11-21", cost_eur: { evcc: 3, smartload: 3.25 } },
    ];

    expect(savingsSoFar(days, "smartload")).toEqual([0.5, 0.5, 0.25]);
    expect(savingsSoFar(days, "foresight")).toEqual([null, null, null]);
  });

  it("says how long it takes as people would", () => {
    expect(plain(etaText(7, de, german))).toBe("noch etwa 7 Sekunden");
    expect(plain(etaText(44, de, german))).toBe("noch etwa 40 Sekunden");
    expect(plain(etaText(95, de, german))).toBe("noch etwa 2 Minuten");
    expect(etaText(null, de, german)).toBe(de.report.backtest.etaOpen);
  });
});

describe("a service", () => {
  it("that knows of no proof is told apart from one without a report", () => {
    const { proof_summary: _, ...older } = state();
    expect(proofSummaryOf(older as State)).toBeUndefined();
    expect(proofSummaryOf(stateWith(null))).toBeNull();
    expect(proofSummaryOf(null)).toBeUndefined();
  });
});
