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
  | "evcc_automatic_ended"
  | "foreign_control"
  | "write_not_confirmed"
  | "write_budget_spent"
  | "fuse_near_limit"
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
  | "forecast_failed"
  | "plan_failed"
  | "steer_failed"
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

/** What the risk-based buffer is made of, whichever of the two acts. */
export interface RiskParts {
  night_kwh: number; // what the house will need until a refill, by the middle of what may come
  error_kwh: number; // so much more to be as sure as asked
  outage_kwh: number; // the owner's reserve
  need_kwh: number; // all three
  target_pct: number;
  window_start: string;
  window_end: string;
  ends_by: "surplus" | "cheap" | "horizon"; // what refills then; horizon: nothing in sight
  confidence_pct: number;
  price_eur_per_day: number | null; // what holding so much costs on average
}

/** The buffer that is not the chosen one: always a simulation. */
export interface BufferShadow extends BufferResult {
  strategy: "formula" | "risk"; // which one it is
  parts: RiskParts | null;
}

export type BatteryMode = "unknown" | "normal" | "hold" | "charge" | "holdcharge";
export type ChargeMode = "off" | "now" | "minpv" | "pv" | "unknown";

export interface Loadpoint {
  number: number;
  name: string; // evcc's own; what control calls the device
  title: string;
  mode: ChargeMode;
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
    mode: BatteryMode;
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
  control: Control;
  forecast: {
    issued_at: string | null; // changes with every new forecast; then it is worth asking for
    start: string | null;
  };
  history: History | null;
  plan_summary: PlanSummary | null;
  proof_summary: ProofSummary | null;
  buffer: BufferResult | null;
  buffer_shadow: BufferShadow | null;
}

// -- control ----------------------------------------------------------------------------------------
// The codes are those of `domain/control.py` and `domain/steering.py`; a newer service may send others.

/** What a setting holds; null: not set, such as a limit that was removed or a mode that was released. */
export type SettingValue = number | string | boolean | null;

export type SettingName =
  | "bufferSoc"
  | "prioritySoc"
  | "bufferStartSoc"
  | "batteryMode"
  | "mode"
  | "smartCostLimit"
  | "batteryBoost"
  | "batteryBoostLimit";

export type StageName = "buffer" | "battery" | "cars";

/** Prices EUR/kWh, instants ISO 8601, shares percent, currents A; any of them may be missing. */
export type Facts = Record<string, number | string>;

export type CommandCode =
  | "buffer_decided"
  | "battery_keeps"
  | "battery_protected"
  | "battery_buys"
  | "battery_has_bought"
  | "battery_leaves_sun"
  | "battery_against_rule"
  | "fuse_relief"
  | "safe_normal"
  | "car_cheap"
  | "car_now"
  | "bat_to_car"
  | "owner_asked"
  | "handed_back";

export interface CommandReason {
  code: string; // a CommandCode
  facts: Facts;
}

/** A setting of one device: evcc's name of the loadpoint and its title, both empty for the site. */
export interface Lever {
  setting: string; // a SettingName
  device: string;
  title: string;
}

export interface OwnerValue extends Lever {
  owner: SettingValue;
  ours: SettingValue;
  since: string;
}

export type HoldEnd = "midnight" | "car_leaves" | "resume" | "when_gone";

/** A setting that the owner moved by hand. */
export interface Hold extends Lever {
  value: SettingValue;
  since: string;
  until: string | null;
  ends: string; // a HoldEnd
}

export interface DoneNow extends Lever {
  value: SettingValue; // null: the owner's, nothing is imposed
  reason: CommandReason | null;
  is_applied: boolean; // evcc has it
}

export interface Stage {
  stage: StageName;
  mode: "observing" | "live";
  since: string | null;
  ends_at: string | null; // when an observation ends by itself
  done: DoneNow[];
}

export type ControlLevel = "plan" | "old_plan" | "rules" | "buffer_only" | "hands_off";

export type MissingCode =
  | "evcc"
  | "automatic"
  | "released"
  | "config"
  | "clock"
  | "disk"
  | "prices"
  | "forecast"
  | "battery_soc"
  | "meters"
  | "solver"
  | "no_gain"
  | "nothing_to_control";

