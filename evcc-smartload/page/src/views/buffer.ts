/** The dynamic buffer: what it does or would do, when it goes live, and every decision it made. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import type { Context } from "../context";
import {
  bufferLines,
  changesOnly,
  effectivePct,
  expectedPvKwh,
  foundPctOf,
  heldByOf,
  limitOf,
  outcomeOf,
  outsideChangeOf,
  targetOf,
  WEEK_MS,
  withShadow,
} from "../logic/buffer-log";
import { countdown } from "../logic/clock";
import { stagesThat } from "../logic/control";
import { valueText } from "../logic/control-words";
import {
  CONFIDENCE_THRESHOLD_PCT,
  HARD_FLOOR_PCT,
  isBufferOff,
  lastEvent,
  PRACTICAL_MIN_PCT,
  simulatedBufferPct,
  spokenBufferPct,
} from "../logic/situation";
import type { BufferEvent } from "../model";
import { api, type Answer, type Send } from "../net/api";
import type { BufferDialog, BufferDialogClosed } from "../parts/buffer-dialogs";
import type { ChartSpec } from "../parts/chart";
import { refusal } from "../parts/dialogs";
import { icon } from "../parts/icons";
import { renderProofNote } from "../parts/proof-summary";
import { basisText, renderRisk } from "../parts/risk";
import { renderConfigProblems } from "../parts/standing";

const PAGE_SIZE = 50;

@customElement("sl-buffer-view")
export class BufferView extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) events: readonly BufferEvent[] = [];
  @property({ attribute: false }) shadowEvents: readonly BufferEvent[] = [];
  @property({ attribute: false }) send!: Send;
  @state() private dialog: BufferDialog | null = null;
  @state() private shown = PAGE_SIZE;
  @state() private notice = "";

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { context } = this;
    return html`
      <div class="sentence"><h1>${this.sentence()}</h1></div>
      ${renderConfigProblems(context)}
      <div class="stack">
        ${this.banner()} ${this.summary()} ${this.chartCard()} ${this.control()} ${this.log()}
      </div>
      <p class="visually-hidden" role="status">${this.notice}</p>
      <sl-buffer-dialogs .context=${context} .send=${this.send} .dialog=${this.dialog} @buffer-dialog-closed=${this.closeDialog}></sl-buffer-dialogs>
    `;
  }

  // -- the sentence and the banner -----------------------------------------------------------

  private sentence(): string {
    const { state, t, format, link } = this.context;
    if (state === null) return link.status === "lost" ? t.sentence.unreachable : t.sentence.connecting;
    if (state.buffer === null) return t.buffer.missing;
    if (state.site?.battery === null) return t.sentence.noBattery;
    const pct = spokenBufferPct(state);
    if (pct === null || this.events.length === 0) return t.sentence.noBuffer;
    if (simulatedBufferPct(state) !== null) {
      const write = stagesThat(state.control, "live").length > 0 ? t.sentence.observingBuffer : t.sentence.observing;
      return write(format.pct(pct));
    }
    // All of the battery may be the house's; evcc calls that off, too.
    const isAll = pct >= 100 && lastEvent(state)?.applied === true;
    return isBufferOff(pct) && !isAll ? t.sentence.released : t.sentence.livePlain(format.pct(pct));
  }

  private banner(): TemplateResult {
    const { state, t } = this.context;
    const buffer = state?.buffer ?? null;
    if (state === null) {
      return html`<section class="card banner is-waiting" data-testid="banner"><h2>${icon("waiting")} ${t.pending}</h2></section>`;
    }
    if (buffer === null) {
      return html`<section class="card banner" data-testid="banner"><p>${icon("warning")} ${t.buffer.missing}</p></section>`;
    }
    if (buffer.mode === "live") {
      const isWriting = state.control.in_charge === "live";
      return html`
        <section class="card banner ${isWriting ? "is-live" : ""}" data-testid="banner" data-mode="live">
          <h2>${icon("bolt")} ${isWriting ? t.buffer.liveTitle : t.buffer.restingTitle}</h2>
          <p>${isWriting ? t.buffer.liveText : t.buffer.restingText}</p>
        </section>
      `;
    }
    const isReadOnly = state.service.observe_only;
    return html`
      <section class="card banner is-observing" data-testid="banner" data-mode="observation">
        <div>
          <h2>${icon("eye")} ${t.buffer.observing}</h2>
          <p>${t.buffer.observingText}</p>
          ${this.countdown()} ${renderProofNote(this.context)}
        </div>
        <div class="buttons">
          <button class="primary" data-testid="activate" ?disabled=${isReadOnly}
            @click=${() => this.open("activate")}>${t.buffer.activate}</button>
          <button data-testid="extend" @click=${() => this.open("extend")}>
            ${t.buffer.extend}
          </button>
          ${isReadOnly ? html`<p class="hint">${t.buffer.readOnly}</p>` : nothing}
        </div>
      </section>
    `;
  }

  private countdown(): TemplateResult {
    const { state, t, format, nowMs } = this.context;
    const liveAt = state?.buffer?.observation_live_at ?? null;
    if (liveAt === null) return html`<p class="countdown-empty" data-testid="countdown">${t.buffer.noEnd}</p>`;
    const liveAtMs = Date.parse(liveAt);
    const left = countdown(liveAtMs, nowMs);
    if (left.isOver) return html`<p class="countdown-empty" data-testid="countdown">${t.buffer.isOver}</p>`;
    const unit = (value: number, word: string): TemplateResult =>
      html`<span class="countdown-unit"><b class="num">${value}</b> ${word}</span>`;
    return html`
      <div class="countdown">
        <p class="countdown-units" role="timer" data-testid="countdown">
          ${unit(left.days, t.buffer.days(left.days))} ${unit(left.hours, t.buffer.hours(left.hours))}
          ${unit(left.minutes, t.buffer.minutes(left.minutes))}
        </p>
        <p class="hint num"><time datetime=${liveAt}>${t.buffer.liveAt(format.dayTime(liveAtMs))}</time></p>
      </div>
    `;
  }

  // -- the summary line and its inputs -------------------------------------------------------

  private summary(): TemplateResult {
    const { state, t, format } = this.context;
    const mode = state?.buffer?.mode ?? null;
    const pct = state === null ? null : spokenBufferPct(state);
    const isSimulated = mode === "observation";
    return html`
      <details class="card summary" ?open=${false}>
        <summary>
          <span class="summary-fact">
            <span class="label">${t.buffer.confidence}</span>
            <b class="num" data-testid="confidence">${format.pct(state === null ? null : 100 * state.pv.confidence_frac)}</b>
          </span>
          <span class="summary-fact">
            <span class="label">${t.buffer.value}</span>
            <b class="num ${isSimulated ? "is-simulated" : ""}" data-testid="buffer-value">${format.pct(pct)}</b>
          </span>
          <span class="summary-fact">
            <span class="label">${t.buffer.mode}</span>
            <b data-testid="mode" data-mode=${mode ?? ""} class="badge ${isSimulated ? "is-simulated" : "is-applied"}">
              ${mode === null ? "–" : t.buffer.modeOf[mode]}
            </b>
          </span>
        </summary>
        ${this.inputs()} ${renderRisk(this.context)}
      </details>
    `;
  }

  private inputs(): TemplateResult {
    const { state, t, format } = this.context;
    const pv = state?.pv ?? null;
    const last = state === null ? null : lastEvent(state);
    const share = (frac: number | undefined): string => format.pct(frac === undefined ? null : 100 * frac);
    const row = (name: string, note: string, value: string): TemplateResult => html`
      <div><dt>${name}${note === "" ? nothing : html` <small>${note}</small>`}</dt><dd class="num">${value}</dd></div>
    `;
    return html`
      <p class="hint">${t.buffer.confidenceLong}. ${t.buffer.confidenceExplain} ${t.soc.explain}</p>
      <div class="inputs">
        <dl class="facts">
          ${row(t.buffer.confidence, "", share(pv?.confidence_frac))}
          ${row(t.buffer.raw, "", share(pv?.raw_frac))}
          ${row(t.buffer.coverage, t.buffer.coverageText, share(pv?.coverage_frac))}
          ${row(t.buffer.freshness, t.buffer.freshnessText, share(pv?.freshness_frac))}
          ${row(t.buffer.accuracy, t.buffer.accuracyText, share(pv?.accuracy_frac))}
          ${row(t.buffer.bias, t.buffer.biasText, pv === null ? "–" : `× ${format.number(pv.bias_frac, 2)}`)}
        </dl>
        <dl class="facts">
          ${row(t.buffer.spread, t.buffer.spreadText, state === null ? "–" : format.price(state.prices.spread_eur_per_kwh))}
          ${row(t.buffer.expected, "", format.kwh(pv === null ? null : pv.next_4h_kwh))}
          ${row(t.buffer.hour, "", last === null ? "–" : String(last.hour_of_day))}
          ${row(t.buffer.change, "", last === null ? "–" : `${format.pct(last.old_buffer_pct)} → ${format.pct(last.new_buffer_pct)}`)}
          ${row(t.buffer.reason, "", last === null ? "–" : this.reason(last))}
        </dl>
      </div>
    `;
  }

  // -- the week ------------------------------------------------------------------------------

  private chartCard(): TemplateResult {
    const { t, format, nowMs } = this.context;
    const specs = this.chartSpecs();
    const cutMs = nowMs - WEEK_MS;
    return html`
      <section class="card" aria-labelledby="week-title">
        <h2 id="week-title">${t.buffer.chart}</h2>
        <sl-chart data-testid="chart" .spec=${specs.buffer} .format=${format} .words=${t.chart}></sl-chart>
        <h3>${t.buffer.chartConfidence}</h3>
        <sl-chart data-testid="confidence-chart" .spec=${specs.confidence} .format=${format} .words=${t.chart}></sl-chart>
        <details class="as-table">
          <summary>${t.asTable}</summary>
          ${guard([this.events, format], () => html`
            <div class="table-scroll" tabindex="0" role="region" aria-label=${t.buffer.changes}>
              <table>
                <caption>${t.buffer.changes}</caption>
                <thead><tr>
                  <th scope="col">${t.buffer.time}</th><th scope="col">${t.buffer.value}</th>
                  <th scope="col">${t.buffer.confidence}</th><th scope="col">${t.buffer.outcome}</th>
                </tr></thead>
                <tbody class="num">
                  ${changesOnly(this.events)
                    .filter((event) => Date.parse(event.ts) >= cutMs)
                    .map((event) => html`<tr>
                      <td>${format.dayTime(Date.parse(event.ts))}</td>
                      <td>${format.pct(effectivePct(event))}</td>
                      <td>${format.pct(event.pv_confidence)}</td>
                      <td>${t.buffer.outcomeOf[outcomeOf(event)]}</td>
                    </tr>`)}
                </tbody>
              </table>
            </div>
          `)}
        </details>
      </section>
    `;
  }

  private chartSpecs(): { buffer: ChartSpec; confidence: ChartSpec } {
    const { t, format, nowMs } = this.context;
    const lines = withShadow(bufferLines(this.events, nowMs), this.shadowEvents, nowMs);
    const shadow = this.context.state?.buffer_shadow ?? null;
    const values = [...lines.observed, ...lines.applied, ...lines.held, ...lines.shadow].filter((value) => value !== null);
    const percent = (value: number): string => format.pct(value);
    const shared = {
      xs: lines.xs,
      fromMs: nowMs - WEEK_MS,
      toMs: nowMs + WEEK_MS / 56,
      nowMs,
      yMin: 0,
      yFormat: percent,
      unknownFrom: this.events.length === 0 ? { ms: nowMs - WEEK_MS, label: t.buffer.chartEmpty } : null,
      syncKey: "buffer",
    };
    return {
      buffer: {
        ...shared,
        label: t.buffer.chart,
        yMax: Math.max(50, Math.ceil((Math.max(0, ...values) + 5) / 10) * 10),
        series: [
          { label: t.simulation, colour: "--c-simulated", values: lines.observed, format: percent, dashed: true },
          { label: t.buffer.applied, colour: "--c-buffer", values: lines.applied, format: percent, widthPx: 3 },
          ...(lines.held.some((value) => value !== null)
            ? [{ label: t.buffer.outcomeOf.held, colour: "--c-held", values: lines.held, format: percent }]
            : []),
          ...(shadow === null
            ? []
            : [{ label: t.risk.shadow[shadow.strategy], colour: "--c-shadow", values: lines.shadow, format: percent, dashed: true, widthPx: 1.2 }]),
        ],
        lines: [
          { value: HARD_FLOOR_PCT, label: t.buffer.floor, colour: "--c-floor" },
          { value: PRACTICAL_MIN_PCT, label: t.buffer.practical, colour: "--c-practical" },
        ],
        marks: lines.failed,
        heightPx: 260,
      },
      confidence: {
        ...shared,
        label: t.buffer.chartConfidence,
        yMax: 100,
        series: [
          { label: t.buffer.confidence, colour: "--c-sun-line", values: lines.confidence, format: percent, widthPx: 1.6 },
        ],
        lines: [{ value: CONFIDENCE_THRESHOLD_PCT, label: t.buffer.threshold, colour: "--ink-3", isLabelBelow: true }],
        marks: [],
        heightPx: 140,
      },
    };
  }

  // -- the owner's values --------------------------------------------------------------------

  private control(): TemplateResult | typeof nothing {
    const { state, t, format, nowMs } = this.context;
    if (state === null) return nothing;
    const kept = state.control.owner_values.filter(({ setting }) => setting === "bufferSoc");
    const isReleased = state.control.in_charge === "released";
    const isOwners = state.control.in_charge === "owner";
    if (kept.length === 0 && !isReleased && !isOwners) return nothing;
    const text = isReleased ? t.inCharge.releasedText : isOwners ? t.control.own.ownersText : t.control.own.text;
    return html`
      <section class="card control" aria-labelledby="control-title" data-testid="control">
        <div>
          <h2 id="control-title">${t.control.own.title}</h2>
          <p class="hint">${text}</p>
          ${kept.map((value) => html`
            <dl class="facts num">
              <div><dt>${t.control.own.setting}</dt><dd><code>${value.setting}</code></dd></div>
              <div><dt>${t.control.own.yours}</dt><dd>${valueText(value.setting, value.owner, t, format)}</dd></div>
              <div><dt>${t.control.own.ours}</dt><dd>${valueText(value.setting, value.ours, t, format)}</dd></div>
              <div><dt>${t.control.own.since}</dt><dd>${format.when(Date.parse(value.since), nowMs)}</dd></div>
            </dl>
          `)}
        </div>
        <div class="buttons">
          ${isReleased || isOwners
            ? html`<button class=${isReleased ? "primary" : ""} data-testid="resume" @click=${() => this.change(api.resume, t.control.own.resumed)}>${t.control.own.resume}</button>`
            : html`<button data-testid="release" @click=${() => this.change(api.release, t.control.own.released)}>${t.control.own.release}</button>`}
        </div>
        <p class="notice">${this.notice}</p>
      </section>
    `;
  }

  private async change(request: () => Promise<Answer<unknown>>, done: string): Promise<void> {
    const answer = await this.send(request);
    this.notice = answer.ok ? done : refusal(answer, this.context.t);
  }

  // -- every decision ------------------------------------------------------------------------

  private log(): TemplateResult {
    const { t, format } = this.context;
    const { events, shown } = this;
    return html`
      <section class="card" aria-labelledby="log-title">
        <h2 id="log-title">${t.buffer.log}</h2>
        ${events.length === 0
          ? html`<p class="empty">${t.buffer.logEmpty}</p>`
          : guard([events, shown, format], () => this.table(events.slice(-shown).toReversed()))}
        <div class="log-foot">
          <p class="hint num">${t.buffer.shown(Math.min(shown, events.length), events.length)}</p>
          ${events.length > shown
            ? html`<button class="quiet" data-testid="more" @click=${() => (this.shown += PAGE_SIZE)}>
                ${t.buffer.more(Math.min(PAGE_SIZE, events.length - shown))}
              </button>`
            : nothing}
        </div>
      </section>
    `;
  }

  // The roles are written out because the narrow layout turns rows into blocks, which takes a table's own roles away.
  private table(newestFirst: readonly BufferEvent[]): TemplateResult {
    const { t } = this.context;
    const head = (text: string): TemplateResult => html`<th scope="col" role="columnheader">${text}</th>`;
    return html`
      <table class="events" role="table" aria-labelledby="log-title">
        <thead role="rowgroup">
          <tr role="row">
            ${head(t.buffer.time)} ${head(t.buffer.outcome)} ${head(t.buffer.change)} ${head(t.buffer.confidence)}
            ${head(t.buffer.spread)} ${head(t.buffer.expected)} ${head(t.buffer.hour)} ${head(t.buffer.reason)}
          </tr>
        </thead>
        <tbody role="rowgroup">${newestFirst.map((event) => this.row(event))}</tbody>
      </table>
    `;
  }

  private row(event: BufferEvent): TemplateResult {
    const { t, format } = this.context;
    const outcome = outcomeOf(event);
    const limit = limitOf(event);
    const isChange = event.old_buffer_pct !== event.new_buffer_pct;
    const cell = (name: string, kind: string, content: unknown): TemplateResult =>
      html`<td role="cell" class=${kind} data-label=${name}>${content}</td>`;
    return html`
      <tr role="row" class="is-${outcome} ${isChange ? "is-change" : ""}" data-testid="event-row" data-outcome=${outcome} data-ts=${event.ts}>
        ${cell(t.buffer.time, "num time", format.dayTime(Date.parse(event.ts)))}
        ${cell(t.buffer.outcome, "outcome", html`<span class="badge is-${outcome}">${t.buffer.outcomeOf[outcome]}</span>`)}
        ${cell(t.buffer.change, "num change", html`${format.pct(event.old_buffer_pct)} → <b>${format.pct(event.new_buffer_pct)}</b>
          ${limit === null ? nothing : html`<span class="badge is-limited">${t.buffer.limited(limit.setting, format.pct(limit.pct))}</span>`}`)}
        ${cell(t.buffer.confidence, "num", format.pct(event.pv_confidence))}
        ${cell(t.buffer.spread, "num", format.spread(event.price_spread_ct))}
        ${cell(t.buffer.expected, "num", format.kwh(expectedPvKwh(event)))}
        ${cell(t.buffer.hour, "num", String(event.hour_of_day))}
        ${cell(t.buffer.reason, "reason", this.reason(event))}
      </tr>
    `;
  }

  private reason(event: BufferEvent): string {
    const { t, format } = this.context;
    const limit = limitOf(event);
    const outcome = outcomeOf(event);
    const heldBy = outcome === "held" ? heldByOf(event) : null;
    return t.buffer.reasonText(
      {
        basis: basisText(event, t, format),
        confidence: format.pct(event.pv_confidence),
        spread: format.spread(event.price_spread_ct),
        buffer: format.pct(targetOf(event)),
        isSimulated: outcome === "simulated",
        isFailed: outcome === "failed",
        held: heldBy === null ? null : t.buffer.heldBy[heldBy],
        limit: limit === null ? null : t.buffer.limited(limit.setting, format.pct(limit.pct)),
        outside: this.outside(event),
      },
      event.reason,
    );
  }

  /** What evcc held without SmartLoad's doing. */
  private outside(event: BufferEvent): string | null {
    const { t, format } = this.context;
    const change = outsideChangeOf(event);
    if (change !== null) return t.buffer.outside(format.pct(change.fromPct), format.pct(change.toPct));
    const foundPct = foundPctOf(event);
    return foundPct === null ? null : t.buffer.found(format.pct(foundPct));
  }

  // -- the two dialogs -----------------------------------------------------------------------

  private open(dialog: BufferDialog): void {
    this.notice = "";
    this.dialog = dialog;
  }

  private readonly closeDialog = (event: BufferDialogClosed): void => {
    this.dialog = null;
    this.notice = event.detail.notice;
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-buffer-view": BufferView;
  }
}
