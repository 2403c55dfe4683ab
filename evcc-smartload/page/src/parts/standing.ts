/** Whether everything is all right. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { problemWords } from "../i18n";
import type { Problem } from "../model";
import { icon, type IconName } from "./icons";

const WEIGHTS = { error: 0, warning: 1, info: 2 };

export function byWeight(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => WEIGHTS[a.severity] - WEIGHTS[b.severity]);
}

const SEVERITY_ICONS: Record<Problem["severity"], IconName> = { error: "warning", warning: "warning", info: "info" };

export function renderHealth(context: Context): TemplateResult {
  const { t, format, state, nowMs } = context;
  const problems = byWeight(state?.problems ?? []);
  return html`
    <section class="card health" id="health" aria-labelledby="health-title" data-testid="problems">
      <h2 id="health-title">${t.health.title}</h2>
      ${problems.length === 0
        ? html`<p class="fine">${icon("check")} ${state === null ? t.pending : t.health.fine}</p>`
        : html`<ul class="problems">
            ${problems.map((problem) => problemEntry(problem, context))}
          </ul>`}
      <dl class="facts num">
        <div><dt>${t.health.evcc}</dt><dd>${evccStanding(context)}</dd></div>
        <div><dt>${t.health.lastCycle}</dt><dd>${state?.cycle ? format.when(Date.parse(state.cycle.at), nowMs) : "–"}</dd></div>
        <div><dt>${t.health.nextCycle}</dt><dd>${state?.cycle ? format.when(Date.parse(state.cycle.next_at), nowMs) : "–"}</dd></div>
        <div><dt>${t.health.version}</dt><dd>${state?.service.version ?? "–"}</dd></div>
      </dl>
    </section>
  `;
}

/** What others said (an error of evcc, of the disk) helps; where the page has said it all it would only repeat. */
const CODES_WITH_DETAIL = new Set([
  "evcc_unreachable",
  "evcc_unreadable",
  "evcc_implausible",
  "foreign_control",
  "write_not_confirmed",
  "write_budget_spent",
  "fuse_near_limit",
  "buffer_not_applied",
  "store_not_writable",
  "store_was_unreadable",
  "config_invalid",
  "forecast_failed",
  "plan_failed",
  "steer_failed",
  "cycle_failed",
]);

function problemEntry(problem: Problem, { t, format, nowMs }: Context): TemplateResult {
  const words = problemWords(problem.code, t);
  return html`
    <li class="severity-${problem.severity}" data-code=${problem.code}>
      ${icon(SEVERITY_ICONS[problem.severity])}
      <div>
        <p>
          <span class="tag">${t.health.severity[problem.severity]}</span>
          <strong>${words?.title ?? problem.detail}</strong>
          <span class="since">${t.health.since(format.when(Date.parse(problem.since), nowMs))}</span>
        </p>
        ${words === null ? nothing : html`<p class="hint">${words.text}</p>`}
        ${words !== null && CODES_WITH_DETAIL.has(problem.code)
          ? html`<p class="hint"><code>${problem.detail}</code></p>`
          : nothing}
      </div>
    </li>
  `;
}

function evccStanding({ state, t, format, nowMs }: Context): string {
  if (state === null) return "–";
  if (state.evcc.url === null) return t.health.evccUnknown;
  return state.evcc.reachable
    ? t.health.evccReachable(state.evcc.version ?? t.unknown)
    : t.health.evccAway(format.when(Date.parse(state.evcc.since), nowMs));
}

/** The page of an owner whose options are wrong: which, what was given, what is allowed. */
export function renderConfigProblems({ state, t }: Context): TemplateResult | typeof nothing {
  const problems = state?.service.config_problems ?? [];
  if (state === null || problems.length === 0) return nothing;
  return html`
    <section class="card config-problems" aria-labelledby="config-title" data-testid="config-problems">
      <h2 id="config-title">${icon("warning")} ${t.config.title(problems.length)}</h2>
      <p>${t.config.intro(state.service.options_path)}</p>
      <ul>
        ${problems.map(
          (problem) => html`<li>
            <h3><code>${problem.option}</code></h3>
            <dl class="facts">
              <div><dt>${t.config.given}</dt><dd><code>${problem.given === "" ? t.config.empty : problem.given}</code></dd></div>
              <div><dt>${t.config.allowed}</dt><dd>${problem.allowed}</dd></div>
            </dl>
            ${problem.nearest === null ? nothing : html`<p class="hint">${t.config.nearest(problem.nearest)}</p>`}
          </li>`,
        )}
      </ul>
    </section>
  `;
}
