/** What is expected and what came of it, as charts with their tables. All share one cursor. */

import { html, type TemplateResult } from "lit";
import type { Context } from "../context";
import { SLOT_MS } from "../logic/buffer-log";
import { comparisonOf, expectationOf, largest, slotTimes, smallest, splitKnown } from "../logic/forecast";
import type { BandSeries, Forecast, ForecastKind, Known } from "../model";
import type { ChartSeries, ChartSpec } from "./chart";
import { renderTable, type TableSpec } from "./lazy-table";

const TWO_DAYS_MS = 2 * 86_400_000;
const LEAST_KW = 0.5;
const HEADROOM = 1.08;
const SUN_PX = 180;
const HOUSE_PX = 140;
const PRICE_PX = 180;
const SYNC_KEY = "forecast";

type Power = "pv" | "load";

const COLOURS: Record<Power, { line: string; area: string; heightPx: number }> = {
  pv: { line: "--c-sun-line", area: "--c-sun-area", heightPx: SUN_PX },
  load: { line: "--c-house", area: "--c-house-area", heightPx: HOUSE_PX },
};

// -- what is coming ---------------------------------------------------------------------------------

export function renderAhead(context: Context, forecast: Forecast | null): TemplateResult {
  const { t, format } = context;
  const words = t.forecast.ahead;
  return html`
    <section class="card" aria-labelledby="ahead-title" data-testid="ahead">
      <h2 id="ahead-title">${words.title}</h2>
      <p class="hint">${words.hint}</p>
      <h3>${words.sun}</h3>
      ${chart(context, aheadPower(context, forecast, "pv"), "ahead-sun")}
      <h3>${words.house}</h3>
      ${chart(context, aheadPower(context, forecast, "load"), "ahead-house")}
      ${renderTable(t.asTable, powerTable(context, forecast))}
      <h3>${words.price(format.priceUnit)}</h3>
      ${chart(context, aheadPrice(context, forecast), "ahead-price")}
      ${renderTable(t.asTable, priceTable(context, forecast))}
    </section>
  `;
}

function chart({ format, t }: Context, spec: ChartSpec, testId: string): TemplateResult {
  return html`<sl-chart data-testid=${testId} .spec=${spec} .format=${format} .words=${t.chart}></sl-chart>`;
}

function bandSeries(context: Context, label: string, kind: Power, band: BandSeries | null, widthPx: number): ChartSeries {
  const { format, t } = context;
  const { line, area } = COLOURS[kind];
  return {
    label,
    colour: line,
    values: band?.p50 ?? [],
    format: (value) => format.kwFine(value),
    dashed: true,
    widthPx,
    band: {
      low: band?.p10 ?? [],
      high: band?.p90 ?? [],
      fill: area,
      format: (low, high) => {
        const shown = format.kwBand(low, high, high);
        return t.chart.range(shown.low, shown.high);
      },
    },
  };
}

/** The time axis of what is coming; without a forecast the same two days, so that nothing moves when it comes. */
function span(context: Context, forecast: Forecast | null): { fromMs: number; toMs: number } {
  const startMs = forecast?.start == null ? context.nowMs : Date.parse(forecast.start);
  const count = Math.max(0, ...(forecast?.expectations ?? []).map((one) => one.band.p50.length));
  return { fromMs: startMs, toMs: count === 0 ? startMs + TWO_DAYS_MS : startMs + count * SLOT_MS };
}

function aheadPower(context: Context, forecast: Forecast | null, kind: Power): ChartSpec {
  const { t, format, nowMs } = context;
  const words = t.forecast.ahead;
  const band = expectationOf(forecast, kind)?.band ?? null;
  const provider = kind === "pv" ? (forecast?.provider_kw ?? []) : [];
  const { fromMs, toMs } = span(context, forecast);
  const isEmpty = band === null || band.p50.every((value) => value === null);
  const why = forecast === null ? t.forecast.loading : kind === "pv" && forecast.issued_at !== null ? words.noSun : words.none;
  return {
    label: kind === "pv" ? words.sunChart : words.houseChart,
    xs: band === null ? [] : slotTimes(Date.parse(band.start), band.p50.length),
    fromMs,
    toMs,
    nowMs,
    yMin: 0,
    yMax: HEADROOM * largest(LEAST_KW, band?.p50 ?? [], band?.p90 ?? [], provider),
    yFormat: kwAxis(context, largest(LEAST_KW, band?.p90 ?? [], provider)),
    series: [
      bandSeries(context, words.expected, kind, band, 2),
      ...(kind === "pv"
        ? [{ label: words.provider, colour: "--ink-3", values: provider, format: (value: number) => format.kwFine(value), dotted: true, widthPx: 1.2 }]
        : []),
    ],
    lines: [],
    marks: [],
    unknownFrom: isEmpty ? { ms: fromMs, label: why } : null,
    heightPx: COLOURS[kind].heightPx,
    syncKey: SYNC_KEY,
    slotMs: SLOT_MS,
  };
}

