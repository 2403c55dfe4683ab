/** What the plan does next, and the wishes of the cars. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { executionOf, isSimulated, type Execution } from "../logic/control";
import { actionsAhead, makerOf, summaryMaker, wishesOf, type Maker, type Wish } from "../logic/plan";
import type { PlanJson, PlannedAction, PlanSummary, PlanSummaryAction } from "../model";
import { icon } from "./icons";
import { deviceIcon } from "./plan-slot";
import { stateText } from "./plan-tables";

/** Shown before the owner asks for more. */
const FIRST_ACTIONS = 6;
/** The least energy that a figure shows [kWh]. */
const LEAST_KWH = 0.1;

export function simulationTag({ t }: Pick<Context, "t">): TemplateResult {
  return html`<span class="tag is-simulated">${t.simulation}</span>`;
}

/** Beside the title of what nobody carries out. */
export function planTag(context: Context): TemplateResult | typeof nothing {
  const execution = executionOfPlan(context);
  return execution === "done" || execution === "partly" ? nothing : simulationTag(context);
}

/** Beside one action, where others are carried out; what evcc does by itself nobody has to carry out. */
function actionTag(context: Context, device: string, maker: Maker): TemplateResult | typeof nothing {
  const { state } = context;
  return maker === "smartload" && state !== null && executionOf(state) === "partly" && isSimulated(state, device) ? simulationTag(context) : nothing;
}

export function executionOfPlan({ state }: Pick<Context, "state">): Execution {
  return state === null ? "simulated" : executionOf(state);
}

// -- in the plan view -------------------------------------------------------------------------------

export interface ActionControls {
  isOpen: boolean;
  open: () => void;
  pick: (ms: number) => void;
}

export function renderActions(context: Context, plan: PlanJson | null, { isOpen, open, pick }: ActionControls): TemplateResult {
  const { t, nowMs } = context;
  const words = t.plan.actions;
  const actions = plan === null ? [] : actionsAhead(plan, nowMs);
  const shown = isOpen ? actions : actions.slice(0, FIRST_ACTIONS);
  const isEvccs = plan !== null && makerOf(plan) === "evcc";
  return html`
    <section class="card plan-actions" aria-labelledby="actions-title" data-testid="plan-actions">
      <h2 id="actions-title">${isEvccs ? t.plan.evcc.actions : html`${words.title} ${planTag(context)}`}</h2>
      ${plan === null
        ? html`<p class="empty">${t.pending}</p>`
        : actions.length === 0
          ? html`<p class="empty">${words.none}</p>`
          : html`<ol class="actions">${shown.map((action) => actionRow(context, plan, action, pick))}</ol>`}
      ${shown.length === actions.length
        ? nothing
        : html`<button class="quiet" @click=${open}>${words.more(actions.length - shown.length)}</button>`}
    </section>
  `;
}

function actionRow(context: Context, plan: PlanJson, action: PlannedAction, pick: (ms: number) => void): TemplateResult {
  const { t } = context;
  const look = deviceIcon(plan, action.reason.device);
  const time = timeSpan(context, action);
  return html`
    <li data-testid="plan-action">
      <span class="reason-icon ${look.className}">${icon(look.icon)}</span>
      <div>
        <p class="action-time num">
          <button class="link" aria-label=${t.plan.actions.show(time)} @click=${() => pick(Date.parse(action.start))}>${time}</button>
          ${amountOf(context, action)}
        </p>
        <p>${action.reason.sentence} ${actionTag(context, action.reason.device, makerOf(plan))}</p>
      </div>
    </li>
  `;
}

/** Little energy never looks like none. */
function amountOf({ t, format }: Context, { kwh }: Pick<PlannedAction, "kwh">): TemplateResult | typeof nothing {
  if (kwh <= 0) return nothing;
  return html`<b>${kwh < LEAST_KWH ? t.plan.actions.under(format.kwh(LEAST_KWH)) : format.kwh(kwh)}</b>`;
}

/** "jetzt bis 15:15", "Mo., 23. Nov., 02:15 bis 04:00" */
function timeSpan({ t, format, nowMs }: Context, { start, end }: Pick<PlannedAction, "start" | "end">): string {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const from = startMs <= nowMs ? t.plan.actions.now : format.when(startMs, nowMs);
  const isSameDay = format.startOfDay(Math.max(startMs, nowMs)) === format.startOfDay(endMs - 1);
  return t.plan.actions.span(from, isSameDay ? format.time(endMs) : format.dayTime(endMs));
}

