/** What is happening, and why. */

import { html, type TemplateResult } from "lit";
import type { Context } from "../context";
import { nowSentence } from "../logic/sentence";
import type { Send } from "../net/api";
import { renderFlow } from "../parts/flow";
import { renderNext } from "../parts/plan-actions";
import { renderPrice } from "../parts/price-card";
import { renderProofLine } from "../parts/proof-summary";
import { renderSoc } from "../parts/soc";
import { renderConfigProblems, renderHealth } from "../parts/standing";

export function renderNow(context: Context, send: Send): TemplateResult {
  const sentence = nowSentence(context.state, context.link.status === "lost", context.nowMs, context.t, context.format);
  return html`
    <div class="sentence" data-testid="now-sentence">
      <h1>${sentence.lead}</h1>
      <p>${sentence.because.join(" ")}</p>
      ${renderProofLine(context)}
    </div>
    ${renderConfigProblems(context)}
    <div class="grid">
      ${hasNothingToShow(context)
        ? renderHealth(context)
        : html`${renderFlow(context)} ${renderSoc(context)} ${renderNext(context)} <sl-overrides .context=${context} .send=${send}></sl-overrides> ${renderPrice(context)} ${renderHealth(context)}`}
    </div>
  `;
}

/** With wrong options there may never have been a reading: the options are then all there is to say. */
function hasNothingToShow({ state }: Context): boolean {
  return state !== null && state.site === null && state.service.config_problems.length > 0;
}