export function kwAxis({ format }: Pick<Context, "format">, highest: number): (value: number) => string {
  return (value) => (highest >= 10_000 ? `${format.step(value / 1000)}\u00a0MW` : format.step(value));
}

function aheadPrice(context: Context, forecast: Forecast | null): ChartSpec {
  const { t, format, nowMs } = context;
  const words = t.forecast.ahead;
  const scale = format.priceScale;
  const scaled = (values: readonly Known[]): Known[] => values.map((value) => (value === null ? null : value * scale));
  const money = (value: number): string => format.price(value / scale);
  const band = expectationOf(forecast, "import_price")?.band ?? null;
  const lines = band === null ? null : splitKnown(band);
  const exported = exportSeries(context, forecast, scaled, money);
  const shown = [band?.p10, band?.p50, band?.p90, ...exported.map((one) => one.values.map((value) => (value === null ? null : value / scale)))];
  const columns = shown.map((values) => scaled(values ?? []));
  const high = largest(0.1 * scale, ...columns);
  const low = smallest(0, ...columns);
  const { fromMs, toMs } = span(context, forecast);
  const knownUntilMs = band === null ? fromMs : Date.parse(band.start) + band.n_known * SLOT_MS;
  const isEmpty = band === null || band.p50.every((value) => value === null);
  const why = forecast === null ? t.forecast.loading : forecast.issued_at === null ? words.none : t.price.none;
  return {
    label: words.priceChart,
    xs: band === null ? [] : slotTimes(Date.parse(band.start), band.p50.length),
    fromMs,
    toMs,
    nowMs,
    yMin: low < 0 ? low - 0.08 * (high - low) : 0,
    yMax: high + 0.08 * (high - low),
    yFormat: (value) => format.step(value),
    series: [
      { label: words.published, colour: "--c-price", fill: "--c-price-area", values: scaled(lines?.known ?? []), format: money },
      {
        label: words.expected,
        colour: "--c-price",
        values: scaled(lines?.expected ?? []),
        format: money,
        dashed: true,
        band: {
          low: scaled(lines?.low ?? []),
          high: scaled(lines?.high ?? []),
          fill: "--c-price-area",
          format: (from, to) => t.chart.range(format.priceNumber(from / scale), format.priceNumber(to / scale)),
        },
      },
      ...exported,
    ],
    lines: low < 0 ? [{ value: 0, label: "", colour: "--ink-3" }] : [],
    marks: [],
    unknownFrom: isEmpty
      ? { ms: fromMs, label: why }
      : { ms: knownUntilMs, label: words.notPublished(format.when(knownUntilMs, nowMs)), short: words.isExpected },
    heightPx: PRICE_PX,
    syncKey: SYNC_KEY,
    slotMs: SLOT_MS,
  };
}

/** What the grid pays, thin: solid as far as published, dashed beyond. */
function exportSeries(
  context: Context,
  forecast: Forecast | null,
  scaled: (values: readonly Known[]) => Known[],
  money: (value: number) => string,
): ChartSeries[] {
  const words = context.t.forecast.ahead;
  const band = expectationOf(forecast, "export_price")?.band ?? null;
  if (band === null || band.p50.every((value) => value === null)) return [];
  const { known, expected } = splitKnown(band);
  const shape = { colour: "--c-export", format: money, widthPx: 1.4 };
  return [
    { ...shape, label: words.exportPublished, values: scaled(known) },
    ...(expected.some((value) => value !== null)
      ? [{ ...shape, label: words.exportExpected, values: scaled(expected), dashed: true }]
      : []),
  ];
}

// -- what came --------------------------------------------------------------------------------------

export function renderPast(context: Context, forecast: Forecast | null): TemplateResult {
  const { t } = context;
  const words = t.forecast.past;
  return html`
    <section class="card" aria-labelledby="past-title" data-testid="past">
      <h2 id="past-title">${words.title}</h2>
      <p class="hint">${words.hint}</p>
      <h3>${t.forecast.ahead.sun}</h3>
      ${chart(context, pastPower(context, forecast, "pv"), "past-sun")}
      <h3>${t.forecast.ahead.house}</h3>
      ${chart(context, pastPower(context, forecast, "load"), "past-house")}
      ${renderTable(t.asTable, pastTable(context, forecast))}
    </section>
  `;
}

