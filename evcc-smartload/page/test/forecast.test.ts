import { describe, expect, it } from "vitest";
import { MESSAGES } from "../src/i18n";
import { bandOfConfidence, dayError, judgeCorrelation, judgeCoverage, worstHour } from "../src/logic/accuracy";
import { drawnOf } from "../src/logic/drawn";
import { daysAhead, forecastSentence, splitKnown } from "../src/logic/forecast";
import { Format } from "../src/logic/format";
import type { Accuracy, AccuracyReport, BandSeries, DayEnergy, Forecast, ForecastKind, Known } from "../src/model";
import { NOW, state } from "./example";

const BERLIN = { timeZone: "Europe/Berlin", offsetMin: 60 };
const DE = new Format("de", BERLIN, "EUR");
const EN = new Format("en", BERLIN, "EUR");
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

function band(start: string, count: number, values: [Known, Known, Known], nKnown = 0): BandSeries {
  const [p10, p50, p90] = values.map((value) => Array<Known>(count).fill(value)) as [Known[], Known[], Known[]];
  return { start, n_known: nKnown, p10, p50, p90 };
}

function day(kind: "load" | "pv", iso: string, isWhole: boolean, [p10, p50, p90]: [number, number, number]): DayEnergy {
  const energy = { start: `${iso}T11:00:00Z`, end: `${iso}T23:00:00Z`, p10_kwh: p10, p50_kwh: p50, p90_kwh: p90 };
  return { kind, day: iso, is_whole: isWhole, energy };
}

function forecast(start: string, count: number, change: Partial<Forecast> = {}): Forecast {
  const one = (kind: ForecastKind, values: [Known, Known, Known]): Forecast["expectations"][number] => ({
    kind,
    band: band(start, count, values),
    choice: { model: "x", reason: "best", candidates: [] },
  });
  return {
    issued_at: start,
    start,
    expectations: [one("pv", [1, 2, 3]), one("load", [0.25, 0.5, 1])],
    provider_kw: [],
    confidence: null,
    days: [
      day("load", "2026-11-23", true, [10, 12, 15]),
      day("pv", "2026-11-23", true, [39, 48, 57]),
      day("pv", "2026-11-22", false, [19, 24, 28]),
      day("load", "2026-11-22", false, [5, 6, 7.5]),
    ],
    windows: [],
    comparisons: [],
    holidays: [],
    away: null,
    history_days: 200,
    accuracy: [],
    ...change,
  };
}

function accuracy(change: Partial<Accuracy> = {}): Accuracy {
  return {
    kind: "pv",
    n_days: 20,
    mae: 0.4,
    bias: 0.1,
    nrmse_frac: 0.3,
    pinball: 0.1,
    coverage_frac: 0.81,
    skill_frac: 0.2,
    reference: "persistence",
    bias_by_hour: Array<Known>(24).fill(0),
    by_lead: [],
    by_day: [],
    ...change,
  };
}

function report(change: Partial<AccuracyReport> = {}): AccuracyReport {
  return {
    since: "2026-11-01T00:00:00Z",
    until: "2026-11-22T00:00:00Z",
    accuracies: [accuracy(), accuracy({ kind: "load", coverage_frac: 0.79 })],
    window_coverage_frac: null,
    n_windows: 0,
    confidence_rank_correlation: null,
    confidence_bands: [],
    ...change,
  };
}

const facts = (change: Partial<Parameters<typeof forecastSentence>[0]> = {}): Parameters<typeof forecastSentence>[0] => ({
  state: state(),
  isLost: false,
  isRefused: false,
  forecast: forecast(new Date(NOW).toISOString(), 192),
  accuracy: report(),
  nowMs: NOW,
  ...change,
});

describe("the days ahead", () => {
  it("have both their energies, in their order", () => {
    const days = daysAhead(forecast("2026-11-22T11:00:00Z", 192));

    expect(days.map((one) => [one.day, one.isWhole, one.pv?.p50_kwh, one.load?.p50_kwh])).toEqual([
      ["2026-11-22", false, 24, 6],
      ["2026-11-23", true, 48, 12],
    ]);
  });

  it("leave open what is not known", () => {
    const said = forecast("2026-11-22T11:00:00Z", 192);
    said.days = said.days.filter((one) => one.kind === "load");

    expect(daysAhead(said).map((one) => one.pv)).toEqual([null, null]);
    expect(daysAhead(null)).toEqual([]);
  });
});

