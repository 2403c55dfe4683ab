/** What is coming, how sure that is, and how right it was. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { forecastSentence } from "../logic/forecast";
import type { ForecastNews } from "../net/forecast-feed";
import { refusal } from "../parts/dialogs";
import { renderAccuracy } from "../parts/forecast-accuracy";
import { renderAhead, renderPast } from "../parts/forecast-charts";
import { renderConfidence, renderDays, renderHistory, renderModels } from "../parts/forecast-facts";
import { icon } from "../parts/icons";
import { renderConfigProblems } from "../parts/standing";

export function renderForecast(context: Context, news: ForecastNews): TemplateResult {
  const { state, t, format, nowMs, link } = context;
  const { forecast, accuracy } = news;
  const isRefused = news.refusal !== null;
  const sentence = forecastSentence(
    { state, isLost: link.status === "lost", isRefused, forecast, accuracy, nowMs },
    t,
    format,
  );
  return html`
    <div class="sentence" data-testid="forecast-sentence">
      <h1>${sentence.lead}</h1>
      <p>${sentence.because.join(" ")}</p>
    </div>
    ${renderConfigProblems(context)}
    ${news.refusal === null || link.status === "lost"
      ? nothing
      : html`<p class="forecast-refused" role="status" data-testid="forecast-refused">${icon("warning")} ${t.forecast.refused} ${refusal(news.refusal, t)}</p>`}
    <div class="stack forecast">
      ${renderAhead(context, forecast)}
      <div class="halves">${renderConfidence(context, forecast, accuracy)} ${renderDays(context, forecast, accuracy)}</div>
      ${renderPast(context, forecast)} ${renderAccuracy(context, accuracy)}
      <div class="halves">${renderModels(context, forecast)} ${renderHistory(context, forecast)}</div>
    </div>
  `;
}
