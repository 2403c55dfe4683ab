/** Who is in charge: in a line for everything, in one for each stage, and what holds for a while. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Context } from "../context";
import { problemWords } from "../i18n";
import { isAutomaticOver, ordersOf, otherHolds, stagesThat, standingOf } from "../logic/control";
import { holdEndText, isOthers, leverText, overrideEndText, overrideText, valueText } from "../logic/control-words";
import type { Hold, Override, State } from "../model";
import { api, type Send } from "../net/api";
import { refusal } from "./dialogs";
import { icon, type IconName } from "./icons";
import { byWeight } from "./standing";

interface Look {
  tone: "observing" | "live" | "neutral" | "warning";
  icon: IconName;
  title: string;
  text: string;
}

@customElement("sl-in-charge")
export class InCharge extends LitElement {
  @property({ attribute: false }) context!: Context;
  @property({ attribute: false }) send!: Send;
  @state() private refused = "";

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { state, t } = this.context;
    const look = lookOf(this.context);
    return html`
      <section
        class="in-charge tone-${look.tone}"
        data-testid="in-charge"
        data-in-charge=${state?.control.in_charge ?? "unknown"}
        aria-label=${t.inCharge.label}
      >
        ${icon(look.icon)}
        <div>
          <p role="status"><strong>${look.title}</strong> <span>${look.text}</span></p>
          ${this.stages()} ${state === null ? nothing : this.asides(state)}
          ${this.refused === "" ? nothing : html`<p class="refused" role="alert">${this.refused}</p>`}
        </div>
      </section>
    `;
  }

  private stages(): TemplateResult {
    const { state, t } = this.context;
    const words = t.control;
    const stages = state?.control.stages ?? [];
    const one = (stage: (typeof stages)[number], control: State["control"]): TemplateResult => {
      const standing = standingOf(control, stage);
      return html`<li data-stage=${stage.stage} data-standing=${standing} class="is-${standing}">${words.stage[stage.stage]}: <b>${words.standing[standing]}</b></li>`;
    };
    return html`
      <ul class="stage-line" data-testid="stage-line" aria-label=${words.stagesLine}>
        ${state === null ? nothing : stages.map((stage) => one(stage, state.control))}
      </ul>
    `;
  }

  private asides({ control }: State): TemplateResult | typeof nothing {
    const { t } = this.context;
    const holds = otherHolds(control);
    if (control.overrides.length === 0 && holds.length === 0) return nothing;
    return html`
      <ul class="asides num" aria-label=${t.control.strip.asides}>
        ${control.overrides.map((override) => this.override(override))} ${holds.map((hold) => this.hold(hold))}
      </ul>
    `;
  }

  private override(override: Override): TemplateResult {
    const { t, format, nowMs } = this.context;
    const words = t.control.override;
    const what = overrideText(override, t);
    return html`
      <li data-testid="strip-override" data-kind=${override.kind} data-device=${override.device}>
        ${icon("waiting")} <span>${what}, ${overrideEndText(override, t, format, nowMs)}</span>
        <button data-testid="strip-end" aria-label=${words.endOf(what)} @click=${() => void this.end(override)}>${words.end}</button>
      </li>
    `;
  }

  private hold(hold: Hold): TemplateResult {
    const { t, format, nowMs } = this.context;
    const words = t.control.hold;
    const value = valueText(hold.setting, hold.value, t, format);
    const text = (isOthers(hold) ? words.others : words.yours)(leverText(hold, t), value);
    return html`
      <li data-testid="strip-hold" data-setting=${hold.setting} data-device=${hold.device}>
        ${icon(isOthers(hold) ? "info" : "hand")} <span>${text}, ${holdEndText(hold, t, format, nowMs)}</span>
      </li>
    `;
  }

  private async end({ kind, device }: Override): Promise<void> {
    const answer = await this.send(() => api.endOverride(kind, device));
    this.refused = answer.ok ? "" : refusal(answer, this.context.t);
  }
}

function lookOf({ state, t, format, nowMs }: Context): Look {
  const words = t.inCharge;
  if (state === null) return { tone: "neutral", icon: "waiting", title: words.waiting, text: words.waitingText };
  if (state.service.observe_only) {
    return { tone: "warning", icon: "warning", title: words.observeOnly, text: words.observeOnlyText };
  }
  const { control } = state;
  const strip = t.control.strip;
  const until = control.until === null ? null : moment(Date.parse(control.until), { t, format, nowMs });
  switch (control.in_charge) {
    case "observing":
    case "live":
      return actingLook(control, until, { t, format });
    case "owner":
      return { tone: "neutral", icon: "hand", title: words.owner, text: until === null ? strip.owner : strip.ownerUntil(until) };
    case "evcc_automatic":
      return isAutomaticOver(control)
        ? { tone: "neutral", icon: "hand", title: strip.automaticOverTitle, text: strip.automaticOver }
        : { tone: "neutral", icon: "cycle", title: words.evcc_automatic, text: words.evccAutomaticText };
    case "released":
      return { tone: "neutral", icon: "back", title: words.released, text: words.releasedText };
    case "degraded":
      return { tone: "warning", icon: "warning", title: words.degraded, text: degradedText(state, { t, format, nowMs }) };
  }
}

/** The end of today is called by its name. */
function moment(ms: number, { t, format, nowMs }: Pick<Context, "t" | "format" | "nowMs">): string {
  return ms === format.endOfDay(nowMs) ? t.control.strip.midnight : format.when(ms, nowMs);
}

/** `in_charge` speaks of the buffer; other stages may act while it is observed, and be observed while it acts. */
function actingLook(control: State["control"], until: string | null, { t, format }: Pick<Context, "t" | "format">): Look {
  const words = t.inCharge;
  const strip = t.control.strip;
  const list = (standing: "live" | "observing"): string => format.list(stagesThat(control, standing).map((stage) => t.control.stageObject[stage]));
  const [acting, observing] = [list("live"), list("observing")];
  if (acting === "") {
    return { tone: "observing", icon: "eye", title: words.observing, text: [ordersOf(control).length > 0 ? strip.observingOrders : strip.observing, until === null ? "" : strip.bufferFrom(until)].join(" ") };
  }
  return { tone: "live", icon: "bolt", title: words.live, text: observing === "" ? strip.live(acting) : strip.liveObserving(acting, observing) };
}

function degradedText(state: State, { t, format, nowMs }: Pick<Context, "t" | "format" | "nowMs">): string {
  const worst = byWeight(state.problems)[0];
  if (worst === undefined) return t.inCharge.degradedOpen;
  return t.inCharge.degradedText(problemWords(worst.code, t)?.title ?? worst.detail, format.when(Date.parse(worst.since), nowMs));
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-in-charge": InCharge;
  }
}
