/** What the plan is worth, what the owner's rules cost, what changed, and what it builds on. */

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Context } from "../context";
import { addUp, costRows, endOf, failures, gridOf, makerOf, wasNotBetter } from "../logic/plan";
import { qualitySentence } from "../logic/plan-sentence";
import type { PlanChange, PlanCost, PlanJson } from "../model";
import { planTag } from "./plan-actions";

/** Below, an amount of money is none [EUR], an energy none [kWh]. */
const NO_MONEY_EUR = 0.0005;
const NO_ENERGY_KWH = 0.05;

// -- cost -------------------------------------------------------------------------------------------

export function renderCost(context: Context, plan: PlanJson | null): TemplateResult {
  const { t, format } = context;
  const words = t.plan.cost;
  if (plan !== null && makerOf(plan) === "evcc") return evccCost(context, plan);
  const saving = plan?.saving_eur ?? null;
  return html`
    <section class="card plan-cost" aria-labelledby="plan-cost-title" data-testid="plan-cost">
      <h2 id="plan-cost-title">${words.title} ${planTag(context)}</h2>
      <p class="big">
        <span class="figure num" data-testid="plan-saving">${saving === null ? "–" : format.money(Math.abs(saving))}</span>
        <span class="aside">${plan === null ? t.pending : saving === null ? words.unknown : saving < 0 ? words.more : words.less}</span>
      </p>
      ${plan?.cost == null ? nothing : html`<p>${qualitySentence(plan, t, format)}</p>${costTable(context, plan, plan.cost, plan.baseline)}<p class="hint">${words.hint}</p>`}
      ${plan === null ? nothing : madeFacts(context, plan)}
    </section>
  `;
}

/** Evcc's own rules cost what they cost; nothing is saved, and nothing is there to compare. */
function evccCost(context: Context, plan: PlanJson): TemplateResult {
  const { t, format, nowMs } = context;
  const words = t.plan.evcc;
  const total = plan.cost?.total_eur ?? 0;
  const grid = gridOf(plan);
  const until = grid === null ? "–" : format.when(endOf(grid), nowMs);
  return html`
    <section class="card plan-cost" aria-labelledby="plan-cost-title" data-testid="plan-cost">
      <h2 id="plan-cost-title">${total < 0 ? words.gain : words.cost}</h2>
      <p class="big">
        <span class="figure num" data-testid="plan-total">${format.money(Math.abs(total))}</span>
        <span class="aside">${total < 0 ? words.gainAside(until) : words.costAside(until)}</span>
      </p>
      <p>${qualitySentence(plan, t, format)}</p>
      ${plan.cost === null ? nothing : html`${costTable(context, plan, plan.cost)}<p class="hint">${t.plan.cost.hint}</p>`}
      ${madeFacts(context, plan)}
    </section>
  `;
}

/** A plan's cost beside that of evcc's own rules; these alone without `baseline`. */
function costTable({ t, format }: Context, plan: PlanJson, cost: PlanCost, baseline?: PlanCost | null): TemplateResult {
  const words = t.plan.cost;
  // Beyond what their wishes ask for, cars may take more where it is cheap.
  const parts = plan.unmet.length === 0 ? { ...words.parts, missing: words.notTaken } : words.parts;
  const isAlone = baseline === undefined;
  const rows = costRows(cost, baseline ?? null);
  const total = { eur: cost.total_eur, baselineEur: baseline?.total_eur ?? null };
  const all = [...rows, total].flatMap(({ eur, baselineEur }) => [eur, baselineEur ?? 0]);
  // All amounts in one unit: the texts of what is shown, in the order of `all`.
  const texts = format.moneys(all);
  const cells = (row: number, isKnown: boolean): TemplateResult =>
    html`<td>${texts[2 * row]}</td>${isAlone ? nothing : html`<td>${isKnown ? texts[2 * row + 1] : "–"}</td>`}`;
  return html`
    <table class="costs num" data-testid="plan-costs">
      <caption class="visually-hidden">${words.title}</caption>
      <thead><tr><th scope="col">${words.part}</th>${isAlone ? nothing : html`<th scope="col">${words.plan}</th>`}<th scope="col">${words.baseline}</th></tr></thead>
      <tbody>${rows.map(({ part, baselineEur }, row) => html`<tr><th scope="row">${parts[part]}</th>${cells(row, baselineEur !== null)}</tr>`)}</tbody>
      <tfoot><tr><th scope="row">${words.total}</th>${cells(rows.length, baseline != null)}</tr></tfoot>
    </table>
  `;
}

