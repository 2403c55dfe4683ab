/** What a chart shows, as a table that is written when somebody opens it. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

export interface TableSpec {
  caption: string;
  head: readonly string[];
  /** The first cell of a row names it. */
  rows: () => readonly (readonly string[])[];
  /** The rows are written anew when one of these has changed. */
  of: readonly unknown[];
}

@customElement("sl-table")
export class LazyTable extends LitElement {
  @property({ attribute: false }) summary = "";
  @property({ attribute: false }) table!: TableSpec;
  @state() private isOpen = false;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { table } = this;
    return html`
      <details class="as-table" @toggle=${this.onToggle}>
        <summary>${this.summary}</summary>
        ${this.isOpen ? guard([...table.of, table.caption], () => this.content(table)) : nothing}
      </details>
    `;
  }

  private content({ caption, head, rows }: TableSpec): TemplateResult {
    return html`
      <div class="table-scroll" tabindex="0" role="region" aria-label=${caption}>
        <table>
          <caption>${caption}</caption>
          <thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
          <tbody class="num">
            ${rows().map(
              ([name = "", ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
            )}
          </tbody>
        </table>
      </div>
    `;
  }

  private readonly onToggle = (event: Event): void => {
    this.isOpen = (event.target as HTMLDetailsElement).open;
  };
}

export function renderTable(summary: string, table: TableSpec): TemplateResult {
  return html`<sl-table .summary=${summary} .table=${table}></sl-table>`;
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-table": LazyTable;
  }
}
