/** The plan over time: prices, flows and states of charge, with one cursor and one chosen slot. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { SLOT_MS } from "../logic/buffer-log";
import { expectationOf, largest, smallest } from "../logic/forecast";
import {
  aligned,
  carNumber,
  edgesOf,
  gridOf,
  kwOf,
  reserveEdges,
  shownUntil,
  socEdges,
  sourcesOf,
  stacked,
  startsOf,
  usesOf,
  type FlowSeries,
  type Grid,
} from "../logic/plan";
import type { Forecast, Known, PlanJson } from "../model";
import type { ChartMark, ChartSeries, ChartSpec } from "./chart";
import { kwAxis } from "./forecast-charts";
import type { Pattern } from "./patterns";
import { flowLabel } from "./plan-tables";

const TWO_DAYS_MS = 2 * 86_400_000;
const SYNC_KEY = "plan";
const PRICE_PX = 140;
const FLOWS_PX = 260;
const SOC_PX = 180;
const LEAST_KW = 0.5;
const HEADROOM = 1.06;

/** What the charts of a plan are drawn from; one object as long as nothing of it changes. */
export interface Drawing {
  price: ChartSpec;
  flows: ChartSpec;
  soc: ChartSpec;
}

interface Source {
  plan: PlanJson | null;
  forecast: Forecast | null;
  pickedMs: number | null;
}

export function drawingOf(context: Context, source: Source): Drawing {
  return { price: priceSpec(context, source), flows: flowsSpec(context, source), soc: socSpec(context, source) };
}

/** The charts, each with its table below; `brief` stays in sight while the others are looked at. */
export function renderCharts(
  { t, format }: Context,
  { price, flows, soc }: Drawing,
  plan: PlanJson | null,
  brief: TemplateResult | typeof nothing,
  tables: Record<keyof Drawing, TemplateResult | typeof nothing>,
): TemplateResult {
  const words = t.plan.charts;
  const chart = (spec: ChartSpec, testId: string): TemplateResult =>
    html`<sl-chart data-testid=${testId} .spec=${spec} .format=${format} .words=${t.chart}></sl-chart>`;
  return html`
    <h3>${words.price(format.priceUnit)}</h3>
    ${chart(price, "plan-price")} ${brief} ${tables.price}
    <h3>${words.flows}</h3>
    ${chart(flows, "plan-flows")} ${tables.flows}
    <h3>${words.soc}</h3>
    ${chart(soc, "plan-soc")} ${tables.soc}
    ${(plan?.cars ?? []).filter((car) => car.capacity_kwh === null).map((car) => html`<p class="hint">${words.unknownCapacity(car.title)}</p>`)}
  `;
}

// -- what all have in common ------------------------------------------------------------------------

type Frame = Pick<ChartSpec, "fromMs" | "toMs" | "nowMs" | "syncKey" | "pickedMs" | "slotMs">;

/** Without a plan the same two days, so that nothing moves when it comes. */
function frame(nowMs: number, grid: Grid | null, pickedMs: number | null): Frame {
  const fromMs = grid?.startMs ?? nowMs;
  const toMs = grid === null ? nowMs + TWO_DAYS_MS : shownUntil(grid);
  return { fromMs, toMs, nowMs, syncKey: SYNC_KEY, pickedMs, slotMs: grid?.slotMs ?? SLOT_MS };
}

/** What lies in the charts' time; the tables have the rest. */
function shown<T>(values: readonly T[], grid: Grid | null): readonly T[] {
  return grid === null ? [] : values.slice(0, Math.round((shownUntil(grid) - grid.startMs) / grid.slotMs));
}

function whyEmpty({ t }: Context, plan: PlanJson | null, grid: Grid | null, fromMs: number): ChartSpec["unknownFrom"] {
  return grid === null ? { ms: fromMs, label: plan === null ? t.plan.loading : t.plan.handsOff } : null;
}

// -- prices -----------------------------------------------------------------------------------------

