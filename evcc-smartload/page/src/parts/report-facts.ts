/** The report's figures: what was paid and would have been, what to do about it, months, buffers, and how it is reckoned. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { stagesThat } from "../logic/control";
import { capturedShare, isBand, verdictOf } from "../logic/report";
import { adviceWords, noteText, savingOf } from "../logic/report-sentence";
import type { BufferProof, Known, MoneyBand, Proof, ProofReport } from "../model";
import type { ControlActions } from "./control-actions";
import { icon } from "./icons";
import { obstacleOf, stageButton } from "./stages";

/** "2,50 € bis 6,10 €", "–" without a range. */
export function rangeText({ t, format }: Pick<Context, "t" | "format">, band: MoneyBand | null): string {
  if (band === null || !isBand(band)) return "–";
  const [low = "", , high = ""] = format.moneys([band.low, band.middle, band.high]);
  return t.report.result.range(low, high);
}

/** With a sign, so that a loss is seen; in the unit of its range. */
export function savingText({ format }: Pick<Context, "format">, band: MoneyBand | null): string {
  return band === null ? "–" : (format.moneys([band.middle, band.low, band.high], true)[0] ?? "–");
}

// -- what to do -------------------------------------------------------------------------------------

export function renderAdvice(context: Context, proof: Proof | null, ask: ControlActions["ask"], notice: string): TemplateResult {
  const { state, t, format } = context;
  const words = t.report.advice;
  const report = proof?.report ?? null;
  const code = report?.recommendation.code ?? "";
  const advice = report === null ? null : adviceWords(report.recommendation, proof?.days_missing ?? null, t, format);
  const saving = report?.saving_eur ?? null;
  const canAct = state === null ? [] : state.control.stages.filter((stage) => stagesThat(state.control, "observing").includes(stage.stage) && obstacleOf(state, stage.stage, context) === null);
  const isAllLive = state !== null && state.control.stages.length > 0 && stagesThat(state.control, "live").length === state.control.stages.length;
  return html`
    <section class="card advice is-${code}" aria-labelledby="advice-title" data-testid="advice" data-code=${code}>
      <h2 id="advice-title">${words.title}</h2>
      ${advice === null
        ? html`<p class="empty">${words.none}</p>`
        : html`<p class="advice-lead">${icon(code === "look" ? "warning" : code === "wait" ? "waiting" : code === "not_worth" ? "eye" : "check")} ${advice.title}</p>
            <p>${advice.why} ${saving === null || !isBand(saving) || code === "wait" ? nothing : words.verdict[verdictOf(saving)]}</p>`}
      ${canAct.length === 0
        ? isAllLive ? html`<p class="hint">${words.isLive}</p>` : nothing
        : html`<p class="hint">${words.letAct}</p>
            <div class="buttons ${code === "activate" ? "" : "is-quiet"}">${state === null ? nothing : canAct.map((stage) => stageButton(context, state, stage, ask, true))}</div>`}
      <p class="notice" role="status" data-testid="advice-said">${notice}</p>
      <p><a href="#proof">${words.toControl}</a></p>
    </section>
  `;
}

// -- side by side -----------------------------------------------------------------------------------

export function renderResult(context: Context, report: ProofReport, isLive: boolean): TemplateResult {
  const { t, format } = context;
  const words = t.report.result;
  const { paid_eur: paid, evcc_eur: evcc, ours_eur: ours, possible_eur: possible, saving_eur: saving } = report;
  const captured = capturedShare(report);
  const saved = saving === null ? null : savingOf(saving, t, format);
  const costs = [paid, evcc, ours?.middle ?? null, possible];
  const known = costs.filter((value) => value !== null);
  const scale = [...known, ...(ours === null ? [] : [ours.low, ours.high])];
  const money = (value: Known): string => (value === null ? "–" : (format.moneys([value, ...scale])[0] ?? "–"));
  const row = (name: string, aside: string, value: Known, band: MoneyBand | null, kind: string): TemplateResult => html`
    <tr class="is-${kind}" data-testid="result-row" data-who=${kind}>
      <th scope="row">${name} <small>${aside}</small></th><td class="num">${money(value)}</td><td class="num range">${band === null ? "" : rangeText(context, band)}</td>
    </tr>
  `;
  return html`
    <section class="card result" aria-labelledby="result-title" data-testid="result">
      <h2 id="result-title">${words.title}</h2>
      <p class="big">
        <span class="figure num" data-testid="saving">${saved?.text ?? "–"}</span>
        <span class="aside num"><span>${saved?.sign === "more" ? words.extra : words.saving} · ${words.savingAside}</span>
          <span>${saved?.range == null ? " " : words.within(saved.range)}</span></span>
      </p>
      <table class="side-by-side">
        <thead><tr><th scope="col">${words.who}</th><th scope="col">${words.cost}</th><th scope="col">${words.band}</th></tr></thead>
        <tbody>
          ${row(words.paid, words.paidAside, paid, null, "paid")}
          ${row(words.evcc, words.evccAside, evcc, null, "evcc")}
          ${row(words.ours, words.oursAside[isLive ? "live" : "observed"], ours?.middle ?? null, ours, "ours")}
          ${row(words.possible, words.possibleAside, possible, null, "possible")}
        </tbody>
      </table>
      <p class="hint num" data-testid="captured">${captured === null ? (saved?.sign === "more" ? " " : words.capturedOpen) : words.captured(format.pct(100 * captured), !isLive)}</p>
    </section>
  `;
}

