/** How right the forecasts of the last weeks were, in plain words, with the figures behind them. */

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Context } from "../context";
import { dayError, isPrice, isWorthAWord, judgeCoverage, worstHour } from "../logic/accuracy";
import type { Accuracy, AccuracyReport, ForecastKind, Known } from "../model";
import { modelName } from "./forecast-facts";
import { renderTable, type TableSpec } from "./lazy-table";

const BAR_WIDTH = 20;
const HALF_HEIGHT = 40;
/** Bars are drawn against at least this [kW, or currency per kWh], so that next to nothing looks like it. */
const LEAST_SCALE_KW = 0.2;
const LEAST_SCALE_PER_KWH = 0.02;

export function renderAccuracy(context: Context, report: AccuracyReport | null): TemplateResult {
  const { t, format } = context;
  const words = t.forecast.accuracy;
  const judged = report?.accuracies.filter((one) => one.n_days > 0) ?? [];
  const isBoth = report !== null && report.since !== null && report.until !== null;
  return html`
    <section class="card accuracy" aria-labelledby="accuracy-title" data-testid="accuracy">
      <h2 id="accuracy-title">${words.title}</h2>
      ${judged.length === 0
        ? html`<p class="empty">${report === null ? t.pending : words.none}</p>`
        : html`
            <p class="hint num">
              ${isBoth ? words.since(format.day(Date.parse(report.since ?? "")), format.day(Date.parse(report.until ?? ""))) : nothing}
              ${judged.some((one) => one.kind === "pv") ? words.daylight : nothing}
            </p>
            <div class="accuracies">${judged.map((one) => accuracyOf(context, one))}</div>
          `}
    </section>
  `;
}

function accuracyOf(context: Context, accuracy: Accuracy): TemplateResult {
  const { t } = context;
  const words = t.forecast.accuracy;
  return html`
    <div class="accuracy-kind" data-testid="accuracy-kind" data-kind=${accuracy.kind}>
      <h3>${t.forecast.kind[accuracy.kind]}</h3>
      <ul class="said">${sentences(context, accuracy).map((text) => html`<li>${text}</li>`)}</ul>
      ${biasChart(context, accuracy)}
      ${renderTable(words.biasChart(t.forecast.kind[accuracy.kind]), hoursTable(context, accuracy))}
      ${accuracy.by_lead.length === 0 ? nothing : renderTable(words.leads, leadsTable(context, accuracy))}
      ${accuracy.by_day.length === 0 ? nothing : renderTable(words.byDay, daysTable(context, accuracy))}
    </div>
  `;
}

/** An amount in the unit of what is forecast, without its sign. */
function amount({ format }: Context, kind: ForecastKind, value: Known): string {
  const size = value === null ? null : Math.abs(value);
  return isPrice(kind) ? format.price(size) : format.kwFine(size);
}

function sentences(context: Context, accuracy: Accuracy): string[] {
  const { t, format } = context;
  const words = t.forecast.accuracy;
  const { kind, mae, bias, coverage_frac: coverage, skill_frac: skill } = accuracy;
  const days = dayError(accuracy.by_day);
  const worst = worstHour(accuracy);
  return [
    mae === null ? null : words.mae(amount(context, kind, mae), accuracy.n_days, format.number(accuracy.n_days)),
    days === null ? null : words.daily(format.kwh(days.kwh), days.frac === null ? null : format.pct(100 * days.frac)),
    coverage === null ? null : `${words.coverage(format.pct(100 * coverage))} ${words.verdict[judgeCoverage(coverage)]}`,
    bias === null
      ? null
      : !isWorthAWord(kind, bias)
        ? words.biasNone
        : (bias > 0 ? words.biasHigh : words.biasLow)(amount(context, kind, bias)),
    worst === null ? null : (worst.bias > 0 ? words.hourHigh : words.hourLow)(String(worst.hour), String(worst.hour + 1), amount(context, kind, worst.bias)),
    skill === null
      ? null
      : (skill >= 0 ? words.skillBetter : words.skillWorse)(format.pct(Math.abs(100 * skill)), modelName(context, accuracy.reference)),
  ].filter((text) => text !== null);
}

// -- bias by hour -----------------------------------------------------------------------------------