function priceSpec(context: Context, { plan, forecast, pickedMs }: Source): ChartSpec {
  const { t, format, nowMs } = context;
  const words = t.plan.charts;
  const grid = gridOf(plan);
  const scale = format.priceScale;
  const scaled = (values: readonly Known[]): Known[] => shown(values, grid).map((value) => (value === null ? null : value * scale));
  const band = expectationOf(forecast, "import_price")?.band ?? null;
  const nKnown = plan?.n_known_prices ?? 0;
  const bandAt = (quantile: "p10" | "p90"): Known[] =>
    grid === null ? [] : scaled(aligned(band, grid, quantile)).map((value, slot) => (slot < nKnown ? null : value));
  const [imports, exports] = [scaled(plan?.import_price_eur_per_kwh ?? []), scaled(plan?.export_price_eur_per_kwh ?? [])];
  const [low, high] = [bandAt("p10"), bandAt("p90")];
  const top = largest(0.1 * scale, imports, exports, high);
  const bottom = smallest(0, imports, exports, low);
  const [importKnown, importExpected] = priceSeries(
    context,
    { label: words.published, expected: words.expected, colour: "--c-price", fill: "--c-price-area" },
    imports,
    nKnown,
    { low, high },
  );
  const base = frame(nowMs, grid, pickedMs);
  const knownUntilMs = base.fromMs + nKnown * (base.slotMs ?? SLOT_MS);
  return {
    ...base,
    label: words.priceChart,
    xs: grid === null ? [] : shown(startsOf(grid), grid),
    yMin: bottom < 0 ? bottom - 0.08 * (top - bottom) : 0,
    yMax: top + 0.08 * (top - bottom),
    yFormat: (value) => format.step(value),
    series: [
      importKnown,
      ...priceSeries(context, { label: words.exportPublished, expected: words.exportExpected, colour: "--c-export" }, exports, nKnown, null),
      importExpected, // the last one: with its band its value is long
    ],
    lines: bottom < 0 ? [{ value: 0, label: "", colour: "--ink-3" }] : [],
    marks: [],
    unknownFrom:
      whyEmpty(context, plan, grid, base.fromMs) ??
      (knownUntilMs < base.toMs
        ? { ms: knownUntilMs, label: words.notPublished(format.when(knownUntilMs, nowMs)), short: words.notPublishedShort }
        : null),
    heightPx: PRICE_PX,
  };
}

interface PriceLine {
  label: string;
  expected: string;
  colour: string;
  fill?: string;
}

/** Solid as far as published, dashed beyond. */
function priceSeries(
  { t, format }: Context,
  { label, expected, colour, fill }: PriceLine,
  values: readonly Known[],
  nKnown: number,
  band: { low: readonly Known[]; high: readonly Known[] } | null,
): [ChartSeries, ChartSeries] {
  const scale = format.priceScale;
  const shape = { colour, format: (value: number) => format.price(value / scale), widthPx: fill === undefined ? 1.4 : 2 };
  const known = values.map((value, slot) => (slot < nKnown ? value : null));
  const rest = values.map((value, slot) => (slot < nKnown ? null : value));
  const edges = {
    low: band?.low ?? [],
    high: band?.high ?? [],
    fill: fill ?? "",
    format: (low: number, high: number): string => t.chart.range(format.priceNumber(low / scale), format.priceNumber(high / scale)),
  };
  return [
    { ...shape, label, values: known, ...(fill === undefined ? {} : { fill }) },
    { ...shape, label: expected, values: rest, dashed: true, ...(band === null ? {} : { band: edges }) },
  ];
}

// -- flows ------------------------------------------------------------------------------------------

const LOOKS: Record<Exclude<FlowSeries["flow"], "car">, { colour: string; pattern: Pattern }> = {
  sun: { colour: "--c-sun", pattern: "solid" },
  discharge: { colour: "--c-discharge", pattern: "rising" },
  import: { colour: "--c-import", pattern: "level" },
  house: { colour: "--c-house", pattern: "solid" },
  charge: { colour: "--c-charge", pattern: "falling" },
  export: { colour: "--c-export", pattern: "upright" },
  curtail: { colour: "--c-sun", pattern: "sparse" },
};
const CAR_PATTERNS: readonly Pattern[] = ["dots", "cross", "level"];

export function lookOf({ flow, number }: Pick<FlowSeries, "flow" | "number">): { colour: string; pattern: Pattern } {
  return flow === "car" ? { colour: `--c-car-${number}`, pattern: CAR_PATTERNS[number - 1] ?? "dots" } : LOOKS[flow];
}

function flowsSpec(context: Context, { plan, forecast, pickedMs }: Source): ChartSpec {
  const { t, nowMs } = context;
  const words = t.plan.charts;
  const grid = gridOf(plan);
  const base = frame(nowMs, grid, pickedMs);
  const above = plan === null || grid === null ? [] : layers(context, sourcesOf(plan), grid, 1);
  const below = plan === null || grid === null ? [] : layers(context, usesOf(plan), grid, -1);
  const bands = grid === null ? [] : forecastBands(context, forecast, grid);
  const ends = (series: readonly ChartSeries[]): readonly (readonly Known[])[] =>
    series.flatMap((one) => [one.layer?.high ?? [], one.layer?.low ?? [], one.band?.high ?? [], one.band?.low ?? []]);
  const top = largest(LEAST_KW, ...ends([...above, ...bands]));
  const bottom = smallest(-LEAST_KW, ...ends([...below, ...bands]));
  const axis = kwAxis(context, Math.max(top, -bottom));
  return {
    ...base,
    label: words.flowsChart,
    xs: grid === null ? [] : shown(startsOf(grid), grid),
    yMin: HEADROOM * bottom,
    yMax: HEADROOM * top,
    yFormat: (value) => axis(Math.abs(value)),
    series: [...above, ...below, ...bands],
    lines: [{ value: 0, label: "", colour: "--ink-3" }],
    marks: [],
    unknownFrom: whyEmpty(context, plan, grid, base.fromMs),
    heightPx: FLOWS_PX,
    directions: { above: words.from, below: words.to },
  };
}

