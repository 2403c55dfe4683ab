/** A line chart over local time: a now line, midnights with their date, and one cursor for all charts of a view. */

import { html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import uPlot from "uplot";
import { drawnOf, type Drawn } from "../logic/drawn";
import type { Format } from "../logic/format";

export interface ChartSeries {
  label: string;
  colour: string; // a token's name, "--c-price"
  values: readonly (number | null)[];
  format: (value: number) => string;
  dashed?: boolean;
  dotted?: boolean;
  widthPx?: number;
  /** A token's name; the area between the line and zero. */
  fill?: string;
  /** The band around the line; its area has the colour `fill` (a token's name). */
  band?: {
    low: readonly (number | null)[];
    high: readonly (number | null)[];
    fill: string;
    format: (low: number, high: number) => string;
  };
}

export interface ChartSpec {
  label: string;
  xs: readonly number[]; // ms
  fromMs: number;
  toMs: number;
  nowMs: number;
  yMin: number;
  yMax: number;
  yFormat: (value: number) => string;
  series: readonly ChartSeries[];
  lines: readonly { value: number; label: string; colour: string; isLabelBelow?: boolean }[];
  marks: readonly { x: number; y: number }[];
  /** From here on nothing is known yet; the rest of the chart says so. */
  unknownFrom: { ms: number; label: string; short?: string } | null;
  heightPx: number;
  syncKey: string;
  /** Each x begins a slot this long, which its values hold for; where the next has none, there is a gap. */
  slotMs?: number;
}

export interface ChartWords {
  now: string;
  keys: string;
}

const AXIS_WIDTH_PX = 46;
const AXIS_HEIGHT_PX = 28;
const TWO_LINES_PX = 42;
/** Days closer than this have their date below the weekday. */
const DAY_IN_ONE_LINE_PX = 60;
const HOUR_STEPS = [1, 2, 3, 6, 12, 24];
const TICK_SPACE_PX = 46;
const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

@customElement("sl-chart")
export class Chart extends LitElement {
  @property({ attribute: false }) spec!: ChartSpec;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) words!: ChartWords;
  @state() private cursor: number | null = null;

  private plot: uPlot | null = null;
  private builtFor = "";
  private drawn: Drawn = { xs: [], columns: [], slots: [] };
  private resize: ResizeObserver | null = null;
  private readonly dark = window.matchMedia("(prefers-color-scheme: dark)");
  private tickCache: { key: string; ticks: number[] } = { key: "", ticks: [] };

  protected override createRenderRoot(): this {
    return this; // one style sheet for the page, uPlot's included
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.dark.addEventListener("change", this.recolour);
    document.addEventListener("smartload-theme", this.recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.dark.removeEventListener("change", this.recolour);
    document.removeEventListener("smartload-theme", this.recolour);
    this.resize?.disconnect();
    this.resize = null;
    this.destroyPlot();
  }

  protected override render(): TemplateResult {
    const { spec, words } = this;
    return html`
      <div class="chart-readout" aria-live="polite">
        <span class="chart-at num">${this.cursorTime()}</span>
        ${spec.series.map(
          (series) => html`<span class="chart-value">
            <svg class="chart-swatch" viewBox="0 0 18 6" aria-hidden="true">
              ${series.band === undefined ? nothing : svg`<rect width="18" height="6" fill="var(${series.band.fill})"></rect>`}
              <line x1="1" y1="3" x2="17" y2="3" stroke="var(${series.colour})" stroke-width=${series.dotted === true ? 2 : 3}
                stroke-dasharray=${series.dashed === true ? "4 3" : series.dotted === true ? "2 2" : nothing}></line>
            </svg>
            ${series.label} <b class="num ${series.band === undefined ? "" : "is-band"}">${this.readout(series)}</b>
          </span>`,
        )}
      </div>
      <div
        class="chart-plot chart-h${spec.heightPx}"
        tabindex="0"
        role="group"
        aria-label="${spec.label}. ${words.keys}"
        @keydown=${this.onKey}
      ></div>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("spec") || changed.has("format")) this.draw();
  }

  private cursorTime(): string {
    const x = this.cursor === null ? undefined : this.spec.xs[this.cursor];
    return x === undefined ? this.words.now : this.format.dayTime(x);
  }

  /** The value at the cursor, else the one of now; gaps at handovers look one slot back. */
  private readout(series: ChartSeries): string {
    const index = this.cursor ?? this.indexAt(this.spec.nowMs);
    const value = index === null ? null : (series.values[index] ?? null);
    if (value === null) return "–";
    const low = series.band?.low[index ?? 0] ?? null;
    const high = series.band?.high[index ?? 0] ?? null;
    if (series.band === undefined || low === null || high === null) return series.format(value);
    return `${series.format(value)} (${series.band.format(low, high)})`;
  }

  private indexAt(ms: number): number | null {
    let found: number | null = null;
    this.spec.xs.forEach((x, index) => {
      if (x <= ms) found = index;
    });
    return found;
  }

  private draw(): void {
    const { spec } = this;
    const structure = JSON.stringify([
      spec.series.map((series) => [series.colour, series.dashed, series.dotted, series.fill, series.band?.fill]),
      spec.heightPx,
      this.format.lang,
    ]);
    if (this.plot === null || this.builtFor !== structure) {
      this.builtFor = structure;
      this.build();
    } else {
      this.plot.setData(this.data(), false);
    }
    this.plot?.batch((plot: uPlot) => {
      plot.setScale("x", { min: spec.fromMs / 1000, max: spec.toMs / 1000 });
      plot.setScale("y", { min: spec.yMin, max: spec.yMax });
    });
  }

  private data(): uPlot.AlignedData {
    const { spec } = this;
    const columns = spec.series.flatMap(({ band, values }) => (band === undefined ? [values] : [band.high, band.low, values]));
    this.drawn = drawnOf(spec.xs, columns, spec.slotMs);
    return [this.drawn.xs, ...this.drawn.columns];
  }

  private build(): void {
    this.destroyPlot();
    const host = this.querySelector<HTMLElement>(".chart-plot");
    if (host === null) return;
    this.plot = new uPlot(this.options(host.clientWidth), this.data(), host);
    this.resize ??= new ResizeObserver(() => {
      const width = host.clientWidth;
      if (this.plot !== null && width > 0 && width !== this.plot.width) {
        this.plot.setSize({ width, height: this.spec.heightPx });
      }
    });
    this.resize.observe(host);
  }

  private destroyPlot(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  private readonly recolour = (): void => {
    if (this.plot === null) return;
    this.builtFor = "";
    this.draw();
  };

  private options(width: number): uPlot.Options {
    const { spec } = this;
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const axis = { font: FONT, stroke: () => this.token("--ink-3"), ticks: { show: false } };
    return {
      width: Math.max(width, 100),
      height: spec.heightPx,
      legend: { show: false },
      padding: [10, 24, 0, 0],
      cursor: {
        // By time alone: charts of one view have other units, and not all show the same days.
        sync: { key: spec.syncKey, setSeries: false, scales: ["x", null] },
        drag: { x: false, y: false },
        points: { size: 9 },
      },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [
        {
          ...axis,
          size: () => (this.isNarrow() ? TWO_LINES_PX : AXIS_HEIGHT_PX),
          gap: 8,
          splits: () => this.ticks(),
          values: (_, splits) => splits.map((s) => this.tickLabel(s)),
          grid: { show: false },
        },
        {
          ...axis,
          size: AXIS_WIDTH_PX,
          gap: 6,
          space: 34,
          values: (_, splits) => splits.map((value) => this.spec.yFormat(value)),
          grid: { stroke: () => this.token("--line"), width: 1 },
        },
      ],
      series: [
        {},
        ...spec.series.flatMap((series) => {
          const shape = { spanGaps: false, points: { show: false }, ...(stepped === undefined ? {} : { paths: stepped }) };
          const edge = { ...shape, width: 0 };
          const line = {
            ...shape,
            stroke: () => this.token(series.colour),
            width: series.widthPx ?? 2,
            ...(series.dashed === true ? { dash: [6, 4] } : series.dotted === true ? { dash: [2, 3] } : {}),
            ...(series.fill === undefined
              ? {}
              : { fill: () => this.token(series.fill ?? ""), fillTo: () => Math.max(0, this.spec.yMin) }),
          };
          return series.band === undefined ? [line] : [edge, edge, line];
        }),
      ],
      bands: this.bands(),
      hooks: {
        drawClear: [(plot) => this.drawBehind(plot)],
        draw: [(plot) => this.drawInFront(plot)],
        setCursor: [
          (plot) => {
            const index = plot.cursor.idx ?? null;
            const left = plot.cursor.left ?? -1;
            const isInside = left >= 0 && left <= plot.over.clientWidth;
            this.cursor = isInside && index !== null ? (this.drawn.slots[index] ?? null) : null;
          },
        ],
      },
    };
  }

  /** Between which drawn columns an area lies; a band's edges come before its line. */
  private bands(): uPlot.Band[] {
    let column = 1;
    const bands: uPlot.Band[] = [];
    for (const { band } of this.spec.series) {
      if (band !== undefined) bands.push({ series: [column, column + 1], fill: () => this.token(band.fill) });
      column += band === undefined ? 1 : 3;
    }
    return bands;
  }

  private hourPx(): number {
    const { spec } = this;
    const widthPx = (this.plot?.width ?? 600) - AXIS_WIDTH_PX;
    return widthPx / ((spec.toMs - spec.fromMs) / 3_600_000);
  }

  private isNarrow(): boolean {
    return this.hourPx() * 24 < DAY_IN_ONE_LINE_PX;
  }

  private ticks(): number[] {
    const { spec } = this;
    const hourPx = this.hourPx();
    const stepH = HOUR_STEPS.find((step) => hourPx * step >= TICK_SPACE_PX) ?? 24;
    const key = `${spec.fromMs}/${spec.toMs}/${stepH}/${this.format.lang}`;
    if (this.tickCache.key !== key) {
      this.tickCache = { key, ticks: this.format.hourTicks(spec.fromMs, spec.toMs, stepH) };
    }
    return this.tickCache.ticks.map((ms) => ms / 1000);
  }

  private tickLabel(seconds: number): string {
    const ms = seconds * 1000;
    if (this.format.local(ms).hour !== 0) return this.format.time(ms);
    return this.isNarrow() ? this.format.axisDayInTwoLines(ms) : this.format.axisDay(ms);
  }

  private drawBehind(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { spec } = this;
    const y0 = plot.valToPos(0, "y", true);
    ctx.save();
    if (spec.yMin < 0) {
      ctx.fillStyle = this.token("--negative-area");
      ctx.fillRect(bbox.left, y0, bbox.width, bbox.top + bbox.height - y0);
    }
    if (spec.unknownFrom !== null && spec.unknownFrom.ms < spec.toMs) {
      const x = plot.valToPos(spec.unknownFrom.ms / 1000, "x", true);
      ctx.fillStyle = this.token("--unknown-area");
      ctx.fillRect(x, bbox.top, bbox.left + bbox.width - x, bbox.height);
    }
    for (const midnight of this.format.hourTicks(spec.fromMs, spec.toMs, 24)) {
      this.verticalLine(plot, midnight, "--line-strong", []);
    }
    ctx.restore();
  }

  private drawInFront(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = FONT.replace("12px", `${11 * ratio}px`);
    ctx.textAlign = "left"; // the axes leave theirs behind
    ctx.textBaseline = "alphabetic";
    for (const line of this.spec.lines) {
      const y = plot.valToPos(line.value, "y", true);
      ctx.strokeStyle = ctx.fillStyle = this.token(line.colour);
      ctx.lineWidth = ratio;
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      this.outlinedText(ctx, line.label, bbox.left + 6 * ratio, y + (line.isLabelBelow === true ? 14 : -5) * ratio);
    }
    for (const mark of this.spec.marks) this.cross(plot, mark.x, mark.y);
    this.verticalLine(plot, this.spec.nowMs, "--ink-1", [4, 3]);
    this.unknownLabel(plot);
    ctx.restore();
  }

  private outlinedText(ctx: CanvasRenderingContext2D, text: string, x: number, y: number): void {
    ctx.strokeStyle = this.token("--card");
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.lineJoin = "round";
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  }

  private unknownLabel(plot: uPlot): void {
    const unknown = this.spec.unknownFrom;
    if (unknown === null) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const x = plot.valToPos(unknown.ms / 1000, "x", true) + 8 * ratio;
    const room = bbox.left + bbox.width - x;
    const label = [unknown.label, unknown.short ?? ""].find((text) => ctx.measureText(text).width <= room);
    if (label === undefined) return;
    ctx.fillStyle = this.token("--ink-3");
    ctx.fillText(label, x, bbox.top + 16 * ratio);
  }

  private verticalLine(plot: uPlot, ms: number, colour: string, dash: number[]): void {
    const { ctx, bbox } = plot;
    if (ms < this.spec.fromMs || ms > this.spec.toMs) return;
    // Half a pixel in, where a line one pixel wide is drawn sharp.
    const x = Math.floor(plot.valToPos(ms / 1000, "x", true)) + 0.5;
    ctx.strokeStyle = this.token(colour);
    ctx.lineWidth = 1;
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  private cross(plot: uPlot, xMs: number, value: number): void {
    const { ctx } = plot;
    const size = 4 * devicePixelRatio;
    const x = plot.valToPos(xMs / 1000, "x", true);
    const y = plot.valToPos(value, "y", true);
    ctx.strokeStyle = this.token("--c-error");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
    ctx.stroke();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const { xs } = this.spec;
    if (this.plot === null || xs.length === 0) return;
    const from = this.cursor ?? this.indexAt(this.spec.nowMs) ?? 0;
    const jump = event.shiftKey ? 4 : 1;
    const targets: Record<string, number> = {
      ArrowLeft: from - jump,
      ArrowRight: from + jump,
      Home: 0,
      End: xs.length - 1,
    };
    if (event.key === "Escape") {
      this.moveCursor(-10);
      return;
    }
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const x = xs[Math.min(Math.max(target, 0), xs.length - 1)];
    if (x !== undefined) {
      this.moveCursor(this.plot.valToPos(x / 1000, "x"));
    }
  };

  /** In this chart, and told to the others of the view as a mouse would be. */
  private moveCursor(leftPx: number): void {
    const { plot } = this;
    if (plot === null) return;
    const topPx = leftPx < 0 ? leftPx : plot.over.clientHeight / 2;
    // uPlot takes a third argument, whether to tell the others, that its types leave out.
    const setCursor = plot.setCursor as (at: { left: number; top: number }, fire: boolean, publish: boolean) => void;
    setCursor({ left: leftPx, top: topPx }, true, true);
  }

  private token(name: string): string {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-chart": Chart;
  }
}
