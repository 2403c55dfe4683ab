/** What SmartLoad does in evcc and what it may: the stages, the ladder, what is the owner's, and every write. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Context } from "../context";
import { proofSentence } from "../logic/proof-sentence";
import type { StageName } from "../model";
import { api, type Answer, type Send } from "../net/api";
import type { WritesNews } from "../net/writes-feed";
import type { BufferDialog, BufferDialogClosed } from "../parts/buffer-dialogs";
import { controlRefusal, type ControlActions, type Place, type Said } from "../parts/control-actions";
import { renderBatToCar, renderLadder } from "../parts/ladder";
import { renderOpinions, renderOwnValues } from "../parts/own-values";
import { renderLetAct, renderMaster, renderStages } from "../parts/stages";
import { renderConfigProblems } from "../parts/standing";
import { renderWriteCount } from "../parts/write-log";

@customElement("sl-proof-view")
export class ProofView extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) news!: WritesNews;
  @property({ attribute: false }) send!: Send;
  @state() private said: Said | null = null;
  @state() private letting: "battery" | "cars" | null = null;
  @state() private bufferDialog: BufferDialog | null = null;
  private isPending = false;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { context } = this;
    const { state, t, format, nowMs, link } = context;
    const sentence = proofSentence({ state, isLost: link.status === "lost", nowMs }, t, format);
    const actions: ControlActions = { take: this.take, ask: this.ask, said: this.said };
    return html`
      <div class="sentence" data-testid="proof-sentence">
        <h1>${sentence.lead}</h1>
        <p>${sentence.because.join(" ")}</p>
      </div>
      ${renderConfigProblems(context)}
      <div class="stack proof">
        ${renderOpinions(context, actions)} ${renderMaster(context, actions)} ${renderStages(context, actions)}
        <div class="halves">
          <div class="stack">${renderLadder(context)} ${renderWriteCount(context)}</div>
          <div class="stack">${renderOwnValues(context, actions)} ${renderBatToCar(context)}</div>
        </div>
        <sl-write-log .context=${context} .news=${this.news}></sl-write-log>
      </div>
      <sl-buffer-dialogs .context=${context} .send=${this.send} .dialog=${this.bufferDialog} @buffer-dialog-closed=${this.closeBufferDialog}></sl-buffer-dialogs>
      <sl-dialog
        .isOpen=${this.letting !== null}
        .heading=${this.letting === null ? "" : t.control.dialog.title[this.letting]}
        .body=${this.letting === null ? nothing : renderLetAct(context, this.letting)}
        .confirmLabel=${t.control.dialog.confirm}
        .words=${t}
        .confirm=${this.letAct}
        @dialog-closed=${() => (this.letting = null)}
      ></sl-dialog>
    `;
  }

  /** The buffer has questions of its own; to observe again asks nothing, for it changes nothing for the worse. */
  private readonly ask = (stage: StageName, mode: "live" | "observing"): void => {
    this.said = null;
    if (stage === "buffer") this.bufferDialog = mode === "live" ? "activate" : "extend";
    else if (mode === "live") this.letting = stage;
    else this.take("stages", () => api.setStage(stage, "observing"), this.context.t.control.stages.observed[stage]);
  };

  private readonly letAct = async (): Promise<Answer<unknown> | null> => {
    const { letting: stage } = this;
    if (stage === null) return null;
    const { t } = this.context;
    const answer = await this.send(() => api.setStage(stage, "live"));
    if (!answer.ok) return { ...answer, text: controlRefusal(answer, t) };
    this.said = { place: "stages", text: t.control.stages.acts[stage], isRefused: false };
    return answer;
  };

  private readonly closeBufferDialog = (event: BufferDialogClosed): void => {
    this.bufferDialog = null;
    const { notice } = event.detail;
    this.said = notice === "" ? null : { place: "stages", text: notice, isRefused: false };
  };

  private readonly take = (place: Place, request: () => Promise<Answer<unknown>>, done: string): void => {
    if (!this.isPending) void this.carryOut(place, request, done);
  };

  private async carryOut(place: Place, request: () => Promise<Answer<unknown>>, done: string): Promise<void> {
    this.isPending = true;
    const answer = await this.send(request);
    this.isPending = false;
    this.said = answer.ok ? { place, text: done, isRefused: false } : { place, text: controlRefusal(answer, this.context.t), isRefused: true };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-proof-view": ProofView;
  }
}