// -- months -----------------------------------------------------------------------------------------

export function renderMonths(context: Context, { months }: ProofReport): TemplateResult {
  const { t, format } = context;
  const words = t.report.months;
  const texts = format.moneys(months.map(({ saving_eur: saving }) => saving ?? 0), true);
  return html`
    <section class="card months" aria-labelledby="months-title" data-testid="months">
      <h2 id="months-title">${words.title}</h2>
      ${months.length === 0
        ? html`<p class="empty">${words.none}</p>`
        : html`
            <div class="table-scroll" tabindex="0" role="region" aria-labelledby="months-title">
              <table class="num">
                <thead><tr><th scope="col">${words.month}</th><th scope="col" class="figures">${words.saving}</th><th scope="col" class="figures">${words.days}</th></tr></thead>
                <tbody>${months.map(({ month, saving_eur: saving, n_days: nDays }, index) => html`<tr>
                  <th scope="row">${format.monthOf(month)}</th><td class="figures">${saving === null ? "–" : texts[index]}</td><td class="figures">${format.number(nDays)}</td></tr>`)}</tbody>
              </table>
            </div>
            <p class="hint">${words.hint}</p>
          `}
    </section>
  `;
}

// -- buffers ----------------------------------------------------------------------------------------

export function renderBuffers(context: Context, { buffers }: ProofReport): TemplateResult {
  const { state, t, format } = context;
  const words = t.report.buffers;
  const isWithout = state?.site != null && state.site.battery === null;
  const costs = format.moneys(buffers.map(({ cost_eur_per_day: cost }) => cost ?? 0));
  return html`
    <section class="card buffers" aria-labelledby="buffers-title" data-testid="buffers">
      <h2 id="buffers-title">${words.title}</h2>
      ${buffers.length === 0
        ? html`<p class="empty">${isWithout ? words.noBattery : words.none}</p>`
        : html`<p class="hint">${words.hint}</p>
            <div class="buffer-pair">${buffers.map((buffer, index) => bufferColumn(context, buffer, costs[index] ?? "–"))}</div>`}
    </section>
  `;
}

function bufferColumn({ t, format }: Context, buffer: BufferProof, costText: string): TemplateResult {
  const words = t.report.buffers;
  const { strategy, is_chosen: isChosen, cost_eur_per_day: cost, nights, nights_bridged: bridged, kept_kwh: kept, departures, ready } = buffer;
  const share = (part: number, all: number, none: string): string => (all === 0 ? none : words.of(format.number(part), format.number(all)));
  const fact = (name: string, value: string): TemplateResult => html`<div><dt>${name}</dt><dd class="num">${value}</dd></div>`;
  return html`
    <div class="buffer-column ${isChosen ? "is-chosen" : "is-simulated"}" data-testid="buffer-column" data-strategy=${strategy}>
      <h3>${words.strategy[strategy] ?? strategy} <span class="badge is-${isChosen ? "applied" : "simulated"}">${isChosen ? words.chosen : t.simulation}</span></h3>
      <p class="hint">${words.strategyText[strategy] ?? ""}</p>
      <dl class="facts">
        ${fact(words.cost, cost === null ? "–" : costText)} ${fact(words.nights, share(bridged, nights, words.noNights))}
        ${fact(words.kept, format.kwh(kept))} ${fact(words.departures, share(ready, departures, words.noDepartures))}
      </dl>
    </div>
  `;
}

// -- how it is reckoned -----------------------------------------------------------------------------

export function renderMethod(context: Context, proof: Proof | null): TemplateResult {
  const { t, format, nowMs } = context;
  const words = t.report.method;
  const report = proof?.report ?? null;
  return html`
    <section class="card method" aria-labelledby="method-title" data-testid="method">
      <h2 id="method-title">${words.title}</h2>
      ${report === null
        ? nothing
        : html`
            <dl class="facts num">
              <div><dt>${words.period}</dt><dd>${words.periodOf(format.dateOf(report.since), format.dateOf(report.until))}</dd></div>
              <div><dt>${words.excluded}</dt><dd data-testid="excluded">${words.excludedOf(format.pct(100 * report.excluded_frac), format.number(report.n_days - report.n_counted), format.number(report.n_days))}</dd></div>
              <div><dt>${words.made}</dt><dd>${proof?.made_at == null ? "–" : format.when(Date.parse(proof.made_at), nowMs)}</dd></div>
            </dl>
          `}
      ${report === null || report.notes.length === 0
        ? nothing
        : html`<h3>${words.notes}</h3><ul class="notes">${report.notes.map((note) => html`<li data-testid="note" data-code=${note.code}>${icon("info")} <span>${noteText(note, t, format)}</span></li>`)}</ul>`}
      ${words.text.map((text) => html`<p class="method-text">${text}</p>`)}
    </section>
  `;
}