export interface Missing {
  code: string; // a MissingCode
  since: string;
  detail: string; // English
}

export interface ControlRung {
  level: ControlLevel;
  since: string;
  missing: Missing[];
}

export type OverrideKind = "charge_now" | "keep_full" | "holiday";

export interface Override {
  kind: OverrideKind;
  device: string;
  title: string;
  since: string;
  until: string;
}

export type GateCode =
  | "allowed"
  | "car_wants"
  | "boost_available"
  | "above_buffer"
  | "plan_agrees"
  | "worth_it"
  | "no_cheaper_window";

export interface Gate {
  code: string; // a GateCode
  is_open: boolean | null; // null: not asked, an earlier one is closed
  facts: Facts;
}

export interface BatToCar {
  is_active: boolean;
  device: string;
  title: string; // the car's
  gates: Gate[];
}

export interface LeverCount extends Lever {
  n: number;
  most: number;
}

/** What was written to evcc since the local midnight. */
export interface WriteCount {
  n_today: number;
  most_per_day: number;
  by_lever: LeverCount[];
}

/** What evcc's automatic mode does with the battery, and what SmartLoad would do. */
export interface Opinions {
  since: string;
  is_on: boolean; // false: switched off, and nobody has let SmartLoad take over yet
  evcc_mode: string;
  our_mode: string;
  our_reason: CommandReason | null;
}

export interface Control {
  in_charge: "observing" | "live" | "owner" | "evcc_automatic" | "released" | "degraded"; // of the buffer
  until: string | null; // of observing or owner
  owner_values: OwnerValue[];
  holds: Hold[];
  stages: Stage[];
  rung: ControlRung | null;
  overrides: Override[];
  bat_to_car: BatToCar | null;
  writes: WriteCount | null;
  opinions: Opinions | null;
}

// -- GET /control/writes?days=7 -----------------------------------------------------------------------

export type WriteOutcome = "sent" | "confirmed" | "not_confirmed" | "failed" | "refused" | "simulated";

export interface WriteRecord extends Lever {
  at: string;
  stage: StageName;
  before: SettingValue;
  wanted: SettingValue;
  accepted: SettingValue; // null also until evcc has answered
  outcome: WriteOutcome;
  reason: CommandReason;
  detail: string;
  settled_at: string | null;
}

export interface WriteLog {
  writes: WriteRecord[]; // newest first
  more: boolean; // there are older ones in these days
}

/** A number, or not known. */
export type Known = number | null;

export type ImportState = "waiting" | "running" | "done" | "failed" | "unavailable";

export type EnergySource = "evcc" | "influx" | "home_assistant" | "live";

export interface ImportProgress {
  source: EnergySource;
  state: ImportState;
  progress_frac: number;
  n_slots: number; // quarter hours taken over so far
  since: string | null; // the oldest of them
  detail: string; // English, when it failed
}

/** What is kept of the home's past. */
export interface History {
  first: string | null;
  last: string | null;
  n_days: number;
  size_bytes: number;
  imports: ImportProgress[];
  problem: string | null; // English, while nothing can be kept
}

// -- GET /forecast ----------------------------------------------------------------------------------

export type ForecastKind = "load" | "pv" | "pv_provider" | "import_price" | "export_price";

/** Quarter hours from `start` on; kW or, for prices, currency per kWh. */
export interface BandSeries {
  start: string;
  n_known: number; // so many at the beginning are facts, such as published prices
  p10: Known[];
  p50: Known[];
  p90: Known[];
}

export type ChoiceReason = "best" | "too_little_history" | "kept";

export interface Candidate {
  model: string;
  loss_kw: Known; // mean pinball loss on the recent days, in the unit of what is forecast
  n_days: number;
}

export interface Expectation {
  kind: ForecastKind;
  band: BandSeries;
  choice: {
    model: string;
    reason: ChoiceReason;
    candidates: Candidate[];
  };
}

export interface ConfidenceParts {
  confidence_frac: number;
  raw_frac: number;
  coverage_frac: number;
  freshness_frac: number;
  accuracy_frac: number;
}