function pastPower(context: Context, forecast: Forecast | null, kind: Power): ChartSpec {
  const { t, format, nowMs } = context;
  const words = t.forecast.past;
  const comparison = comparisonOf(forecast, kind);
  const said = comparison?.said ?? null;
  const measured = comparison?.measured ?? [];
  const fromMs = said === null || said.p50.length === 0 ? nowMs - TWO_DAYS_MS : Date.parse(said.start);
  const toMs = said === null || said.p50.length === 0 ? nowMs : fromMs + said.p50.length * SLOT_MS;
  const isEmpty = [...measured, ...(said?.p50 ?? [])].every((value) => value === null);
  const highest = largest(LEAST_KW, said?.p50 ?? [], said?.p90 ?? [], measured);
  return {
    label: kind === "pv" ? words.sunChart : words.houseChart,
    xs: said === null ? [] : slotTimes(Date.parse(said.start), said.p50.length),
    fromMs,
    toMs,
    nowMs,
    yMin: 0,
    yMax: HEADROOM * highest,
    yFormat: kwAxis(context, highest),
    series: [
      { label: words.measured, colour: COLOURS[kind].line, values: measured, format: (value: number) => format.kwFine(value), widthPx: 2 },
      bandSeries(context, words.said, kind, said, 1.4),
    ].toReversed(), // the band behind, what came over it
    lines: [],
    marks: [],
    unknownFrom: isEmpty ? { ms: fromMs, label: forecast === null ? t.forecast.loading : words.none } : null,
    heightPx: COLOURS[kind].heightPx,
    syncKey: SYNC_KEY,
    slotMs: SLOT_MS,
  };
}

// -- their tables -----------------------------------------------------------------------------------

function bandText({ format, t }: Context, band: BandSeries | null, slot: number): string {
  const [low, middle, high] = [band?.p10[slot] ?? null, band?.p50[slot] ?? null, band?.p90[slot] ?? null];
  if (middle === null) return "–";
  if (low === null || high === null) return format.kwFine(middle);
  const shown = format.kwBand(low, middle, high);
  return `${shown.middle} (${t.chart.range(shown.low, shown.high)})`;
}

function powerTable(context: Context, forecast: Forecast | null): TableSpec {
  const { t, format } = context;
  const words = t.forecast.ahead;
  const [sun, house] = [bandOf(forecast, "pv"), bandOf(forecast, "load")];
  return {
    caption: `${words.title}: ${t.forecast.kind.pv}, ${t.forecast.kind.load}`,
    head: [words.time, t.forecast.kind.pv, words.provider, t.forecast.kind.load],
    rows: () =>
      timesOf(sun ?? house).map((ms, slot) => [
        format.dayTime(ms),
        bandText(context, sun, slot),
        format.kwFine(forecast?.provider_kw[slot] ?? null),
        bandText(context, house, slot),
      ]),
    of: [forecast, format],
  };
}

function priceTable(context: Context, forecast: Forecast | null): TableSpec {
  const { t, format } = context;
  const words = t.forecast.ahead;
  const band = bandOf(forecast, "import_price");
  const exported = bandOf(forecast, "export_price");
  return {
    caption: words.priceChart,
    head: [words.time, words.middle, words.cheap, words.dear, words.status, ...(exported === null ? [] : [t.forecast.kind.export_price])],
    rows: () =>
      timesOf(band).map((ms, slot) => [
        format.dayTime(ms),
        format.price(band?.p50[slot] ?? null),
        format.price(band?.p10[slot] ?? null),
        format.price(band?.p90[slot] ?? null),
        slot < (band?.n_known ?? 0) ? words.isPublished : words.isExpected,
        ...(exported === null ? [] : [format.price(exported.p50[slot] ?? null)]),
      ]),
    of: [forecast, format],
  };
}

function pastTable(context: Context, forecast: Forecast | null): TableSpec {
  const { t, format } = context;
  const words = t.forecast.past;
  const [sun, house] = [comparisonOf(forecast, "pv"), comparisonOf(forecast, "load")];
  const head = (kind: ForecastKind): string[] => [`${t.forecast.kind[kind]}: ${words.measured}`, `${t.forecast.kind[kind]}: ${words.said}`];
  return {
    caption: words.title,
    head: [t.forecast.ahead.time, ...head("pv"), ...head("load")],
    rows: () =>
      timesOf(sun?.said ?? house?.said ?? null).map((ms, slot) => [
        format.dayTime(ms),
        format.kwFine(sun?.measured[slot] ?? null),
        bandText(context, sun?.said ?? null, slot),
        format.kwFine(house?.measured[slot] ?? null),
        bandText(context, house?.said ?? null, slot),
      ]),
    of: [forecast, format],
  };
}

function bandOf(forecast: Forecast | null, kind: ForecastKind): BandSeries | null {
  return expectationOf(forecast, kind)?.band ?? null;
}

function timesOf(band: BandSeries | null): number[] {
  return band === null ? [] : slotTimes(Date.parse(band.start), band.p50.length);
}
