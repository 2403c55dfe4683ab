/** What was written to evcc: how much today, and every write with its reason and what was read back. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import type { Context } from "../context";
import { leverText, settingText, valueText } from "../logic/control-words";
import { ALL_WRITES, choices, filtered, wasAdjusted, type WriteFilter } from "../logic/writes";
import type { WriteOutcome, WriteRecord } from "../model";
import { WRITES_DAYS } from "../net/api";
import type { WritesNews } from "../net/writes-feed";
import { refusal } from "./dialogs";
import { meter } from "./forecast-facts";
import { icon } from "./icons";
import { renderLeverTable, type LeverRow } from "./lever-table";

const PAGE_SIZE = 15;

/** The form each outcome has in common with the buffer's decisions. */
const LOOKS: Record<WriteOutcome, LeverRow["look"]> = {
  sent: "applied",
  confirmed: "applied",
  not_confirmed: "failed",
  failed: "failed",
  refused: "held",
  simulated: "simulated",
};

export function renderWriteCount({ state, t, format }: Context): TemplateResult {
  const words = t.control.writes;
  const count = state?.control.writes ?? null;
  const isFull = count !== null && count.n_today >= count.most_per_day;
  return html`
    <section class="card write-count" aria-labelledby="write-count-title" data-testid="write-count">
      <h2 id="write-count-title">${words.countTitle}</h2>
      ${count === null
        ? html`<p class="empty">${state === null ? t.pending : words.pending}</p>`
        : html`
            <p class="big"><span class="figure num" data-testid="n-today">${format.number(count.n_today)}</span>
              <span class="aside num"><span>${words.count(format.number(count.most_per_day))}</span><span>${words.countAside}</span></span></p>
            ${meter(count.most_per_day === 0 ? 0 : count.n_today / count.most_per_day)}
            ${isFull ? html`<p class="refused">${icon("warning")} ${words.full}</p>` : nothing}
            ${count.by_lever.length === 0
              ? html`<p class="empty">${words.noneToday}</p>`
              : html`
                  <table class="by-lever">
                    <thead><tr><th scope="col">${words.setting}</th><th scope="col" class="figures">${words.n}</th><th scope="col" class="figures">${words.most}</th></tr></thead>
                    <tbody class="num">
                      ${count.by_lever.map((one) => html`<tr data-testid="lever-count" data-setting=${one.setting} data-device=${one.device}>
                        <th scope="row">${leverText(one, t)}</th><td class="figures">${format.number(one.n)}</td><td class="figures">${format.number(one.most)}</td></tr>`)}
                    </tbody>
                  </table>
                `}
          `}
    </section>
  `;
}

@customElement("sl-write-log")
export class WriteLogTable extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) news!: WritesNews;
  @state() private filter: WriteFilter = ALL_WRITES;
  @state() private shown = PAGE_SIZE;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { t, format, link } = this.context;
    const { log, refusal: refused } = this.news;
    const words = t.control.writes;
    const matching = filtered(log?.writes ?? [], this.filter);
    const { shown } = this;
    return html`
      <section class="card write-log" aria-labelledby="write-log-title" data-testid="write-log">
        <h2 id="write-log-title">${words.logTitle}</h2>
        ${refused === null || link.status === "lost"
          ? nothing
          : html`<p class="forecast-refused" role="status" data-testid="writes-refused">${icon("warning")} ${words.refused} ${refusal(refused, t)}</p>`}
        ${log === null || log.writes.length === 0 ? nothing : this.filters(log.writes)}
        ${log === null
          ? html`<p class="empty">${t.pending}</p>`
          : matching.length === 0
            ? html`<p class="empty" data-testid="no-writes">${log.writes.length === 0 ? words.empty(format.number(WRITES_DAYS)) : words.emptyFilter}</p>`
            : html`
                ${guard([log, this.filter, shown, format], () => this.table(matching.slice(0, shown)))}
                <div class="log-foot">
                  <p class="hint num">${words.shown(format.number(Math.min(shown, matching.length)), format.number(matching.length), format.number(WRITES_DAYS))}${log.more ? ` · ${words.older}` : ""}</p>
                  ${matching.length > shown
                    ? html`<button class="quiet" data-testid="more-writes" @click=${() => (this.shown += PAGE_SIZE)}>${words.more(format.number(Math.min(PAGE_SIZE, matching.length - shown)))}</button>`
                    : nothing}
                </div>
              `}
      </section>
    `;
  }

  // -- which of them ---------------------------------------------------------------------------

  private filters(writes: readonly WriteRecord[]): TemplateResult {
    const { t } = this.context;
    const words = t.control.writes;
    return html`
      <div class="filters">
        ${this.choice("setting", words.setting, choices(writes, "setting").map((one) => [one, settingText(one, t)]))}
        ${this.choice("stage", words.stage, choices(writes, "stage").map((one) => [one, t.control.stage[one]]))}
        ${this.choice("outcome", words.outcome, choices(writes, "outcome").map((one) => [one, words.outcomeOf[one]]))}
      </div>
    `;
  }

  private choice(key: keyof WriteFilter, label: string, options: readonly [string, string][]): TemplateResult {
    const chosen = this.filter[key] ?? "";
    return html`
      <label class="field"><span>${label}</span>
        <select data-testid="filter-${key}" .value=${chosen} @change=${(event: Event) => this.choose(key, (event.target as HTMLSelectElement).value)}>
          <option value="" ?selected=${chosen === ""}>${this.context.t.control.writes.all}</option>
          ${options.map(([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}
        </select>
      </label>
    `;
  }

  private choose(key: keyof WriteFilter, value: string): void {
    this.filter = { ...this.filter, [key]: value === "" ? null : value };
    this.shown = PAGE_SIZE;
  }

  // -- the table -------------------------------------------------------------------------------

  private table(writes: readonly WriteRecord[]): TemplateResult {
    return renderLeverTable(this.context, "write-log-title", "write-row", writes.map((write) => this.row(write)));
  }

  private row(write: WriteRecord): LeverRow {
    return {
      ...write,
      look: LOOKS[write.outcome],
      label: this.context.t.control.writes.outcomeOf[write.outcome],
      readBack: this.readBack(write, Date.parse(write.at)),
    };
  }

  private readBack(write: WriteRecord, atMs: number): TemplateResult {
    const { t, format } = this.context;
    const words = t.control.writes;
    const settledAt = write.settled_at === null ? null : format.when(Date.parse(write.settled_at), atMs);
    return html`${words.readBackOf[write.outcome](settledAt)}
      ${wasAdjusted(write) ? words.accepted(valueText(write.setting, write.accepted, t, format)) : nothing}
      ${write.detail === "" ? nothing : html`<span class="detail">${words.detail(write.detail)}</span>`}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-write-log": WriteLogTable;
  }
}
