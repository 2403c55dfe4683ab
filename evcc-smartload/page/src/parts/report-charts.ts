/** What each day cost, and what came of it in the end, as charts with their tables. Both share one cursor. */

import { html, type TemplateResult } from "lit";
import type { Context } from "../context";
import { largest, smallest } from "../logic/forecast";
import { dayColumns, sumColumns } from "../logic/report";
import type { Known, ProofDay, ProofReport } from "../model";
import type { ChartSpec } from "./chart";
import { renderTable, type TableSpec } from "./lazy-table";

const DAY_MS = 86_400_000;
const HEADROOM = 0.08;
/** The least that a chart of money spans [EUR]: below, cents would look like mountains. */
const LEAST_EUR = 0.5;

export type DailyChart = Pick<ChartSpec, "fromMs" | "toMs" | "nowMs" | "isDaily" | "slotMs" | "lines" | "marks">;

/** What charts of days have in common; without days they span two weeks, so that nothing moves when there are some. */
export function dailyAxis({ format, nowMs }: Pick<Context, "format" | "nowMs">, xs: readonly number[]): DailyChart {
  const fromMs = xs[0] ?? nowMs - 14 * DAY_MS;
  const toMs = format.endOfDay(xs.at(-1) ?? nowMs);
  // The last value is read where nothing is pointed at.
  return { fromMs, toMs, nowMs: toMs, isDaily: true, slotMs: DAY_MS, lines: [], marks: [] };
}

/** The scale of money: its unit for the heading, and what a tick says. */
export function moneyAxis({ t, format }: Pick<Context, "t" | "format">, highest: number): { unit: string; tick: (value: number) => string } {
  const [divisor, word] = highest >= 1e6 ? [1e6, `${t.report.million} `] : highest >= 1e5 ? [1e3, `${t.report.thousand} `] : [1, ""];
  return { unit: `${word}${format.moneyUnit}`, tick: (value) => format.step(value / divisor) };
}

/** Where there is room for it, what is above and below zero is named. */
export function moneyDirections({ t }: Pick<Context, "t">, { yMin, yMax }: { yMin: number; yMax: number }): Pick<ChartSpec, "directions"> {
  const hasRoom = -yMin > 0.2 * (yMax - yMin);
  return yMin >= 0 ? {} : { directions: { above: t.report.charts.above, below: hasRoom ? t.report.charts.below : "" } };
}

/** Its edges with room above and below. */
export function moneyRange(columns: readonly (readonly Known[])[]): { yMin: number; yMax: number; highest: number } {
  const high = largest(LEAST_EUR, ...columns);
  const low = smallest(0, ...columns);
  const room = HEADROOM * (high - low);
  return { yMin: low < 0 ? low - room : 0, yMax: high + room, highest: Math.max(high, -low) };
}

export function renderReportCharts(context: Context, report: ProofReport, liveSinceMs: number | null): TemplateResult {
  const { t, format } = context;
  const words = t.report.charts;
  const daily = dailySpec(context, report.days, liveSinceMs);
  const sums = sumSpec(context, report, liveSinceMs);
  return html`
    <section class="card report-charts" aria-labelledby="report-charts-title" data-testid="report-charts">
      <h2 id="report-charts-title">${words.title}</h2>
      <p class="hint">${words.hint[liveSinceMs === null ? "observed" : "live"]}</p>
      <h3>${words.daily(daily.unit)}</h3>
      <sl-chart data-testid="daily-chart" .spec=${daily.spec} .format=${format} .words=${t.chart}></sl-chart>
      ${renderTable(t.asTable, dayTable(context, report))}
      <h3>${words.sum(sums.unit)}</h3>
      <sl-chart data-testid="sum-chart" .spec=${sums.spec} .format=${format} .words=${t.chart}></sl-chart>
      <p class="hint">${words.sumHint}</p>
      ${renderTable(t.asTable, sumTable(context, report))}
    </section>
  `;
}

