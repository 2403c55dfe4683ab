/** The report and a back-test for the mock server, in several stories; the same home looks the same in two runs. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const N_DAYS = 14;
/** A back-test takes this long. */
const BACKTEST_S = 24;

const iso = (ms) => new Date(ms).toISOString();
const floorTo = (ms, step) => Math.floor(ms / step) * step;
const round = (value, digits = 2) => Number(value.toFixed(digits));
/** The home is in Berlin in winter: UTC plus one hour. */
const isoDay = (ms) => iso(ms + HOUR).slice(0, 10);
const localMidnight = (ms) => floorTo(ms + HOUR, DAY) - HOUR;

function noise(seed) {
  const x = Math.sin(seed * 91.7) * 24634.6345;
  return x - Math.floor(x);
}

/** Scenes in which there is no report. */
const WITHOUT = {
  first: { state: "collecting", days_missing: 4 },
  config: { state: "collecting", days_missing: 0 },
  unsized: { state: "collecting", obstacle: "no_capacity" },
  newborn: { state: "collecting", days_missing: 5 },
  working: { state: "working" },
  proofless: { state: "failed", detail: "ProofError: no import price for 2026-11-12 and later" },
};
/** Scenes that know of no proof at all. */
const UNAWARE = ["unaware"];
const LIVE = ["holding", "overrides", "costly", "live", "huge"];

const ADVICE = { live: "keep", huge: "keep", holding: "keep", overrides: "keep", costly: "look", nobattery: "not_worth", noprices: "wait" };

export class MockProof {
  constructor(scene, now) {
    this.scene = scene;
    this.born = now;
    this.test = { state: "idle", from: null, to: null, startedAt: 0, result: null };
    if (scene === "tested" || scene === "huge") this.test = { state: "done", ...this.lastDays(now, 31), startedAt: 0 };
  }

  lastDays(now, count) {
    return { from: isoDay(localMidnight(now) - count * DAY + HOUR), to: isoDay(localMidnight(now) - HOUR) };
  }

  get isUnaware() {
    return UNAWARE.includes(this.scene);
  }

  summary(now) {
    if (this.isUnaware) return undefined;
    const { state, report, is_live, made_at, days_missing } = this.proof(now);
    return {
      state, made_at, is_live, days_missing, sentence_code: report?.recommendation.code ?? null, since: report?.since ?? null, until: report?.until ?? null, n_days: report?.n_days ?? null,
      paid_eur: report?.paid_eur ?? null, evcc_eur: report?.evcc_eur ?? null, ours_eur: report?.ours_eur ?? null, saving_eur: report?.saving_eur ?? null,
    };
  }

  proof(now) {
    const isLive = LIVE.includes(this.scene);
    const liveSince = isLive ? iso(localMidnight(now) - 5 * DAY + 15 * HOUR) : null;
    const without = WITHOUT[this.scene];
    const progress = ((now - this.born) / 40_000) % 1;
    const base = { state: "ready", progress_frac: 1, detail: "", made_at: iso(localMidnight(now) + 20 * MINUTE), is_live: isLive, live_since: liveSince, days_missing: null, obstacle: null };
    if (without !== undefined) return { ...base, made_at: null, progress_frac: without.state === "working" ? round(progress, 3) : 0, ...without, report: null };
    return { ...base, report: this.report(now, isLive) };
  }

