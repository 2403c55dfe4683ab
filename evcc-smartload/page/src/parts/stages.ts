/** The three stages: what each may do, what it does now and why; and the switch that lets all of them only observe. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { isAutomaticOver, isReleased, rowsOf, standingOf, type Standing } from "../logic/control";
import { leverText, reasonText, valueText } from "../logic/control-words";
import type { DoneNow, SettingValue, Stage, StageName, State } from "../model";
import { api } from "../net/api";
import { renderSaid, type ControlActions } from "./control-actions";
import { icon, type IconName } from "./icons";

const ICONS: Record<StageName, IconName> = { buffer: "house", battery: "battery", cars: "car" };

export function renderMaster({ state, t }: Context, actions: ControlActions): TemplateResult {
  const words = t.control.master;
  const isOn = state !== null && isReleased(state.control);
  const toggle = (): void => (isOn ? actions.take("master", api.resume, t.control.own.resumed) : actions.take("master", api.release, t.control.own.released));
  return html`
    <section class="card master ${isOn ? "is-on" : ""}" aria-labelledby="master-title" data-testid="master">
      <div>
        <h2 id="master-title">${words.title}</h2>
        <p class="hint" id="master-text">${isOn ? words.on : masterHint(state, t)}</p>
      </div>
      <button class="switch" role="switch" aria-checked=${isOn} aria-labelledby="master-title" aria-describedby="master-text"
        data-testid="master-switch" ?disabled=${state === null} @click=${toggle}><span class="switch-track"><span class="switch-knob"></span></span></button>
      ${renderSaid(actions, "master")}
    </section>
  `;
}

/** While evcc's automatic mode has the say all stages observe, whatever was allowed. */
function masterHint(state: State | null, t: Context["t"]): string {
  const words = t.control.master;
  if (state?.control.in_charge === "evcc_automatic") return isAutomaticOver(state.control) ? t.control.strip.automaticOver : words.switchOffFirst;
  const isAnyAllowed = state?.control.stages.some(({ mode }) => mode === "live") ?? false;
  return isAnyAllowed ? words.off : words.noneAllowed;
}

export function renderStages(context: Context, actions: ControlActions): TemplateResult {
  const { state, t } = context;
  return html`
    <section class="stages" aria-labelledby="stages-title">
      <h2 id="stages-title" class="visually-hidden">${t.control.stages.title}</h2>
      <div class="stage-cards">
        ${state === null
          ? (["buffer", "battery", "cars"] as const).map((stage) => html`<section class="card stage"><h3>${icon(ICONS[stage])} ${t.control.stage[stage]}</h3><p class="empty">${t.pending}</p></section>`)
          : state.control.stages.map((stage) => stageCard(context, state, stage, actions))}
      </div>
      ${renderSaid(actions, "stages")}
    </section>
  `;
}

function stageCard(context: Context, state: State, stage: Stage, actions: ControlActions): TemplateResult {
  const { t } = context;
  const words = t.control.stages;
  const name = t.control.stage[stage.stage];
  const standing = standingOf(state.control, stage);
  const obstacle = obstacleOf(state, stage.stage, context);
  const isObserving = stage.mode === "observing";
  const titleId = `stage-${stage.stage}`;
  return html`
    <section class="card stage is-${standing}" aria-labelledby=${titleId} data-testid="stage" data-stage=${stage.stage} data-mode=${stage.mode} data-standing=${standing}>
      <h3 id=${titleId}>${icon(ICONS[stage.stage])} ${name}
        <span class="badge ${isObserving ? "is-simulated" : "is-applied"}">${words.modeOf[stage.mode]}</span></h3>
      <p class="hint num">${sinceText(context, stage)}</p>
      ${obstacle === null ? doneList(context, stage, standing) : html`<p class="empty" data-testid="stage-obstacle">${obstacle}</p>`}
      <div class="buttons">
        ${stageButton(context, state, stage, actions.ask)}
        ${isObserving && state.service.observe_only ? html`<p class="hint">${words.readOnly}</p>` : nothing}
      </div>
    </section>
  `;
}

/** Lets a stage act, or only observe again; with `isNamed` it says which. */
export function stageButton(context: Context, state: State, stage: Stage, ask: ControlActions["ask"], isNamed = false): TemplateResult {
  const words = context.t.control.stages;
  const isObserving = stage.mode === "observing";
  const isDisabled = isObserving && (state.service.observe_only || obstacleOf(state, stage.stage, context) !== null);
  const name = (isObserving ? words.letActOf : words.observeOf)(context.t.control.stage[stage.stage]);
  return html`<button class=${isObserving ? "primary" : ""} data-testid=${isObserving ? "let-act" : "observe"} data-of=${isNamed ? stage.stage : nothing} ?disabled=${isDisabled}
    aria-label=${name} @click=${() => ask(stage.stage, isObserving ? "live" : "observing")}>${isNamed ? name : isObserving ? words.letAct : words.observe}</button>`;
}

