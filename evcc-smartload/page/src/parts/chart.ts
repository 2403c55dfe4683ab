/** A line chart over local time: a now line, midnights with their date, and one cursor for all charts of a view. */

import { html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import uPlot from "uplot";
import { drawnOf, type Drawn } from "../logic/drawn";
import type { Format } from "../logic/format";
import { patternFill, patternSwatch, type Pattern } from "./patterns";

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
  /** The place of this series in a stack, drawn instead of `values`, which are only read. */
  layer?: {
    low: readonly (number | null)[];
    high: readonly (number | null)[];
    pattern: Pattern;
  };
  /** Drawn from point to point, and not as steps. */
  isLinear?: boolean;
}

export interface ChartMark {
  x: number;
  y: number;
  /** A wish and its name; without it something that went wrong. */
  wish?: { label: string; colour: string };
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
  marks: readonly ChartMark[];
  /** From here on nothing is known yet; the rest of the chart says so. */
  unknownFrom: { ms: number; label: string; short?: string } | null;
  heightPx: number;
  syncKey: string;
  /** Each x begins a slot this long, which its values hold for; where the next has none, there is a gap. */
  slotMs?: number;
  /** The beginning of the slot the owner chose, null for none; where it is given, slots can be chosen. */
  pickedMs?: number | null;
  /** Each x is a local day: it is called by its date, and there is no now. */
  isDaily?: boolean;
  /** Below zero is another direction, and not less than nothing. */
  directions?: { above: string; below: string };
}