/** An energy over a stretch, with an 80 % band of its own. */
export interface Energy {
  start: string;
  end: string;
  p10_kwh: number;
  p50_kwh: number;
  p90_kwh: number;
}

/** What a local day, or what is left of it, brings or takes: quantiles of the sum, not sums of quantiles. */
export interface DayEnergy {
  kind: "load" | "pv";
  day: string; // "2026-06-20"
  is_whole: boolean; // false for the rest of today
  energy: Energy;
}

export type WindowPurpose = "until_surplus" | "night";

/** What the house needs from the battery over a window. */
export interface NamedWindow {
  purpose: WindowPurpose;
  energy: Energy;
}

/** What was said a day before, and what came. */
export interface Comparison {
  kind: ForecastKind;
  said: BandSeries;
  measured: Known[];
}

export interface AccuracySummary {
  kind: ForecastKind;
  n_days: number;
  mae: Known; // this and what follows in the unit of what is forecast
  bias: Known; // forecast minus outcome
  nrmse_frac: Known;
  pinball: Known;
  coverage_frac: Known; // share of quarter hours inside the 80 % band
  skill_frac: Known; // 1 minus the loss over that of `reference`
  reference: string;
}

export interface Forecast {
  issued_at: string | null; // null before the first one
  start: string | null;
  expectations: Expectation[]; // equally long, all from `start` on
  provider_kw: Known[];
  confidence: ConfidenceParts | null;
  days: DayEnergy[];
  windows: NamedWindow[];
  comparisons: Comparison[]; // the last two days
  holidays: string[]; // local days, "2026-04-06"
  away: { since: string; until: string | null; share_frac: number } | null;
  history_days: number;
  accuracy: AccuracySummary[];
}

// -- GET /forecast/accuracy -------------------------------------------------------------------------

export interface LeadAccuracy {
  lead_h: number;
  n_slots: number;
  mae: Known;
  bias: Known;
  coverage_frac: Known;
}

export interface DayAccuracy {
  day: string; // local, "2026-06-20"
  said_kwh: Known;
  measured_kwh: Known;
  mae: Known;
  coverage_frac: Known;
  confidence_frac: Known;
}

export interface Accuracy {
  kind: ForecastKind;
  n_days: number;
  mae: Known;
  bias: Known;
  nrmse_frac: Known;
  pinball: Known;
  coverage_frac: Known;
  skill_frac: Known;
  reference: string;
  bias_by_hour: Known[]; // 24, by local hour
  by_lead: LeadAccuracy[];
  by_day: DayAccuracy[];
}

export interface ConfidenceBand {
  from_frac: number;
  to_frac: number;
  n_days: number;
  error_frac: Known; // of a day's PV energy
}

export interface AccuracyReport {
  since: string | null; // null before there is anything to judge
  until: string | null;
  accuracies: Accuracy[];
  window_coverage_frac: Known;
  n_windows: number;
  confidence_rank_correlation: Known; // negative is good: sure days had small errors
  confidence_bands: ConfidenceBand[];
}

// -- GET /plan?lang=de|en ---------------------------------------------------------------------------

export type Rung = "exact" | "fast" | "shifted" | "rules" | "hands_off";
export type PlanStatus = "proven" | "unproven";

export interface PlanReason {
  code: string; // domain/plan.py, ReasonCode
  device: string; // name of the battery or the car; "" for the PV
  facts: Record<string, string | number>;
  sentence: string; // in the language asked for
  detail: string; // the same in full, with every number
}

export interface PlanCost {
  import_eur: number;
  export_eur: number; // negative: a gain
  wear_eur: number;
  stored_eur: number; // minus what the batteries gain until the end is worth
  missing_eur: number; // price of what the wishes of cars miss
  reserve_eur: number;
  overload_eur: number;
  total_eur: number;
}

export interface PlanBattery {
  name: string;
  title: string;
  capacity_kwh: number;
  start_kwh: number;
  charge_kwh: number[];
  discharge_kwh: number[];
  soc_kwh: number[]; // at the end of each slot
}

