/** A home as the service reports it, to be changed by the tests. */

import type { BufferEvent, Control, Loadpoint, Stage, State, WriteRecord } from "../src/model";

export const NOW = Date.parse("2026-11-22T11:00:00Z");

export function event(ts: string, change: Partial<BufferEvent> = {}): BufferEvent {
  return {
    ts,
    mode: "observation",
    pv_confidence: 82,
    price_spread_ct: 14,
    hour_of_day: 12,
    expected_pv_kw: 40,
    old_buffer_pct: 30,
    new_buffer_pct: 25,
    reason: "Konfidenz 82% · Spread 14ct · Puffer 25% · [Simulation]",
    applied: false,
    ...change,
  };
}

/** Everything observed, with a plan. */
export function control(change: Partial<Control> = {}): Control {
  return {
    in_charge: "observing",
    until: "2026-11-26T11:00:00Z",
    owner_values: [],
    holds: [],
    stages: [stage("buffer"), stage("battery"), stage("cars")],
    rung: { level: "plan", since: "2026-11-22T08:00:00Z", missing: [] },
    overrides: [],
    bat_to_car: null,
    writes: null,
    opinions: null,
    ...change,
  };
}

export function stage(name: Stage["stage"], change: Partial<Stage> = {}): Stage {
  return { stage: name, mode: "observing", since: "2026-11-20T00:00:00Z", ends_at: null, done: [], ...change };
}

export function loadpoint(change: Partial<Loadpoint> = {}): Loadpoint {
  return {
    number: 1,
    name: "lp-1",
    title: "Carport",
    mode: "pv",
    connected: true,
    charging: false,
    charge_kw: 0,
    vehicle_title: "Kombi",
    vehicle_soc_pct: 48,
    limit_soc_pct: 80,
    session_kwh: null,
    ...change,
  };
}

export function write(change: Partial<WriteRecord> = {}): WriteRecord {
  return {
    at: "2026-11-22T10:45:00Z",
    setting: "batteryMode",
    device: "",
    title: "",
    stage: "battery",
    before: null,
    wanted: "hold",
    accepted: "hold",
    outcome: "confirmed",
    reason: { code: "battery_keeps", facts: {} },
    detail: "",
    settled_at: "2026-11-22T10:45:30Z",
    ...change,
  };
}

export function state(change: Partial<State> = {}): State {
  return {
    version: 7,
    now: new Date(NOW).toISOString(),
    service: {
      version: "0.1.0",
      started_at: "2026-11-20T00:00:00Z",
      language: "auto",
      time_zone: "Europe/Berlin",
      utc_offset_min: 60,
      observe_only: false,
      config_problems: [],
      options_path: "/data/options.json",
      demo: null,
    },
    cycle: null,
    evcc: { url: "http://evcc:7070", reachable: true, since: "2026-11-20T00:00:00Z", version: "0.310.1", stale: false },
    problems: [],
    site: {
      title: "Zuhause",
      currency: "EUR",
      read_at: new Date(NOW).toISOString(),
      pv_kw: 3.2,
      home_kw: 0.5,
      grid_import_kw: 0,
      grid_export_kw: 1,
      battery: { soc_pct: 60, capacity_kwh: 10, charge_kw: 1.7, discharge_kw: 0, mode: "normal", controllable: true },
      settings: { priority_soc_pct: 10, buffer_soc_pct: 50, buffer_start_soc_pct: 0 },
      loadpoints: [],
    },
    prices: { import_now_eur_per_kwh: null, export_now_eur_per_kwh: 0.08, spread_eur_per_kwh: 0.14, import_slots: [] },
    pv: {
      confidence_frac: 0.82,
      raw_frac: 0.84,
      coverage_frac: 1,
      freshness_frac: 1,
      accuracy_frac: 0.8,
      bias_frac: 0.95,
      slots_start: null,
      slots_kw: [],
      next_4h_kwh: 10,
    },
    control: control(),
    forecast: { issued_at: null, start: null },
    history: null,
    plan_summary: null,
    proof_summary: null,
    buffer: {
      current_buffer_pct: 30,
      mode: "observation",
      days_remaining: 4,
      log_recent: [event("2026-11-22T11:00:00Z")],
      observation_live_at: "2026-11-26T11:00:00Z",
    },
    buffer_shadow: null,
    ...change,
  };
}

/** Hourly prices from `fromMs` on [EUR/kWh]. */
export function slots(fromMs: number, prices: readonly number[]): State["prices"]["import_slots"] {
  return prices.map((price, index) => ({
    start: new Date(fromMs + index * 3_600_000).toISOString(),
    end: new Date(fromMs + (index + 1) * 3_600_000).toISOString(),
    eur_per_kwh: price,
  }));
}
