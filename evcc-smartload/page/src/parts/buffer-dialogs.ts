/** The two questions about the buffer: to go live, and to observe for longer. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Context } from "../context";
import { bufferInEvccPct, isBufferOff, simulatedBufferPct } from "../logic/situation";
import { api, type Answer, type Send } from "../net/api";

const DEFAULT_DAYS = 14;
const MAX_DAYS = 90;
const DAY_MS = 86_400_000;

export type BufferDialog = "activate" | "extend";

/** Closes with what was done, in words; "" when nothing was. */
export type BufferDialogClosed = CustomEvent<{ notice: string }>;

@customElement("sl-buffer-dialogs")
export class BufferDialogs extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) send!: Send;
  @property({ attribute: false }) dialog: BufferDialog | null = null;
  @state() private days = DEFAULT_DAYS;
  private notice = "";

  protected override createRenderRoot(): this {
    return this;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("dialog") || this.dialog === null) return;
    this.days = DEFAULT_DAYS;
    this.notice = "";
  }

  protected override render(): TemplateResult {
    const { t, state } = this.context;
    const isAgain = state?.buffer?.mode === "live";
    return html`
      <sl-dialog
        .isOpen=${this.dialog === "activate"}
        .heading=${t.activate.title}
        .body=${this.dialog === "activate" ? this.activateBody() : nothing}
        .confirmLabel=${t.activate.confirm}
        .words=${t}
        .confirm=${this.activate}
        @dialog-closed=${this.close}
      ></sl-dialog>
      <sl-dialog
        .isOpen=${this.dialog === "extend"}
        .heading=${isAgain ? t.extendDialog.againTitle : t.extendDialog.title}
        .body=${this.dialog === "extend" ? this.extendBody() : nothing}
        .confirmLabel=${isAgain ? t.extendDialog.againConfirm : t.extendDialog.confirm}
        .words=${t}
        .confirm=${this.extend}
        @dialog-closed=${this.close}
      ></sl-dialog>
    `;
  }

  private readonly close = (): void => {
    this.dispatchEvent(new CustomEvent("buffer-dialog-closed", { detail: { notice: this.notice } }));
  };

  private pctOrOff(pct: number): string {
    return isBufferOff(pct) ? this.context.t.off : this.context.format.pct(pct);
  }

  private activateBody(): TemplateResult {
    const { state, t } = this.context;
    const from = state === null ? null : bufferInEvccPct(state);
    const to = state === null ? null : simulatedBufferPct(state);
    const fromText = from === null ? t.unknown : this.pctOrOff(from);
    const toText = to === null ? "–" : this.pctOrOff(to);
    return html`
      <h3>${t.activate.changes}</h3>
      <div class="from-to num">
        <span><small>${t.activate.from}</small><b data-testid="activate-from">${fromText}</b></span>
        <span aria-hidden="true">→</span>
        <span><small>${t.activate.to}</small><b data-testid="activate-to">${toText}</b></span>
      </div>
      ${to === null
        ? html`<p>${t.activate.unknownTarget}</p>`
        : html`${from === to ? html`<p>${t.activate.stays(toText)}</p>` : nothing}<p>${t.activate.then(toText)}</p>`}
      <p>${t.activate.later}</p>
      <p>${t.activate.kept(fromText)}</p>
    `;
  }

  private readonly activate = async (): Promise<Answer<unknown>> => {
    const answer = await this.send(api.activateLive);
    if (answer.ok) this.notice = this.context.t.buffer.activated;
    return answer;
  };

  private extendBody(): TemplateResult {
    const { t, format, nowMs } = this.context;
    const isValid = isDays(this.days);
    return html`
      <p>${t.extendDialog.text}</p>
      <label class="field">
        <span>${t.extendDialog.days}</span>
        <input
          data-testid="days"
          type="number"
          inputmode="numeric"
          min="1"
          max=${MAX_DAYS}
          step="1"
          required
          autofocus
          .value=${String(DEFAULT_DAYS)}
          aria-describedby="extend-until"
          @input=${(event: Event) => (this.days = (event.target as HTMLInputElement).valueAsNumber)}
        />
      </label>
      <p id="extend-until" class="num">
        ${isValid ? t.extendDialog.until(format.dayTime(nowMs + this.days * DAY_MS)) : t.extendDialog.invalid}
      </p>
    `;
  }

  private readonly extend = async (): Promise<Answer<unknown> | null> => {
    const { t, format, nowMs } = this.context;
    if (!isDays(this.days)) return null;
    const { days } = this;
    const answer = await this.send(() => api.extendObservation(days));
    if (answer.ok) this.notice = t.buffer.extended(format.dayTime(nowMs + days * DAY_MS));
    return answer;
  };
}

function isDays(days: number): boolean {
  return Number.isInteger(days) && days >= 1 && days <= MAX_DAYS;
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-buffer-dialogs": BufferDialogs;
  }
}
