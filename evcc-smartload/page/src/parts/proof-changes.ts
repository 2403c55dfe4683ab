/** What SmartLoad would have changed in evcc, and when; the form is that of the log of writes. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import type { Context } from "../context";
import type { ProofChange } from "../model";
import { renderLeverTable, type LeverRow } from "./lever-table";

const PAGE_SIZE = 10;

@customElement("sl-proof-changes")
export class ProofChanges extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) changes: readonly ProofChange[] = [];
  /** What came before was only observed; null: everything was. */
  @property({ attribute: false }) liveSinceMs: number | null = null;
  @state() private shown = PAGE_SIZE;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { changes, context, shown, liveSinceMs } = this;
    const { t, format } = context;
    const words = t.report.changes;
    const number = (count: number): string => format.number(count);
    return html`
      <section class="card" aria-labelledby="proof-changes-title" data-testid="proof-changes">
        <h2 id="proof-changes-title">${words.title[liveSinceMs === null ? "observed" : "live"]}</h2>
        ${changes.length === 0
          ? html`<p class="empty">${words.none}</p>`
          : html`
              ${guard([changes, shown, liveSinceMs, format], () => renderLeverTable(context, "proof-changes-title", "change-row", changes.slice(0, shown).map((change) => this.row(change))))}
              <div class="log-foot">
                <p class="hint num">${words.shown(number(Math.min(shown, changes.length)), number(changes.length))}</p>
                ${changes.length > shown
                  ? html`<button class="quiet" data-testid="more-changes" @click=${() => (this.shown += PAGE_SIZE)}>${words.more(number(Math.min(PAGE_SIZE, changes.length - shown)))}</button>`
                  : nothing}
              </div>
            `}
      </section>
    `;
  }

  private row(change: ProofChange): LeverRow {
    const { t } = this.context;
    const isLive = this.liveSinceMs !== null && Date.parse(change.at) >= this.liveSinceMs;
    return isLive
      ? { ...change, look: "applied", outcome: "live", label: t.report.changes.live }
      : { ...change, look: "simulated", outcome: "simulated", label: t.simulation };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-proof-changes": ProofChanges;
  }
}