  report(now, isLive) {
    const { scene } = this;
    const big = scene === "huge" ? 54_321 : 1;
    const isUnknown = scene === "noprices";
    const count = scene === "huge" ? 300 : N_DAYS;
    const sign = { costly: -0.3, nobattery: 0.05 }[scene] ?? 1;
    const firstMs = localMidnight(now) - count * DAY;
    const days = Array.from({ length: count }, (_, index) => {
      const seed = index + 3;
      const evcc = 1.6 + 2.9 * noise(seed) - (scene === "negative" ? 5 : 0);
      const ours = evcc - sign * (0.02 + 0.62 * noise(seed + 40)) + 0.12 * (noise(seed + 90) > 0.7 ? 1 : 0);
      const isCounted = index !== 6;
      return {
        day: isoDay(firstMs + index * DAY + HOUR * 2), is_counted: isCounted,
        paid_eur: isUnknown || !isCounted ? null : round(big * (evcc - 0.14 * noise(seed + 7))), evcc_eur: isCounted ? round(big * evcc) : null,
        ours_eur: isCounted ? round(big * ours) : null, possible_eur: isUnknown || !isCounted ? null : round(big * (ours - 0.12 * noise(seed + 5))),
      };
    });
    const sum = (key) => round(days.reduce((all, day) => all + (day[key] ?? 0), 0));
    const [evcc, ours] = [sum("evcc_eur"), sum("ours_eur")];
    const saving = round(evcc - ours);
    const spread = round(big * (scene === "nobattery" ? 0.6 : 1.7 * Math.sqrt(count / N_DAYS)));
    const possible = isUnknown ? null : sum("possible_eur");
    return {
      since: days[0].day, until: days.at(-1).day, n_days: count, n_counted: count - 1, excluded_frac: round(1 / count, 4), currency: "EUR",
      paid_eur: isUnknown ? null : sum("paid_eur"), evcc_eur: evcc, ours_eur: { low: round(ours - spread), middle: ours, high: round(ours + spread) },
      saving_eur: { low: round(saving - spread), middle: saving, high: round(saving + spread) },
      possible_eur: possible, captured_frac: possible === null ? null : Math.min(1, Math.max(0, round((evcc - ours) / (evcc - possible), 3))),
      months: this.months(days), days, changes: this.changes(now), buffers: scene === "nobattery" || isUnknown ? [] : this.buffers(big),
      recommendation: { code: ADVICE[scene] ?? "activate", facts: scene === "noprices" ? { days: 6 } : {} },
      notes: isUnknown
        ? [{ code: "paid_unknown", facts: {} }, { code: "prices_assumed", facts: { days: 9 } }]
        : [{ code: "forecasts_remade", facts: { days: 4 } }, { code: "battery_assumed", facts: {} }, { code: "settings_changed", facts: { since: iso(now - 8 * DAY) } }, ...(isLive ? [{ code: "partly_live", facts: { since: iso(now - 5 * DAY) } }] : [])],
    };
  }

  months(days) {
    const months = new Map();
    for (const { day, evcc_eur: evcc, ours_eur: ours } of days) {
      if (evcc === null) continue;
      const month = months.get(day.slice(0, 7)) ?? { month: day.slice(0, 7), saving_eur: 0, n_days: 0 };
      months.set(month.month, { ...month, saving_eur: round(month.saving_eur + evcc - ours), n_days: month.n_days + 1 });
    }
    return [...months.values()];
  }

  changes(now) {
    if (this.scene === "noprices") return [];
    const price = 0.412;
    const stories = [
      { setting: "batteryMode", device: "", title: "", before: null, wanted: "hold", reason: { code: "battery_keeps", facts: { price, value: 0.47 } } },
      { setting: "batteryMode", device: "", title: "", before: "hold", wanted: null, reason: { code: "handed_back", facts: {} } },
      { setting: "smartCostLimit", device: "lp-1", title: "Carport", before: null, wanted: 0.231, reason: { code: "car_cheap", facts: { car: "lp-1", price: 0.21, limit: 0.231 } } },
      { setting: "bufferSoc", device: "", title: "", before: 50, wanted: 35, reason: { code: "buffer_decided", facts: {} } },
      { setting: "batteryMode", device: "", title: "", before: null, wanted: "charge", reason: { code: "battery_buys", facts: { price: 0.19, to_soc_pct: 80 } } },
    ].filter(({ setting }) => this.scene !== "nobattery" || setting === "smartCostLimit");
    return Array.from({ length: 34 }, (_, index) => ({ at: iso(floorTo(now, 15 * MINUTE) - (7 + 9.25 * index) * HOUR), ...stories[index % stories.length] }));
  }

  buffers(big) {
    return [
      { strategy: "formula", is_chosen: true, cost_eur_per_day: round(0.043 * big, 3), nights: 13, nights_bridged: 12, kept_kwh: 21.5 * big, departures: 9, ready: 9 },
      { strategy: "risk", is_chosen: false, cost_eur_per_day: round(0.027 * big, 3), nights: 13, nights_bridged: 13, kept_kwh: 17.2 * big, departures: 9, ready: 9 },
    ];
  }