function madeFacts({ t, format, nowMs }: Context, plan: PlanJson): TemplateResult {
  const words = t.plan.cost;
  const grid = gridOf(plan);
  const when = (ms: number): string => format.when(ms, nowMs);
  const isEvccs = makerOf(plan) === "evcc";
  const isProven = plan.status === "proven";
  const status = plan.status === null ? "" : `, ${isProven ? t.plan.proven : t.plan.unproven}`;
  const isRanked = plan.rung === "exact" || plan.rung === "fast" || (isEvccs && isProven);
  const took = plan.solve_ms;
  return html`
    <dl class="facts num">
      <div><dt>${words.made}</dt><dd>${plan.made_at === null ? "–" : when(Date.parse(plan.made_at))}</dd></div>
      <div><dt>${words.until}</dt><dd>${grid === null ? "–" : when(endOf(grid))}</dd></div>
      <div><dt>${words.known}</dt><dd>${grid === null || plan.n_known_prices === 0 ? words.noneKnown : when(grid.startMs + plan.n_known_prices * grid.slotMs)}</dd></div>
      <div><dt>${words.how}</dt><dd data-testid="plan-rung">${isEvccs ? t.plan.evcc.rung : t.plan.rung[plan.rung]}${isRanked ? status : ""}</dd></div>
      <div><dt>${words.took}</dt><dd>${took === null ? "–" : took < 1000 ? `${format.number(took)}\u00a0ms` : `${format.number(took / 1000, 1)}\u00a0s`}</dd></div>
    </dl>
  `;
}

// -- what changed -----------------------------------------------------------------------------------

export function renderChange(context: Context, plan: PlanJson | null): TemplateResult {
  const { t, format, nowMs } = context;
  const words = t.plan.change;
  const change = plan?.change ?? null;
  const isComing = plan === null || !plan.is_explained;
  return html`
    <section class="card plan-change" aria-labelledby="plan-change-title" data-testid="plan-change">
      <h2 id="plan-change-title">${words.title}</h2>
      ${change === null
        ? html`<p class="empty ${isComing ? "is-pending" : ""}">${isComing ? t.pending : words.none}</p>`
        : html`
            <p class="hint">${words.since(format.when(Date.parse(change.since), nowMs))}</p>
            <p>${change.sentence}</p>
            ${changeBars(context, change)}
            <p class="hint">${words.hint}</p>
            <p>${change.moved_kwh < NO_ENERGY_KWH ? words.movedNone : words.moved(format.kwh(change.moved_kwh))}
              ${change.kept_gain_eur < NO_MONEY_EUR ? nothing : words.kept(format.money(change.kept_gain_eur))}</p>
          `}
    </section>
  `;
}

/** Bars left of the middle for what got cheaper, right for what got dearer; the amounts add up as they are shown. */
function changeBars({ t, format }: Context, change: PlanChange): TemplateResult {
  const words = t.plan.change;
  const rest = change.total_eur - change.parts.reduce((sum, part) => sum + part.eur, 0);
  const step = format.moneyStep([...change.parts.map((part) => part.eur), change.total_eur]);
  const all = [
    ...change.parts.map(({ cause, eur }) => ({ name: words.cause[cause] ?? cause, eur })),
    ...(Math.abs(rest) >= step / 2 ? [{ name: words.other, eur: rest }] : []),
  ];
  const rounded = addUp(all.map(({ eur }) => eur), step);
  const total = rounded.reduce((sum, eur) => sum + eur, 0);
  const texts = format.moneys([...rounded, total], true);
  const most = Math.max(step, ...rounded.map(Math.abs));
  return html`
    <ul class="change-bars num" aria-label=${words.chart}>
      ${all.map(({ name }, index) => {
        const eur = rounded[index] ?? 0;
        const width = (50 * Math.abs(eur)) / most;
        return html`<li data-testid="change-part">
          <span>${name}</span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            ${svg`<rect class=${eur < 0 ? "is-cheaper" : "is-dearer"} x=${eur < 0 ? 50 - width : 50} y="1" width=${width} height="8"></rect>`}
            <line class="change-zero" x1="50" x2="50" y1="0" y2="10"></line>
          </svg>
          <b>${texts[index]}</b>
        </li>`;
      })}
      <li class="change-total" data-testid="change-total"><span>${words.total}</span><span></span><b>${texts.at(-1)}</b></li>
    </ul>
  `;
}

