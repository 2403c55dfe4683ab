/** Settings, values, reasons and holds in the owner's words. */

import type { Messages } from "../i18n";
import type { CommandReason, Control, Gate, Hold, Lever, Missing, Override, SettingValue, State } from "../model";
import { isAutomaticOver, spokenFacts } from "./control";
import type { Format } from "./format";
import { isBufferOff } from "./situation";

/** Who speaks, of which home, at what time. */
export interface Speech {
  state: Pick<State, "site"> | null;
  t: Messages;
  format: Format;
  nowMs: number;
}

/** Something said of a code; null for a code that a newer service knows and this page does not. */
function wordsOf<W>(words: Readonly<Record<string, W>>, code: string): W | null {
  return Object.hasOwn(words, code) ? (words[code] ?? null) : null;
}

export function settingText(setting: string, t: Messages): string {
  return wordsOf(t.control.setting, setting) ?? setting;
}

/** "Carport: Lademodus (mode)", and without a device the setting alone. */
export function leverText({ setting, title, device }: Lever, t: Messages): string {
  const where = title === "" ? device : title;
  return where === "" ? settingText(setting, t) : `${where}: ${settingText(setting, t)}`;
}

const SOC_SETTINGS: readonly string[] = ["bufferSoc", "prioritySoc", "bufferStartSoc"];

export function valueText(setting: string, value: SettingValue, t: Messages, format: Format): string {
  const words = t.control.value;
  if (value === null) {
    if (setting === "smartCostLimit") return words.noLimit;
    return setting === "batteryMode" ? words.nothingImposed : "–";
  }
  if (typeof value === "boolean") return value ? words.on : words.off;
  if (typeof value === "string") {
    const known: Record<string, string> = setting === "batteryMode" ? words.batteryMode : setting === "mode" ? t.flow.mode : {};
    return wordsOf(known, value) ?? value;
  }
  if (SOC_SETTINGS.includes(setting)) return isBufferOff(value) ? t.off : format.pct(value);
  if (setting === "batteryBoostLimit") return value >= 100 ? words.noLimit : format.pct(value);
  return setting === "smartCostLimit" ? format.price(value) : format.step(value);
}

/** Null without a reason, or for one this page does not know. */
export function reasonText(reason: CommandReason | null, { state, t, format, nowMs }: Speech): string | null {
  if (reason === null) return null;
  return wordsOf(t.control.reason, reason.code)?.(spokenFacts(reason.facts, state?.site ?? null, format, nowMs)) ?? null;
}

export function missingText({ code, detail }: Missing, control: Pick<Control, "opinions">, t: Messages): string {
  if (code === "automatic" && isAutomaticOver(control)) return t.control.automaticOver;
  return wordsOf(t.control.missing, code) ?? (detail === "" ? code : detail);
}

/** What SmartLoad does because it is missing; null for a code this page does not know. */
export function therefore({ code }: Missing, t: Messages): string | null {
  return wordsOf(t.control.therefore, code);
}

/** What a gate asks, its figures, and why it keeps the battery from helping. */
export function gateText({ code, facts }: Gate, { state, t, format, nowMs }: Speech): { title: string; figures: string; closed: string } {
  const words = wordsOf(t.control.batToCar.gate, code);
  if (words === null) return { title: code, figures: "", closed: t.control.batToCar.helpsNot };
  const spoken = spokenFacts(facts, state?.site ?? null, format, nowMs);
  return { title: words.title, figures: words.figures(spoken), closed: words.closed(spoken) };
}

/** "bis 18:30", "bis das Auto abgesteckt wird" */
export function holdEndText({ ends, until }: Pick<Hold, "ends" | "until">, t: Messages, format: Format, nowMs: number): string {
  const time = until === null ? null : format.when(Date.parse(until), nowMs);
  const known = wordsOf(t.control.hold.end, ends)?.(time) ?? null;
  return known ?? (time === null ? t.control.hold.end.resume(null) : t.control.hold.until(time));
}

/** Somebody else's hold is not the owner's. */
export function isOthers({ ends }: Pick<Hold, "ends">): boolean {
  return ends === "when_gone";
}

export function overrideText({ kind, title, device }: Override, t: Messages): string {
  const words = t.control.override;
  return words.running[kind](title !== "" ? title : device !== "" ? device : words.car);
}

/** A holiday ends with a day, all else at a time. */
export function overrideEndText({ kind, until }: Pick<Override, "kind" | "until">, t: Messages, format: Format, nowMs: number): string {
  const ms = Date.parse(until);
  const isWholeDay = kind === "holiday" && format.startOfDay(ms) === ms;
  return t.control.override.until(isWholeDay ? format.day(ms - 1) : format.when(ms, nowMs));
}
