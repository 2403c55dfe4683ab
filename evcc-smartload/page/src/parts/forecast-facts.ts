/** The confidence and its parts, the days and windows ahead, the models, and the past they build on. */

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Context } from "../context";
import { bandOfConfidence, isPrice, judgeCorrelation } from "../logic/accuracy";
import { SLOT_MS } from "../logic/buffer-log";
import { type DayAhead, daysAhead, NEXT_TO_NOTHING_KWH } from "../logic/forecast";
import type { AccuracyReport, Energy, Expectation, Forecast, ForecastKind, ImportProgress, Known, NamedWindow } from "../model";
import { renderTable, type TableSpec } from "./lazy-table";

const ALL = 0.995;
const GOOD = 0.8;
const FAIR = 0.5;

// -- confidence -------------------------------------------------------------------------------------

export function renderConfidence(context: Context, forecast: Forecast | null, report: AccuracyReport | null): TemplateResult {
  const { t, format } = context;
  const words = t.forecast.confidence;
  const parts = forecast?.confidence ?? null;
  const pct = (frac: number | undefined): string => format.pct(frac === undefined ? null : 100 * frac);
  const part = (name: string, frac: number | undefined, text: string): TemplateResult => html`
    <li>
      <span class="part-name">${name} <b class="num">${pct(frac)}</b></span>
      ${meter(frac)}
      <span class="hint">${frac === undefined ? " " : text}</span>
    </li>
  `;
  const level = (frac = 0): "high" | "middle" | "low" => (frac >= GOOD ? "high" : frac >= FAIR ? "middle" : "low");
  return html`
    <section class="card confidence" aria-labelledby="confidence-title" data-testid="confidence-card">
      <h2 id="confidence-title">${words.title}</h2>
      <p class="big">
        <span class="figure num" data-testid="forecast-confidence">${pct(parts?.confidence_frac)}</span>
        <span class="aside">${parts === null ? words.none : words.of100}</span>
      </p>
      <ul class="parts">
        ${part(words.coverage, parts?.coverage_frac, words.coverageWords(pct(parts?.coverage_frac), (parts?.coverage_frac ?? 0) >= ALL, parts?.coverage_frac === 0))}
        ${part(words.freshness, parts?.freshness_frac, words.freshnessWords[level(parts?.freshness_frac)])}
        ${part(words.accuracy, parts?.accuracy_frac, words.accuracyWords(pct(1 - (parts?.accuracy_frac ?? 0))))}
      </ul>
      <p class="hint num">${parts === null ? nothing : words.product(pct(parts.coverage_frac), pct(parts.freshness_frac), pct(parts.accuracy_frac), pct(parts.raw_frac))}</p>
      ${parts === null ? nothing : confidenceMeaning(context, parts.confidence_frac, report)}
    </section>
  `;
}

export function meter(frac: number | undefined): TemplateResult {
  const width = Math.round(100 * Math.min(1, Math.max(0, frac ?? 0)));
  return html`
    <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="meter-back" width="100" height="6"></rect>${svg`<rect class="meter-fill" width=${width} height="6"></rect>`}
    </svg>
  `;
}

function confidenceMeaning(context: Context, confidenceFrac: number, report: AccuracyReport | null): TemplateResult {
  const { t, format } = context;
  const words = t.forecast.confidence;
  const pct = (frac: Known): string => format.pct(frac === null ? null : 100 * frac);
  const band = bandOfConfidence(report, confidenceFrac);
  const verdict = judgeCorrelation(report?.confidence_rank_correlation ?? null);
  return html`
    <p data-testid="confidence-meaning">${band === null
      ? words.meaningOpen
      : words.meaning(format.number(band.n_days), pct(band.from_frac), pct(band.to_frac), pct(band.error_frac))}</p>
    ${verdict === null ? nothing : html`<p class="hint num">${words.correlation[verdict](format.number(report?.confidence_rank_correlation ?? null, 2))}</p>`}
    ${(report?.confidence_bands.length ?? 0) === 0
      ? nothing
      : renderTable(t.asTable, {
          caption: words.table,
          head: [words.band, words.nDays, words.error],
          rows: () =>
            (report?.confidence_bands ?? []).map((one) => [
              words.bandOf(pct(one.from_frac), pct(one.to_frac)),
              format.number(one.n_days),
              pct(one.error_frac),
            ]),
          of: [report, format],
        })}
  `;
}

// -- days and windows -------------------------------------------------------------------------------

