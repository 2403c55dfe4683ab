/** The back-test of a chosen period: two days, its progress, and what each policy came to. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import type { Context } from "../context";
import { periodFault, savingsSoFar, startOfIsoDay, type PeriodFault } from "../logic/report";
import { etaText, savingOf } from "../logic/report-sentence";
import type { Backtest, BacktestResult, Known, PolicyName, PolicySums } from "../model";
import { api, authHeaders, fetchFile, type Answer, type Send } from "../net/api";
import type { ProofNews } from "../net/proof-feed";
import type { ChartSeries, ChartSpec } from "./chart";
import { refusal } from "./dialogs";
import { icon } from "./icons";
import { renderTable, type TableSpec } from "./lazy-table";
import { dailyAxis, moneyAxis, moneyDirections, moneyRange } from "./report-charts";
import { rangeText, savingText } from "./report-facts";

const DAY_MS = 86_400_000;
const FIRST_DAYS = 30;
const FILES = ["html", "csv", "json"] as const;

/** What is not drawn: it is what all others are compared with, and what there is not to choose. */
const NOT_DRAWN = ["evcc", "no_battery"];
const LINES: Record<string, Pick<ChartSeries, "colour" | "widthPx" | "dashed" | "dotted">> = {
  smartload: { colour: "--c-buffer", widthPx: 2.6, dashed: true },
  formula: { colour: "--c-formula", widthPx: 1.6, dashed: true },
  risk: { colour: "--c-risk", widthPx: 1.6, dashed: true },
  foresight: { colour: "--ink-1", widthPx: 1.6, dotted: true },
};