function layers(context: Context, flows: readonly FlowSeries[], grid: Grid, sign: 1 | -1): ChartSeries[] {
  const { format } = context;
  const columns = flows.map(({ kwh }) => shown(kwh, grid).map((value) => kwOf(value, grid)));
  const stack = stacked(columns.map((column) => column.map((kw) => sign * kw)));
  return flows.map((flow, index) => {
    const { colour, pattern } = lookOf(flow);
    const { low = [], high = [] } = stack[index] ?? {};
    return {
      label: flowLabel(context, flow),
      colour,
      values: columns[index] ?? [],
      format: (value: number) => format.kwFine(value),
      layer: sign > 0 ? { low, high, pattern } : { low: high, high: low, pattern },
    };
  });
}

/** What is forecast about sun and house, over what the plan reckons with. */
function forecastBands(context: Context, forecast: Forecast | null, grid: Grid): ChartSeries[] {
  const { t, format } = context;
  const look = {
    pv: { label: t.plan.charts.sunBand, colour: "--c-sun-line", fill: "--c-sun-area", sign: 1 },
    load: { label: t.plan.charts.houseBand, colour: "--c-house", fill: "--c-house-area", sign: -1 },
  };
  return (["pv", "load"] as const).flatMap((kind) => {
    const { label, colour, fill, sign } = look[kind];
    const band = expectationOf(forecast, kind)?.band ?? null;
    const at = (quantile: "p10" | "p50" | "p90"): Known[] =>
      shown(aligned(band, grid, quantile), grid).map((value) => (value === null ? null : sign * value));
    const [low, middle, high] = [at("p10"), at("p50"), at("p90")];
    if (middle.every((value) => value === null)) return [];
    return [
      {
        label,
        colour,
        values: middle,
        format: (value: number) => format.kwFine(sign * value),
        dashed: true,
        widthPx: 1.2,
        band: {
          low: sign > 0 ? low : high,
          high: sign > 0 ? high : low,
          fill,
          format: (from: number, to: number) => {
            const [least, most] = [Math.min(sign * from, sign * to), Math.max(sign * from, sign * to)];
            const text = format.kwBand(least, most, most);
            return t.chart.range(text.low, text.high);
          },
        },
      },
    ];
  });
}

// -- states of charge -------------------------------------------------------------------------------

function socSpec(context: Context, { plan, pickedMs }: Source): ChartSpec {
  const { t, nowMs } = context;
  const grid = gridOf(plan);
  const base = frame(nowMs, grid, pickedMs);
  return {
    ...base,
    label: t.plan.charts.socChart,
    xs: grid === null ? [] : shown(edgesOf(grid), { ...grid, nSlots: grid.nSlots + 1 }),
    yMin: 0,
    yMax: 105,
    yFormat: (value) => (value > 100 ? "" : context.format.pct(value)),
    series: plan === null || grid === null ? [] : socSeries(context, plan),
    lines: [],
    marks: plan === null || grid === null ? [] : wishMarks(context, plan, base.toMs),
    unknownFrom: whyEmpty(context, plan, grid, base.fromMs),
    heightPx: SOC_PX,
  };
}

function socSeries({ t, format }: Context, plan: PlanJson): ChartSeries[] {
  const pct = (value: number): string => format.pct(value);
  const reserve = reserveEdges(plan);
  const buffer: ChartSeries[] =
    reserve.length === 0
      ? []
      : [
          {
            label: t.plan.charts.buffer,
            colour: "--c-buffer",
            values: reserve,
            format: pct,
            layer: { low: reserve.map(() => 0), high: reserve, pattern: "sparse" },
            isLinear: true,
          },
        ];
  const batteries = plan.batteries.map((battery, index) => ({
    label: battery.title,
    colour: "--c-charge",
    values: socEdges(battery, battery.capacity_kwh),
    format: pct,
    // A second battery has the same colour and a finer dash.
    ...(index === 0 ? { dashed: true } : { dotted: true }),
    isLinear: true,
  }));
  const cars = plan.cars.flatMap((car) =>
    car.capacity_kwh === null
      ? []
      : [
          {
            label: car.title,
            colour: `--c-car-${carNumber(car)}`,
            values: socEdges(car, car.capacity_kwh),
            format: pct,
            dashed: true,
            isLinear: true,
          },
        ],
  );
  return [...buffer, ...batteries, ...cars];
}

function wishMarks({ t, format }: Context, plan: PlanJson, toMs: number): ChartMark[] {
  return plan.cars.flatMap((car) => {
    const byMs = car.by === null ? Infinity : Date.parse(car.by);
    if (car.capacity_kwh === null || byMs > toMs) return [];
    const pct = (100 * car.target_kwh) / car.capacity_kwh;
    const wish = { label: t.plan.charts.wish(car.title, format.pct(pct)), colour: `--c-car-${carNumber(car)}` };
    return [{ x: byMs, y: pct, wish }];
  });
}
