/** The report in short, where its sentence is wanted: beside what may act, in the buffer's observation, and on the first view. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { proofSummaryOf, resultOf, type Result } from "../logic/report";
import { adviceWords, missingText, resultSentence, savedLine, savedSentence } from "../logic/report-sentence";

/** The two pages of the proof view; there is but one from a service that knows of no proof. */
export function renderProofTabs({ state, t }: Context, current: "proof" | "report"): TemplateResult | typeof nothing {
  if (current === "proof" && proofSummaryOf(state) === undefined) return nothing;
  const words = t.report.tabs;
  const tab = (route: "proof" | "report", text: string): TemplateResult => html`
    <a href="#${route}" aria-current=${route === current ? "page" : nothing}>${text}</a>
  `;
  return html`<nav class="tabs" aria-label=${words.label} data-testid="proof-tabs">${tab("proof", words.control)} ${tab("report", words.report)}</nav>`;
}

function resultShown({ state }: Context): Result | null {
  const summary = proofSummaryOf(state);
  return resultOf(summary, summary?.is_live ?? false);
}

/** Next to the stages: what letting them act is worth. */
export function renderProofCard(context: Context): TemplateResult | typeof nothing {
  const { state, t, format } = context;
  const summary = proofSummaryOf(state);
  if (summary == null) return nothing;
  const result = resultShown(context);
  const advice = summary.sentence_code === null ? null : adviceWords({ code: summary.sentence_code, facts: {} }, null, t, format);
  return html`
    <section class="card proof-card ${summary.is_live ? "" : "is-simulated"}" aria-labelledby="proof-card-title" data-testid="proof-card" data-code=${summary.sentence_code ?? ""}>
      <div>
        <h2 id="proof-card-title">${t.report.cardTitle}</h2>
        ${result === null
          ? html`<p class="empty">${summary.state === "failed" ? t.report.sentence.failed : missingText(summary.days_missing, t, format)}</p>`
          : html`<p class="num">${advice === null ? nothing : html`<strong>${advice.title}</strong>`} ${resultSentence(result, t, format)} ${savedSentence(result.saving, t, format)}</p>`}
      </div>
      <a class="button-like" href="#report">${t.report.toBacktest}</a>
    </section>
  `;
}

/** In the banner of an observation. */
export function renderProofNote(context: Context): TemplateResult | typeof nothing {
  const result = resultShown(context);
  if (result === null) return nothing;
  const { t, format } = context;
  return html`<p class="proof-note num" data-testid="proof-note">${resultSentence(result, t, format)} <a href="#report">${t.report.toReport}</a></p>`;
}

/** On the first view: what was saved. */
export function renderProofLine(context: Context): TemplateResult | typeof nothing {
  const result = resultShown(context);
  if (result === null) return nothing;
  const { t, format } = context;
  return html`<p class="proof-line num" data-testid="proof-line">${savedLine(result, t, format)} <a href="#report">${t.report.toReport}</a></p>`;
}
