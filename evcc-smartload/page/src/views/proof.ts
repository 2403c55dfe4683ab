/** What SmartLoad does in evcc and what it may: the stages, the ladder, what is the owner's, and every write. */

import { html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Context } from "../context";
import { proofSentence } from "../logic/proof-sentence";
import type { StageName } from "../model";
import { api, type Answer, type Send } from "../net/api";
import type { WritesNews } from "../net/writes-feed";
import { controlRefusal, type ControlActions, type Place, type Said } from "../parts/control-actions";
import { renderBatToCar, renderLadder } from "../parts/ladder";
import { renderOpinions, renderOwnValues } from "../parts/own-values";
import { renderProofCard, renderProofTabs } from "../parts/proof-summary";
import { letActQuestion, type StageDialogClosed, type StageQuestion } from "../parts/stage-dialogs";
import { renderMaster, renderStages } from "../parts/stages";
import { renderConfigProblems } from "../parts/standing";
import { renderWriteCount } from "../parts/write-log";

@customElement("sl-proof-view")
export class ProofView extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) news!: WritesNews;
  @property({ attribute: false }) send!: Send;
  @state() private said: Said | null = null;
  @state() private question: StageQuestion | null = null;
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
      ${renderProofTabs(context, "proof")}
      <div class="sentence" data-testid="proof-sentence">
        <h1>${sentence.lead}</h1>
        <p>${sentence.because.join(" ")}</p>
      </div>
      ${renderConfigProblems(context)}
      <div class="stack proof">
        ${renderOpinions(context, actions)} ${renderMaster(context, actions)} ${renderProofCard(context)} ${renderStages(context, actions)}
        <div class="halves">
          <div class="stack">${renderLadder(context)} ${renderWriteCount(context)}</div>
          <div class="stack">${renderOwnValues(context, actions)} ${renderBatToCar(context)}</div>
        </div>
        <sl-write-log .context=${context} .news=${this.news}></sl-write-log>
      </div>
      <sl-stage-dialogs .context=${context} .send=${this.send} .question=${this.question} @stage-dialog-closed=${this.closeDialog}></sl-stage-dialogs>
    `;
  }

  /** The buffer has questions of its own; to observe again asks nothing, for it changes nothing for the worse. */
  private readonly ask = (stage: StageName, mode: "live" | "observing"): void => {
    this.said = null;
    if (mode === "live") this.question = letActQuestion(stage);
    else if (stage === "buffer") this.question = { stage, dialog: "extend" };
    else this.take("stages", () => api.setStage(stage, "observing"), this.context.t.control.stages.observed[stage]);
  };

  private readonly closeDialog = (event: StageDialogClosed): void => {
    this.question = null;
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
