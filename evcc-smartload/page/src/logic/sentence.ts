/** The one true sentence at the top, built from facts. */

import type { Messages } from "../i18n";
import type { State } from "../model";
import { isAutomaticOver, stagesThat } from "./control";
import type { Format } from "./format";
import { judgePrice } from "./prices";
import {
  bufferInEvccPct,
  CONFIDENCE_THRESHOLD_PCT,
  isBufferOff,
  simulatedBufferPct,
} from "./situation";

export interface Sentence {
  lead: string;
  because: string[];
}

/** `state` is null until the service has reported once. */
export function nowSentence(
  state: State | null,
  isLost: boolean,
  nowMs: number,
  t: Messages,
  format: Format,
): Sentence {
  const words = t.sentence;
  if (state === null) return { lead: isLost ? words.unreachable : words.connecting, because: [] };
  const price = priceSentences(state, nowMs, t, format);
  const wrong = state.service.config_problems[0];
  if (wrong !== undefined) return { lead: words.config(wrong.option), because: [] };
  if (state.evcc.url === null) return { lead: words.noEvccYet, because: [] };
  if (!state.evcc.reachable) {
    return { lead: words.evccAway(format.when(Date.parse(state.evcc.since), nowMs)), because: [] };
  }
  if (state.site === null) return { lead: words.firstMinute, because: [] };
  if (state.site.battery === null) return { lead: words.noBattery, because: price };
  if (state.buffer === null || state.buffer.log_recent.length === 0) return { lead: words.noBuffer, because: price };
  const [lead, ...rest] = batterySentences(state, t, format);
  return { lead: lead ?? words.noBuffer, because: [...rest, ...price] };
}

function batterySentences(state: State, t: Messages, format: Format): string[] {
  const words = t.sentence;
  const inEvcc = bufferInEvccPct(state);
  switch (state.control.in_charge) {
    case "released":
      return [words.released];
    case "evcc_automatic":
      return [isAutomaticOver(state.control) ? t.control.strip.automaticOver : words.automatic];
    case "owner":
      return inEvcc === null ? [words.released] : [words.owner(format.pct(inEvcc))];
    default:
  }
  const confidence = words.confidence(
    format.pct(100 * state.pv.confidence_frac),
    100 * state.pv.confidence_frac > CONFIDENCE_THRESHOLD_PCT,
  );
  const simulated = simulatedBufferPct(state);
  if (simulated !== null) {
    const kept =
      inEvcc === null ? [] : [isBufferOff(inEvcc) ? words.observingOff : words.observingKept(format.pct(inEvcc))];
    const write = stagesThat(state.control, "live").length > 0 ? words.observingBuffer : words.observing;
    return [write(format.pct(simulated)), ...kept, confidence];
  }
  return [liveSentence(state, t, format), confidence];
}

function liveSentence(state: State, t: Messages, format: Format): string {
  const buffer = bufferInEvccPct(state) ?? state.buffer?.current_buffer_pct ?? 0;
  const soc = state.site?.battery?.soc_pct ?? null;
  const capacityKwh = state.site?.battery?.capacity_kwh ?? null;
  if (soc === null) return t.sentence.livePlain(format.pct(buffer));
  if (soc <= buffer) return t.sentence.liveReserved(format.pct(buffer), format.pct(soc));
  const abovePct = soc - buffer;
  const above = capacityKwh === null ? format.pct(abovePct) : format.kwh((abovePct / 100) * capacityKwh);
  return t.sentence.liveFree(format.pct(buffer), above);
}

function priceSentences(state: State, nowMs: number, t: Messages, format: Format): string[] {
  const verdict = judgePrice(state.prices, nowMs, format);
  if (verdict === null) return [t.sentence.priceNone];
  const now = t.sentence.price(verdict.rank, verdict.isWholeDay, format.price(verdict.perKwh));
  return verdict.cheaper === null
    ? [now]
    : [now, t.sentence.cheaper(format.when(verdict.cheaper.startMs, nowMs), format.price(verdict.cheaper.perKwh))];
}
