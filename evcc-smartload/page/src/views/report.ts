/** What SmartLoad is worth: the report on the owner's own days, and the back-test of a chosen period. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import type { Context } from "../context";
import type { Format } from "../logic/format";
import { reportSentence } from "../logic/report-sentence";
import type { Proof, ProofReport, StageName } from "../model";
import type { Send } from "../net/api";
import type { ProofNews } from "../net/proof-feed";
import { refusal } from "../parts/dialogs";
import { icon } from "../parts/icons";
import { renderProofTabs } from "../parts/proof-summary";
import { renderReportCharts } from "../parts/report-charts";
import { renderAdvice, renderBuffers, renderMethod, renderMonths, renderResult } from "../parts/report-facts";
import { letActQuestion, type StageDialogClosed, type StageQuestion } from "../parts/stage-dialogs";
import { renderConfigProblems } from "../parts/standing";

const MINUTE_MS = 60_000;

@customElement("sl-report-view")
export class ReportView extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) news!: ProofNews;
  @property({ attribute: false }) send!: Send;
  @property({ attribute: false }) refresh!: () => void;
  @state() private question: StageQuestion | null = null;
  @state() private notice = "";
  private ownFormat: Format | null = null;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const context = { ...this.context, format: this.formatOf(this.news.proof?.report ?? null) };
    const { proof, refusal: refused } = this.news;
    const { t, format, link, state: known } = context;
    const isLost = link.status === "lost";
    const sentence = reportSentence({ proof, isRefused: refused !== null, isLost, hasState: known !== null }, t, format);
    return html`
      ${renderProofTabs(context, "report")}
      <div class="sentence" data-testid="report-sentence">
        ${proof?.report == null || proof.is_live ? nothing : html`<p class="simulation-note"><span class="badge is-simulated">${t.simulation}</span></p>`}
        <h1 class="num">${sentence.lead}</h1>
        <p class="num">${sentence.because.join(" ")}</p>
      </div>
      ${renderConfigProblems(context)}
      ${refused === null || isLost || proof === null
        ? nothing
        : html`<p class="forecast-refused" role="status" data-testid="report-refused">${icon("warning")} ${t.report.sentence.refused} ${refusal(refused, t)}</p>`}
      <div class="stack report">
        ${proof?.report == null ? this.withoutReport(context, proof) : this.withReport(context, proof, proof.report)}
        <sl-backtest .context=${context} .news=${this.news} .send=${this.send} .refresh=${this.refresh}></sl-backtest>
        ${renderMethod(context, proof)}
      </div>
      <sl-stage-dialogs .context=${context} .send=${this.send} .question=${this.question} @stage-dialog-closed=${this.closeDialog}></sl-stage-dialogs>
    `;
  }

  /** The report keeps the currency it was made in. */
  private formatOf(report: ProofReport | null): Format {
    const { format } = this.context;
    if (report === null || report.currency === "" || report.currency === format.currency) return format;
    const own = this.ownFormat;
    // One for all drawings, so that charts and tables know that nothing has changed.
    if (own === null || own.currency !== report.currency || own.lang !== format.lang) this.ownFormat = format.inCurrency(report.currency);
    return this.ownFormat ?? format;
  }

  private withoutReport(context: Context, proof: Proof | null): TemplateResult {
    const { t, format } = context;
    const progress = proof?.state === "working" ? proof.progress_frac : null;
    return html`
      ${progress === null
        ? nothing
        : html`<section class="card" aria-label=${t.report.sentence.working(format.pct(100 * progress))} data-testid="report-progress">
            <progress max="1" .value=${progress}></progress>
          </section>`}
      ${proof?.state === "failed" ? this.failure(context, proof) : nothing}
      ${renderAdvice(context, proof, this.ask, this.notice)}
    `;
  }

  private failure({ t }: Context, { detail }: Proof): TemplateResult {
    const words = t.report.failed;
    return html`
      <section class="card" aria-labelledby="report-failed-title" data-testid="report-failed">
        <h2 id="report-failed-title">${icon("warning")} ${words.title}</h2>
        <ol class="steps">${words.steps.map((step) => html`<li>${step}</li>`)}</ol>
        ${detail === "" ? nothing : html`<p class="hint"><code>${detail}</code></p>`}
      </section>
    `;
  }

  private withReport(context: Context, proof: Proof, report: ProofReport): TemplateResult {
    const liveSinceMs = proof.live_since === null ? null : Date.parse(proof.live_since);
    const minuteMs = Math.floor(context.nowMs / MINUTE_MS) * MINUTE_MS;
    return html`
      <div class="halves">
        ${renderResult(context, report, proof.is_live)}
        ${renderAdvice(context, proof, this.ask, this.notice)}
      </div>
      ${proof.state === "failed" ? this.failure(context, proof) : nothing}
      ${guard([report, context.format, context.t, report.days.length === 0 ? minuteMs : 0], () => renderReportCharts(context, report, liveSinceMs))}
      <div class="halves">${renderBuffers(context, report)} ${renderMonths(context, report)}</div>
      <sl-proof-changes .context=${context} .changes=${report.changes} .liveSinceMs=${liveSinceMs}></sl-proof-changes>
    `;
  }

  private readonly ask = (stage: StageName): void => {
    this.notice = "";
    this.question = letActQuestion(stage);
  };

  private readonly closeDialog = (event: StageDialogClosed): void => {
    this.question = null;
    this.notice = event.detail.notice;
    this.refresh();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-report-view": ReportView;
  }
}