export function renderDays(context: Context, forecast: Forecast | null, report: AccuracyReport | null): TemplateResult {
  const { t, format } = context;
  const words = t.forecast.days;
  const days = daysAhead(forecast);
  const coverage = report?.window_coverage_frac ?? null;
  return html`
    <section class="card days" aria-labelledby="days-title" data-testid="days">
      <h2 id="days-title">${words.title}</h2>
      ${days.length === 0 ? html`<p class="empty">${forecast === null ? t.pending : words.none}</p>` : daysTable(context, days)}
      ${(forecast?.windows ?? []).map((window) => html`<p data-testid="window">${windowSentence(context, forecast, window)}</p>`)}
      ${coverage === null || report === null ? nothing : html`<p class="hint num">${words.windowsHeld(format.pct(100 * coverage), format.number(report.n_windows))}</p>`}
      ${(forecast?.holidays ?? []).map((day) => html`<p class="hint">${t.forecast.holiday(format.dateOf(day))}</p>`)}
      ${days.length === 0 ? nothing : html`<p class="hint">${words.hint}</p>`}
    </section>
  `;
}

function daysTable(context: Context, days: readonly DayAhead[]): TemplateResult {
  const { t, format, nowMs } = context;
  const words = t.forecast.days;
  const name = ({ day, isWhole }: DayAhead): string => {
    if (day === format.isoDay(nowMs)) return isWhole ? words.today : words.restOfToday;
    return day === format.isoDay(format.endOfDay(nowMs)) ? words.tomorrow : format.dateOf(day);
  };
  const range = (energy: Energy | null): TemplateResult => {
    if (energy === null) return html`–`;
    if (energy.p90_kwh < NEXT_TO_NOTHING_KWH) return html`<b>${format.kwh(0)}</b>`;
    const shown = format.kwhBand(energy.p10_kwh, energy.p50_kwh, energy.p90_kwh);
    return html`<b>${shown.middle}</b> <small>${t.chart.range(shown.low, shown.high)}</small>`;
  };
  return html`
    <table class="day-sums">
      <caption class="visually-hidden">${words.table}</caption>
      <thead><tr><th scope="col">${words.day}</th><th scope="col">${t.forecast.kind.pv}</th><th scope="col">${t.forecast.kind.load}</th></tr></thead>
      <tbody class="num">
        ${days.map((day) => html`<tr><th scope="row">${name(day)}</th><td>${range(day.pv)}</td><td>${range(day.load)}</td></tr>`)}
      </tbody>
    </table>
  `;
}

function windowSentence(context: Context, forecast: Forecast | null, { purpose, energy }: NamedWindow): string {
  const { t, format, nowMs } = context;
  const words = t.forecast.days;
  const at = (instant: string): string => {
    const ms = Date.parse(instant);
    return format.startOfDay(ms) === format.endOfDay(nowMs) ? words.tomorrowAt(format.time(ms)) : format.when(ms, nowMs);
  };
  const shown = format.kwhBand(energy.p10_kwh, energy.p50_kwh, energy.p90_kwh);
  const most = format.kwhBand(energy.p10_kwh, energy.p90_kwh, energy.p90_kwh).middle;
  if (purpose === "night") return words.night(at(energy.start), at(energy.end), shown.middle, most);
  if (energy.p90_kwh < NEXT_TO_NOTHING_KWH && Date.parse(energy.end) - nowMs <= SLOT_MS) return words.surplusNow;
  const count = Math.max(0, ...(forecast?.expectations ?? []).map((one) => one.band.p50.length));
  const isWithoutEnd = forecast?.start != null && Date.parse(energy.end) >= Date.parse(forecast.start) + count * SLOT_MS;
  return (isWithoutEnd ? words.untilEnd : words.untilSurplus)(at(energy.end), shown.middle, most);
}

// -- models -----------------------------------------------------------------------------------------

export function modelName({ t }: Pick<Context, "t">, model: string): string {
  const { names } = t.forecast.models;
  // A newer service may know methods that this page has no words for.
  return (Object.hasOwn(names, model) ? names[model] : undefined) ?? model.replaceAll("_", " ");
}

export function renderModels(context: Context, forecast: Forecast | null): TemplateResult {
  const { t } = context;
  const words = t.forecast.models;
  const expectations = forecast?.expectations ?? [];
  return html`
    <section class="card models" aria-labelledby="models-title" data-testid="models">
      <h2 id="models-title">${words.title}</h2>
      ${expectations.length === 0
        ? html`<p class="empty">${forecast === null ? t.pending : words.none}</p>`
        : html`<p class="hint">${words.hint}</p>
            ${expectations.map((one) => modelOf(context, one))}`}
    </section>
  `;
}

