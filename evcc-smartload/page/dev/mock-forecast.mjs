/** A believable outlook and its accuracy for the mock server; the same home looks the same in two runs. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SLOT = HOUR / 4;
const N_SLOTS = 2 * 96 + 32;
const N_PAST = 2 * 96;
const N_DAYS = 21;

const iso = (ms) => new Date(ms).toISOString();
const round = (value, digits = 3) => Number(value.toFixed(digits));
const slots = (count, valueAt) => Array.from({ length: count }, (_, slot) => valueAt(slot));

function noise(seed) {
  const x = Math.sin(seed * 91.7) * 24634.6345;
  return x - Math.floor(x);
}

const localHour = (ms) => ((ms + HOUR) % DAY) / HOUR;

/** Breakfast, lunch and evening over a base; in kW. */
function houseKw(ms) {
  const hour = localHour(ms);
  const bump = (at, width, height) => height * Math.exp(-(((hour - at) / width) ** 2));
  return 0.24 + bump(7.2, 1.1, 0.55) + bump(12.6, 1.2, 0.4) + bump(19.2, 2.1, 0.9);
}

function band(start, count, middleAt, spreadAt, big, nKnown = 0, digits = 3) {
  const at = (slot, level) => {
    const middle = middleAt(start + slot * SLOT);
    const spread = slot < nKnown ? 0 : spreadAt(slot, middle);
    return round(Math.max(nKnown > 0 ? -1 : 0, middle + level * spread) * big, digits);
  };
  return {
    start: iso(start),
    n_known: nKnown,
    p10: slots(count, (slot) => at(slot, -1)),
    p50: slots(count, (slot) => at(slot, 0)),
    p90: slots(count, (slot) => at(slot, 1.25)),
  };
}

const choice = (model, reason, losses) => ({
  model,
  reason,
  candidates: Object.entries(losses).map(([name, loss]) => ({ model: name, loss_kw: loss, n_days: loss === null ? 0 : 28 })),
});

/** Smooth sun: what the provider says for each hour. */
const clearKw = (ms) => {
  const hour = localHour(ms);
  const cloud = 0.55 + 0.45 * noise(Math.floor((ms + HOUR) / DAY));
  return hour < 7 || hour > 17 ? 0 : 7.4 * cloud * Math.max(0, Math.sin(((hour - 7) / 10) * Math.PI)) ** 1.3;
};

/** What is expected of it: a neighbour's roof shades the morning. */
export const expectedSunKw = (ms) => clearKw(ms) * (localHour(ms) < 10 ? 0.7 : 1);