export function renderCars(context: Context, plan: PlanJson | null): TemplateResult {
  const { t } = context;
  const wishes = plan === null ? [] : wishesOf(plan);
  return html`
    <section class="card plan-cars" aria-labelledby="plan-cars-title" data-testid="plan-cars">
      <h2 id="plan-cars-title">${t.plan.cars.title}</h2>
      ${plan === null
        ? html`<p class="empty">${t.pending}</p>`
        : wishes.length === 0
          ? html`<p class="empty">${t.plan.cars.none}</p>`
          : wishes.map((wish) => wishOf(context, plan, wish))}
    </section>
  `;
}

function wishOf(context: Context, plan: PlanJson, { car, reachedKwh, chargedKwh, unmet, isMet }: Wish): TemplateResult {
  const { t, format, nowMs } = context;
  const words = t.plan.cars;
  const look = deviceIcon(plan, car.name);
  const amount = (kwh: number): string =>
    car.capacity_kwh === null ? words.above(format.kwh(kwh)) : `${stateText(context, kwh, car.capacity_kwh)} (${format.kwh(kwh)})`;
  const target = car.capacity_kwh === null ? words.above(format.kwh(car.target_kwh)) : stateText(context, car.target_kwh, car.capacity_kwh);
  return html`
    <div class="wish" data-testid="wish" data-met=${isMet}>
      <h3><span class="reason-icon ${look.className}">${icon(look.icon)}</span> ${car.title}
        <span class="wish-verdict ${isMet ? "is-met" : "is-unmet"}">${icon(isMet ? "check" : "warning")} ${isMet ? words.reached : words.unmet}</span></h3>
      ${unmet === null ? nothing : html`<p class="wish-unmet">${unmet.sentence}</p>`}
      <dl class="facts num">
        <div><dt>${words.target}</dt><dd>${car.by === null ? words.wish(target) : words.wishBy(target, format.when(Date.parse(car.by), nowMs))}</dd></div>
        <div><dt>${words.expected}</dt><dd>${amount(reachedKwh)}</dd></div>
        <div><dt>${words.charged}</dt><dd>${format.kwh(chargedKwh)}</dd></div>
      </dl>
    </div>
  `;
}

// -- in the view of now -----------------------------------------------------------------------------

/** What is done now and the next three actions; nothing while there is no plan. */
export function renderNext(context: Context): TemplateResult | typeof nothing {
  const summary = context.state?.plan_summary ?? null;
  if (summary === null) return nothing;
  const { t } = context;
  const words = t.plan.next;
  const maker = summaryMaker(summary);
  return html`
    <section class="card next" aria-labelledby="next-title" data-testid="next-actions">
      <h2 id="next-title">${maker === "evcc" ? t.plan.evcc.next : maker === "none" ? words.title : html`${words.title} ${planTag(context)}`}</h2>
      ${maker === "none" ? html`<p class="empty">${words.handsOff}</p>` : nextLists(context, summary)}
      <p><a class="to-plan" href="#plan">${words.toPlan}</a></p>
    </section>
  `;
}

function nextLists(context: Context, summary: PlanSummary): TemplateResult {
  const { t, format, nowMs } = context;
  const words = t.plan.next;
  const saving = summary.saving_eur ?? 0;
  const until = ({ end }: PlanSummaryAction): string => words.until(format.when(Date.parse(end), nowMs));
  const list = (actions: readonly PlanSummaryAction[], timeOf: (action: PlanSummaryAction) => string, none: string): TemplateResult =>
    actions.length === 0
      ? html`<p class="empty">${none}</p>`
      : html`<ul class="actions">${actions.map((action) => summaryRow(context, action, timeOf(action), summaryMaker(summary)))}</ul>`;
  return html`
    <div class="next-lists">
      <div data-testid="next-now"><h3>${words.now}</h3>${list(summary.now, until, words.rest)}</div>
      <div data-testid="next-later"><h3>${words.next}</h3>${list(summary.next, (action) => timeSpan(context, action), words.none)}</div>
    </div>
    ${summary.unmet.map((one) => html`<p class="wish-unmet">${icon("warning")} ${one.text[format.lang]}</p>`)}
    ${summary.rung === "hands_off"
      ? html`<p class="hint">${summary.status === "proven" ? t.plan.evcc.nextBest : t.plan.evcc.nextNotFound}</p>`
      : saving > 0.005
        ? html`<p class="hint">${words.saves(format.money(saving), format.when(Date.parse(summary.until), nowMs))}</p>`
        : nothing}
  `;
}

function summaryRow(context: Context, action: PlanSummaryAction, time: string, maker: Maker): TemplateResult {
  return html`
    <li data-testid="next-action">
      <div>
        <p class="action-time num"><span>${time}</span> ${amountOf(context, action)}</p>
        <p>${action.text[context.format.lang]} ${actionTag(context, action.device, maker)}</p>
      </div>
    </li>
  `;
}
