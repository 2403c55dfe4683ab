/** The questions before a stage may act; those about the buffer are its own. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Context } from "../context";
import type { StageName } from "../model";
import { api, type Answer, type Send } from "../net/api";
import type { BufferDialog, BufferDialogClosed } from "./buffer-dialogs";
import { controlRefusal } from "./control-actions";
import { renderLetAct } from "./stages";

/** Which stage is asked about; the buffer may also be observed for longer. */
export type StageQuestion = { stage: "buffer"; dialog: BufferDialog } | { stage: "battery" | "cars" };

/** What is asked when a stage shall act. */
export function letActQuestion(stage: StageName): StageQuestion {
  return stage === "buffer" ? { stage, dialog: "activate" } : { stage };
}

/** Closes with what was done, in words; "" when nothing was. */
export type StageDialogClosed = CustomEvent<{ notice: string }>;

@customElement("sl-stage-dialogs")
export class StageDialogs extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) send!: Send;
  @property({ attribute: false }) question: StageQuestion | null = null;
  private notice = "";

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { context, question } = this;
    const { t } = context;
    const letting = question === null || question.stage === "buffer" ? null : question.stage;
    return html`
      <sl-buffer-dialogs .context=${context} .send=${this.send} .dialog=${question?.stage === "buffer" ? question.dialog : null}
        @buffer-dialog-closed=${(event: BufferDialogClosed) => this.close(event.detail.notice)}></sl-buffer-dialogs>
      <sl-dialog
        .isOpen=${letting !== null}
        .heading=${letting === null ? "" : t.control.dialog.title[letting]}
        .body=${letting === null ? nothing : renderLetAct(context, letting)}
        .confirmLabel=${t.control.dialog.confirm}
        .words=${t}
        .confirm=${this.letAct}
        @dialog-closed=${() => this.close(this.notice)}
      ></sl-dialog>
    `;
  }

  private readonly letAct = async (): Promise<Answer<unknown> | null> => {
    const { question } = this;
    if (question === null || question.stage === "buffer") return null;
    const { t } = this.context;
    const { stage } = question;
    const answer = await this.send(() => api.setStage(stage, "live"));
    if (!answer.ok) return { ...answer, text: controlRefusal(answer, t) };
    this.notice = t.control.stages.acts[stage];
    return answer;
  };

  private close(notice: string): void {
    this.notice = "";
    this.dispatchEvent(new CustomEvent("stage-dialog-closed", { detail: { notice } }) satisfies StageDialogClosed);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-stage-dialogs": StageDialogs;
  }
}