describe("the sentence", () => {
  it("says what tomorrow brings, what is left of today, and how often the band held", () => {
    const { lead, because } = forecastSentence(facts(), MESSAGES.de, DE);

    expect(plain(lead)).toBe("Morgen kommen etwa 48 kWh Sonne (39 bis 57), und das Haus braucht 12 kWh.");
    expect(because.map(plain)).toEqual([
      "Heute kommen noch etwa 24 kWh Sonne (19 bis 28), und das Haus braucht noch 6,0 kWh.",
      "Zuletzt lag die Sonne in 81 % und das Haus in 79 % der Viertelstunden im vorhergesagten Band; gewollt sind 80 %.",
    ]);
  });

  it("speaks English too", () => {
    const { lead } = forecastSentence(facts(), MESSAGES.en, EN);

    expect(plain(lead)).toBe("Tomorrow brings about 48 kWh of sun (39 to 57), and the house will need 12 kWh.");
  });

  it("has a first minute", () => {
    const none = forecast("", 0, { issued_at: null, start: null, expectations: [], history_days: 0 });

    const { lead, because } = forecastSentence(facts({ forecast: none, accuracy: null }), MESSAGES.de, DE);

    expect(lead).toBe("Die erste Prognose entsteht mit der nächsten Berechnung.");
    expect(because).toEqual(["Noch keine Vergangenheit: Die Bänder sind bewusst weit."]);
  });

  it.each([
    [0.4, "Noch keine Vergangenheit"],
    [1.2, "Erst 1 Tag Vergangenheit"],
    [5, "Erst 5 Tage Vergangenheit"],
  ])("says that %s days of past make wide bands", (days, words) => {
    const said = forecast(new Date(NOW).toISOString(), 192, { history_days: days });

    const { because } = forecastSentence(facts({ forecast: said, accuracy: null }), MESSAGES.de, DE);

    expect(because.at(-1)).toContain(words);
  });

  it("tells loading, refused and lost apart", () => {
    const lead = (change: Parameters<typeof facts>[0]): string => forecastSentence(facts(change), MESSAGES.de, DE).lead;

    expect(lead({ forecast: null })).toBe(MESSAGES.de.forecast.loading);
    expect(lead({ forecast: null, isRefused: true })).toBe(MESSAGES.de.forecast.refused);
    expect(lead({ state: null, isLost: true })).toBe(MESSAGES.de.sentence.unreachable);
  });

  it("does not make up sun that nobody forecast", () => {
    const said = forecast(new Date(NOW).toISOString(), 192);
    said.days = said.days.filter((one) => one.kind === "load");

    const { lead } = forecastSentence(facts({ forecast: said }), MESSAGES.de, DE);

    expect(plain(lead)).toBe("Morgen braucht das Haus 12 kWh; wie viel Sonne kommt, ist nicht bekannt.");
  });

  it.each([
    ["de", DE, "Heute kommt keine Sonne mehr, und das Haus braucht noch 6,0 kWh."],
    ["en", EN, "Today no more sun is to come, and the house will still need 6.0 kWh."],
  ] as const)("knows that the sun has set, in %s", (lang, format, words) => {
    const said = forecast(new Date(NOW).toISOString(), 192);
    said.days = said.days.map((one) => (one.kind === "pv" && !one.is_whole ? day("pv", one.day, false, [0, 0, 0.01]) : one));

    const { because } = forecastSentence(facts({ forecast: said }), MESSAGES[lang], format);

    expect(plain(because[0] ?? "")).toBe(words);
  });

  it("says that nobody is at home", () => {
    const said = forecast(new Date(NOW).toISOString(), 192, { away: { since: "2026-11-22T08:00:00Z", until: null, share_frac: 0.45 } });

    const { because } = forecastSentence(facts({ forecast: said }), MESSAGES.de, DE);

    expect(plain(because.join(" "))).toContain("Seit 09:00 scheint niemand zu Hause zu sein: Das Haus braucht 45 % vom Üblichen.");
  });
});

describe("prices", () => {
  it("are two lines: what is published, and what is expected", () => {
    const lines = splitKnown(band("2026-11-22T11:00:00Z", 4, [0.2, 0.3, 0.4], 3));

    expect(lines).toEqual({
      known: [0.3, 0.3, 0.3, null],
      expected: [null, null, null, 0.3],
      low: [null, null, null, 0.2],
      high: [null, null, null, 0.4],
    });
  });
});

describe("what is drawn of slots", () => {
  it("holds a value until its slot is over, and leaves gaps as gaps", () => {
    const drawn = drawnOf([0, 900_000, 1_800_000], [[1, null, 2]], 900_000);

    expect(drawn.xs).toEqual([0, 899.999, 900, 1800, 2699.999]);
    expect(drawn.columns).toEqual([[1, 1, null, 2, 2]]);
    expect(drawn.slots).toEqual([0, 0, 1, 2, 2]);
  });

  it("adds nothing where no slots are meant", () => {
    expect(drawnOf([0, 5], [[1, 2]], undefined)).toEqual({ xs: [0, 0.005], columns: [[1, 2]], slots: [0, 1] });
  });
});

