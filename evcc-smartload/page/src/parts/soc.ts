/** The home battery: its charge, and the buffer as the house's share of it. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { Context } from "../context";
import type { State } from "../model";
import { bufferInEvccPct, isBufferOff, simulatedBufferPct } from "../logic/situation";

const LEFT = 6;
const WIDTH = 376;
const TOP = 30;
const HEIGHT = 64;

export function renderSoc(context: Context): TemplateResult {
  const { t, state } = context;
  return html`
    <section class="card soc" aria-labelledby="soc-title" data-testid="soc">
      <h2 id="soc-title">${t.soc.title}</h2>
      ${body(context)}
      ${state?.site?.battery === null ? nothing : html`<p class="hint">${t.soc.explain}</p>`}
    </section>
  `;
}

function body(context: Context): TemplateResult {
  const { state, t, format } = context;
  const site = state?.site ?? null;
  if (state !== null && site !== null && site.battery === null) return html`<p class="empty">${t.soc.none}</p>`;
  const soc = site?.battery?.soc_pct ?? null;
  const capacity = site?.battery?.capacity_kwh ?? null;
  return html`
    <p class="big">
      <span class="figure num">${format.pct(soc)}</span>
      <span class="aside">
        <span>${t.soc.long}</span>
        <span class="num">${soc === null || capacity === null
          ? site === null ? " " : soc === null ? t.soc.unknown : " "
          : `${format.kwh((soc / 100) * capacity)} / ${format.kwh(capacity)}`}</span>
      </span>
    </p>
    ${cell(state, context)}
    ${shares(state, context)}
  `;
}

/** The shares in energy, or in percent while the size is not known. */
function shares(state: State | null, { t, format }: Context): TemplateResult {
  const soc = state?.site?.battery?.soc_pct ?? null;
  const capacity = state?.site?.battery?.capacity_kwh ?? null;
  const buffer = state === null ? null : drawnBuffer(state);
  const settings = state?.site?.settings ?? null;
  const amount = (pct: number): string => (capacity === null ? format.pct(pct) : format.kwh((pct / 100) * capacity));
  const setting = (pct: number | null): string =>
    pct === null ? "–" : isBufferOff(pct) ? t.off : format.pct(pct);
  return html`
    <dl class="facts num">
      <div>
        <dt><span class="dot house" aria-hidden="true"></span>${t.soc.houseShare}</dt>
        <dd>${soc === null || buffer === null ? "–" : amount(Math.min(soc, buffer))}</dd>
      </div>
      <div>
        <dt><span class="dot free" aria-hidden="true"></span>${t.soc.freeShare}</dt>
        <dd>${soc === null || buffer === null ? "–" : amount(isOff(state) ? 0 : Math.max(0, soc - buffer))}</dd>
      </div>
      <div><dt>bufferSoc ${t.soc.inEvcc.toLowerCase()}</dt><dd>${setting(settings?.buffer_soc_pct ?? null)}</dd></div>
      <div><dt>${t.soc.priority}</dt><dd>${setting(settings?.priority_soc_pct ?? null)}</dd></div>
      <div><dt>${t.soc.start}</dt><dd>${setting(settings?.buffer_start_soc_pct ?? null)}</dd></div>
    </dl>
  `;
}

function isOff(state: State | null): boolean {
  const pct = state === null ? null : bufferInEvccPct(state);
  return pct !== null && isBufferOff(pct);
}

/** The share that holds in evcc; with the buffer off the whole battery is the house's. */
function drawnBuffer(state: State): number | null {
  const inEvcc = bufferInEvccPct(state);
  if (inEvcc === null) return null;
  return isBufferOff(inEvcc) ? 100 : inEvcc;
}

function cell(state: State | null, { t, format }: Context): SVGTemplateResult {
  const soc = state?.site?.battery?.soc_pct ?? null;
  const buffer = state === null ? null : drawnBuffer(state);
  const simulated = state === null ? null : simulatedBufferPct(state);
  const at = (pct: number): number => LEFT + (Math.min(100, Math.max(0, pct)) / 100) * WIDTH;
  const text = [
    soc === null ? t.soc.unknown : t.soc.label(format.pct(soc)),
    buffer === null ? null : t.soc.ofHouse(format.pct(buffer)),
    simulated === null ? null : t.soc.simulated(format.pct(simulated)),
  ].filter((part) => part !== null);
  const level = at(soc ?? 0);
  const split = Math.min(level, at(buffer ?? 100));
  return svg`
    <svg class="soc-svg" viewBox="0 0 400 132" role="img" aria-label=${text.join(". ")}>
      <defs>
        <clipPath id="soc-clip"><rect x=${LEFT} y=${TOP} width=${WIDTH} height=${HEIGHT} rx="12"></rect></clipPath>
        <pattern id="soc-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="7" height="7" class="soc-hatch-back"></rect>
          <line x1="0" y1="0" x2="0" y2="7" class="soc-hatch-line"></line>
        </pattern>
      </defs>
      <rect class="soc-cap" x=${LEFT + WIDTH + 2} y=${TOP + 20} width="7" height=${HEIGHT - 40} rx="3"></rect>
      <rect class="soc-empty" x=${LEFT} y=${TOP} width=${WIDTH} height=${HEIGHT} rx="12"></rect>
      <g clip-path="url(#soc-clip)">
        ${buffer === null ? nothing : svg`<rect x=${LEFT} y=${TOP} width=${at(buffer) - LEFT} height=${HEIGHT} fill="url(#soc-hatch)"></rect>`}
        <rect class="soc-house" x=${LEFT} y=${TOP} width=${split - LEFT} height=${HEIGHT}></rect>
        <rect class="soc-free" x=${split} y=${TOP} width=${Math.max(0, level - split)} height=${HEIGHT}></rect>
      </g>
      <rect class="soc-frame" x=${LEFT} y=${TOP} width=${WIDTH} height=${HEIGHT} rx="12"></rect>
      ${buffer === null || buffer >= 100 ? nothing : marker(at(buffer), `${t.soc.buffer} ${format.pct(buffer)}`, false)}
      ${simulated === null ? nothing : marker(at(simulated), t.soc.simulated(format.pct(simulated)), true)}
    </svg>`;
}

/** What holds is solid and named above; what is simulated is dashed and named below. */
function marker(x: number, label: string, isSimulated: boolean): SVGTemplateResult {
  const y = isSimulated ? TOP + HEIGHT + 22 : TOP - 12;
  const anchor = x < 90 ? "start" : x > 310 ? "end" : "middle";
  return svg`
    <g class="soc-marker ${isSimulated ? "is-simulated" : ""}">
      <line class="soc-marker-edge" x1=${x} y1=${TOP} x2=${x} y2=${TOP + HEIGHT}></line>
      <line x1=${x} y1=${TOP - 6} x2=${x} y2=${TOP + HEIGHT + 6}></line>
      <text class="num" x=${anchor === "start" ? Math.max(LEFT, x - 30) : x} y=${y} text-anchor=${anchor}>${label}</text>
    </g>`;
}
