/** The plan of the next 48 hours: what it does now and why, and every quarter hour of it. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Context } from "../context";
import { stagesThat } from "../logic/control";
import { endOf, failures, gridOf, isExplainable, makerOf, slotAt, steppedMs } from "../logic/plan";
import { planSentence } from "../logic/plan-sentence";
import type { Forecast, PlanJson } from "../model";
import type { PlanNews } from "../net/plan-feed";
import type { ChartAt } from "../parts/chart";
import { refusal } from "../parts/dialogs";
import { icon } from "../parts/icons";
import { renderTable } from "../parts/lazy-table";
import { executionOfPlan, planTag, renderActions, renderCars } from "../parts/plan-actions";
import { drawingOf, renderCharts, type Drawing } from "../parts/plan-charts";
import { renderBasis, renderChange, renderCost, renderRules, skippedList } from "../parts/plan-facts";
import { renderBrief, renderSlot } from "../parts/plan-slot";
import { flowsTable, priceTable, socTable } from "../parts/plan-tables";
import { renderConfigProblems } from "../parts/standing";

const MINUTE_MS = 60_000;

@customElement("sl-plan-view")
export class PlanView extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) news!: PlanNews;
  @property({ attribute: false }) forecast: Forecast | null = null;
  /** The beginning of the slot that the owner chose; null: the present one. */
  @state() private pickedMs: number | null = null;
  /** The beginning of the slot that the pointer is at. */
  @state() private hoveredMs: number | null = null;
  @state() private areAllShown = false;
  private drawing: Drawing | null = null;
  private drawnFrom: readonly unknown[] = [];

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { context, news } = this;
    const { plan } = news;
    const { state, t, format, nowMs, link } = context;
    const isLost = link.status === "lost";
    const sentence = planSentence({ state, isLost, isRefused: news.refusal !== null, plan, nowMs }, t, format);
    const maker = plan === null ? "smartload" : makerOf(plan);
    const hasPlan = plan === null || maker !== "none";
    return html`
      <div class="sentence ${hasPlan ? "" : "is-alone"}" data-testid="plan-sentence">
        ${maker === "none" ? nothing : html`<p class="simulation-note" data-testid="plan-note">${maker === "evcc" ? t.plan.evcc.note : html`${planTag(context)} <span>${executionNote(context)}</span>`}</p>`}
        <h1>${sentence.lead}</h1>
        <p>${sentence.because.join(" ")}</p>
      </div>
      ${renderConfigProblems(context)}
      ${news.refusal === null || isLost
        ? nothing
        : html`<p class="forecast-refused" role="status" data-testid="plan-refused">${icon("warning")} ${t.plan.refused} ${refusal(news.refusal, t)}</p>`}
      ${hasPlan ? this.cards(plan) : this.noPlan(plan)}
    `;
  }

  private noPlan(plan: PlanJson): TemplateResult | typeof nothing {
    const { t } = this.context;
    // The sentence has said why; here is what helps to find a fault.
    return failures(plan.skipped).every(({ details }) => details.length === 0)
      ? nothing
      : html`<section class="card" aria-labelledby="no-plan-title" data-testid="no-plan">
          <h2 id="no-plan-title">${t.plan.basis.skipped}</h2>
          ${skippedList(plan)}
        </section>`;
  }

  private cards(plan: PlanJson | null): TemplateResult {
    const { context } = this;
    const { t } = context;
    const isEvccs = plan !== null && makerOf(plan) === "evcc";
    const isLookedAt = plan === null || isExplainable(plan);
    const table = (spec: typeof priceTable): TemplateResult | typeof nothing => (plan === null ? nothing : renderTable(t.asTable, spec(context, plan)));
    return html`
      <div class="stack plan">
        <section class="card plan-board" aria-labelledby="plan-charts-title" data-testid="plan-board" @chart-at=${this.onChartAt}>
          <div class="plan-charts">
            <h2 id="plan-charts-title">${isEvccs ? t.plan.evcc.charts : html`${t.plan.charts.title} ${planTag(context)}`}</h2>
            <p class="hint">${t.plan.charts.hint}</p>
            ${renderCharts(context, this.currentDrawing(plan), plan, renderBrief(context, plan, this.shownMs, this.toSlot), { price: table(priceTable), flows: table(flowsTable), soc: table(socTable) })}
          </div>
          ${renderSlot(context, plan, {
            pickedMs: this.pickedMs,
            shownMs: this.shownMs,
            step: this.step,
            toNow: this.toNow,
          })}
        </section>
        <div class="halves">
          ${renderActions(context, plan, { isOpen: this.areAllShown, open: () => (this.areAllShown = true), pick: this.pick })}
          <div class="stack">${renderCars(context, plan)} ${isLookedAt ? renderChange(context, plan) : nothing}</div>
        </div>
        <div class="halves">
          ${renderCost(context, plan)}
          <div class="stack">${isLookedAt ? renderRules(context, plan) : nothing} ${renderBasis(context, plan)}</div>
        </div>
      </div>
    `;
  }

  private get shownMs(): number {
    return this.hoveredMs ?? this.pickedMs ?? this.context.nowMs;
  }

  /** Drawn anew when something of it has changed, and once a minute for the line of now. */
  private currentDrawing(plan: PlanJson | null): Drawing {
    const { context, forecast, pickedMs } = this;
    const nowMs = Math.floor(context.nowMs / MINUTE_MS) * MINUTE_MS;
    const from = [plan, forecast, pickedMs, context.format, nowMs];
    if (this.drawing === null || from.some((value, index) => value !== this.drawnFrom[index])) {
      this.drawnFrom = from;
      this.drawing = drawingOf({ ...context, nowMs }, { plan, forecast, pickedMs });
    }
    return this.drawing;
  }

  private readonly onChartAt = (event: ChartAt): void => {
    const grid = gridOf(this.news.plan);
    if (grid === null) return;
    const { ms, isChosen } = event.detail;
    // The last edge of the states of charge belongs to the last slot.
    const slotMs = ms === null ? null : steppedMs(grid, Math.min(ms, endOf(grid) - 1), 0);
    if (isChosen) this.pickedMs = slotMs;
    this.hoveredMs = isChosen ? null : slotMs;
  };

  private readonly step = (by: number): void => {
    const grid = gridOf(this.news.plan);
    if (grid === null) return;
    const fromMs = this.pickedMs ?? grid.startMs + slotAt(grid, this.context.nowMs) * grid.slotMs;
    this.pickedMs = steppedMs(grid, fromMs, by);
    this.hoveredMs = null;
  };

  private readonly toSlot = (): void => this.querySelector(".plan-slot")?.scrollIntoView({ block: "start" });

  private readonly toNow = (): void => {
    this.pickedMs = this.hoveredMs = null;
  };

  private readonly pick = (ms: number): void => {
    const grid = gridOf(this.news.plan);
    if (grid !== null) this.pickedMs = steppedMs(grid, Math.max(ms, this.context.nowMs), 0);
    this.querySelector(".plan-board")?.scrollIntoView({ block: "start" });
  };
}

/** Who carries the plan out. */
function executionNote({ state, t, format }: Context): string {
  const words = t.plan;
  const execution = executionOfPlan({ state });
  if (state === null || execution !== "partly") return { done: words.done, resting: words.resting, simulated: words.simulation, partly: "" }[execution];
  const planned = (["battery", "cars"] as const).map((stage) => ({ stage, isLive: stagesThat(state.control, "live").includes(stage) }));
  const list = (isLive: boolean): string => format.list(planned.filter((one) => one.isLive === isLive).map(({ stage }) => t.control.stageObject[stage]));
  return words.partly(list(true), list(false));
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-plan-view": PlanView;
  }
}