export interface PlanCar {
  name: string;
  title: string;
  number: number; // evcc's 1-based loadpoint
  capacity_kwh: number | null; // null: energies are above an unknown state
  start_kwh: number;
  target_kwh: number;
  by: string | null;
  charge_kwh: number[];
  soc_kwh: number[];
}

export interface PlannedAction {
  start: string;
  end: string;
  kwh: number;
  reason: PlanReason;
}

export interface UnmetWish {
  car: string;
  title: string;
  target_kwh: number;
  reached_kwh: number;
  missing_kwh: number;
  capacity_kwh: number | null;
  by: string | null;
  sentence: string;
}

export interface WhatIf {
  device: string;
  decision: "charge" | "discharge" | "rest";
  opposite: "charge" | "discharge" | "rest";
  extra_eur: number; // never negative
  holds_until: string | null;
  sentence: string;
}

export interface RuleCost {
  rule: string; // domain/plan.py, OwnerRule
  device: string;
  eur: number;
  eur_per_day: number;
  sentence: string;
}

export interface PlanChange {
  since: string;
  total_eur: number;
  parts: { cause: "pv" | "load" | "price" | "soc" | "cars" | "rules" | "time"; eur: number }[];
  moved_kwh: number;
  kept_gain_eur: number;
  sentence: string;
}

/** What battery and cars should do, slot by slot; energies are kWh per quarter hour. */
export interface PlanJson {
  schema: 1;
  made_at: string | null; // null: there is no plan yet, `skipped` says why; the rest is empty
  start: string | null;
  slot_min: number;
  n_slots: number;
  n_known_prices: number; // so many prices are published, the rest is a forecast
  rung: Rung;
  skipped: { rung: Rung; cause: string; detail: string; sentence: string }[];
  status: PlanStatus | null;
  gap_eur: number | null;
  solve_ms: number | null;
  cost: PlanCost | null;
  baseline: PlanCost | null; // evcc's own rules on the same forecast
  saving_eur: number | null;
  import_price_eur_per_kwh: number[];
  export_price_eur_per_kwh: number[];
  pv_kwh: number[];
  load_kwh: number[];
  grid_import_kwh: number[];
  grid_export_kwh: number[];
  curtail_kwh: number[];
  batteries: PlanBattery[];
  cars: PlanCar[];
  marginal_eur_per_kwh: (number | null)[]; // what one kWh more used in a slot would cost
  reasons: PlanReason[][]; // per slot
  actions: PlannedAction[];
  unmet: UnmetWish[];
  what_if: WhatIf[];
  rules: RuleCost[];
  reserve: {
    soc_kwh: number[];
    eur_per_kwh_h: number;
    eur: number;
    eur_per_day: number;
    short_kwh: number;
  } | null;
  change: PlanChange | null;
  is_explained: boolean; // false: what_if, rules and change follow within seconds
  assumed: { name: string; sentence: string }[];
}

/** A plan in the state, in short; `text` has both languages. */
export interface PlanSummary {
  made_at: string;
  rung: Rung;
  status: PlanStatus | null;
  cost_eur: number | null;
  baseline_eur: number | null;
  saving_eur: number | null;
  solve_ms: number | null;
  is_explained: boolean; // when it becomes true, GET /plan tells more
  until: string;
  now: PlanSummaryAction[]; // what is done in the present slot, one per device
  next: PlanSummaryAction[]; // the next three actions
  unmet: { car: string; text: { de: string; en: string } }[];
}

export interface PlanSummaryAction {
  start: string;
  end: string;
  kwh: number;
  code: string;
  device: string;
  text: { de: string; en: string };
}

// -- GET /proof -------------------------------------------------------------------------------------

/** An amount of money with the range it lies in 8 times out of 10. */
export interface MoneyBand {
  low: number;
  middle: number;
  high: number;
}

export type ProofStanding = "collecting" | "working" | "ready" | "failed";

export type Obstacle = "no_capacity" | "no_prices" | "nothing_to_control";

export type AdviceCode = "wait" | "activate" | "not_worth" | "keep" | "look";

