/** One quarter hour of the plan: what happens, why, what a kWh is worth, and what another decision would cost. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { carNumber, gridOf, kwOf, slotAt, sourcesOf, titleOf, usesOf, type FlowSeries, type Grid } from "../logic/plan";
import type { PlanJson, PlanReason } from "../model";
import { icon, type IconName } from "./icons";
import { patternSwatch } from "./patterns";
import { lookOf } from "./plan-charts";
import { flowLabel, stateText } from "./plan-tables";

export interface SlotControls {
  /** The chosen slot's beginning, or null for the present one. */
  pickedMs: number | null;
  /** The slot to show: the one the pointer is at, the chosen, or the present. */
  shownMs: number;
  step: (by: number) => void;
  toNow: () => void;
}

export function renderSlot(context: Context, plan: PlanJson | null, controls: SlotControls): TemplateResult {
  const { t } = context;
  const words = t.plan.slot;
  const grid = gridOf(plan);
  return html`
    <section class="plan-slot" aria-labelledby="slot-title" data-testid="plan-slot">
      <div class="slot-head">
        <div>
          <p class="hint" id="slot-title">${words.label}</p>
          <h3 class="num" data-testid="slot-time">${grid === null ? t.pending : slotTime(context, grid, controls.shownMs)}</h3>
        </div>
        <div class="slot-steps">
          <button class="quiet" aria-label=${words.earlier} ?disabled=${grid === null} @click=${() => controls.step(-1)}>‹</button>
          <button class="quiet" aria-label=${words.later} ?disabled=${grid === null} @click=${() => controls.step(1)}>›</button>
          <button class="quiet" data-testid="slot-now" ?disabled=${controls.pickedMs === null} @click=${controls.toNow}>${words.toNow}</button>
        </div>
      </div>
      ${plan === null || grid === null ? nothing : slotBody(context, plan, grid, slotAt(grid, controls.shownMs))}
    </section>
  `;
}

/** Where the slot's details are far below the charts: what happens in it, in a line; a tap leads to the details. */
export function renderBrief(context: Context, plan: PlanJson | null, shownMs: number, show: () => void): TemplateResult | typeof nothing {
  const grid = gridOf(plan);
  if (plan === null || grid === null) return nothing;
  const [first] = plan.reasons[slotAt(grid, shownMs)] ?? [];
  return html`
    <button class="slot-brief" data-testid="slot-brief" @click=${show}>
      <b class="num">${slotTime(context, grid, shownMs)}</b>
      <span>${first?.sentence ?? context.t.plan.slot.nothing}</span>
    </button>
  `;
}

function slotTime({ t, format, nowMs }: Context, grid: Grid, ms: number): string {
  const slot = slotAt(grid, ms);
  const startMs = grid.startMs + slot * grid.slotMs;
  const to = format.time(startMs + grid.slotMs);
  return isPresent(grid, slot, nowMs) ? t.plan.slot.now(format.time(startMs), to) : t.plan.slot.at(format.dayTime(startMs), to);
}

function isPresent(grid: Grid, slot: number, nowMs: number): boolean {
  const startMs = grid.startMs + slot * grid.slotMs;
  return startMs <= nowMs && nowMs < startMs + grid.slotMs;
}

function slotBody(context: Context, plan: PlanJson, grid: Grid, slot: number): TemplateResult {
  const { t, format } = context;
  const words = t.plan.slot;
  const reasons = plan.reasons[slot] ?? [];
  // What another decision would cost is worked out for the plan's first slot only.
  const isFirst = slot === 0 && isPresent(grid, slot, context.nowMs);
  const whatIfs = isFirst ? plan.what_if : [];
  const marginal = plan.marginal_eur_per_kwh[slot] ?? null;
  return html`
    <div class="slot-reasons" data-testid="slot-reasons">
      ${reasons.length === 0 ? html`<p class="empty">${words.nothing}</p>` : reasons.map((reason) => reasonOf(context, plan, reason))}
    </div>
    ${whatIfs.length === 0
      ? isFirst && !plan.is_explained
        ? html`<div class="slot-what-if is-pending"><h4>${words.whatIf}</h4><p>${t.pending}</p></div>`
        : nothing
      : html`<div class="slot-what-if" data-testid="what-if">
          <h4>${words.whatIf}</h4>
          ${whatIfs.map(
            (one) => html`<p>${one.sentence} ${one.holds_until === null
              ? nothing
              : html`<span class="hint">${words.holdsUntil(format.when(Date.parse(one.holds_until), context.nowMs))}</span>`}</p>`,
          )}
        </div>`}
    <dl class="facts num">
      ${marginal === null ? nothing : html`<div><dt>${words.marginal}</dt><dd data-testid="slot-marginal">${format.price(marginal)}</dd></div>`}
      ${pricesOf(context, plan, slot)}
      ${[...plan.batteries, ...plan.cars].map(
        (course) => html`<div>
          <dt>${course.title}, SoC</dt>
          <dd>${words.fromTo(
            stateText(context, slot === 0 ? course.start_kwh : (course.soc_kwh[slot - 1] ?? null), course.capacity_kwh),
            stateText(context, course.soc_kwh[slot] ?? null, course.capacity_kwh),
          )}</dd>
        </div>`,
      )}
      ${[...sourcesOf(plan), ...usesOf(plan)].map((flow) => flowRow(context, flow, grid, slot))}
    </dl>
    ${marginal === null ? nothing : html`<p class="hint">${words.marginalHint}</p>`}
  `;
}

function pricesOf({ t, format }: Context, plan: PlanJson, slot: number): TemplateResult {
  const words = t.plan;
  const note = slot < plan.n_known_prices ? nothing : html` <small>${words.slot.expected}</small>`;
  return html`
    <div><dt>${words.charts.importPrice}${note}</dt><dd>${format.price(plan.import_price_eur_per_kwh[slot] ?? null)}</dd></div>
    <div><dt>${words.charts.exportPrice}${note}</dt><dd>${format.price(plan.export_price_eur_per_kwh[slot] ?? null)}</dd></div>
  `;
}

/** What does not flow takes no line. */
function flowRow(context: Context, flow: FlowSeries, grid: Grid, slot: number): TemplateResult | typeof nothing {
  const { format } = context;
  const { colour, pattern } = lookOf(flow);
  const kw = kwOf(flow.kwh[slot] ?? 0, grid);
  if (kw === 0) return nothing;
  return html`
    <div>
      <dt>${patternSwatch(colour, pattern)} ${flowLabel(context, flow)}</dt>
      <dd>${format.kwFine(kw)}</dd>
    </div>
  `;
}

export function deviceIcon(plan: PlanJson, device: string): { icon: IconName; className: string } {
  const car = plan.cars.find((one) => one.name === device);
  if (car !== undefined) return { icon: "car", className: `car-${carNumber(car)}` };
  return plan.batteries.some((one) => one.name === device)
    ? { icon: "battery", className: "is-battery" }
    : { icon: "sun", className: "is-sun" };
}

function reasonOf({ t }: Context, plan: PlanJson, { device, sentence, detail }: PlanReason): TemplateResult {
  const look = deviceIcon(plan, device);
  const further = detail.startsWith(sentence) ? detail.slice(sentence.length).trim() : detail;
  return html`
    <div class="reason">
      <span class="reason-icon ${look.className}" title=${titleOf(plan, device) ?? t.plan.flow.sun}>${icon(look.icon)}</span>
      <div>
        <p>${sentence}</p>
        ${further === "" ? nothing : html`<details><summary>${t.plan.slot.inFull}</summary><p>${further}</p></details>`}
      </div>
    </div>
  `;
}