function dailySpec(context: Context, days: readonly ProofDay[], liveSinceMs: number | null): { spec: ChartSpec; unit: string } {
  const { t, format } = context;
  const words = t.report.charts;
  const { xs, paid, evcc, observed, live } = dayColumns(days, liveSinceMs, format);
  const { highest, ...range } = moneyRange([paid, evcc, observed, live]);
  const axis = moneyAxis(context, highest);
  const money = (value: number): string => format.money(value);
  const isKnown = (column: readonly Known[]): boolean => column.some((value) => value !== null);
  const base = dailyAxis(context, xs);
  const spec: ChartSpec = {
    ...base,
    ...range,
    label: words.dailyChart,
    xs,
    yFormat: axis.tick,
    series: [
      ...(isKnown(paid) ? [{ label: words.paid, colour: "--c-paid", values: paid, format: money, widthPx: 2 }] : []),
      { label: words.evcc, colour: "--c-rules", values: evcc, format: money, dotted: true, widthPx: 2 },
      ...(isKnown(observed) || !isKnown(live) ? [{ label: words.oursObserved, colour: "--c-buffer", values: observed, format: money, dashed: true, widthPx: 1.6 }] : []),
      ...(isKnown(live) ? [{ label: words.oursLive, colour: "--c-buffer", values: live, format: money, widthPx: 3 }] : []),
    ],
    unknownFrom: xs.length === 0 ? { ms: base.fromMs, label: words.none } : null,
    heightPx: 220,
    syncKey: "report",
  };
  return { spec, unit: axis.unit };
}

function sumSpec(context: Context, { days, saving_eur: saving }: ProofReport, liveSinceMs: number | null): { spec: ChartSpec; unit: string } {
  const { t, format } = context;
  const words = t.report.charts;
  const { xs, middle, low, high } = sumColumns(days, saving, format);
  const { highest, ...range } = moneyRange([middle, low, high]);
  const axis = moneyAxis(context, highest);
  const firstLive = liveSinceMs === null ? xs.length : xs.findIndex((ms) => ms >= format.startOfDay(liveSinceMs));
  const nObserved = firstLive < 0 ? xs.length : firstLive;
  const observed = middle.map((value, day) => (day < nObserved ? value : null));
  const live = middle.map((value, day) => (day >= nObserved ? value : null));
  const money = (value: number): string => format.money(value);
  const band = (column: readonly Known[]): NonNullable<ChartSpec["series"][number]["band"]> => ({
    low: low.map((value, day) => (column[day] === null ? null : value)),
    high: high.map((value, day) => (column[day] === null ? null : value)),
    fill: "--c-buffer-soft",
    format: (from, to) => {
      const [lowText = "", highText = ""] = format.moneys([from, to]);
      return t.chart.range(lowText, highText);
    },
  });
  const base = dailyAxis(context, xs);
  const spec: ChartSpec = {
    ...base,
    ...range,
    label: words.sumChart,
    xs,
    yFormat: axis.tick,
    series: [
      ...(nObserved > 0 ? [{ label: words.oursObserved, colour: "--c-buffer", values: observed, format: money, dashed: true, widthPx: 1.6, band: band(observed) }] : []),
      ...(nObserved < xs.length || xs.length === 0 ? [{ label: words.oursLive, colour: "--c-buffer", values: live, format: money, widthPx: 3, band: band(live) }] : []),
    ],
    lines: range.yMin < 0 ? [{ value: 0, label: "", colour: "--ink-3" }] : [],
    unknownFrom: xs.length === 0 ? { ms: base.fromMs, label: words.none } : null,
    heightPx: 180,
    syncKey: "report",
    ...moneyDirections(context, range),
  };
  return { spec, unit: axis.unit };
}

// -- their tables -----------------------------------------------------------------------------------

function dayTable({ t, format }: Context, report: ProofReport): TableSpec {
  const words = t.report.charts;
  return {
    caption: words.dailyChart,
    head: [words.day, words.paid, words.evcc, t.report.result.ours, words.possible, words.counted],
    rows: () =>
      report.days.map(({ day, is_counted: isCounted, paid_eur: paid, evcc_eur: evcc, ours_eur: ours, possible_eur: possible }) => [
        format.dateOf(day),
        ...[paid, evcc, ours, possible].map((value) => format.money(value)),
        isCounted ? words.yes : words.no,
      ]),
    of: [report, format],
  };
}

function sumTable({ t, format }: Context, report: ProofReport): TableSpec {
  const words = t.report.charts;
  return {
    caption: words.sumChart,
    head: [words.day, words.saved, t.report.result.band],
    rows: () => {
      const { xs, middle, low, high } = sumColumns(report.days, report.saving_eur, format);
      return xs.map((ms, day) => {
        const [from, to] = [low[day] ?? null, high[day] ?? null];
        const [lowText = "", highText = ""] = from === null || to === null ? [] : format.moneys([from, to]);
        return [format.day(ms), format.money(middle[day] ?? null), lowText === "" ? "–" : t.report.result.range(lowText, highText)];
      });
    },
    of: [report, format],
  };
}
