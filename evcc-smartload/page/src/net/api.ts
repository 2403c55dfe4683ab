/** Requests to the service; relative, so that they work behind a path prefix. */

import type { Lang } from "../logic/format";
import type { AccuracyReport, Backtest, BufferEvent, Forecast, OverrideKind, PlanJson, Proof, StageName, State, WriteLog } from "../model";

const PASSWORD_KEY = "smartload.password";
/** So far back the log of writes is asked for. */
export const WRITES_DAYS = 7;

export type Answer<T> =
  | { ok: true; value: T }
  | { ok: false; status: number; code: string; text: string }; // status 0: no answer

/** The language the service answers refusals in. */
let language = "de";

export function speak(lang: string): void {
  language = lang;
}

export function rememberPassword(password: string): void {
  sessionStorage.setItem(PASSWORD_KEY, password);
}

export function authHeaders(): Record<string, string> {
  const password = sessionStorage.getItem(PASSWORD_KEY);
  return password === null ? {} : { Authorization: `Bearer ${password}` };
}

/** Sends a change, asking for the password where the service wants one. */
export type Send = <T>(request: () => Promise<Answer<T>>) => Promise<Answer<T>>;

/** The answer to a wish that ends by itself. */
export interface Until {
  until: string;
}

export function isPasswordMissing(answer: Answer<unknown>): boolean {
  return !answer.ok && (answer.status === 401 || answer.status === 403) && answer.code === "password_required";
}

export const api = {
  status: (): Promise<Answer<State>> => request("./status", "GET"),
  forecast: (): Promise<Answer<Forecast>> => request("./forecast", "GET"),
  forecastAccuracy: (): Promise<Answer<AccuracyReport>> => request("./forecast/accuracy", "GET"),
  plan: (lang: Lang): Promise<Answer<PlanJson>> => request(`./plan?lang=${lang}`, "GET"),
  bufferLog: (strategy: "formula" | "risk"): Promise<Answer<{ events: BufferEvent[] }>> => request(`./buffer/log?strategy=${strategy}`, "GET"),
  activateLive: (): Promise<Answer<unknown>> => request("./buffer/activate-live", "POST", {}),
  extendObservation: (days: number): Promise<Answer<unknown>> => request("./buffer/extend-obs", "POST", { days }),
  release: (): Promise<Answer<unknown>> => request("./control/release", "POST", {}),
  resume: (): Promise<Answer<unknown>> => request("./control/resume", "POST", {}),
  setStage: (stage: StageName, mode: "live" | "observing"): Promise<Answer<unknown>> => request("./control/stage", "POST", { stage, mode }),
  chargeNow: (device: string, minutes: number): Promise<Answer<Until>> => request("./control/charge-now", "POST", { device, minutes }),
  keepFull: (): Promise<Answer<Until>> => request("./control/keep-full", "POST", { until: null }),
  holiday: (until: string): Promise<Answer<Until>> => request("./control/holiday", "POST", { until }),
  endOverride: (kind: OverrideKind, device: string): Promise<Answer<unknown>> => request("./control/end", "POST", { kind, device }),
  writes: (): Promise<Answer<WriteLog>> => request(`./control/writes?days=${WRITES_DAYS}`, "GET"),
  proof: (): Promise<Answer<Proof>> => request("./proof", "GET"),
  backtest: (): Promise<Answer<Backtest>> => request("./proof/backtest", "GET"),
  startBacktest: (from: string, to: string): Promise<Answer<unknown>> => request("./proof/backtest", "POST", { from, to }),
  cancelBacktest: (): Promise<Answer<unknown>> => request("./proof/backtest", "DELETE"),
  setDemoSpeed: (speed: number): Promise<Answer<unknown>> => request("./demo/speed", "POST", { speed }),
};

const TIMEOUT_MS = 10_000;

async function request<T>(path: string, method: "GET" | "POST" | "DELETE", body?: object): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      cache: "no-store",
      headers: { "Accept-Language": language, ...authHeaders(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const parsed: unknown = await response.json().catch(() => null);
    // The service answers as model.ts says; a foreign answer (a proxy's page) has parsed to null.
    if (response.ok && parsed !== null) return { ok: true, value: parsed as T };
    return { ok: false, status: response.status, ...errorOf(parsed) };
  } catch {
    return { ok: false, status: 0, code: "no_answer", text: "" };
  }
}

/** A file for the owner, asked for as everything else is: a plain link could not say the password. */
export async function fetchFile(path: string): Promise<Blob | null> {
  try {
    const response = await fetch(path, { cache: "no-store", headers: authHeaders(), signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  }
}

export function errorOf(body: unknown): { code: string; text: string } {
  if (typeof body !== "object" || body === null) return { code: "", text: "" };
  const { error, code } = body as { error?: unknown; code?: unknown };
  return { code: typeof code === "string" ? code : "", text: typeof error === "string" ? error : "" };
}