describe("accuracy", () => {
  it.each([
    [0.7, "narrow"],
    [0.76, "honest"],
    [0.84, "honest"],
    [0.9, "wide"],
  ])("judges a coverage of %s as %s", (coverage, verdict) => {
    expect(judgeCoverage(coverage)).toBe(verdict);
  });

  it("names the hour that stands out, and none when none does", () => {
    const hours = Array<Known>(24).fill(0.01);
    hours[8] = 0.3;
    hours[3] = null;

    expect(worstHour(accuracy({ bias_by_hour: hours }))).toEqual({ hour: 8, bias: 0.3 });
    expect(worstHour(accuracy())).toBeNull();
  });

  it("adds up whole days that were said and measured", () => {
    const day = (said: Known, measured: Known): Accuracy["by_day"][number] => ({
      day: "2026-11-20", said_kwh: said, measured_kwh: measured,
      mae: null, coverage_frac: null, confidence_frac: null,
    });

    expect(dayError([day(10, 8), day(8, 12), day(5, null)])).toEqual({ kwh: 3, frac: 0.3, nDays: 2 });
    expect(dayError([day(null, 1)])).toBeNull();
    expect(dayError([day(1, 0)])?.frac).toBeNull();
  });

  it("finds what a confidence has meant, when enough days say so", () => {
    const bands = [
      { from_frac: 0, to_frac: 0.65, n_days: 2, error_frac: 0.4 },
      { from_frac: 0.65, to_frac: 1, n_days: 9, error_frac: 0.2 },
    ];

    expect(bandOfConfidence(report({ confidence_bands: bands }), 1)?.error_frac).toBe(0.2);
    expect(bandOfConfidence(report({ confidence_bands: bands }), 0.65)?.error_frac).toBe(0.2);
    expect(bandOfConfidence(report({ confidence_bands: bands }), 0.3)).toBeNull();
    expect(bandOfConfidence(null, 0.3)).toBeNull();
  });

  it.each([
    [-0.4, "good"],
    [0.1, "none"],
    [0.3, "bad"],
    [null, null],
  ])("reads a rank correlation of %s as %s", (correlation, verdict) => {
    expect(judgeCorrelation(correlation)).toBe(verdict);
  });
});

describe("the format of forecasts", () => {
  it.each([
    [[12.2, 18.4, 23.1], "12|18 kWh|23"],
    [[0.4, 0.9, 1.6], "0,4|0,9 kWh|1,6"],
    [[900, 1800, 2300], "0,9|1,8 MWh|2,3"],
  ] as const)("writes %s in one unit", ([low, middle, high], text) => {
    const shown = DE.kwhBand(low, middle, high);

    expect(plain([shown.low, shown.middle, shown.high].join("|"))).toBe(text);
  });

  it.each([
    ["2026-11-22T22:59:00Z", "2026-11-22"],
    ["2026-11-22T23:00:00Z", "2026-11-23"],
    ["2026-03-29T21:59:00Z", "2026-03-29"],
  ])("knows the local day of %s", (instant, iso) => {
    expect(DE.isoDay(Date.parse(instant))).toBe(iso);
  });

  it.each([
    ["EUR", "0,92 ct/kWh"],
    ["JPY", "0,0092 JPY/kWh"],
  ])("writes small differences of prices in %s", (currency, text) => {
    expect(plain(new Format("de", BERLIN, currency).finePrice(0.00923))).toBe(text);
  });

  it("tells the two hours of a night in autumn apart", () => {
    expect(plain(DE.dayTime(Date.parse("2026-10-25T00:15:00Z")))).toContain("02:15 MESZ");
    expect(plain(DE.dayTime(Date.parse("2026-10-25T01:15:00Z")))).toContain("02:15 MEZ");
    expect(plain(DE.dayTime(Date.parse("2026-10-25T02:15:00Z")))).toMatch(/03:15$/);
    expect(plain(DE.dayTime(Date.parse("2026-03-29T01:15:00Z")))).toMatch(/03:15$/);
  });

  it.each([
    [7.5, "7,5"],
    [0.25, "0,25"],
    [20, "20"],
    [0.30000000000000004, "0,3"],
  ])("writes the step %s of a scale as it is", (value, text) => {
    expect(DE.step(value)).toBe(text);
  });
});