export function forecastOf({ scene, now, sunKw, priceAt, confidence }) {
  if (scene === "first" || scene === "config") return empty();
  const start = Math.floor(now / SLOT) * SLOT;
  const big = scene === "huge" ? 4321 : 1;
  const isNew = scene === "newborn";
  const hasSun = scene !== "degraded";
  const wide = isNew ? 2.2 : 1;
  const publishedUntil = Math.floor((now + HOUR) / DAY) * DAY - HOUR + (localHour(now) >= 13 ? 2 : 1) * DAY;
  const nKnown = scene === "noprices" ? 0 : Math.round((publishedUntil - start) / SLOT);
  const sun = band(start, N_SLOTS, expectedSunKw, (slot, kw) => wide * kw * (0.18 + 0.14 * Math.min(1, slot / 96)), big);
  const unknown = { ...sun, p10: sun.p10.map(() => null), p50: sun.p50.map(() => null), p90: sun.p90.map(() => null) };
  const before = start - N_PAST * SLOT;
  return {
    issued_at: iso(now),
    start: iso(start),
    expectations: [
      {
        kind: "pv",
        band: hasSun ? sun : unknown,
        choice: isNew
          ? choice("provider_corrected", "too_little_history", { provider_corrected: null, persistence: null })
          : choice("provider_corrected", "best", { provider_corrected: 0.104, provider: 0.138, persistence: 0.201, mean_profile_30d: 0.187 }),
      },
      {
        kind: "load",
        band: band(start, N_SLOTS, houseKw, (_, kw) => wide * (0.1 + 0.3 * kw), big),
        choice: isNew
          ? choice("mean_profile_30d", "too_little_history", { mean_profile_30d: null, same_slot_last_week: null })
          : choice("similar_days", "kept", { similar_days: 0.0712, same_slot_last_week: 0.0836, mean_profile_30d: 0.0701 }),
      },
      ...(scene === "noprices"
        ? []
        : [
            {
              kind: "import_price",
              band: band(start, N_SLOTS, (ms) => priceAt(ms, scene), (slot) => 0.02 + 0.0003 * (slot - nKnown), scene === "huge" ? 400 : 1, nKnown, 5),
              choice: choice("published_shape", "best", { published_shape: 0.0091, persistence: 0.0112 }),
            },
            {
              kind: "export_price",
              band: band(start, N_SLOTS, () => 0.081, () => 0, 1, N_SLOTS, 5),
              choice: choice("published", "best", {}),
            },
          ]),
    ],
    provider_kw: slots(N_SLOTS, (slot) => (hasSun ? round(clearKw(start + slot * SLOT) * big) : null)),
    confidence: hasSun
      ? { confidence_frac: confidence, raw_frac: Math.min(1, confidence + 0.02), coverage_frac: 1, freshness_frac: 0.94, accuracy_frac: Math.min(1, (confidence + 0.02) / 0.94) }
      : { confidence_frac: 0.04, raw_frac: 0, coverage_frac: 0, freshness_frac: 0.6, accuracy_frac: 0.7 },
    days: daysOf(start, (ms) => (hasSun ? expectedSunKw(ms) : null), wide, big),
    windows: [
      { purpose: "until_surplus", energy: { start: iso(now), end: iso(Math.floor((now + HOUR) / DAY) * DAY - HOUR + DAY + 9.25 * HOUR), p10_kwh: 4.4 * big, p50_kwh: 6.2 * big, p90_kwh: 8.9 * big } },
      { purpose: "night", energy: { start: iso(Math.floor((now + HOUR) / DAY) * DAY + 16.5 * HOUR), end: iso(Math.floor((now + HOUR) / DAY) * DAY - HOUR + DAY + 9.25 * HOUR), p10_kwh: 4.1 * big, p50_kwh: 5.7 * big, p90_kwh: 8.1 * big } },
    ],
    comparisons: isNew
      ? []
      : [
          {
            kind: "pv",
            said: band(before, N_PAST, expectedSunKw, (_, kw) => 0.3 * kw, big),
            measured: slots(N_PAST, (slot) => round(Math.max(0, sunKw(before + slot * SLOT) * (0.7 + 0.5 * noise(slot))) * big)),
          },
          {
            kind: "load",
            said: band(before, N_PAST, houseKw, (_, kw) => 0.1 + 0.3 * kw, big),
            // A meter was away for two hours.
            measured: slots(N_PAST, (slot) => (slot > 70 && slot < 79 ? null : round(houseKw(before + slot * SLOT) * (0.55 + 0.9 * noise(slot * 3)) * big))),
          },
        ],
    holidays: scene === "live" ? [iso(now + DAY).slice(0, 10)] : [],
    away: scene === "owner" ? { since: iso(now - 20 * HOUR), until: null, share_frac: 0.42 } : null,
    history_days: isNew ? 0.3 : 204.6,
    accuracy: [],
  };
}

/** The rest of today and tomorrow; a day is surer than its quarter hours, so its band is narrower. */
function daysOf(start, sunAt, wide, big) {
  const midnight = Math.floor((start + HOUR) / DAY) * DAY - HOUR;
  return [0, 1].flatMap((number) => {
    const [from, until] = [Math.max(start, midnight + number * DAY), midnight + (number + 1) * DAY];
    const energyOf = (kind, kwAt, spread) => {
      const powers = slots((until - from) / SLOT, (slot) => kwAt(from + slot * SLOT));
      if (powers.includes(null)) return [];
      const kwh = (powers.reduce((sum, kw) => sum + kw, 0) / 4) * big;
      const energy = { start: iso(from), end: iso(until), p10_kwh: round(kwh * (1 - wide * spread)), p50_kwh: round(kwh), p90_kwh: round(kwh * (1 + wide * spread)) };
      return [{ kind, day: iso(midnight + number * DAY + HOUR).slice(0, 10), is_whole: from === midnight + number * DAY, energy }];
    };
    return [...energyOf("pv", sunAt, 0.2), ...energyOf("load", houseKw, 0.15)];
  });
}

function empty() {
  return {
    issued_at: null, start: null, expectations: [], provider_kw: [], confidence: null, days: [], windows: [], comparisons: [],
    holidays: [], away: null, history_days: 0, accuracy: [],
  };
}

