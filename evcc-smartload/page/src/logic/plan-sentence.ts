/** What the plan does now and why, and what it is worth, as sentences. */

import type { Messages } from "../i18n";
import type { PlanJson, State } from "../model";
import type { Format } from "./format";
import { endOf, failures, gridOf, makerOf, slotAt, wasNotBetter, type Grid } from "./plan";
import type { Sentence } from "./sentence";

/** Below, two costs are the same [EUR]. */
const SAME_EUR = 0.005;

/** `plan` is null until it was answered once. */
export function planSentence(
  facts: { state: State | null; isLost: boolean; isRefused: boolean; plan: PlanJson | null; nowMs: number },
  t: Messages,
  format: Format,
): Sentence {
  const { state, plan, nowMs } = facts;
  const words = t.plan;
  if (state === null) return { lead: facts.isLost ? t.sentence.unreachable : t.sentence.connecting, because: [] };
  if (plan === null) return { lead: facts.isRefused ? words.refused : words.loading, because: [] };
  const grid = gridOf(plan);
  if (grid === null) return noPlanSentence(plan, t);
  if (nowMs >= endOf(grid)) return { lead: words.over(format.when(endOf(grid), nowMs)), because: [] };
  const reasons = (plan.reasons[slotAt(grid, nowMs)] ?? []).map((reason) => reason.sentence);
  if (makerOf(plan) === "evcc") {
    return { lead: evccLead(plan, t), because: [...reasons, evccCost(plan, grid, nowMs, t, format), qualitySentence(plan, t, format)].filter((text) => text !== null) };
  }
  const [lead, ...rest] = reasons;
  return {
    lead: lead ?? words.nothingToDo,
    because: [...rest, costSentence(plan, grid, nowMs, t, format), qualitySentence(plan, t, format)].filter((text) => text !== null),
  };
}

function noPlanSentence(plan: PlanJson, t: Messages): Sentence {
  if (plan.skipped.length === 0) return { lead: t.plan.first, because: [] };
  return { lead: t.plan.handsOff, because: failures(plan.skipped).map(({ sentence }) => sentence) };
}

/** Why evcc goes by its own rules. */
function evccLead(plan: PlanJson, t: Messages): string {
  if (!wasNotBetter(plan)) return t.plan.evcc.alone;
  return plan.status === "proven" ? t.plan.evcc.best : t.plan.evcc.notFound;
}

function evccCost(plan: PlanJson, grid: Grid, nowMs: number, t: Messages, format: Format): string | null {
  if (plan.cost === null) return null;
  const { total_eur: total } = plan.cost;
  const [until, amount] = [format.when(endOf(grid), nowMs), format.money(Math.abs(total))];
  return total < 0 ? t.plan.evcc.brings(until, amount) : t.plan.evcc.costs(until, amount);
}

/** What the plan saves against evcc's own rules; null when one of the two costs is not known. */
export function costSentence(plan: PlanJson, grid: Grid, nowMs: number, t: Messages, format: Format): string | null {
  if (plan.cost === null || plan.baseline === null) return null;
  const until = format.when(endOf(grid), nowMs);
  const [cost = "", baseline = ""] = format.moneys([plan.cost.total_eur, plan.baseline.total_eur]);
  const saving = plan.saving_eur ?? plan.baseline.total_eur - plan.cost.total_eur;
  if (Math.abs(saving) < SAME_EUR) return t.plan.cost.same(until, cost);
  const amount = format.money(Math.abs(saving));
  return saving > 0 ? t.plan.cost.saves(until, amount, cost, baseline) : t.plan.cost.costsMore(until, amount, cost, baseline);
}

/** How the plan was made and how good it is known to be. */
export function qualitySentence(plan: PlanJson, t: Messages, format: Format): string {
  const { rung, status, gap_eur: gap } = plan;
  if (rung === "hands_off") {
    if (status === "proven") return t.plan.evcc.proven;
    return gap === null ? (failures(plan.skipped)[0]?.sentence ?? t.plan.evcc.unproven) : t.plan.evcc.gap(format.money(gap));
  }
  if (status === "proven") return t.plan.quality.proven;
  if (rung === "exact" || rung === "fast") {
    return gap === null ? t.plan.quality.unknown[rung] : t.plan.quality.gap(format.money(gap));
  }
  return t.plan.quality.rung[rung];
}