export type NoteCode =
  | "few_days"
  | "prices_assumed"
  | "forecasts_remade"
  | "battery_assumed"
  | "cars_unknown"
  | "settings_changed"
  | "paid_unknown"
  | "model_deviates"
  | "partly_live";

/** Something to be said, with its figures; a newer service may send codes this page does not know. */
export interface Coded {
  code: string;
  facts: Facts;
}

export interface ProofMonth {
  month: string; // local, "2026-11"
  saving_eur: Known;
  n_days: number;
}

/** What a local day cost: as it was, by evcc's own rules alone, by SmartLoad, and at best. */
export interface ProofDay {
  day: string; // "2026-11-08"
  is_counted: boolean; // false: too little of it was measured
  paid_eur: Known;
  evcc_eur: Known;
  ours_eur: Known;
  possible_eur: Known;
}

/** A setting that SmartLoad would have changed, or has changed when it was live. */
export interface ProofChange extends Lever {
  at: string;
  before: SettingValue;
  wanted: SettingValue;
  reason: CommandReason;
}

/** What a way to set the buffer cost, and what it protected. */
export interface BufferProof {
  strategy: string; // "formula", "risk"
  is_chosen: boolean;
  cost_eur_per_day: Known;
  nights: number;
  nights_bridged: number;
  kept_kwh: Known;
  departures: number;
  ready: number;
}

export interface ProofReport {
  since: string; // the first local day
  until: string; // the last one
  n_days: number;
  n_counted: number;
  excluded_frac: number;
  currency: string;
  paid_eur: Known;
  evcc_eur: Known;
  ours_eur: MoneyBand | null;
  saving_eur: MoneyBand | null; // against evcc's own rules
  possible_eur: Known; // what it would have cost with perfect foresight
  captured_frac: Known; // share of what foresight saves
  months: ProofMonth[];
  days: ProofDay[]; // rising
  changes: ProofChange[]; // newest first
  buffers: BufferProof[];
  recommendation: Coded;
  notes: Coded[];
}

export interface Proof {
  state: ProofStanding;
  progress_frac: number;
  detail: string; // English, when it failed
  made_at: string | null;
  is_live: boolean;
  live_since: string | null;
  days_missing: number | null; // for the first report; 0: enough are measured, and it is about to be made
  obstacle: string | null; // an Obstacle that waiting does not remove
  report: ProofReport | null;
}

/** The report in the state, in short. */
export interface ProofSummary {
  state: ProofStanding;
  made_at: string | null; // changes with every new report; then it is worth asking for
  sentence_code: string | null; // an AdviceCode
  since: string | null;
  until: string | null;
  n_days: number | null;
  paid_eur: Known;
  evcc_eur: Known;
  ours_eur: MoneyBand | null;
  saving_eur: MoneyBand | null;
  days_missing: number | null;
  is_live: boolean;
}

// -- GET /proof/backtest ----------------------------------------------------------------------------

export type BacktestStanding = "idle" | "running" | "done" | "failed" | "cancelled";

export type PolicyName = "no_battery" | "evcc" | "formula" | "risk" | "smartload" | "foresight";

export interface PolicySums {
  policy: string; // a PolicyName
  cost_eur: Known;
  saving_eur: MoneyBand | null; // against evcc's own rules
  captured_frac: Known; // share of what foresight saves against evcc's own rules
  of_battery_frac: Known; // share of what it saves against no battery
  self_sufficiency_frac: Known;
  bought_kwh: Known;
  sold_kwh: Known;
  battery_kwh: Known; // what the battery gave
  peak_kw: Known; // the highest import of a quarter hour
  departures: number;
  ready: number;
  writes_per_day: Known;
  decisions_per_day: Known;
}

export interface BacktestDay {
  day: string;
  cost_eur: Record<string, Known>; // by policy
}

export interface BacktestResult {
  n_days: number;
  excluded_frac: number;
  sums: PolicySums[];
  days: BacktestDay[];
}

/** A past lived again, once per policy. */
export interface Backtest {
  state: BacktestStanding;
  progress_frac: number;
  eta_s: Known;
  detail: string; // English, when it failed
  from: string | null; // the first local day
  to: string | null; // the last one
  result: BacktestResult | null;
}