export function accuracyOf({ scene, now }) {
  if (["first", "config", "newborn"].includes(scene)) {
    return {
      since: null, until: null, accuracies: [], window_coverage_frac: null, n_windows: 0,
      confidence_rank_correlation: null, confidence_bands: [],
    };
  }
  const big = scene === "huge" ? 4321 : 1;
  return {
    since: iso(now - N_DAYS * DAY),
    until: iso(now),
    accuracies: [
      judged(now, { kind: "pv", mae: 0.52 * big, bias: 0.09 * big, coverage: 0.81, skill: 0.31, dayKwh: 21 * big, hours: morningTooMuch(big) }),
      judged(now, { kind: "load", mae: 0.17 * big, bias: -0.02 * big, coverage: 0.74, skill: 0.17, dayKwh: 11.4 * big, hours: eveningTooLittle(big) }),
    ],
    window_coverage_frac: 0.79,
    n_windows: 42,
    confidence_rank_correlation: -0.42,
    confidence_bands: [
      { from_frac: 0, to_frac: 0.5, n_days: 2, error_frac: null },
      { from_frac: 0.5, to_frac: 0.65, n_days: 6, error_frac: 0.31 },
      { from_frac: 0.65, to_frac: 0.8, n_days: 7, error_frac: 0.22 },
      { from_frac: 0.8, to_frac: 1, n_days: 8, error_frac: 0.14 },
    ],
  };
}

const morningTooMuch = (big) =>
  slots(24, (hour) => (hour < 7 || hour > 17 ? null : round((hour < 10 ? 0.32 : 0.08 * Math.sin(hour * 2) - 0.05) * big)));

const eveningTooLittle = (big) => slots(24, (hour) => round((hour > 17 && hour < 22 ? -0.14 : 0.04 * Math.sin(hour)) * big));

function judged(now, { kind, mae, bias, coverage, skill, dayKwh, hours }) {
  return {
    kind,
    n_days: N_DAYS,
    mae,
    bias,
    nrmse_frac: 0.44,
    pinball: mae / 4,
    coverage_frac: coverage,
    skill_frac: skill,
    reference: kind === "pv" ? "persistence" : "same_slot_last_week",
    bias_by_hour: hours,
    by_lead: [1, 6, 24, 48].map((hours_, index) => ({
      lead_h: hours_, n_slots: 2010 - index, mae: round(mae * (0.75 + 0.09 * index)), bias: round(bias * (0.6 + 0.2 * index)), coverage_frac: round(coverage + 0.01 - 0.01 * index, 4),
    })),
    by_day: slots(N_DAYS, (day) => {
      const said = dayKwh * (0.5 + noise(day * 7));
      return {
        day: iso(now - (N_DAYS - day) * DAY).slice(0, 10),
        said_kwh: round(said),
        measured_kwh: day === 9 ? null : round(said * (0.82 + 0.36 * noise(day * 13))),
        mae: day === 9 ? null : round(mae * (0.7 + 0.6 * noise(day))),
        coverage_frac: day === 9 ? null : round(0.66 + 0.3 * noise(day * 3), 4),
        confidence_frac: kind === "pv" ? round(0.5 + 0.48 * noise(day * 5), 4) : null,
      };
    }),
  };
}

export function historyOf({ scene, now, seconds }) {
  if (scene === "config") return null;
  const source = (name, state, progress, count, detail = "") => ({
    source: name, state, progress_frac: progress, n_slots: count, since: count === 0 ? null : iso(now - count * SLOT), detail,
  });
  const first = ["first", "newborn"].includes(scene);
  const isBroken = scene === "degraded";
  return {
    first: first ? (scene === "first" ? null : iso(now - 7 * HOUR)) : iso(now - 221 * DAY),
    last: scene === "first" ? null : iso(Math.floor(now / SLOT) * SLOT - SLOT),
    n_days: first ? 0.3 : 204.6,
    size_bytes: first ? 61_440 : 19_400_000,
    imports: first
      ? [source("evcc", "running", (seconds / 30) % 1, Math.round(9000 * ((seconds / 30) % 1))), source("influx", "waiting", 0, 0)]
      : [
          source("evcc", "done", 1, 14_230),
          source("home_assistant", isBroken ? "failed" : "unavailable", isBroken ? 0.35 : 0, isBroken ? 2210 : 0, isBroken ? "homeassistant.local:8123 refused the token (401)" : ""),
        ],
    problem: isBroken ? "The disk is full: 0 bytes are left in /data." : null,
  };
}
