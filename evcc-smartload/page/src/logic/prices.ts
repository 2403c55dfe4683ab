/** What the price of this moment means against the prices that are known. */

import type { State } from "../model";
import type { Format } from "./format";

type PriceSlot = State["prices"]["import_slots"][number];

export type PriceRank = "negative" | "flat" | "lowest" | "low" | "middle" | "high" | "highest";

export interface PriceVerdict {
  perKwh: number;
  rank: PriceRank;
  /** The cheapest known stretch still to come, when it is worth the wait. */
  cheaper: { startMs: number; perKwh: number } | null;
  todayMin: number;
  todayMax: number;
  /** Whether today's prices are known from midnight on, or only what is left of the day. */
  isWholeDay: boolean;
}

/** Differences below are not worth a word [currency/kWh]. */
const WORTH_MENTIONING = 0.02;
const FLAT_RANGE = 0.002;

/** Null when the price of now or of today is not known. */
export function judgePrice(prices: State["prices"], nowMs: number, format: Format): PriceVerdict | null {
  const perKwh = prices.import_now_eur_per_kwh;
  const midnight = format.startOfDay(nowMs);
  const today = slotsBetween(prices.import_slots, midnight, format.endOfDay(nowMs));
  if (perKwh === null || today.length === 0) return null;
  const values = today.map((slot) => slot.eur_per_kwh);
  const todayMin = Math.min(...values);
  const todayMax = Math.max(...values);
  return {
    perKwh,
    rank: rankOf(perKwh, values),
    cheaper: cheaperLater(prices.import_slots, perKwh, nowMs),
    todayMin,
    todayMax,
    isWholeDay: today.some((slot) => Date.parse(slot.start) === midnight),
  };
}

function rankOf(perKwh: number, values: readonly number[]): PriceRank {
  const min = Math.min(...values);
  const max = Math.max(...values);
  if (perKwh < 0) return "negative";
  if (max - min < FLAT_RANGE) return "flat";
  const below = values.filter((value) => value < perKwh).length / values.length;
  const above = values.filter((value) => value > perKwh).length / values.length;
  if (below <= 0.1) return "lowest";
  if (above <= 0.1) return "highest";
  if (below <= 1 / 3) return "low";
  if (above <= 1 / 3) return "high";
  return "middle";
}

function cheaperLater(slots: readonly PriceSlot[], perKwh: number, nowMs: number): PriceVerdict["cheaper"] {
  let best: PriceSlot | null = null;
  for (const slot of slots) {
    if (Date.parse(slot.start) > nowMs && (best === null || slot.eur_per_kwh < best.eur_per_kwh)) best = slot;
  }
  return best === null || perKwh - best.eur_per_kwh < WORTH_MENTIONING
    ? null
    : { startMs: Date.parse(best.start), perKwh: best.eur_per_kwh };
}

export function slotsBetween(slots: readonly PriceSlot[], fromMs: number, toMs: number): PriceSlot[] {
  return slots.filter((slot) => Date.parse(slot.start) >= fromMs && Date.parse(slot.start) < toMs);
}

/** The step line of the known prices; holes in what is known stay holes. Prices in the currency. */
export function priceLine(slots: readonly PriceSlot[]): { xs: number[]; values: (number | null)[] } {
  const xs: number[] = [];
  const values: (number | null)[] = [];
  slots.forEach((slot, index) => {
    xs.push(Date.parse(slot.start));
    values.push(slot.eur_per_kwh);
    const next = slots[index + 1];
    const endMs = Date.parse(slot.end);
    if (next === undefined) {
      xs.push(endMs);
      values.push(slot.eur_per_kwh);
    } else if (Date.parse(next.start) > endMs) {
      xs.push(endMs, endMs + 1);
      values.push(slot.eur_per_kwh, null);
    }
  });
  return { xs, values };
}

/** Neighbouring slots of one price together, for the table. */
export function priceStretches(slots: readonly PriceSlot[]): { startMs: number; endMs: number; perKwh: number }[] {
  const stretches: { startMs: number; endMs: number; perKwh: number }[] = [];
  for (const slot of slots) {
    const last = stretches.at(-1);
    const startMs = Date.parse(slot.start);
    if (last !== undefined && last.endMs === startMs && last.perKwh === slot.eur_per_kwh) {
      last.endMs = Date.parse(slot.end);
    } else {
      stretches.push({ startMs, endMs: Date.parse(slot.end), perKwh: slot.eur_per_kwh });
    }
  }
  return stretches;
}
