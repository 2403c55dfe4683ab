/** Settings that were changed, or would have been, as a table that becomes cards on a phone. */

import { html, nothing, type TemplateResult } from "lit";
import type { Context } from "../context";
import { leverText, reasonText, valueText } from "../logic/control-words";
import type { CommandReason, Lever, SettingValue } from "../model";

export interface LeverRow extends Lever {
  at: string;
  before: SettingValue;
  wanted: SettingValue;
  reason: CommandReason;
  /** The form that the outcome has in common with the buffer's decisions, and its word. */
  look: "simulated" | "applied" | "held" | "failed";
  outcome: string;
  label: string;
  /** What was read back; left out where nothing is. */
  readBack?: TemplateResult;
}

// The roles are written out because the narrow layout turns rows into blocks, which takes a table's own roles away.
export function renderLeverTable(context: Context, titleId: string, testId: string, rows: readonly LeverRow[]): TemplateResult {
  const words = context.t.control.writes;
  const isReadBack = rows.some(({ readBack }) => readBack !== undefined);
  const head = (text: string): TemplateResult => html`<th scope="col" role="columnheader">${text}</th>`;
  return html`
    <table class="events writes" role="table" aria-labelledby=${titleId}>
      <thead role="rowgroup">
        <tr role="row">${[words.time, words.outcome, words.setting, words.change, words.reason, ...(isReadBack ? [words.readBack] : [])].map(head)}</tr>
      </thead>
      <tbody role="rowgroup">${rows.map((row) => leverRow(context, testId, row))}</tbody>
    </table>
  `;
}

function leverRow(context: Context, testId: string, row: LeverRow): TemplateResult {
  const { t, format } = context;
  const words = t.control.writes;
  const atMs = Date.parse(row.at);
  const value = (of: SettingValue): string => valueText(row.setting, of, t, format);
  const cell = (name: string, kind: string, content: unknown): TemplateResult => html`<td role="cell" class=${kind} data-label=${name}>${content}</td>`;
  return html`
    <tr role="row" class="is-${row.look} is-change" data-testid=${testId} data-outcome=${row.outcome} data-setting=${row.setting} data-device=${row.device} data-at=${row.at}>
      ${cell(words.time, "num time", format.dayTime(atMs))}
      ${cell(words.outcome, "outcome", html`<span class="badge is-${row.look}">${row.label}</span>`)}
      ${cell(words.setting, "lever", leverText(row, t))}
      ${cell(words.change, "num change", html`${value(row.before)} → <b>${value(row.wanted)}</b>`)}
      ${cell(words.reason, "reason", reasonText(row.reason, { ...context, nowMs: atMs }) ?? "–")}
      ${row.readBack === undefined ? nothing : cell(words.readBack, "read-back", row.readBack)}
    </tr>
  `;
}