/** Which slot the pointer is at (null: none), and whether the owner chose it. */
export type ChartAt = CustomEvent<{ ms: number | null; isChosen: boolean }>;

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
const DAY_TICK_SPACE_PX = 64;
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
  private readonly fills = new Map<string, CanvasPattern | string>();
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
            ${series.layer === undefined ? lineSwatch(series) : patternSwatch(series.colour, series.layer.pattern)}
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
        @click=${this.onClick}
      ></div>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("spec") || changed.has("format")) this.draw();
  }

  private cursorTime(): string {
    if (this.spec.isDaily === true) {
      const day = this.spec.xs[this.cursor ?? this.spec.xs.length - 1];
      return day === undefined ? "" : this.format.day(day);
    }
    const x = this.cursor === null ? (this.spec.pickedMs ?? undefined) : this.spec.xs[this.cursor];
    return x === undefined ? this.words.now : this.format.dayTime(x);
  }

  /** The value at the cursor, else the one of now; gaps at handovers look one slot back. */
  private readout(series: ChartSeries): string {
    const index = this.cursor ?? this.indexAt(this.spec.pickedMs ?? this.spec.nowMs);
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
      spec.series.map((series) => [series.colour, series.dashed, series.dotted, series.fill, series.band?.fill, series.layer?.pattern, series.isLinear]),
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
    const columns = spec.series.flatMap(({ band, layer, values }) => {
      if (layer !== undefined) return [layer.high, layer.low];
      return band === undefined ? [values] : [band.high, band.low, values];
    });
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
          size: () => (this.spec.isDaily !== true && this.isNarrow() ? TWO_LINES_PX : AXIS_HEIGHT_PX),
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
          const isStepped = stepped !== undefined && series.isLinear !== true;
          const shape = { spanGaps: false, points: { show: false }, ...(isStepped ? { paths: stepped } : {}) };
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
          if (series.layer !== undefined) return [edge, edge];
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
            // The others of the view follow this one's cursor; only the one that is pointed at tells.
            if (plot.over.matches(":hover") || this.cursor === null) this.tellAt(this.cursor, false);
          },
        ],
      },
    };
  }

  /** Between which drawn columns an area lies; a band's edges come before its line. */
  private bands(): uPlot.Band[] {
    let column = 1;
    const bands: uPlot.Band[] = [];
    for (const { band, colour, layer } of this.spec.series) {
      const series: uPlot.Band["series"] = [column, column + 1];
      if (layer !== undefined) bands.push({ series, fill: (plot) => this.layerFill(plot, colour, layer.pattern) as string });
      else if (band !== undefined) bands.push({ series, fill: () => this.token(band.fill) });
      column += layer !== undefined ? 2 : band === undefined ? 1 : 3;
    }
    return bands;
  }

  /** A canvas takes a pattern where uPlot's types know of colours only. */
  private layerFill(plot: uPlot, token: string, pattern: Pattern): CanvasPattern | string {
    const colour = this.token(token);
    const key = `${colour}/${pattern}/${devicePixelRatio}`;
    const fill = this.fills.get(key) ?? patternFill(plot.ctx, colour, pattern, devicePixelRatio);
    this.fills.set(key, fill);
    return fill;
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
    if (spec.isDaily === true) {
      const stride = Math.max(1, Math.ceil(DAY_TICK_SPACE_PX / (24 * hourPx)));
      return spec.xs.filter((_, day) => day % stride === 0).map((ms) => ms / 1000);
    }
    const stepH = HOUR_STEPS.find((step) => hourPx * step >= TICK_SPACE_PX) ?? 24;
    const key = `${spec.fromMs}/${spec.toMs}/${stepH}/${this.format.lang}`;
    if (this.tickCache.key !== key) {
      this.tickCache = { key, ticks: this.format.hourTicks(spec.fromMs, spec.toMs, stepH) };
    }
    return this.tickCache.ticks.map((ms) => ms / 1000);
  }

  private tickLabel(seconds: number): string {
    const ms = seconds * 1000;
    if (this.spec.isDaily === true) return this.format.axisDate(ms);
    if (this.format.local(ms).hour !== 0) return this.format.time(ms);
    return this.isNarrow() ? this.format.axisDayInTwoLines(ms) : this.format.axisDay(ms);
  }

  private drawBehind(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { spec } = this;
    const y0 = plot.valToPos(0, "y", true);
    ctx.save();
    if (spec.yMin < 0 && spec.directions === undefined) {
      ctx.fillStyle = this.token("--negative-area");
      ctx.fillRect(bbox.left, y0, bbox.width, bbox.top + bbox.height - y0);
    }
    if (spec.unknownFrom !== null && spec.unknownFrom.ms < spec.toMs) {
      const x = plot.valToPos(spec.unknownFrom.ms / 1000, "x", true);
      ctx.fillStyle = this.token("--unknown-area");
      ctx.fillRect(x, bbox.top, bbox.left + bbox.width - x, bbox.height);
    }
    for (const midnight of spec.isDaily === true ? [] : this.format.hourTicks(spec.fromMs, spec.toMs, 24)) {
      this.verticalLine(plot, midnight, "--line-strong", []);
    }
    ctx.restore();
  }

  private drawPicked(plot: uPlot): void {
    const { pickedMs = null, slotMs = 0, fromMs, toMs } = this.spec;
    if (pickedMs === null || pickedMs < fromMs || pickedMs >= toMs) return;
    const { ctx, bbox } = plot;
    const x = plot.valToPos(pickedMs / 1000, "x", true);
    const width = Math.max(2 * devicePixelRatio, plot.valToPos((pickedMs + slotMs) / 1000, "x", true) - x);
    ctx.fillStyle = this.token("--focus");
    ctx.globalAlpha = 0.22;
    ctx.fillRect(x, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(x - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
  }

  private drawDirections(plot: uPlot): void {
    const { directions } = this.spec;
    if (directions === undefined) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.fillStyle = this.token("--ink-2");
    this.outlinedText(ctx, directions.above, bbox.left + 6 * ratio, bbox.top + 14 * ratio);
    this.outlinedText(ctx, directions.below, bbox.left + 6 * ratio, bbox.top + bbox.height - 6 * ratio);
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
    for (const { x, y, wish } of this.spec.marks) {
      if (wish === undefined) this.cross(plot, x, y);
      else this.wish(plot, x, y, wish);
    }
    this.drawDirections(plot);
    this.drawPicked(plot);
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

  /** Where something should be by when: a ring, and its name beside it. */
  private wish(plot: uPlot, xMs: number, value: number, { label, colour }: NonNullable<ChartMark["wish"]>): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const x = plot.valToPos(xMs / 1000, "x", true);
    const y = plot.valToPos(value, "y", true);
    ctx.fillStyle = this.token("--card");
    ctx.strokeStyle = this.token(colour);
    ctx.lineWidth = 2.5 * ratio;
    ctx.setLineDash([]); // the lines before leave theirs behind
    ctx.beginPath();
    ctx.arc(x, y, 5 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = this.token(colour);
    const width = ctx.measureText(label).width;
    const isLeft = x + 10 * ratio + width > bbox.left + bbox.width;
    this.outlinedText(ctx, label, isLeft ? x - 10 * ratio - width : x + 10 * ratio, y + (y < bbox.top + 24 * ratio ? 16 : -7) * ratio);
  }

  private tellAt(index: number | null, isChosen: boolean): void {
    if (this.spec.pickedMs === undefined) return;
    const ms = index === null ? null : (this.spec.xs[index] ?? null);
    this.dispatchEvent(new CustomEvent("chart-at", { bubbles: true, detail: { ms, isChosen } }) satisfies ChartAt);
  }

  private readonly onClick = (): void => {
    if (this.cursor !== null) this.tellAt(this.cursor, true);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const { xs } = this.spec;
    if (this.plot === null || xs.length === 0) return;
    const from = this.cursor ?? this.indexAt(this.spec.pickedMs ?? this.spec.nowMs) ?? 0;
    const jump = event.shiftKey ? 4 : 1;
    const targets: Record<string, number> = {
      ArrowLeft: from - jump,
      ArrowRight: from + jump,
      Home: 0,
      End: xs.length - 1,
    };
    if (event.key === "Escape") {
      this.moveCursor(-10);
      this.tellAt(null, true);
      return;
    }
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const index = Math.min(Math.max(target, 0), xs.length - 1);
    const x = xs[index];
    if (x === undefined) return;
    if (this.spec.pickedMs === undefined) {
      this.moveCursor(this.plot.valToPos(x / 1000, "x"));
    } else {
      this.moveCursor(-10); // what is chosen is shown by all charts without a cursor
      this.tellAt(index, true);
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

function lineSwatch({ band, colour, dashed, dotted }: ChartSeries): TemplateResult {
  return html`
    <svg class="chart-swatch" viewBox="0 0 18 6" aria-hidden="true">
      ${band === undefined ? nothing : svg`<rect width="18" height="6" fill="var(${band.fill})"></rect>`}
      <line x1="1" y1="3" x2="17" y2="3" stroke="var(${colour})" stroke-width=${dotted === true ? 2 : 3}
        stroke-dasharray=${dashed === true ? "4 3" : dotted === true ? "2 2" : nothing}></line>
    </svg>`;
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-chart": Chart;
  }
}