// -- the owner's rules ------------------------------------------------------------------------------

export function renderRules(context: Context, plan: PlanJson | null): TemplateResult {
  const { t } = context;
  const words = t.plan.rules;
  const reserve = plan?.reserve ?? null;
  const isComing = plan === null || (!plan.is_explained && reserve === null);
  // The buffer has a part of its own; what costs nothing comes last.
  const rules = (plan?.rules ?? []).filter(({ rule }) => rule !== "buffer" || reserve === null).toSorted((a, b) => b.eur - a.eur);
  return html`
    <section class="card plan-rules" aria-labelledby="plan-rules-title" data-testid="plan-rules">
      <h2 id="plan-rules-title">${words.title}</h2>
      ${isComing ? html`<p class="empty is-pending">${t.pending}</p>` : nothing}
      ${!isComing && rules.length === 0 && reserve === null ? html`<p class="empty">${words.none}</p>` : nothing}
      ${reserve === null ? nothing : reserveOf(context, reserve)}
      ${rules.length === 0
        ? nothing
        : html`<ul class="rule-costs">
            ${rules.map(({ sentence, eur }) => html`<li data-testid="rule-cost" class=${eur < NO_MONEY_EUR ? "is-free" : ""}>${sentence}</li>`)}
          </ul>`}
    </section>
  `;
}

function reserveOf({ t, format }: Context, reserve: NonNullable<PlanJson["reserve"]>): TemplateResult {
  const words = t.plan.rules;
  const isFree = reserve.eur < NO_MONEY_EUR;
  return html`
    <div class="reserve" data-testid="reserve">
      <h3>${words.reserve}</h3>
      <p>${isFree ? words.reserveFree : words.reserveText(format.money(reserve.eur), format.money(reserve.eur_per_day))}
        ${reserve.short_kwh < NO_ENERGY_KWH ? nothing : words.reserveShort(format.kwh(reserve.short_kwh))}</p>
      <p class="hint">${words.reservePrice(format.money(reserve.eur_per_kwh_h))}</p>
    </div>
  `;
}

// -- what it builds on ------------------------------------------------------------------------------

export function renderBasis({ t }: Context, plan: PlanJson | null): TemplateResult {
  const words = t.plan.basis;
  return html`
    <section class="card plan-basis" aria-labelledby="plan-basis-title" data-testid="plan-basis">
      <h2 id="plan-basis-title">${words.title}</h2>
      ${plan === null
        ? html`<p class="empty">${t.pending}</p>`
        : html`
            ${wasNotBetter(plan) ? html`<p data-testid="plan-compared">${t.plan.evcc.compared}</p>` : nothing}
            <h3>${words.assumed}</h3>
            ${plan.assumed.length === 0
              ? html`<p class="empty">${words.nothingAssumed}</p>`
              : html`<ul class="plain">${plan.assumed.map(({ sentence }) => html`<li>${sentence}</li>`)}</ul>`}
            ${failures(plan.skipped).length === 0 ? nothing : html`<h3>${words.skipped}</h3> ${skippedList(plan)}`}
          `}
    </section>
  `;
}

export function skippedList(plan: PlanJson): TemplateResult {
  return html`
    <ul class="plain" data-testid="plan-skipped">
      ${failures(plan.skipped).map(({ sentence, details }) => html`<li>${sentence} ${details.map((detail) => html`<code>${detail}</code> `)}</li>`)}
    </ul>
  `;
}