function modelOf(context: Context, { kind, choice }: Expectation): TemplateResult {
  const { t } = context;
  const words = t.forecast.models;
  const isAlone = choice.candidates.length === 0; // then it was not chosen
  return html`
    <div class="model" data-testid="model" data-kind=${kind}>
      <h3>${t.forecast.kind[kind]}</h3>
      <p>${words.uses(modelName(context, choice.model))}. ${isAlone ? nothing : html`<span class="hint">${words.reason[choice.reason]}</span>`}</p>
      ${choice.candidates.length === 0 ? nothing : renderTable(t.asTable, candidatesTable(context, kind, choice))}
    </div>
  `;
}

function candidatesTable(context: Context, kind: ForecastKind, choice: Expectation["choice"]): TableSpec {
  const { t, format } = context;
  const words = t.forecast.models;
  const loss = (value: Known): string => {
    if (value === null) return "–";
    return isPrice(kind) ? format.finePrice(value) : `${format.number(value, 3)}\u00a0kW`;
  };
  return {
    caption: `${words.title}: ${t.forecast.kind[kind]}`,
    head: [words.model, words.loss, words.nDays],
    rows: () =>
      choice.candidates
        .toSorted((a, b) => (a.loss_kw ?? Infinity) - (b.loss_kw ?? Infinity))
        .map((one) => [
          one.model === choice.model ? `${modelName(context, one.model)} (${words.inUse})` : modelName(context, one.model),
          loss(one.loss_kw),
          format.number(one.n_days),
        ]),
    of: [choice, format],
  };
}

// -- the past ---------------------------------------------------------------------------------------

export function renderHistory(context: Context, forecast: Forecast | null): TemplateResult {
  const { t, format, state, nowMs } = context;
  const words = t.forecast.history;
  const history = state?.history ?? null;
  const instant = (iso: string | null): string => (iso === null ? "–" : format.when(Date.parse(iso), nowMs));
  const days = (count: number): string => words.nDays(Math.floor(count), format.number(Math.floor(count)));
  return html`
    <section class="card history" aria-labelledby="history-title" data-testid="history">
      <h2 id="history-title">${words.title}</h2>
      ${history === null
        ? html`<p class="empty">${state === null ? t.pending : words.none}</p>`
        : html`
            ${history.problem === null
              ? nothing
              : html`<p class="store-problem" role="alert">${words.problem} <code>${history.problem}</code></p>`}
            ${history.first === null ? html`<p class="empty">${words.empty}</p>` : nothing}
            <dl class="facts num">
              <div><dt>${words.since}</dt><dd>${history.first === null ? "–" : format.dayTime(Date.parse(history.first))}</dd></div>
              <div><dt>${words.last}</dt><dd>${instant(history.last)}</dd></div>
              <div><dt>${words.days}</dt><dd>${days(history.n_days)}</dd></div>
              <div><dt>${words.builtOn}</dt><dd>${forecast === null ? "–" : days(forecast.history_days)}</dd></div>
              <div><dt>${words.size}</dt><dd>${format.megabytes(history.size_bytes)}</dd></div>
            </dl>
            ${history.imports.length === 0
              ? nothing
              : html`<h3>${words.imports}</h3>
                  <ul class="imports">${history.imports.map((one) => importOf(context, one))}</ul>`}
          `}
    </section>
  `;
}

function importOf({ t, format }: Context, progress: ImportProgress): TemplateResult {
  const words = t.forecast.history;
  const name = words.source[progress.source];
  const isMoving = progress.state === "running" || progress.state === "waiting";
  return html`
    <li data-testid="import" data-source=${progress.source} data-state=${progress.state}>
      <span class="import-name"><b>${name}</b> <span>${words.state[progress.state]}${
        isMoving ? html` <span class="num">${format.pct(100 * progress.progress_frac)}</span>` : nothing
      }</span></span>
      ${isMoving ? html`<progress max="1" .value=${progress.progress_frac} aria-label=${name}></progress>` : nothing}
      ${progress.n_slots === 0
        ? nothing
        : html`<span class="hint num">${words.taken(
            progress.n_slots,
            format.number(progress.n_slots),
            progress.since === null ? null : format.day(Date.parse(progress.since)),
          )}</span>`}
      ${progress.detail === "" ? nothing : html`<code>${progress.detail}</code>`}
    </li>
  `;
}
