/** What is the owner's: settings they moved by hand, values evcc gets back, and evcc's own automatic mode. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { holdEndText, isOthers, leverText, reasonText, valueText } from "../logic/control-words";
import type { Hold, OwnerValue } from "../model";
import { api } from "../net/api";
import { renderSaid, type ControlActions } from "./control-actions";
import { icon } from "./icons";

export function renderOwnValues(context: Context, actions: ControlActions): TemplateResult {
  const { state, t } = context;
  const words = t.control.own;
  const { holds = [], owner_values: owned = [] } = state?.control ?? {};
  return html`
    <section class="card own-values" aria-labelledby="own-title" data-testid="own-values">
      <h2 id="own-title">${words.whole}</h2>
      ${holds.length > 0 || owned.length > 0 ? nothing : html`<p class="empty">${state === null ? t.pending : words.none}</p>`}
      ${holds.length === 0
        ? nothing
        : html`
            <div class="own-part">
              <h3>${words.handsTitle}</h3>
              <p class="hint">${words.handsText}</p>
              <ul class="own-list">${holds.map((hold) => holdRow(context, hold))}</ul>
              <div class="buttons"><button data-testid="own-resume" @click=${() => actions.take("own", api.resume, words.resumed)}>${words.resume}</button></div>
            </div>
          `}
      ${owned.length === 0
        ? nothing
        : html`
            <div class="own-part">
              <h3>${words.backTitle}</h3>
              <p class="hint">${words.text}</p>
              <ul class="own-list">${owned.map((value) => ownedRow(context, value))}</ul>
            </div>
          `}
      ${renderSaid(actions, "own")}
    </section>
  `;
}

function holdRow({ t, format, nowMs }: Context, hold: Hold): TemplateResult {
  const words = t.control.own;
  const end = holdEndText(hold, t, format, nowMs);
  return html`
    <li data-testid="hold" data-setting=${hold.setting} data-device=${hold.device}>
      <p class="own-what"><span>${leverText(hold, t)}</span> <b class="num">${valueText(hold.setting, hold.value, t, format)}</b></p>
      <p class="hint num">${icon("hand")} ${(isOthers(hold) ? words.others : words.belongs)(end)} (${words.since.toLowerCase()} ${format.when(Date.parse(hold.since), nowMs)})</p>
    </li>
  `;
}

function ownedRow({ t, format, nowMs }: Context, value: OwnerValue): TemplateResult {
  const words = t.control.own;
  const back = value.setting === "batteryMode" && value.owner === null ? words.backMode : words.back(valueText(value.setting, value.owner, t, format));
  return html`
    <li data-testid="owner-value" data-setting=${value.setting} data-device=${value.device}>
      <p class="own-what"><span>${leverText(value, t)}</span> <b class="num">${valueText(value.setting, value.ours, t, format)}</b></p>
      <p class="hint num">${icon("back")} ${back} (${words.since.toLowerCase()} ${format.when(Date.parse(value.since), nowMs)})</p>
    </li>
  `;
}

// -- evcc's automatic mode --------------------------------------------------------------------------

export function renderOpinions(context: Context, actions: ControlActions): TemplateResult | typeof nothing {
  const { state, t, format, nowMs } = context;
  const opinions = state?.control.opinions ?? null;
  if (opinions === null) return nothing;
  const words = t.control.opinions;
  const mode = (value: string): string => valueText("batteryMode", value, t, format);
  const since = format.when(Date.parse(opinions.since), nowMs);
  const reason = reasonText(opinions.our_reason, context);
  return html`
    <section class="card opinions" aria-labelledby="opinions-title" data-testid="opinions" data-on=${opinions.is_on}>
      <h2 id="opinions-title">${icon("cycle")} ${opinions.is_on ? words.titleOn : words.titleOff}</h2>
      <p>${(opinions.is_on ? words.on : words.off)(since)}</p>
      <dl class="opinion-pair">
        <div><dt>${words.evcc}</dt><dd data-testid="opinion-evcc">${mode(opinions.evcc_mode)}</dd></div>
        <div class="is-simulated"><dt>${words.smartload} <span class="tag is-simulated">${t.simulation}</span></dt><dd data-testid="opinion-ours">${mode(opinions.our_mode)}</dd>
          ${reason === null ? nothing : html`<dd class="opinion-why">${reason}</dd>`}</div>
      </dl>
      ${opinions.evcc_mode === opinions.our_mode ? html`<p class="hint">${words.same}</p>` : nothing}
      <div class="buttons"><button class=${opinions.is_on ? "" : "primary"} data-testid="take-over" @click=${() => actions.take("opinions", api.resume, t.control.own.resumed)}>${words.takeOver}</button></div>
      ${renderSaid(actions, "opinions")}
    </section>
  `;
}
