/** The price of this moment against the prices that are known. */

import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import type { Context } from "../context";
import { judgePrice, priceLine, priceStretches } from "../logic/prices";
import type { ChartSpec } from "./chart";

export function renderPrice(context: Context): TemplateResult {
  const { t, format, state, nowMs } = context;
  const prices = state?.prices ?? null;
  const isEmpty = prices !== null && prices.import_slots.length === 0;
  const verdict = prices === null ? null : judgePrice(prices, nowMs, format);
  return html`
    <section class="card price" aria-labelledby="price-title">
      <h2 id="price-title">${t.price.title}</h2>
      <p class="big" data-testid="price-now">
        <span class="figure num">${number(prices?.import_now_eur_per_kwh ?? null, context)}</span>
        <span class="aside">
          <span>${format.priceUnit}</span>
          <span class="num">${verdict === null
            ? " "
            : `${verdict.isWholeDay ? t.price.today : t.price.restOfDay} ${t.price.range(format.priceNumber(verdict.todayMin), format.priceNumber(verdict.todayMax))}`}</span>
        </span>
      </p>
      ${isEmpty
        ? html`<p class="empty chart-space">${t.price.none}</p>`
        : html`<sl-chart
            data-testid="price-chart"
            .spec=${chart(context)}
            .format=${format}
            .words=${t.chart}
          ></sl-chart>`}
      <dl class="facts num">
        <div><dt>${t.price.feedIn}</dt><dd>${format.price(prices?.export_now_eur_per_kwh ?? null)}</dd></div>
        <div><dt>${t.price.spread}</dt><dd>${prices === null || isEmpty ? "–" : format.price(prices.spread_eur_per_kwh)}</dd></div>
      </dl>
      ${table(context)}
    </section>
  `;
}

function number(perKwh: number | null, { format }: Context): string {
  return perKwh === null ? "–" : format.priceNumber(perKwh);
}

function chart({ state, t, format, nowMs }: Context): ChartSpec {
  const slots = state?.prices.import_slots ?? [];
  const line = priceLine(slots);
  const scale = format.priceScale;
  const values = line.values.map((value) => (value === null ? null : value * scale));
  const known = values.filter((value) => value !== null);
  const fromMs = format.startOfDay(nowMs);
  const lastMs = line.xs.at(-1) ?? 0;
  const endOfToday = format.endOfDay(nowMs);
  const toMs = lastMs > endOfToday ? format.endOfDay(endOfToday) : endOfToday;
  const high = Math.max(0.1 * scale, ...known);
  const low = Math.min(0, ...known);
  return {
    label: t.price.chart,
    xs: line.xs,
    fromMs,
    toMs,
    nowMs,
    yMin: low < 0 ? low - 0.08 * (high - low) : 0,
    yMax: high + 0.08 * (high - low),
    yFormat: (value) => format.step(value),
    series: [
      {
        label: t.price.price,
        colour: "--c-price",
        fill: "--c-price-area",
        values,
        format: (value) => format.price(value / scale),
      },
    ],
    lines: low < 0 ? [{ value: 0, label: "", colour: "--ink-3" }] : [],
    marks: [],
    unknownFrom: lastMs > 0 && lastMs < toMs ? { ms: lastMs, label: t.price.notYet(format.time(lastMs)) } : null,
    heightPx: 220,
    syncKey: "now",
  };
}

function table({ state, t, format }: Context): TemplateResult | typeof nothing {
  const slots = state?.prices.import_slots ?? [];
  if (slots.length === 0) return nothing;
  return html`
    <details class="as-table">
      <summary>${t.asTable}</summary>
      ${guard([slots, format], () => html`
        <div class="table-scroll" tabindex="0" role="region" aria-label=${t.price.chart}>
          <table>
            <thead><tr><th scope="col">${t.price.from}</th><th scope="col">${t.price.to}</th><th scope="col">${t.price.price}</th></tr></thead>
            <tbody class="num">
              ${priceStretches(slots).map(
                (stretch) => html`<tr>
                  <td>${format.dayTime(stretch.startMs)}</td>
                  <td>${format.time(stretch.endMs)}</td>
                  <td>${format.price(stretch.perKwh)}</td>
                </tr>`,
              )}
            </tbody>
          </table>
        </div>
      `)}
    </details>
  `;
}
