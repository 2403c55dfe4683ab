/** The messages of SmartLoad's HTTP API, as `docs/http-api.md` describes them.
 *  Times are ISO 8601 in UTC, powers kW, energies kWh, shares percent unless the name ends in _frac. */

/** What can be wrong, as `domain/problem.py` lists it. */
export type ProblemCode =
  | "evcc_not_found"
  | "evcc_unreachable"
  | "evcc_unreadable"
  | "evcc_automatic_mode"
  | "evcc_stale_meters"
  | "evcc_implausible"
  | "no_battery"
  | "no_battery_soc"
  | "no_solar_forecast"
  | "no_prices"
  | "buffer_not_applied"
  | "buffer_missing"
  | "store_not_writable"
  | "store_was_unreadable"
  | "config_invalid"
  | "clock_not_set"
  | "cycle_failed";

export interface Problem {
  code: string; // a ProblemCode, or one of a newer service; the page translates it, `detail` is the fallback
  severity: "info" | "warning" | "error";
  since: string;
  detail: string; // English, with numbers
  facts: Record<string, string>;
}

export interface ConfigProblem {
  option: string;
  given: string;
  allowed: string;
  nearest: string | null; // for an unknown option: the name that was probably meant
}

export interface BufferEvent {
  ts: string;
  mode: "observation" | "live";
  pv_confidence: number; // 0..100 %
  price_spread_ct: number;
  hour_of_day: number;
  expected_pv_kw: number; // sum of the next 16 quarter-hour powers; times 0.25 h = kWh
  old_buffer_pct: number;
  new_buffer_pct: number;
  reason: string; // German, as the specification fixes it
  applied: boolean;
}

export interface BufferResult {
  current_buffer_pct: number;
  mode: "observation" | "live";
  days_remaining: number | null;
  log_recent: BufferEvent[]; // the last 100, oldest first
  observation_live_at: string | null;
}

export interface Loadpoint {
  number: number;
  title: string;
  mode: "off" | "now" | "minpv" | "pv" | "unknown";
  connected: boolean;
  charging: boolean;
  charge_kw: number;
  vehicle_title: string | null;
  vehicle_soc_pct: number | null;
  limit_soc_pct: number | null;
  session_kwh: number | null;
}

export interface Site {
  title: string;
  currency: string; // ISO code
  read_at: string;
  pv_kw: number | null;
  home_kw: number | null;
  grid_import_kw: number | null;
  grid_export_kw: number | null;
  battery: {
    soc_pct: number | null;
    capacity_kwh: number | null;
    charge_kw: number;
    discharge_kw: number;
    mode: "unknown" | "normal" | "hold" | "charge" | "holdcharge";
    controllable: boolean;
  } | null;
  settings: {
    priority_soc_pct: number | null;
    buffer_soc_pct: number | null;
    buffer_start_soc_pct: number | null;
  } | null;
  loadpoints: Loadpoint[];
}

export interface State {
  version: number; // rises with every change; also the SSE id
  now: string; // the service's time (simulated time in the demo)
  service: {
    version: string;
    started_at: string;
    language: "auto" | "de" | "en";
    time_zone: string | null; // IANA name, or null when only the offset is known
    utc_offset_min: number;
    observe_only: boolean; // wrong configuration: nothing is written
    config_problems: ConfigProblem[];
    options_path: string; // where the owner changes options
    demo: null | {
      speed: number; // simulated seconds per real second
      progress_frac: number | null; // 0..1 while the past is being lived through, else null
    };
  };
  cycle: {
    count: number; // since the service started
    kind: "start" | "slot" | "change";
    at: string;
    next_at: string;
    duration_ms: number;
  } | null;
  evcc: {
    url: string | null; // null: not found yet
    reachable: boolean;
    since: string; // of `reachable`
    version: string | null;
    stale: boolean; // `site` is the last known reading, not a current one
  };
  problems: Problem[];
  site: Site | null;
  prices: {
    import_now_eur_per_kwh: number | null;
    export_now_eur_per_kwh: number | null;
    spread_eur_per_kwh: number; // P80 - P20 of what is known from now on
    import_slots: { start: string; end: string; eur_per_kwh: number }[]; // known, from local midnight on
  };
  pv: {
    confidence_frac: number; // what the buffer receives
    raw_frac: number; // before smoothing
    coverage_frac: number;
    freshness_frac: number;
    accuracy_frac: number;
    bias_frac: number; // factor on the provider's forecast
    slots_start: string | null;
    slots_kw: number[]; // 96, or empty
    next_4h_kwh: number;
  };
  control: {
    in_charge: "observing" | "live" | "owner" | "evcc_automatic" | "released" | "degraded";
    until: string | null; // of observing or owner
    owner_values: { setting: string; owner_pct: number; ours_pct: number; since: string }[];
  };
  plan_summary: null;
  buffer: BufferResult | null;
}