  // -- the back-test --------------------------------------------------------------------------

  backtest(now) {
    const { test } = this;
    if (test.state === "running") {
      const seconds = (now - test.startedAt) / 1000;
      if (seconds >= BACKTEST_S) this.test = { ...test, state: test.from.endsWith("-13") ? "failed" : "done" };
      else return { state: "running", progress_frac: round(seconds / BACKTEST_S, 3), eta_s: seconds < 2 ? null : round(8 * (BACKTEST_S - seconds), 0), detail: "", from: test.from, to: test.to, result: null };
    }
    const { state, from, to } = this.test;
    return { state, progress_frac: state === "done" ? 1 : 0, eta_s: null, detail: state === "failed" ? "MemoryError: the worker was stopped" : "", from, to, result: state === "done" ? this.result(from, to) : null };
  }

  result(from, to) {
    const big = this.scene === "huge" ? 54_321 : 1;
    const count = Math.round((Date.parse(to) - Date.parse(from)) / DAY) + 1;
    const factors = { no_battery: 1.31, evcc: 1, formula: 0.985, risk: 0.972, smartload: 0.902, foresight: 0.878 };
    const names = Object.keys(factors).filter((name) => this.scene !== "nobattery" || !["no_battery", "formula", "risk"].includes(name));
    const days = Array.from({ length: count }, (_, index) => {
      const evcc = 1.6 + 2.9 * noise(index + 3);
      return { day: iso(Date.parse(from) + index * DAY).slice(0, 10), cost_eur: Object.fromEntries(names.map((name) => [name, round(big * evcc * (factors[name] + (name === "evcc" ? 0 : 0.05 * (noise(index + name.length) - 0.5))))])) };
    });
    const sum = (name) => round(days.reduce((all, { cost_eur: costs }) => all + costs[name], 0));
    const evcc = sum("evcc");
    return {
      n_days: count, excluded_frac: 0.032, days,
      sums: names.map((policy, index) => {
        const saving = round(evcc - sum(policy));
        const spread = policy === "evcc" ? 0 : round(0.3 * Math.abs(saving) + 0.2 * big);
        return {
          policy, cost_eur: sum(policy), saving_eur: { low: round(saving - spread), middle: saving, high: round(saving + spread) },
          captured_frac: policy === "no_battery" || policy === "evcc" ? null : round(saving / (evcc - sum("foresight")), 3),
          of_battery_frac: names.includes("no_battery") ? round((sum("no_battery") - sum(policy)) / (sum("no_battery") - sum("foresight")), 3) : null, self_sufficiency_frac: policy === "no_battery" ? 0.31 : round(0.55 + 0.012 * index, 3),
          bought_kwh: round(big * (240 - 6 * index), 1), sold_kwh: round(big * (61 - 5 * index), 1), battery_kwh: policy === "no_battery" ? 0 : round(big * (118 + 9 * index), 1), peak_kw: round(7.4 + 0.6 * index, 1),
          departures: 22, ready: policy === "no_battery" || policy === "evcc" ? 21 : 22, writes_per_day: index < 2 ? 0 : round(3.1 * index, 1), decisions_per_day: index < 2 ? 0 : round(1.4 * index, 1),
        };
      }),
    };
  }

  /** The answer to a request for a back-test: its status and body. */
  start(now, { from, to }, language) {
    const refuse = (status, code, de, en) => [status, { error: language.startsWith("de") ? de : en, code }];
    if (this.scene === "first") return refuse(503, "no_history", "Noch ist nichts aufgezeichnet, womit sich rechnen ließe.", "Nothing has been recorded yet.");
    if (this.test.state === "running") return refuse(409, "backtest_running", "Es läuft schon eine Rückrechnung.", "A back-test is running already.");
    if (!(Date.parse(from) <= Date.parse(to)) || Date.parse(to) > now) return refuse(400, "invalid", "Der Zeitraum geht nicht.", "The period is not valid.");
    this.test = { state: "running", from, to, startedAt: now };
    return [202, { ok: true }];
  }

  cancel() {
    if (this.test.state === "running") this.test = { ...this.test, state: "cancelled" };
    return [200, { ok: true }];
  }
}