@customElement("sl-backtest")
export class BacktestCard extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) news!: ProofNews;
  @property({ attribute: false }) send!: Send;
  /** Something was changed: ask what has become of it. */
  @property({ attribute: false }) refresh!: () => void;
  @state() private from = "";
  @state() private to = "";
  @state() private fault: PeriodFault | null = null;
  @state() private said = "";
  @state() private isPending = false;

  protected override createRenderRoot(): this {
    return this;
  }

  /** Once it is known what day it is, the last month is proposed, or what was asked for last. */
  protected override willUpdate(_: PropertyValues): void {
    const { state: known, format, nowMs } = this.context;
    if (this.from !== "" || known === null || this.news.backtest === null) return;
    const { from, to } = this.news.backtest;
    const first = this.firstDay();
    const yesterday = format.isoDay(format.startOfDay(nowMs) - DAY_MS / 2);
    const proposed = format.isoDay(format.startOfDay(nowMs) - (FIRST_DAYS - 0.5) * DAY_MS);
    this.to = to ?? yesterday;
    this.from = from ?? (first !== null && first > proposed && first <= yesterday ? first : proposed);
  }

  protected override render(): TemplateResult {
    const { t, link } = this.context;
    const { backtest, backtestRefusal } = this.news;
    const words = t.report.backtest;
    const isRunning = backtest?.state === "running";
    return html`
      <section class="card backtest" aria-labelledby="backtest-title" data-testid="backtest" data-state=${backtest?.state ?? ""}>
        <h2 id="backtest-title">${words.title}</h2>
        <p class="hint">${words.text}</p>
        ${backtestRefusal === null || link.status === "lost" ? nothing : html`<p class="forecast-refused" role="status">${icon("warning")} ${words.refused} ${refusal(backtestRefusal, t)}</p>`}
        ${isRunning && backtest !== null ? this.progress(backtest) : this.question(backtest)}
        ${this.standing(backtest)}
        ${backtest?.result == null ? nothing : guard([backtest.result, this.context.format], () => this.result(backtest, backtest.result as BacktestResult))}
      </section>
    `;
  }

  private firstDay(): string | null {
    const { state: known, format } = this.context;
    const first = known?.history?.first ?? null;
    return first === null ? null : format.isoDay(Date.parse(first));
  }

  private get today(): string {
    return this.context.format.isoDay(this.context.nowMs);
  }

  // -- what is asked for ---------------------------------------------------------------------------

  private question(backtest: Backtest | null): TemplateResult {
    const { t, format, state: known } = this.context;
    const words = t.report.backtest;
    const first = this.firstDay();
    const hasNone = known !== null && known.history !== null && first === null;
    const day = (name: "from" | "to", label: string): TemplateResult => html`
      <label class="field"><span>${label}</span>
        <input type="date" data-testid="backtest-${name}" .value=${this[name]} min=${first ?? nothing} max=${this.today}
          aria-describedby="backtest-said" aria-invalid=${this.fault === null ? nothing : "true"} @change=${(event: Event) => this.choose(name, (event.target as HTMLInputElement).value)} />
      </label>
    `;
    return html`
      <form class="backtest-form" novalidate @submit=${this.start}>
        ${day("from", words.from)} ${day("to", words.to)}
        <button type="submit" class="primary" data-testid="backtest-start" ?disabled=${this.isPending || hasNone}>${backtest?.result == null ? words.start : words.again}</button>
      </form>
      <p class="hint num">${hasNone ? words.noHistory : first === null ? nothing : words.firstDay(format.dateOf(first))}</p>
    `;
  }

  private choose(name: "from" | "to", value: string): void {
    this[name] = value;
    this.fault = null;
    this.said = "";
  }

  private readonly start = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { from, to } = this;
    const { t } = this.context;
    this.fault = periodFault(from, to, { firstDay: this.firstDay(), today: this.today });
    this.said = this.fault === null ? "" : t.report.backtest.fault[this.fault];
    if (this.fault === null) await this.change(() => api.startBacktest(from, to), t.report.backtest.starting);
  };

  private readonly cancel = (): void => void this.change(api.cancelBacktest, "");

  private async change(request: () => Promise<Answer<unknown>>, done: string): Promise<void> {
    if (this.isPending) return;
    this.isPending = true;
    const answer = await this.send(request);
    this.isPending = false;
    this.said = answer.ok ? done : refusal(answer, this.context.t);
    this.refresh();
  }

  // -- what becomes of it --------------------------------------------------------------------------

  private progress({ from, to, progress_frac: progress, eta_s: etaS }: Backtest): TemplateResult {
    const { t, format } = this.context;
    const words = t.report.backtest;
    const pct = format.pct(100 * progress);
    return html`
      <div class="backtest-progress" data-testid="backtest-progress">
        <p class="num">${words.running(format.dateOf(from ?? ""), format.dateOf(to ?? ""))}</p>
        <progress max="1" .value=${progress} aria-label=${words.progress}>${pct}</progress>
        <p class="hint num"><b>${pct}</b> · ${etaText(etaS, t, format)}</p>
        <button data-testid="backtest-cancel" ?disabled=${this.isPending} @click=${this.cancel}>${words.cancel}</button>
      </div>
    `;
  }

  private standing(backtest: Backtest | null): TemplateResult {
    const { t } = this.context;
    const words = t.report.backtest;
    const text =
      this.said !== "" && backtest?.state !== "running" ? this.said
        : backtest?.state === "failed" ? words.failed
          : backtest?.state === "cancelled" ? words.cancelled
            : backtest === null ? t.pending : backtest.state === "idle" ? words.idle : "";
    const isWrong = this.fault !== null || backtest?.state === "failed";
    return html`
      <p id="backtest-said" class=${isWrong ? "refused" : "hint"} role="status" data-testid="backtest-said">${text}</p>
      ${backtest?.state === "failed" && backtest.detail !== "" ? html`<p class="hint"><code>${backtest.detail}</code></p>` : nothing}
    `;
  }

  // -- what it came to -----------------------------------------------------------------------------

  /** How much of what a battery can save at all evcc and SmartLoad get; nothing without one. */
  private ofBattery(evcc: PolicySums | undefined, ours: PolicySums | undefined): string {
    const { t, format } = this.context;
    if (evcc === undefined || evcc.of_battery_frac === null || ours === undefined || ours.of_battery_frac === null) return "";
    return t.report.backtest.ofBattery(format.pct(100 * evcc.of_battery_frac), format.pct(100 * ours.of_battery_frac));
  }

  private result(backtest: Backtest, result: BacktestResult): TemplateResult {
    const { t, format } = this.context;
    const words = t.report.backtest;
    const ours = result.sums.find(({ policy }) => policy === "smartload");
    const ofBattery = this.ofBattery(result.sums.find(({ policy }) => policy === "evcc"), ours);
    const chart = this.chart(result);
    return html`
      <div class="backtest-result" data-testid="backtest-result">
        <h3 class="num">${words.result(format.dateOf(backtest.from ?? ""), format.dateOf(backtest.to ?? ""), t.report.nDays(result.n_days, format.number(result.n_days)))}</h3>
        ${ours?.saving_eur == null ? nothing : html`<p class="num" data-testid="backtest-lead">${words.lead(savingOf(ours.saving_eur, t, format))} ${ours.captured_frac === null ? nothing : words.captured(format.pct(100 * ours.captured_frac))} ${ofBattery}</p>`}
        ${result.excluded_frac > 0 ? html`<p class="hint num">${words.excluded(format.pct(100 * result.excluded_frac))}</p>` : nothing}
        ${this.sums(result.sums)}
        ${renderTable(words.more, this.moreTable(result))}
        <h3>${words.chart(chart.unit)}</h3>
        <sl-chart data-testid="backtest-chart" .spec=${chart.spec} .format=${format} .words=${t.chart}></sl-chart>
        ${renderTable(t.asTable, this.dayTable(result))}
        <h3>${words.downloads}</h3>
        <p class="downloads">${FILES.map((file) => html`<a class="button-like" data-testid="download-${file}" href="./proof/backtest.${file}" download="backtest.${file}" @click=${this.download}>${words.files[file]}</a>`)}</p>
      </div>
    `;
  }

  // The roles are written out because the narrow layout turns rows into blocks, which takes a table's own roles away.
  private sums(sums: readonly PolicySums[]): TemplateResult {
    const words = this.context.t.report.backtest;
    const head = [words.policy, words.cost, words.saving, words.ofPossible, words.selfSufficiency, words.ready];
    return html`
      <table class="policies" role="table" aria-labelledby="backtest-title">
        <thead role="rowgroup"><tr role="row">${head.map((text) => html`<th scope="col" role="columnheader">${text}</th>`)}</tr></thead>
        <tbody role="rowgroup">${sums.map((one) => this.sumRow(one, sums))}</tbody>
      </table>
    `;
  }

  private sumRow(one: PolicySums, sums: readonly PolicySums[]): TemplateResult {
    const { t, format } = this.context;
    const words = t.report.backtest;
    const { title, text } = policyWords(one.policy, this.context);
    const share = (frac: Known): string => format.pct(frac === null ? null : 100 * frac);
    const costs = sums.map(({ cost_eur: cost }) => cost).filter((cost) => cost !== null);
    const cost = one.cost_eur === null ? "–" : format.moneys([one.cost_eur, ...costs])[0];
    const range = one.policy === "evcc" ? "–" : rangeText(this.context, one.saving_eur);
    const cell = (name: string, content: unknown): TemplateResult => html`<td role="cell" class="num" data-label=${name}>${content}</td>`;
    return html`
      <tr role="row" class=${one.policy === "smartload" ? "is-ours" : one.policy === "foresight" ? "is-bound" : ""} data-testid="policy-row" data-policy=${one.policy}>
        <th role="rowheader" scope="row">${title} <small>${text}</small></th>
        ${cell(words.cost, cost)}
        ${cell(words.saving, one.policy === "evcc" ? "–" : html`${savingText(this.context, one.saving_eur)}${range === "–" ? nothing : html` <small>${range}</small>`}`)}
        ${cell(words.ofPossible, one.policy === "evcc" || one.policy === "no_battery" ? "–" : share(one.captured_frac))}
        ${cell(words.selfSufficiency, share(one.self_sufficiency_frac))}
        ${cell(words.ready, one.departures === 0 ? "–" : t.report.buffers.of(format.number(one.ready), format.number(one.departures)))}
      </tr>
    `;
  }

  private moreTable(result: BacktestResult): TableSpec {
    const { t, format } = this.context;
    const words = t.report.backtest;
    return {
      caption: words.more,
      head: [words.policy, words.bought, words.sold, words.battery, words.peak, words.writes, words.decisions],
      rows: () =>
        result.sums.map((one) => [
          policyWords(one.policy, this.context).title,
          format.kwh(one.bought_kwh),
          format.kwh(one.sold_kwh),
          format.kwh(one.battery_kwh),
          format.kw(one.peak_kw),
          format.number(one.writes_per_day, 1),
          format.number(one.decisions_per_day, 1),
        ]),
      of: [result, format],
    };
  }

  private chart({ days, sums }: BacktestResult): { spec: ChartSpec; unit: string } {
    const { t, format, nowMs } = this.context;
    const words = t.report.backtest;
    const drawn = sums.map(({ policy }) => policy).filter((policy) => !NOT_DRAWN.includes(policy));
    const xs = days.map(({ day }) => startOfIsoDay(day, format) ?? nowMs);
    const columns = drawn.map((policy) => savingsSoFar(days, policy));
    const { highest, ...range } = moneyRange(columns);
    const axis = moneyAxis(this.context, highest);
    const base = dailyAxis(this.context, xs);
    const spec: ChartSpec = {
      ...base,
      ...range,
      label: words.chartLabel,
      xs,
      yFormat: axis.tick,
      series: drawn.map((policy, index) => ({
        ...(LINES[policy] ?? { colour: "--ink-2", dashed: true, widthPx: 1.6 }),
        label: policyWords(policy, this.context).title,
        values: columns[index] ?? [],
        format: (value: number) => format.money(value),
      })),
      lines: range.yMin < 0 ? [{ value: 0, label: "", colour: "--ink-3" }] : [],
      unknownFrom: xs.length === 0 ? { ms: base.fromMs, label: t.report.charts.none } : null,
      heightPx: 220,
      syncKey: "backtest",
      ...moneyDirections(this.context, range),
    };
    return { spec, unit: axis.unit };
  }

  private dayTable(result: BacktestResult): TableSpec {
    const { t, format } = this.context;
    const policies = result.sums.map(({ policy }) => policy);
    return {
      caption: t.report.backtest.cost,
      head: [t.report.charts.day, ...policies.map((policy) => policyWords(policy, this.context).title)],
      rows: () => result.days.map(({ day, cost_eur: costs }) => [format.dateOf(day), ...policies.map((policy) => format.money(costs[policy] ?? null))]),
      of: [result, format],
    };
  }

  /** Where a password is needed a plain link would be refused; then the file is fetched and handed over. */
  private readonly download = (event: Event): void => {
    if (Object.keys(authHeaders()).length === 0) return;
    event.preventDefault();
    const link = event.currentTarget as HTMLAnchorElement;
    void this.handOver(link.getAttribute("href") ?? "", link.download);
  };

  private async handOver(path: string, name: string): Promise<void> {
    const file = await fetchFile(path);
    this.said = file === null ? this.context.t.report.backtest.notFetched : "";
    if (file === null) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

/** A policy that a newer service knows and this page does not is called by its code. */
function policyWords(policy: string, { t }: Pick<Context, "t">): { title: string; text: string } {
  const { policies } = t.report.backtest;
  return Object.hasOwn(policies, policy) ? policies[policy as PolicyName] : { title: policy, text: "" };
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-backtest": BacktestCard;
  }
}
