/** What the charts of a plan show, as tables; all slots, also those beyond the charts. */

import type { Context } from "../context";
import { gridOf, kwOf, reserveEdges, sourcesOf, startsOf, usesOf, type FlowSeries } from "../logic/plan";
import type { PlanJson } from "../model";
import type { TableSpec } from "./lazy-table";

type Words = Pick<Context, "t" | "format">;

export function flowLabel({ t }: Pick<Context, "t">, { flow, car }: Pick<FlowSeries, "flow" | "car">): string {
  return car?.title ?? t.plan.flow[flow];
}

export function priceTable({ t, format }: Words, plan: PlanJson): TableSpec {
  const words = t.plan.charts;
  return {
    caption: words.priceChart,
    head: [words.time, words.importPrice, words.exportPrice, words.status, words.marginal],
    rows: () =>
      times(plan).map((ms, slot) => [
        format.dayTime(ms),
        format.price(plan.import_price_eur_per_kwh[slot] ?? null),
        format.price(plan.export_price_eur_per_kwh[slot] ?? null),
        slot < plan.n_known_prices ? words.isPublished : words.isExpected,
        format.price(plan.marginal_eur_per_kwh[slot] ?? null),
      ]),
    of: [plan, format],
  };
}

export function flowsTable({ t, format }: Words, plan: PlanJson): TableSpec {
  const words = t.plan.charts;
  const flows = [...sourcesOf(plan), ...usesOf(plan)];
  const grid = gridOf(plan);
  return {
    caption: words.flowsChart,
    head: [words.time, ...flows.map((flow) => flowLabel({ t }, flow))],
    rows: () =>
      times(plan).map((ms, slot) => [
        format.dayTime(ms),
        ...flows.map(({ kwh }) => format.kwFine(grid === null ? null : kwOf(kwh[slot] ?? 0, grid))),
      ]),
    of: [plan, format],
  };
}

/** States at the end of each slot. */
export function socTable({ t, format }: Words, plan: PlanJson): TableSpec {
  const words = t.plan.charts;
  const reserve = reserveEdges(plan);
  const courses = [...plan.batteries, ...plan.cars];
  return {
    caption: words.socChart,
    head: [words.time, ...courses.map(({ title }) => words.atEnd(title)), ...(reserve.length === 0 ? [] : [words.buffer])],
    rows: () =>
      times(plan).map((ms, slot) => [
        format.dayTime(ms),
        ...courses.map(({ soc_kwh: socs, capacity_kwh: capacity }) => stateText({ format }, socs[slot] ?? null, capacity)),
        ...(reserve.length === 0 ? [] : [format.pct(reserve[slot + 1] ?? null)]),
      ]),
    of: [plan, format],
  };
}

/** A state of charge in percent, or in kWh above an unknown state: "+4,2 kWh". */
export function stateText({ format }: Pick<Context, "format">, kwh: number | null, capacityKwh: number | null): string {
  if (kwh === null) return "–";
  return capacityKwh === null ? `+${format.kwh(kwh)}` : format.pct((100 * kwh) / capacityKwh);
}

function times(plan: PlanJson): number[] {
  const grid = gridOf(plan);
  return grid === null ? [] : startsOf(grid);
}
