/** A report and a back-test as the service gives them, to be changed by the tests. */

import type { Backtest, Proof, ProofDay, ProofReport, ProofSummary, State } from "../src/model";
import { state } from "./example";

export const MADE_AT = "2026-11-22T00:20:00Z";

export function day(name: string, change: Partial<ProofDay> = {}): ProofDay {
  return { day: name, is_counted: true, paid_eur: 3.1, evcc_eur: 3.3, ours_eur: 2.9, possible_eur: 2.5, ...change };
}

export function report(change: Partial<ProofReport> = {}): ProofReport {
  return {
    since: "2026-11-08",
    until: "2026-11-21",
    n_days: 14,
    n_counted: 14,
    excluded_frac: 0,
    currency: "EUR",
    paid_eur: 41.2,
    evcc_eur: 43.1,
    ours_eur: { low: 36.9, middle: 38.9, high: 40.6 },
    saving_eur: { low: 2.5, middle: 4.2, high: 6.2 },
    possible_eur: 37.85,
    captured_frac: 0.8,
    months: [{ month: "2026-11", saving_eur: 4.2, n_days: 14 }],
    days: [day("2026-11-20"), day("2026-11-21")],
    changes: [],
    buffers: [],
    recommendation: { code: "activate", facts: {} },
    notes: [],
    ...change,
  };
}

export function proof(change: Partial<Proof> = {}): Proof {
  return { state: "ready", progress_frac: 1, detail: "", made_at: MADE_AT, is_live: false, live_since: null, days_missing: null, obstacle: null, report: report(), ...change };
}

export function summary(change: Partial<ProofSummary> = {}): ProofSummary {
  const { since, until, n_days, paid_eur, evcc_eur, ours_eur, saving_eur } = report();
  return { state: "ready", made_at: MADE_AT, sentence_code: "activate", since, until, n_days, paid_eur, evcc_eur, ours_eur, saving_eur, days_missing: null, is_live: false, ...change };
}

/** A home whose service tells of a report. */
export function stateWith(told: ProofSummary | null): State {
  return state({ proof_summary: told });
}

export function backtest(change: Partial<Backtest> = {}): Backtest {
  return { state: "idle", progress_frac: 0, eta_s: null, detail: "", from: null, to: null, result: null, ...change };
}