function biasChart(context: Context, accuracy: Accuracy): TemplateResult {
  const { t } = context;
  const words = t.forecast.accuracy;
  const least = isPrice(accuracy.kind) ? LEAST_SCALE_PER_KWH : LEAST_SCALE_KW;
  const scale = accuracy.bias_by_hour.reduce<number>((most, bias) => Math.max(most, Math.abs(bias ?? 0)), least);
  const bar = (bias: Known, hour: number): TemplateResult | typeof nothing => {
    if (bias === null) return nothing;
    const height = (HALF_HEIGHT * Math.abs(bias)) / scale;
    return svg`<rect class=${bias > 0 ? "is-high" : "is-low"} x=${hour * BAR_WIDTH + 3} width=${BAR_WIDTH - 6}
      y=${bias > 0 ? HALF_HEIGHT - height : HALF_HEIGHT} height=${Math.max(height, 0.5)}></rect>`;
  };
  return html`
    <figure class="bias kind-${accuracy.kind}" role="img" aria-label=${words.biasChart(t.forecast.kind[accuracy.kind])}>
      <p class="bias-scale num" aria-hidden="true">${amount(context, accuracy.kind, scale)} ${words.tooMuch} ↑</p>
      <svg viewBox="0 0 ${24 * BAR_WIDTH} ${2 * HALF_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
        ${accuracy.bias_by_hour.map(bar)}
        <line class="bias-zero" x1="0" x2=${24 * BAR_WIDTH} y1=${HALF_HEIGHT} y2=${HALF_HEIGHT}></line>
      </svg>
      <p class="bias-hours num" aria-hidden="true">${[0, 6, 12, 18, 24].map((hour) => html`<span>${hour}</span>`)}</p>
      <p class="bias-scale num" aria-hidden="true">${amount(context, accuracy.kind, scale)} ${words.tooLittle} ↓</p>
    </figure>
  `;
}

// -- tables -----------------------------------------------------------------------------------------

function direction(context: Context, kind: ForecastKind, bias: Known): string {
  const words = context.t.forecast.accuracy;
  if (bias === null) return "–";
  const size = amount(context, kind, bias);
  const isNothing = size === amount(context, kind, 0);
  return isNothing ? size : `${size} ${bias > 0 ? words.tooMuch : words.tooLittle}`;
}

function share({ format }: Context, frac: Known): string {
  return format.pct(frac === null ? null : 100 * frac);
}

function hoursTable(context: Context, accuracy: Accuracy): TableSpec {
  const words = context.t.forecast.accuracy;
  const hour = (number: number): string => String(number).padStart(2, "0");
  return {
    caption: words.biasChart(context.t.forecast.kind[accuracy.kind]),
    head: [words.hour, words.bias],
    rows: () => accuracy.bias_by_hour.map((bias, number) => [words.hourOf(hour(number), hour(number + 1)), direction(context, accuracy.kind, bias)]),
    of: [accuracy, context.format],
  };
}

function leadsTable(context: Context, accuracy: Accuracy): TableSpec {
  const { t, format } = context;
  const words = t.forecast.accuracy;
  return {
    caption: `${t.forecast.kind[accuracy.kind]}: ${words.leads}`,
    head: [words.lead, words.error, words.bias, words.inBand, words.slots],
    rows: () =>
      accuracy.by_lead.map((lead) => [
        words.leadOf(format.number(lead.lead_h)),
        lead.mae === null ? "–" : amount(context, accuracy.kind, lead.mae),
        direction(context, accuracy.kind, lead.bias),
        share(context, lead.coverage_frac),
        format.number(lead.n_slots),
      ]),
    of: [accuracy, format],
  };
}

function daysTable(context: Context, accuracy: Accuracy): TableSpec {
  const { t, format } = context;
  const words = t.forecast.accuracy;
  // How far the sun was trusted says nothing about the house.
  const hasConfidence = accuracy.kind === "pv" && accuracy.by_day.some((day) => day.confidence_frac !== null);
  return {
    caption: `${t.forecast.kind[accuracy.kind]}: ${words.byDay}`,
    head: isPrice(accuracy.kind)
      ? [words.day, words.error, words.inBand]
      : [words.day, words.saidOf, words.measured, words.error, words.inBand, ...(hasConfidence ? [words.confidence] : [])],
    rows: () =>
      accuracy.by_day.toReversed().map((day) => {
        const error = day.mae === null ? "–" : amount(context, accuracy.kind, day.mae);
        const shares = [share(context, day.coverage_frac)];
        if (isPrice(accuracy.kind)) return [format.dateOf(day.day), error, ...shares];
        if (hasConfidence) shares.push(share(context, day.confidence_frac));
        return [format.dateOf(day.day), format.kwh(day.said_kwh), format.kwh(day.measured_kwh), error, ...shares];
      }),
    of: [accuracy, format],
  };
}