/** What the stage would control and the home has not. */
export function obstacleOf({ site }: State, stage: StageName, { t }: Context): string | null {
  const words = t.control.stages;
  if (site === null) return null;
  if (stage === "cars") return site.loadpoints.length === 0 ? words.noCar : null;
  if (site.battery === null) return words.noBattery;
  return stage === "battery" && !site.battery.controllable ? words.noControl : null;
}

function sinceText({ t, format, nowMs }: Context, { mode, since, ends_at: endsAt }: Stage): string {
  const words = t.control.stages;
  const isLive = mode === "live";
  const when = since === null ? null : format.when(Date.parse(since), nowMs);
  const text = when === null ? (isLive ? words.isLive : words.observes) : (isLive ? words.liveSince : words.observesSince)(when);
  return endsAt === null ? text : `${text} ${words.endsAt(format.when(Date.parse(endsAt), nowMs))}`;
}

function doneList(context: Context, stage: Stage, standing: Standing): TemplateResult {
  const words = context.t.control.stages;
  const rows = rowsOf(stage);
  return html`
    ${standing === "resting" ? html`<p class="resting">${words.resting}</p>` : nothing}
    ${rows.length === 0
      ? standing === "resting" ? nothing : html`<p class="empty">${words.nothing[stage.mode]}</p>`
      : html`<ul class="done-list">${rows.map((row, index) => doneRow(context, row, standing, isReasonRepeated(row, rows[index + 1])))}</ul>`}
  `;
}

/** Settings that are changed together have one reason; it stands under the last of them. */
function isReasonRepeated(row: DoneNow, next: DoneNow | undefined): boolean {
  return next !== undefined && row.device === next.device && JSON.stringify(row.reason) === JSON.stringify(next.reason);
}

/** Observed and done have one form: what is only observed is muted, dashed and labelled. */
function doneRow(context: Context, row: DoneNow, standing: Standing, isReasonBelow: boolean): TemplateResult {
  const { t, format } = context;
  const words = t.control.stages;
  const look = row.is_applied ? "applied" : standing === "observing" ? "simulated" : "held";
  const label = { simulated: t.simulation, applied: words.applied, held: words.notApplied }[look];
  const reason = isReasonBelow ? null : reasonText(row.reason, context);
  return html`
    <li class="done is-${look}" data-testid="done" data-setting=${row.setting} data-device=${row.device} data-look=${look}>
      <p class="done-what"><span>${leverText(row, t)}</span> <span class="badge is-${look}">${label}</span></p>
      <p class="done-value num"><b>${row.value === null ? t.control.value.yours : valueText(row.setting, row.value, t, format)}</b></p>
      ${reason === null ? nothing : html`<p class="done-reason">${reason}</p>`}
    </li>
  `;
}

// -- what letting a stage act changes in evcc ------------------------------------------------------

export function renderLetAct({ state, t, format }: Context, name: "battery" | "cars"): TemplateResult {
  const words = t.control.dialog;
  const stage = state?.control.stages.find((one) => one.stage === name) ?? null;
  const rows = stage === null ? [] : rowsOf(stage).filter((row) => row.value !== null);
  return html`
    <h3>${words.changes}</h3>
    ${rows.length === 0
      ? html`<p>${words.nothingNow}</p>`
      : html`<ul class="changes num">${rows.map((row) => html`
          <li>${leverText(row, t)}: ${fromText(row, state, { t, format })}<b data-testid="let-act-to">${valueText(row.setting, row.value, t, format)}</b></li>`)}</ul>`}
    ${words.what[name].map((text) => html`<p>${text}</p>`)}
    <p>${words.kept}</p>
  `;
}

/** What evcc has now, where a reading tells. */
function fromText({ setting, device }: DoneNow, state: State | null, { t, format }: Pick<Context, "t" | "format">): TemplateResult | typeof nothing {
  const loadpoint = state?.site?.loadpoints.find(({ name }) => name === device);
  const value: SettingValue | undefined = setting === "batteryMode" ? state?.site?.battery?.mode : setting === "mode" ? loadpoint?.mode : undefined;
  return value === undefined ? nothing : html`${valueText(setting, value, t, format)} → `;
}
