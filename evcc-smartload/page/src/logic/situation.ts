/** Facts about the moment that more than one part of the page speaks of. */

import { effectivePct } from "./buffer-log";
import type { BufferEvent, State } from "../model";

/** The spec's threshold: only above it may the buffer shrink. */
export const CONFIDENCE_THRESHOLD_PCT = 65;
export const HARD_FLOOR_PCT = 10;
export const PRACTICAL_MIN_PCT = 20;

/** evcc reads 0 and 100 as "off". */
export function isBufferOff(pct: number): boolean {
  return pct <= 0 || pct >= 100;
}

export function lastEvent(state: State): BufferEvent | null {
  return state.buffer?.log_recent.at(-1) ?? null;
}

/** The buffer in force in evcc [%]; null when not known. */
export function bufferInEvccPct(state: State): number | null {
  const last = lastEvent(state);
  const readAt = state.site?.read_at;
  // A cycle reads first and writes then, so the reading it shows is the older of the two.
  if (last?.applied === true && readAt !== undefined && Date.parse(last.ts) >= Date.parse(readAt)) {
    return last.new_buffer_pct;
  }
  return state.site?.settings?.buffer_soc_pct ?? null;
}

/** What SmartLoad would set [%], while it only observes. */
export function simulatedBufferPct(state: State): number | null {
  if (state.buffer?.mode !== "observation") return null;
  const last = lastEvent(state);
  return last === null ? null : effectivePct(last);
}

/** The buffer SmartLoad speaks of: what it set, or what it would set. */
export function spokenBufferPct(state: State): number | null {
  if (state.buffer === null) return null;
  return simulatedBufferPct(state) ?? bufferInEvccPct(state) ?? state.buffer.current_buffer_pct;
}
