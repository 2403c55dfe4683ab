/** The two buffers side by side: which one is in charge, and what the one by need is made of. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import type { Messages } from "../i18n/de";
import { riskBasisOf } from "../logic/buffer-log";
import type { Format } from "../logic/format";
import type { BufferEvent, BufferShadow, RiskParts } from "../model";

/** What a decision of the buffer by need rests on; null for the formula's. */
export function basisText(event: BufferEvent, t: Messages, format: Format): string | null {
  const basis = riskBasisOf(event);
  if (basis === null) return null;
  return t.risk.basis(format.pct(basis.confidencePct), format.kwh(basis.needKwh), basis.until, t.risk.endShort[basis.end]);
}

export function renderRisk({ state, t, format, nowMs }: Context): TemplateResult | typeof nothing {
  const shadow: BufferShadow | null = state?.buffer_shadow ?? null;
  if (state === null || shadow === null) return nothing;
  const chosen = shadow.strategy === "formula" ? "risk" : "formula";
  return html`
    <section class="risk" aria-labelledby="risk-title" data-testid="risk" data-chosen=${chosen}>
      <h3 id="risk-title">${t.risk.title}</h3>
      <p>${t.risk.inCharge[chosen]} <span class="hint">${t.risk.other[shadow.strategy]}</span></p>
      <h4>${t.risk.partsTitle}</h4>
      <p class="hint">${t.risk.explain}</p>
      ${shadow.parts === null ? html`<p class="hint">${t.risk.nothing}</p>` : renderParts(shadow.parts)}
    </section>
  `;

  function renderParts(parts: RiskParts): TemplateResult {
    const row = (name: string, note: string, value: string, id: string): TemplateResult => html`
      <div><dt>${name}${note === "" ? nothing : html` <small>${note}</small>`}</dt><dd class="num" data-testid="risk-${id}">${value}</dd></div>
    `;
    return html`
      <div class="inputs">
        <dl class="facts">
          ${row(t.risk.night, "", format.kwh(parts.night_kwh), "night")}
          ${row(t.risk.error, t.risk.errorText(format.pct(parts.confidence_pct)), format.kwh(parts.error_kwh), "error")}
          ${row(t.risk.outage, "", format.kwh(parts.outage_kwh), "outage")}
          ${row(t.risk.need, "", format.kwh(parts.need_kwh), "need")}
        </dl>
        <dl class="facts">
          ${row(t.risk.target, "", format.pct(parts.target_pct), "target")}
          ${row(t.risk.until, t.risk.endsBy[parts.ends_by], format.when(Date.parse(parts.window_end), nowMs), "until")}
          ${row(t.risk.price, t.risk.priceText, parts.price_eur_per_day === null ? "–" : format.money(parts.price_eur_per_day), "price")}
        </dl>
      </div>
    `;
  }
}
