/** What the owner can ask for, for a while: a car at once, a full battery, a holiday. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Context } from "../context";
import { overrideEndText, overrideText } from "../logic/control-words";
import type { Loadpoint, Override, OverrideKind, State } from "../model";
import { api, type Answer, type Send } from "../net/api";
import { refusal } from "./dialogs";
import { icon, type IconName } from "./icons";

const MINUTES = [30, 90, 180, 240];
const DEFAULT_MINUTES = 90;
const DAY_MS = 86_400_000;
const DEFAULT_HOLIDAY_DAYS = 7;
/** The end of the last day that can be chosen is no more than 60 days away. */
const LAST_HOLIDAY_DAY = 59;

@customElement("sl-overrides")
export class Overrides extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) send!: Send;
  @state() private minutes: Readonly<Record<string, number>> = {};
  @state() private holidayDay: string | null = null;
  /** What was done shows by itself and is only read aloud; a refusal stays to be read. */
  @state() private notice: { text: string; isRefused: boolean } | null = null;
  private isPending = false;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { state, t } = this.context;
    const words = t.control.override;
    return html`
      <section class="card overrides" aria-labelledby="overrides-title" data-testid="overrides">
        <h2 id="overrides-title">${words.title}</h2>
        <p class="hint">${words.text}</p>
        <div class="override-list">
          ${state === null ? html`<p class="empty">${t.pending}</p>` : html`${this.cars(state)} ${this.battery(state)} ${this.holiday(state)}`}
        </div>
        ${this.notice === null
          ? nothing
          : html`<p class=${this.notice.isRefused ? "refused" : "visually-hidden"} role=${this.notice.isRefused ? "alert" : "status"} data-testid="override-notice">${this.notice.text}</p>`}
      </section>
    `;
  }

  private block(kind: OverrideKind, look: IconName, title: string, hint: string, content: unknown): TemplateResult {
    return html`
      <div class="override" data-testid="override" data-kind=${kind}>
        <h3>${icon(look)} ${title}</h3>
        ${content}
        <p class="hint">${hint}</p>
      </div>
    `;
  }

  // -- a car at once -------------------------------------------------------------------------

  private cars(state: State): TemplateResult {
    const words = this.context.t.control.override;
    const running = state.control.overrides.filter(({ kind }) => kind === "charge_now");
    const shown = (state.site?.loadpoints ?? []).filter(({ name, connected }) => connected || running.some(({ device }) => device === name));
    return this.block("charge_now", "car", words.chargeNow, shown.length === 0 ? "" : words.chargeHint, shown.length === 0
      ? html`<p class="empty">${words.noCar}</p>`
      : shown.map((loadpoint) => this.car(loadpoint, running.find(({ device }) => device === loadpoint.name) ?? null)));
  }

  private car(loadpoint: Loadpoint, running: Override | null): TemplateResult {
    const words = this.context.t.control.override;
    const title = carTitle(loadpoint);
    const minutes = this.minutes[loadpoint.name] ?? DEFAULT_MINUTES;
    const choice = html`
      <label><span class="visually-hidden">${words.durationOf(title)}</span>
        <select data-testid="charge-minutes" .value=${String(minutes)}
          @change=${(event: Event) => (this.minutes = { ...this.minutes, [loadpoint.name]: Number((event.target as HTMLSelectElement).value) })}>
          ${MINUTES.map((one) => html`<option value=${one} ?selected=${one === minutes}>${this.duration(one)}</option>`)}
        </select>
      </label>
    `;
    return html`
      <div class="override-row" data-testid="charge-now" data-device=${loadpoint.name}>
        <span class="override-what">${title}</span>
        ${this.row("charge_now", running, choice, words.chargeNow, words.chargeNowOf(title), () => api.chargeNow(loadpoint.name, minutes), "start-charge-now")}
      </div>
    `;
  }

  /** "30 min", "1,5 h" */
  private duration(minutes: number): string {
    return minutes < 60 ? `${this.context.format.number(minutes)}\u00a0min` : `${this.context.format.step(minutes / 60)}\u00a0h`;
  }

  // -- a full battery, a holiday -------------------------------------------------------------

  private battery(state: State): TemplateResult | typeof nothing {
    const { t } = this.context;
    const words = t.control.override;
    if (state.site?.battery == null) return nothing;
    const running = this.runningOf(state, "keep_full");
    const canBeKept = state.site.battery.controllable;
    return this.block("keep_full", "battery", words.keepFull, canBeKept || running !== null ? words.keepFullHint : "", !canBeKept && running === null ? html`<p class="empty">${t.control.stages.noControl}</p>` : html`
      <div class="override-row" data-testid="keep-full">
        ${running === null ? html`<span class="override-what">${words.keepFullUntil}</span>` : nothing}
        ${this.row("keep_full", running, nothing, words.keepFullShort, `${words.keepFullShort}: ${words.keepFull}`, api.keepFull, "start-keep-full")}
      </div>
    `);
  }

  private holiday(state: State): TemplateResult {
    const { t, format, nowMs } = this.context;
    const words = t.control.override;
    const day = this.holidayDay ?? format.isoDay(nowMs + DEFAULT_HOLIDAY_DAYS * DAY_MS);
    const choice = html`
      <label><span class="visually-hidden">${words.holidayUntil}</span>
        <input data-testid="holiday-day" type="date" required .value=${day} min=${format.isoDay(nowMs)} max=${format.isoDay(nowMs + LAST_HOLIDAY_DAY * DAY_MS)}
          @change=${(event: Event) => (this.holidayDay = (event.target as HTMLInputElement).value)} />
      </label>
    `;
    const endMs = format.endOfIsoDay(day);
    const running = this.runningOf(state, "holiday");
    return this.block("holiday", "house", words.holiday, words.holidayHint, html`
      <div class="override-row" data-testid="holiday">
        ${running === null ? html`<span class="override-what">${words.holidayUntil}</span>` : nothing}
        ${this.row("holiday", running, choice, words.holidayStart, words.holidayStart, endMs === null ? null : () => api.holiday(new Date(endMs).toISOString()), "start-holiday")}
      </div>
    `);
  }

  // -- one wish ------------------------------------------------------------------------------

  /** Its end and a button that ends it, or the choice and a button that starts it: the same button, which keeps the focus. */
  private row(
    kind: OverrideKind,
    running: Override | null,
    choice: TemplateResult | typeof nothing,
    label: string,
    longLabel: string,
    start: (() => Promise<Answer<{ until: string }>>) | null,
    startId: string,
  ): TemplateResult {
    const { t, format, nowMs } = this.context;
    const words = t.control.override;
    const click = (): void => void (running === null ? start !== null && this.start(kind, start) : this.end(running));
    return html`
      ${running === null ? choice : html`<b class="num override-until">${overrideEndText(running, t, format, nowMs)}</b>`}
      <button data-testid=${running === null ? startId : "end-override"} ?disabled=${running === null && start === null}
        aria-label=${running === null ? longLabel : words.endOf(overrideText(running, t))} @click=${click}>
        ${running === null ? label : words.end}
      </button>
    `;
  }

  private runningOf({ control }: State, kind: OverrideKind): Override | null {
    return control.overrides.find((one) => one.kind === kind) ?? null;
  }

  private async start(kind: OverrideKind, request: () => Promise<Answer<{ until: string }>>): Promise<void> {
    const { t, format, nowMs } = this.context;
    await this.take(request, ({ until }) => t.control.override.started(overrideEndText({ kind, until }, t, format, nowMs)));
  }

  private async end({ kind, device }: Override): Promise<void> {
    await this.take(() => api.endOverride(kind, device), () => this.context.t.control.override.ended);
  }

  private async take<T>(request: () => Promise<Answer<T>>, told: (value: T) => string): Promise<void> {
    if (this.isPending) return;
    this.isPending = true;
    const answer = await this.send(request);
    this.isPending = false;
    this.notice = answer.ok ? { text: told(answer.value), isRefused: false } : { text: refusal(answer, this.context.t), isRefused: true };
  }
}

function carTitle({ title, vehicle_title: vehicle }: Loadpoint): string {
  return vehicle === null || vehicle === "" ? title : `${vehicle} (${title})`;
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-overrides": Overrides;
  }
}
