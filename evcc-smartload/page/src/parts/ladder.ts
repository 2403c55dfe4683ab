/** The ladder of control, and whether the home battery helps a car. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { firstClosed, isFaultless, LADDER, mayHelpCars } from "../logic/control";
import { gateText, missingText, therefore } from "../logic/control-words";
import type { BatToCar, Control, ControlRung, Gate } from "../model";
import { icon, type IconName } from "./icons";

export function renderLadder(context: Context): TemplateResult {
  const { state, t, format, nowMs } = context;
  const words = t.control.ladder;
  const rung = state?.control.rung ?? null;
  const since = rung === null ? "" : words.since(format.when(Date.parse(rung.since), nowMs));
  return html`
    <section class="card ladder" aria-labelledby="ladder-title" data-testid="ladder" data-level=${rung?.level ?? ""}>
      <h2 id="ladder-title">${words.title}</h2>
      <ol class="rungs">
        ${LADDER.map((level) => {
          const isPresent = level === rung?.level;
          return html`
            <li class=${isPresent ? "is-present" : ""} aria-current=${isPresent ? "step" : nothing} data-testid="rung" data-level=${level}>
              <p class="rung-title"><b>${words.level[level].title}</b>
                ${isPresent ? html`<span class="badge is-applied">${words.now}</span> <span class="hint num">${since}</span>` : nothing}</p>
              <p class="rung-text">${words.level[level].text}</p>
            </li>
          `;
        })}
      </ol>
      ${rung === null ? html`<p class="empty">${state === null ? t.pending : words.pending}</p>` : missingList(context, state?.control ?? null, rung)}
    </section>
  `;
}

function missingList({ t, format, nowMs }: Context, control: Control | null, rung: ControlRung): TemplateResult | typeof nothing {
  const words = t.control.ladder;
  const { missing } = rung;
  const isFine = isFaultless(rung);
  if (missing.length === 0) return isFine ? html`<p class="fine">${icon("check")} ${words.nothingMissing}</p>` : nothing;
  return html`
    ${isFine ? nothing : html`<h3>${words.missing}</h3>`}
    <ul class="missing ${isFine ? "is-faultless" : ""}">
      ${missing.map((one) => {
        const text = missingText(one, { opinions: control?.opinions ?? null }, t);
        return html`
          <li data-testid="missing" data-code=${one.code}>
            ${isFine ? icon("info") : icon("warning")}
            <div>
              <p>${text} <span class="hint num">${words.since(format.when(Date.parse(one.since), nowMs))}</span></p>
              ${therefore(one, t) === null ? nothing : html`<p class="hint">${therefore(one, t)}</p>`}
              ${one.detail === "" || one.detail === text || one.code === "no_gain" ? nothing : html`<p class="hint"><code>${one.detail}</code></p>`}
            </div>
          </li>
        `;
      })}
    </ul>
  `;
}

// -- the home battery helps a car -------------------------------------------------------------------

export function renderBatToCar(context: Context): TemplateResult | typeof nothing {
  const { state, t } = context;
  const control = state?.control ?? null;
  const told = control?.bat_to_car ?? null;
  if (control === null || told === null) return nothing;
  const words = t.control.batToCar;
  return html`
    <section class="card bat-to-car" aria-labelledby="bat-to-car-title" data-testid="bat-to-car" data-active=${told.is_active}>
      <h2 id="bat-to-car-title">${words.title} ${mayHelpCars(control) ? nothing : html`<span class="tag is-simulated">${t.simulation}</span>`}</h2>
      <p data-testid="bat-to-car-sentence">${verdict(context, control, told)}</p>
      <ol class="gates" aria-label=${words.gates}>${told.gates.map((gate) => gateRow(context, gate))}</ol>
    </section>
  `;
}

function verdict(context: Context, control: Control, told: BatToCar): string {
  const words = context.t.control.batToCar;
  if (told.is_active) {
    const car = told.title === "" ? words.aCar : told.title;
    return mayHelpCars(control) ? words.helps(car) : words.wouldHelp(car);
  }
  const closed = firstClosed(told);
  return closed === null ? words.helpsNot : gateText(closed, context).closed;
}

const GATE_ICONS: Record<"open" | "closed" | "unasked", IconName> = { open: "check", closed: "warning", unasked: "waiting" };

function gateRow(context: Context, gate: Gate): TemplateResult {
  const words = context.t.control.batToCar;
  const { title, figures } = gateText(gate, context);
  const look = gate.is_open === null ? "unasked" : gate.is_open ? "open" : "closed";
  const verdictText = { open: words.isOpen, closed: words.isClosed, unasked: words.notAsked }[look];
  return html`
    <li class="gate is-${look}" data-testid="gate" data-code=${gate.code} data-look=${look}>
      ${icon(GATE_ICONS[look])}
      <div><p>${title} <span class="gate-verdict">${verdictText}</span></p>
        ${figures === "" || look === "unasked" ? nothing : html`<p class="hint num">${figures}</p>`}</div>
    </li>
  `;
}
