/** A dialog that asks before something changes, on the browser's own dialog element. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Messages } from "../i18n";
import type { Answer } from "../net/api";

/** Light DOM has no slots: what the dialog shows is handed in as a template. */
@customElement("sl-dialog")
export class AskDialog extends LitElement {
  @property({ attribute: false }) heading = "";
  @property({ attribute: false }) body: TemplateResult | typeof nothing = nothing;
  @property({ attribute: false }) confirmLabel = "";
  @property({ attribute: false }) confirmId = "confirm";
  @property({ attribute: false }) words!: Messages;
  /** Does it; a refusal stays in the dialog as text. Null: the input was not ready to be sent. */
  @property({ attribute: false }) confirm!: () => Promise<Answer<unknown> | null>;
  @property({ attribute: false }) isOpen = false;
  @state() private isPending = false;
  @state() private error = "";
  private isConfirmed = false;
  @query("dialog") private dialog!: HTMLDialogElement;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    if (!this.isOpen) return html`<dialog></dialog>`;
    return html`
      <dialog aria-labelledby="dialog-title" @close=${this.onClose}>
        <form @submit=${this.onSubmit}>
          <h2 id="dialog-title">${this.heading}</h2>
          ${this.body}
          <p class="dialog-error" role="alert">${this.error}</p>
          <div class="buttons">
            <button type="button" class="quiet" data-testid="cancel" @click=${() => this.dialog.close()}>
              ${this.words.cancel}
            </button>
            <button type="submit" class="primary" data-testid=${this.confirmId} ?disabled=${this.isPending}>
              ${this.isPending ? this.words.pending : this.confirmLabel}
            </button>
          </div>
        </form>
      </dialog>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("isOpen")) return;
    if (this.isOpen && !this.dialog.open) {
      this.error = "";
      this.isPending = false;
      this.isConfirmed = false;
      this.dialog.showModal();
    }
  }

  private readonly onClose = (): void => {
    this.dispatchEvent(new CustomEvent("dialog-closed", { detail: { isConfirmed: this.isConfirmed } }));
  };

  private readonly onSubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    this.isPending = true;
    this.error = "";
    const answer = await this.confirm();
    this.isPending = false;
    if (answer === null) return;
    this.isConfirmed = answer.ok;
    if (answer.ok) this.dialog.close();
    else this.error = refusal(answer, this.words);
  };
}

/** Why the service would not, in its own words where it has some. */
export function refusal(answer: { status: number; text: string }, words: Messages): string {
  if (answer.status === 0) return words.errors.noAnswer;
  return answer.text === "" ? words.errors.refused(answer.status) : answer.text;
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-dialog": AskDialog;
  }
}
