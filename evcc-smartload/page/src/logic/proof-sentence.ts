/** What SmartLoad does in evcc at the moment, and how much of what it could. */

import type { Messages } from "../i18n";
import type { Control, StageName, State } from "../model";
import { isFaultless, LADDER, ordersOf, stagesThat } from "./control";
import { missingText, overrideEndText, overrideText } from "./control-words";
import type { Format } from "./format";
import type { Sentence } from "./sentence";

export function proofSentence(
  facts: { state: State | null; isLost: boolean; nowMs: number },
  t: Messages,
  format: Format,
): Sentence {
  const { state, isLost, nowMs } = facts;
  if (state === null) return { lead: isLost ? t.sentence.unreachable : t.sentence.connecting, because: [] };
  const wrong = state.service.config_problems[0];
  if (wrong !== undefined) return { lead: t.sentence.config(wrong.option), because: [] };
  const { control } = state;
  return { lead: leadOf(control, t, format), because: [...asides(control, nowMs, t, format), ...extent(control, nowMs, t, format)] };
}

function objects(stages: readonly StageName[], t: Messages, format: Format): string {
  return format.list(stages.map((stage) => t.control.stageObject[stage]));
}

function leadOf(control: Control, t: Messages, format: Format): string {
  const words = t.control.proof;
  const level = control.rung?.level ?? null;
  if (level === "hands_off") return words.handsOff;
  const isPlanIdle = level === null || hasNoGain(control);
  const acting = stagesThat(control, "live");
  if (acting.length > 0) {
    const what = objects(acting, t, format);
    return isPlanIdle ? words.actingPlain(what) : words.acting[level](what);
  }
  if (stagesThat(control, "observing").length < control.stages.length) return words.handsOff;
  return isPlanIdle ? words.observingPlain : words.observing[level];
}

/** What the lead leaves out: stages that only look on, and the owner's hand. */
function asides(control: Control, nowMs: number, t: Messages, format: Format): string[] {
  const words = t.control.proof;
  const observing = stagesThat(control, "observing");
  if (observing.length === control.stages.length) return [changesOf(control, nowMs, t, format)];
  const isSaid = observing.length === 0 || stagesThat(control, "live").length === 0;
  return [
    ...(isSaid ? [] : [words.alsoObserves(objects(observing, t, format))]),
    ...(stagesThat(control, "owner").length > 0 ? [words.ownersHand] : []),
  ];
}

/** While everything is observed: what is changed in evcc all the same. */
function changesOf(control: Control, nowMs: number, t: Messages, format: Format): string {
  const words = t.control.proof;
  const orders = ordersOf(control).map((one) => `${overrideText(one, t)} ${overrideEndText(one, t, format, nowMs)}`);
  return orders.length === 0 ? words.nothingChanges : words.orders(orders.join(", "));
}

function hasNoGain({ rung }: Control): boolean {
  return rung?.level === "plan" && rung.missing.some(({ code }) => code === "no_gain");
}

/** The rung of the ladder, and what is missing for a higher one. */
function extent(control: Control, nowMs: number, t: Messages, format: Format): string[] {
  const words = t.control.proof;
  const { rung } = control;
  if (rung === null) return [words.unknown];
  const missing = rung.missing.map((one) => {
    const since = format.when(Date.parse(one.since), nowMs);
    return rung.level === "plan" && one.code === "no_gain" ? words.noGain(since) : words.missing(missingText(one, control, t), since);
  });
  return [...missing, isFaultless(rung) ? words.full : words.step(LADDER.indexOf(rung.level) + 1, LADDER.length)];
}
